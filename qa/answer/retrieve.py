"""Find and rank the chunks for a question: a dense and a lexical leg, fused by a convex combination."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.index import Generation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.models import Vectors

POOL = 200
"""How many chunks each leg offers to the fusion."""

DENSE_WEIGHT = 0.4
"""Share of the dense leg. Reciprocal rank fusion measured 1.4 to 3.7 points of nDCG@10 worse (docs/decisions.md)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk's row with the scores that rank it: cosine, BM25 and their fusion in [0, 1]."""

    row: int
    score: float
    dense: float
    lexical: float


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Candidates, best first, and the dense scores of the whole pool (they say how far the best stands out)."""

    candidates: tuple[Candidate, ...]
    pool_dense: "NDArray[np.float32]"


def retrieve(generation: Generation, question: str, vector: "Vectors") -> Retrieved:
    """Rank every chunk that one of the legs offers.

    Score = w * (d - min) / (max - min) + (1 - w) * b / max, minimum and maximum over each leg's pool, a
    chunk absent from a leg's pool counting 0 there (Bruch et al., arXiv 2210.11934). Equal scores keep
    the order of rows, which is that of article ids and places in the article.
    """
    import numpy as np

    rows, dense = generation.dense.search(vector, POOL)
    lexical = generation.lexical.scores(question)
    lexical_rows = _top(lexical, POOL)
    pool = np.union1d(rows, lexical_rows)
    fused = np.zeros(len(pool), dtype=np.float64)
    spread = dense.max() - dense.min()
    fused[np.searchsorted(pool, rows)] += DENSE_WEIGHT * (
        (dense - dense.min()) / spread if spread > 0 else 1.0
    )
    if len(lexical_rows):
        fused[np.searchsorted(pool, lexical_rows)] += (
            (1 - DENSE_WEIGHT) * lexical[lexical_rows] / lexical.max()
        )
    cosine = np.full(len(pool), np.nan)
    cosine[np.searchsorted(pool, rows)] = dense
    order = np.argsort(-fused, kind="stable")
    return Retrieved(
        tuple(
            Candidate(int(pool[i]), float(fused[i]), float(cosine[i]), float(lexical[pool[i]])) for i in order
        ),
        dense,
    )


def _top(scores: "NDArray[np.float32]", k: int) -> "NDArray[np.int64]":
    """Return the rows of the `k` best positive scores, in no order."""
    import numpy as np

    if len(scores) <= k:
        return np.flatnonzero(scores > 0)
    best = np.argpartition(-scores, k)[:k]
    return best[scores[best] > 0]
