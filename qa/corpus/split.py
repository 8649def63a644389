"""Split an article into chunks of whole sentences that the embedding model reads to the last token."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from qa.corpus.clean import Block, BlockKind, blocks, marker_length
from qa.formats import heading_text
from qa.types import Article, Chunk, ChunkerSettings, Span

TokenCounter = Callable[[Sequence[str]], Sequence[int]]
"""Numbers of tokens of texts, without the special tokens that the model adds."""

_WORDS = re.compile(r"\S+")
_ENDLESS_WORD = re.compile(r"(?<!\S)(\S{500,})")
_MAX_CHARS_PER_TOKEN = 16
_HEADER_SHARE = 4  # title and heading take at most a quarter of the token budget


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or a piece of one that is too long for a chunk; `[start, quote)` is a list item's bullet."""

    start: int
    quote: int
    end: int
    tokens: int
    ends_paragraph: bool


def split_article(article: Article, *, settings: ChunkerSettings, count_tokens: TokenCounter) -> list[Chunk]:
    """Return the article's chunks in order of their start.

    Chunks hold whole sentences of one section, overlap by whole sentences, and fit `settings.max_tokens`
    together with the title and heading that `embedding_text` puts in front of them.
    """
    chunks: list[Chunk] = []
    for heading, section in _sections(article):
        header = _header(article.title, heading, settings.max_tokens // _HEADER_SHARE, count_tokens)
        budget = settings.max_tokens - (count_tokens([header])[0] if header else 0)

        def fits(start: int, end: int, header: str = header) -> bool:
            text = _with_header(header, article.text[start:end])
            return count_tokens([text])[0] <= settings.max_tokens

        units = [
            part
            for unit in _units(article.text, section, budget, count_tokens)
            # Tokens of parts need not add up to those of the whole: where it is close, ask about the real text.
            for part in (
                _fitting(article.text, unit, fits, count_tokens) if unit.tokens > budget // 2 else (unit,)
            )
        ]
        for group in _pack(units, budget, settings.overlap_tokens, fits):
            sentences = tuple((unit.quote, unit.end) for unit in group)
            chunks.append(Chunk(article.id, group[0].start, group[-1].end, heading, sentences))
    return chunks


def embedding_text(
    article: Article, chunk: Chunk, *, settings: ChunkerSettings, count_tokens: TokenCounter
) -> str:
    """Return what is embedded and indexed for a chunk: title, heading and the chunk's own text."""
    header = _header(article.title, chunk.heading, settings.max_tokens // _HEADER_SHARE, count_tokens)
    return _with_header(header, article.text[chunk.start : chunk.end])


def _with_header(header: str, text: str) -> str:
    return f"{header}\n{text}" if header else text


def _header(title: str, heading: str, limit: int, count_tokens: TokenCounter) -> str:
    """Join title and heading, cut at a word so that they take at most `limit` tokens."""
    whole = f"{title}\n{heading}".strip()
    words = whole[: limit * _MAX_CHARS_PER_TOKEN].split(" ")
    if len(whole) > limit * _MAX_CHARS_PER_TOKEN:
        words.pop()
    header = " ".join(words)
    while words and count_tokens([header])[0] > limit:
        words = words[: len(words) * 3 // 4]
        header = " ".join(words)
    return header


def _sections(article: Article) -> Iterator[tuple[str, list[Block]]]:
    """Yield (heading, prose blocks) for each run of prose that no heading or furniture interrupts."""
    heading = ""
    run: list[Block] = []
    for block in blocks(article):
        if block.kind in {BlockKind.PROSE, BlockKind.LIST_ITEM}:
            run.append(block)
            continue
        if run:
            yield heading, run
            run = []
        if block.kind is BlockKind.HEADING:
            heading = heading_text(article.text[block.start : block.end])
    if run:
        yield heading, run


def _sentences(text: str) -> Iterator[Span]:
    from nupunkt import sent_spans  # its model takes 50 ms to load, which `qa --help` must not pay

    place = 0
    # nupunkt's time grows with the square of an endless word ("!!!!..."), which is no part of a sentence anyway.
    for number, part in enumerate(_ENDLESS_WORD.split(text)):
        for start, end in [(0, len(part))] if number % 2 else sent_spans(part):
            sentence = part[start:end]
            lead = len(sentence) - len(sentence.lstrip())
            if lead < len(sentence):
                yield place + start + lead, place + start + len(sentence.rstrip())
        place += len(part)


def _units(text: str, section: Sequence[Block], budget: int, count_tokens: TokenCounter) -> list[_Unit]:
    units: list[_Unit] = []
    for block in section:
        body = block.start + marker_length(block, text)
        spans = [(body + start, body + end) for start, end in _sentences(text[body : block.end])]
        starts = [block.start if quote == body else quote for quote, _ in spans]
        costs = _costs(
            text, [(start, end) for start, (_, end) in zip(starts, spans, strict=True)], count_tokens
        )
        for start, (quote, end), cost in zip(starts, spans, costs, strict=True):
            if cost <= budget:
                units.append(_Unit(start, quote, end, cost, ends_paragraph=end == block.end))
            else:
                pieces = list(_pieces(text, (quote, end), budget, count_tokens))
                units += [replace(pieces[0], start=start), *pieces[1:]]
    return units


def _costs(text: str, spans: Sequence[Span], count_tokens: TokenCounter) -> list[int]:
    """Return the tokens of each span, but at least one for every 16 characters begun.

    A tokenizer may call a megabyte without spaces one unknown word; a passage of that size helps nobody.
    """
    counts = count_tokens([text[start:end] for start, end in spans])
    return [
        max(count, -(-(end - start) // _MAX_CHARS_PER_TOKEN))
        for (start, end), count in zip(spans, counts, strict=True)
    ]


def _pieces(text: str, span: Span, budget: int, count_tokens: TokenCounter) -> Iterator[_Unit]:
    """Cut an oversized sentence at spaces, and inside a word where there are none."""
    words = [(span[0] + m.start(), span[0] + m.end()) for m in _WORDS.finditer(text[span[0] : span[1]])]
    costs = _costs(text, words, count_tokens)
    fine = [
        part
        for word, cost in zip(words, costs, strict=True)
        # No tokenizer makes more than four tokens of one character, a token for each of its UTF-8 bytes.
        for part in ([word] if cost <= budget else _windows(word, max(1, budget // 4)))
    ]
    start, end, total = span[0], span[0], 0
    for (part_start, part_end), cost in zip(fine, _costs(text, fine, count_tokens), strict=True):
        size = max(total + cost, (part_end - start) // _MAX_CHARS_PER_TOKEN)
        if part_start > start and size > budget:
            yield _Unit(start, start, end, total, ends_paragraph=False)
            start, total = part_start, 0
        total += cost
        end = part_end
    yield _Unit(start, start, span[1], total, ends_paragraph=True)


def _fitting(
    text: str, unit: _Unit, fits: Callable[[int, int], bool], count_tokens: TokenCounter
) -> Iterator[_Unit]:
    """Halve, near a space if there is one, what turns out to take more tokens than the sum of its parts."""
    length = unit.end - unit.quote
    if length < 2 or fits(unit.start, unit.end):
        yield unit
        return
    middle = unit.quote + length // 2
    space = text.rfind(" ", unit.quote + length // 4 + 1, middle)
    cut = middle if space < 0 else space
    left = unit.quote + len(text[unit.quote : cut].rstrip())
    right = unit.end - len(text[cut : unit.end].lstrip())
    before, after = _costs(text, [(unit.start, left), (right, unit.end)], count_tokens)
    yield from _fitting(text, _Unit(unit.start, unit.quote, left, before, False), fits, count_tokens)
    yield from _fitting(text, _Unit(right, right, unit.end, after, unit.ends_paragraph), fits, count_tokens)


def _windows(word: Span, size: int) -> list[Span]:
    return [(start, min(start + size, word[1])) for start in range(word[0], word[1], size)]


def _pack(
    units: Sequence[_Unit], budget: int, overlap: int, fits: Callable[[int, int], bool]
) -> Iterator[Sequence[_Unit]]:
    """Group units greedily, closing a chunk at a paragraph's end where that keeps it at least half full."""
    first = covered = 0
    while covered < len(units):
        last, tokens = first, 0
        while last < len(units) and tokens + units[last].tokens <= budget:
            tokens += units[last].tokens
            last += 1
        last = max(last, covered + 1)
        if last < len(units):
            last = _back_to_paragraph(units, first, last, covered, budget // 2)
        # Tokens of parts need not add up to those of the whole: ask about the real text.
        while last > covered + 1 and not fits(units[first].start, units[last - 1].end):
            last -= 1
        while first < covered and not fits(units[first].start, units[last - 1].end):
            first += 1
        yield units[first:last]
        covered = first = last
        spare = overlap
        while first > 0 and covered < len(units) and units[first - 1].tokens <= spare:
            if units[first - 1].tokens + units[covered].tokens > budget:
                break
            spare -= units[first - 1].tokens
            first -= 1


def _back_to_paragraph(units: Sequence[_Unit], first: int, last: int, covered: int, least_tokens: int) -> int:
    end, tokens = last, sum(unit.tokens for unit in units[first:last])
    while end > covered + 1 and not units[end - 1].ends_paragraph:
        end -= 1
        tokens -= units[end].tokens
    return end if units[end - 1].ends_paragraph and tokens >= least_tokens else last
