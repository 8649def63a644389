"""A reader without weights, so that everything around it can be tried and tested."""

import re
from collections.abc import Sequence

from qa.reader.reading import FoundSpan, Page, Reading
from qa.types import Span

_WORD = re.compile(r"\w+")


class FakeReader:
    """Calls a page relevant by the words it shares with the question; the answer is the longest word it adds."""

    runtime = "fake"

    def __init__(self, *, at_most: int | None = None) -> None:
        """`at_most` stands for a budget: so many pages are read, whatever the budget is."""
        self._at_most = at_most

    def read(self, question: str, pages: Sequence[Page], *, budget_ms: float | None = None) -> list[Reading]:
        """Read the first pages."""
        words = frozenset(_WORD.findall(question.lower()))
        return [_read(words, page) for page in pages[: self._at_most]]


def _read(words: frozenset[str], page: Page) -> Reading:
    found = frozenset(_WORD.findall(page.text.lower()))
    shared = len(words & found) / max(1, len(words))
    return Reading(8 * shared - 4, 8 * shared - 4, tuple(_span(words, page, each) for each in page.sentences))


def _span(words: frozenset[str], page: Page, sentence: Span) -> FoundSpan | None:
    found = list(_WORD.finditer(page.text, *sentence))
    if not found:
        return None
    shared = sum(match[0].lower() in words for match in found)
    best = max(found, key=lambda match: (match[0].lower() not in words, len(match[0])))
    return FoundSpan(best.start(), best.end(), 2.0 * shared - 1)
