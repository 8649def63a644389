"""The seam between this package and a reader, and what reading gives."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from qa.types import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Logits = NDArray[np.float32]
else:
    Logits = object

SPAN_TOKENS = 30
"""Most tokens of an answer; answers are short, and what is far apart seldom belongs together."""


@dataclass(frozen=True, slots=True)
class Page:
    """A passage as the reader gets it: `header` says where it is from, `sentences` are offsets in `text`."""

    header: str
    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class FoundSpan:
    """The best span of a sentence, `text[start:end]` of the page.

    `score` is the sum of the logits of its first and its last token, less that of "no answer here".
    """

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a page says to a question, in logits.

    `relevant`: it is about what is asked. `answered`: the answer stands in it. `spans` has one a sentence, None for
    a sentence that the reader did not get to see.
    """

    relevant: float
    answered: float
    spans: tuple[FoundSpan | None, ...]


class Reader(Protocol):
    """A model that reads a question together with a passage."""

    @property
    def runtime(self) -> str:
        """What computes, with its version."""

    def read(self, question: str, pages: Sequence[Page], *, budget_ms: float | None = None) -> list[Reading]:
        """Return what the first pages say, in order: all of them, or as many as fit into `budget_ms`, at least one."""


def best_spans(
    starts: "Logits", ends: "Logits", offsets: Sequence[Span], sentences: Sequence[Span], nothing: float
) -> tuple[FoundSpan | None, ...]:
    """Return the best span inside each sentence.

    `starts` and `ends` have one logit a token of the text, `offsets` its place there; `nothing` is the score of "no
    answer here".
    """
    import numpy as np

    edges = np.array(offsets, dtype=np.int64).reshape(-1, 2)
    found: list[FoundSpan | None] = []
    for start, end in sentences:
        inside = np.flatnonzero((edges[:, 0] >= start) & (edges[:, 1] <= end) & (edges[:, 0] < edges[:, 1]))
        if not len(inside):
            found.append(None)
            continue
        first, last = int(inside[0]), int(inside[-1]) + 1
        begin, stop, score = best_span(starts[first:last], ends[first:last])
        found.append(FoundSpan(int(edges[first + begin, 0]), int(edges[first + stop, 1]), score - nothing))
    return tuple(found)


def best_span(starts: "Logits", ends: "Logits") -> tuple[int, int, float]:
    """Return the first and last token and the score of the best span of at most `SPAN_TOKENS`.

    Of no tokens at all the score is -inf.
    """
    import numpy as np

    if not len(starts):
        return 0, 0, -math.inf
    apart = np.arange(len(ends))[None, :] - np.arange(len(starts))[:, None]
    possible = (apart >= 0) & (apart < SPAN_TOKENS)
    scores = np.where(possible, starts[:, None] + ends[None, :], -np.inf)
    begin, stop = divmod(int(scores.argmax()), len(ends))
    return begin, stop, float(scores[begin, stop])
