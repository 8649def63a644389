"""Turn records into lines for people. Nothing is written here: terminal.py does that.

Article text may hold anything: whatever could move the cursor, change colours or reorder what is
shown (escape sequences, bidi overrides, invisible characters) comes out as a visible escape.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from qa.types import Answer, Article, BuildReport, Check, Citation, Explanation, Part, Passage, Span

if TYPE_CHECKING:
    from qa.shell.verify import Replay

Style = Literal["", "quote", "source", "heading", "dim", "warning"]

NO_EVIDENCE = "Not in these articles."
_SHORT_CHARS = 160
_KEPT = frozenset("\n\t\u200c\u200d\u00ad")  # joiners are part of words and emoji; a soft hyphen is harmless
_ESCAPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class Line(NamedTuple):
    """A line to show: its text holds no line break and nothing but printable characters.

    `mark` is what stands out in it, a half-open range of `text`.
    """

    text: str
    style: Style = ""
    indent: int = 0
    mark: Span | None = None


def visible(text: str) -> str:
    r"""Replace what a terminal would obey by a visible escape like \x1b or \u202e; keep line breaks and tabs."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(character) for character in text)


def answer_lines(answer: Answer) -> Iterator[Line]:
    """Show the quotes with their sources, then the other passages in short, then why if that was asked for."""
    yield from _reply_lines(answer)
    if answer.explanation is not None:
        yield from _explanation_lines(answer.explanation)


def _reply_lines(answer: Answer) -> Iterator[Line]:
    if answer.status == "no_evidence":
        yield Line(NO_EVIDENCE, "heading")
        if answer.passages:
            yield Line("")
            yield Line("Closest passages, none of them an answer:", "dim")
            yield from _passages(answer.passages)
        return
    for number, citation in enumerate(answer.citations):
        if number:
            yield Line("")
        yield from _quote_lines(citation)
        yield Line(_source(citation), "source", indent=2)
    cited = {citation.passage for citation in answer.citations}
    others = [passage for passage in answer.passages if passage.rank not in cited]
    if others:
        yield Line("")
        yield Line("Other passages:", "dim")
        yield from _passages(others)


def _quote_lines(citation: Citation) -> Iterator[Line]:
    """Show the quote, and in it the words that answer."""
    start, end = citation.answer_span or (citation.start, citation.start)
    cuts = (start - citation.start, end - citation.start)
    before, words, after = (visible(citation.quote[slice(*part)]) for part in pairwise((0, *cuts, None)))
    place, first, last = 0, len(before), len(before) + len(words)
    for text in f"{before}{words}{after}".split("\n"):
        mark = max(first - place, 0), min(last - place, len(text))
        yield Line(text, "quote", mark=mark if mark[0] < mark[1] else None)
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


def skipped_lines(report: BuildReport) -> Iterator[str]:
    """Name every file that could not become an article, and why."""
    for skipped in report.skipped:
        yield f"skipped {_flat(skipped.path)}: {_flat(skipped.reason)}"


def metadata_lines(article: Article) -> Iterator[str]:
    """Show what is known of an article besides its text."""
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
    yield from (f"{name}: {_flat(value)}" for name, value in fields.items() if value)


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


def _passages(passages: Iterable[Passage]) -> Iterator[Line]:
    for passage in passages:
        place = f"{_flat(passage.chunk.article_id)} {passage.chunk.start}-{passage.chunk.end}"
        yield Line(f"{passage.rank}. {_flat(passage.title)} ({place})", "source", indent=2)
        yield Line(_short(passage.text), "dim", indent=5)


def _source(citation: Citation) -> str:
    lines = str(citation.start_line)
    if citation.end_line != citation.start_line:
        lines += f"-{citation.end_line}"
    parts = (
        citation.title,
        citation.source,
        citation.author,
        citation.published,
        f"{citation.article_id}:{lines}",
    )
    return " | ".join(_flat(part) for part in parts if part)


def _short(text: str) -> str:
    flat = _flat(text)
    if len(flat) <= _SHORT_CHARS:
        return flat
    return flat[:_SHORT_CHARS].rsplit(" ", 1)[0] + " ..."


def _flat(text: str) -> str:
    return " ".join(visible(text).split())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _escape(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _ESCAPED_CATEGORIES:
        return character
    return character.encode("unicode_escape").decode("ascii")
