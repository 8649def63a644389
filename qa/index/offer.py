"""What an index offers for a question: the chunks that one of its legs found, with everything that ranks them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SAMPLED = 16


class Usual(NamedTuple):
    """Mean and standard deviation of a leg's scores of all chunks for one question."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Offer:
    """The chunks that the dense or the lexical leg offers, each once, ordered as the index orders its chunks.

    `rows` (n,) are their numbers in the index. `sentences` (m,) are the inner products of their sentences with the
    question, chunk after chunk, and `starts` (n,) says where each chunk's begin. `lexical` (n,) is BM25. What is usual
    does not depend on filters: nor does a score that compares with it.
    """

    rows: "NDArray[np.int64]"
    sentences: "NDArray[np.float32]"
    starts: "NDArray[np.int64]"
    lexical: "NDArray[np.float32]"
    usual_dense: Usual
    usual_lexical: Usual


def top(scores: "NDArray[np.float32]", k: int) -> "NDArray[np.int64]":
    """Return the rows of the `k` best positive scores, in no order."""
    import numpy as np

    if len(scores) > k * _SAMPLED:
        # The k-th best of some is no better than the k-th best of all: nothing that belongs here is cut off.
        some = scores[::_SAMPLED]
        rows = np.flatnonzero((scores >= some[np.argpartition(-some, k)[k]]) & (scores > 0))
    else:
        rows = np.flatnonzero(scores > 0)
    if len(rows) <= k:
        return rows
    return rows[np.argpartition(-scores[rows], k)[:k]]
