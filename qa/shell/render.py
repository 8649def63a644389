"""Turn records into lines for people. Nothing is written here: terminal.py does that.

Article text may hold anything: whatever could move the cursor, change colours or reorder what is
shown (escape sequences, bidi overrides, invisible characters) comes out as a visible escape.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from qa.types import (
    Answer,
    Article,
    ArticleSummary,
    BuildReport,
    Check,
    Citation,
    Explanation,
    Mention,
    Part,
    Passage,
    Skipped,
    Span,
)

if TYPE_CHECKING:
    from qa.milvus import ShardReport
    from qa.shell.verify import Replay

Style = Literal["", "quote", "source", "heading", "dim", "warning"]

NO_EVIDENCE = "Not in these articles."
ARTICLE_HEADINGS = ("article", "title", "source", "published", "chunks")
_SHORT_CHARS, _LEAST_CHARS, _SHORT_INDENT = 160, 40, 5
_NARROWER = 3  # values of each filter
_SPARE_CHARS = 12  # what breaking between words leaves unused in two rows
_KEPT = frozenset("\n\t\u200c\u200d\u00ad")  # joiners are part of words and emoji; a soft hyphen is harmless
_ESCAPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class Line(NamedTuple):
    """A line to show: its text holds no line break and nothing but printable characters.

    `marks` are what stands out in it, half-open ranges of `text`; `link` is a URL that it leads to.
    """

    text: str
    style: Style = ""
    indent: int = 0
    marks: tuple[Span, ...] = ()
    link: str = ""


def visible(text: str) -> str:
    r"""Replace what a terminal would obey by a visible escape like \x1b or \u202e; keep line breaks and tabs."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(character) for character in text)


def answer_lines(
    answer: Answer, *, why: bool = True, width: int | None = None, link: Callable[[str], str] = lambda _: ""
) -> Iterator[Line]:
    """Show the quotes with their sources, then the other passages in short, then why if that is wanted and known.

    `width` is that of a terminal: passages are cut to fit it and the words that they share with the question are
    marked, as far as the answer explains itself. `link` gives the URL of an article's file, or "".
    """
    cited = {citation.passage for citation in answer.citations}
    others = [passage for passage in answer.passages if passage.rank not in cited]
    if answer.status == "no_evidence":
        yield Line(NO_EVIDENCE, "heading")
    if answer.differing:
        yield Line("The sources differ:", "heading")
    for number, citation in enumerate(answer.citations):
        if number:
            yield Line("")
        yield from _quote_lines(citation)
        yield Line(_source(citation), "source", indent=2, link=link(citation.article_id))
        yield from _mentions("also in", citation.also_in)
        yield from _mentions("corroborated by", answer.corroborated_by if number == 0 else ())
    if others:
        yield Line("")
        answered = answer.status == "answered"
        yield Line("Other passages:" if answered else "Closest passages, none of them an answer:", "dim")
    explained = answer.explanation.passages if answer.explanation and width is not None else ()
    shared = {each.rank: each.matched for each in explained}
    for passage in others:
        place = f"{_flat(passage.chunk.article_id)} {passage.chunk.start}-{passage.chunk.end}"
        title = f"{passage.rank}. {_flat(passage.title)} ({place})"
        yield Line(title, "source", indent=2, link=link(passage.chunk.article_id))
        yield _short_line(passage, shared.get(passage.rank, ()), width)
    if width is not None and (narrower := _narrower(answer)):
        yield Line("")
        yield Line(f"To narrow: {narrower}", "dim")
    if why and answer.explanation is not None:
        yield from _explanation_lines(answer.explanation)


def _narrower(answer: Answer) -> str:
    """Name the filters that could narrow the answer, with values and the number of articles of each."""
    options = {"source": "--source", "language": "--language", "year": "--since, --until"}
    return "; ".join(
        f"{option} "
        + ", ".join(f"{_flat(value)} ({articles})" for value, articles in islice(counts.items(), _NARROWER))
        for field, option in options.items()
        if len(counts := answer.facets[field]) > 1
    )


def _quote_lines(citation: Citation) -> Iterator[Line]:
    """Show the quote, and in it the words that answer."""
    start, end = citation.answer_span or (citation.start, citation.start)
    cuts = (start - citation.start, end - citation.start)
    before, words, after = (visible(citation.quote[slice(*part)]) for part in pairwise((0, *cuts, None)))
    place, first, last = 0, len(before), len(before) + len(words)
    for text in f"{before}{words}{after}".split("\n"):
        mark = max(first - place, 0), min(last - place, len(text))
        yield Line(text, "quote", marks=(mark,) if mark[0] < mark[1] else ())
        place += len(text) + 1


def _explanation_lines(explanation: Explanation) -> Iterator[Line]:
    """Show every score as the sum it is."""
    yield Line("")
    yield Line("Why:", "heading")
    for quote in explanation.quotes:
        yield Line(f"quote from passage {quote.passage}  {_sum(quote.parts)}", indent=2)
    for passage in explanation.passages:
        yield Line(f"passage {passage.rank}  {_sum(passage.parts)}", indent=2)
        if passage.matched:
            yield Line(f"words of the question: {visible(', '.join(passage.matched))}", "dim", indent=4)
    yield Line(f"confidence, log-odds  {_sum(explanation.confidence)}", indent=2)


def _sum(parts: Sequence[Part]) -> str:
    total = sum(part.value * part.weight for part in parts)
    added = " + ".join(f"{part.name} {part.value:.2f} x {part.weight:.2f}" for part in parts if part.weight)
    return f"{total:.2f} = {added}"


def index_lines(report: BuildReport) -> Iterator[Line]:
    """Show what indexing did."""
    manifest = report.manifest
    if not report.published:
        yield Line(f"Up to date: {_count(manifest.articles, 'article')}, {_count(manifest.chunks, 'chunk')}.")
        return
    parts = (
        f"{report.added} added",
        f"{report.changed} changed",
        f"{report.removed} removed",
        f"{report.unchanged} unchanged",
    )
    yield Line(f"Indexed {_count(manifest.articles, 'article')}: {', '.join(parts)}.")
    yield Line(
        f"{_count(manifest.chunks, 'chunk')}, {report.chunks_embedded} embedded with {visible(manifest.model.name)}."
    )
    if manifest.copies:
        are = "is a copy of another" if manifest.copies == 1 else "are copies of others"
        yield Line(f"{_count(manifest.copies, 'article')} {are}.")


def shard_lines(report: "ShardReport") -> Iterator[Line]:
    """Show what writing a shard did."""
    yield Line(
        f"Shard {report.number} of {report.of}: {_count(report.articles, 'article')}, "
        f"{_count(report.chunks, 'chunk')}, {report.chunks_embedded} embedded."
    )
    yield Line("When all of them are written: qa index FOLDER --store URL --publish")


def skipped_lines(skipped: Iterable[Skipped]) -> Iterator[str]:
    """Name every file that could not become an article, and why."""
    for each in skipped:
        yield f"skipped {_flat(each.path)}: {_flat(each.reason)}"


def metadata_lines(article: Article, *, provenance: bool = False) -> Iterator[str]:
    """Show what is known of an article besides its text, and where that was found if `provenance` is wanted."""
    fields = {
        "title": article.title,
        "source": article.source,
        "author": article.author,
        "published": article.published,
        "url": article.url,
        "language": article.language,
        "sha256": article.sha256,
        "characters": str(len(article.text)),
    }
    for name, value in fields.items():
        if value:
            where = article.provenance.get(name) if provenance else None
            yield f"{name}: {_flat(value)}" + (f"  [{_flat(where)}]" if where else "")


def replay_line(replayed: "Replay") -> Line:
    """Show the outcome of one citation: verdict, place and note, separated by tabs."""
    place = f"{_flat(replayed.article_id)} {replayed.start}-{replayed.end}"
    fields = [replayed.verdict, place] + ([_flat(replayed.note)] if replayed.note else [])
    return Line("\t".join(fields), "" if replayed.verdict == "ok" else "warning")


def check_line(check: Check) -> Line:
    """Show one thing that was examined."""
    return Line(
        f"{'ok' if check.ok else 'FAILED':7} {check.name}: {_flat(check.detail)}",
        "" if check.ok else "warning",
    )


def article_row(summary: ArticleSummary) -> tuple[str, ...]:
    """Return what the list of articles says of one, under ARTICLE_HEADINGS."""
    fields = (summary.id, summary.title, summary.source, summary.published, str(summary.chunks))
    return tuple(_flat(field or "") for field in fields)


def _source(citation: Citation) -> str:
    parts = (
        citation.title,
        citation.source,
        citation.author,
        citation.published,
        _place(citation),
        citation.section,
    )
    return " | ".join(_flat(part) for part in parts if part)


def _mentions(how: str, mentions: Sequence[Mention]) -> Iterator[Line]:
    named = (
        _flat(each.article_id) + (f" ({_flat(each.source)})" if each.source else "") for each in mentions
    )
    if mentions:
        yield Line(f"{how}: {', '.join(named)}", "source", indent=2)


def _place(citation: Citation) -> str:
    """Name the lines of the quote, or its pages where the article has some: nobody counts the lines of a page."""
    if citation.start_page is None or citation.end_page is None:
        return f"{citation.article_id}:{_range(citation.start_line, citation.end_line)}"
    mark = "p." if citation.start_page == citation.end_page else "pp."
    return f"{citation.article_id}, {mark} {_range(citation.start_page, citation.end_page)}"


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _short_line(passage: Passage, words: Iterable[str], width: int | None) -> Line:
    """Show the beginning of a passage, or on a terminal the place where it has the first of the words."""
    text = _flat(passage.text)
    chars = _SHORT_CHARS if width is None else max(2 * (width - _SHORT_INDENT) - _SPARE_CHARS, _LEAST_CHARS)
    found = _places(text, words)
    if found and found[0][1] > chars:
        text = "... " + text[: found[0][0]][-chars // 4 :].partition(" ")[2] + text[found[0][0] :]
    if len(text) > chars:
        text = text[:chars].rsplit(" ", 1)[0] + " ..."
    return Line(text, "dim", indent=_SHORT_INDENT, marks=_places(text, words))


def _places(text: str, words: Iterable[str]) -> tuple[Span, ...]:
    """Return where the words stand in the text; a pair of Chinese characters may stand inside a longer run."""
    wanted = [
        re.escape(word)
        if unicodedata.east_asian_width(word[0]) in "WF"
        else rf"(?<!\w){re.escape(word)}(?!\w)"
        for word in sorted(words, key=len, reverse=True)
    ]
    return tuple(match.span() for match in re.finditer("|".join(wanted), text)) if wanted else ()


def _flat(text: str) -> str:
    return " ".join(visible(text).split())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _escape(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _ESCAPED_CATEGORIES:
        return character
    return character.encode("unicode_escape").decode("ascii")
