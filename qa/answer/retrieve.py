"""Find and rank the chunks for a question: a dense and a lexical leg, fused by a convex combination."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.answer.weights import fitted
from qa.filters import NO_FILTERS, Filters
from qa.index import Generation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.models import Vectors

POOL = 100
"""How many chunks each leg offers to the fusion."""


_SAMPLED = 16


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk's row with the scores that rank it.

    `sentences` are the cosines of its sentences with the question, `dense` the best of them, `lexical`
    is BM25; `dense_z` and `lexical_z` say by how many standard deviations they stand out. `relevant` is what the
    reader adds, 0 for what it has not read; `newest` is 1 if a question about the present is asked and this is of the
    newest article.
    """

    row: int
    score: float
    dense: float
    dense_z: float
    lexical: float
    lexical_z: float
    sentences: "NDArray[np.float32]"
    relevant: float = 0.0
    newest: float = 0.0

    @property
    def signs(self) -> dict[str, float]:
        """What `score` is the weighted sum of."""
        return {
            "dense": self.dense_z,
            "lexical": self.lexical_z,
            "relevant": self.relevant,
            "newest": self.newest,
        }


def retrieve(
    generation: Generation, question: str, vector: "Vectors", *, filters: Filters = NO_FILTERS
) -> list[Candidate]:
    """Rank every chunk of the articles that fit which one of the legs offers, best first.

    A chunk's dense score is that of its best sentence. The score is the weighted sum of z(dense) and z(BM25),
    z(x) = (x - mean) / standard deviation over the whole index (over an even sample of it in the dense
    leg), so that a score depends neither on where a list was cut nor on the filters. Equal scores keep the order of rows:
    article id, then place in the article.
    """
    import numpy as np

    lexical = generation.lexical.scores(question)
    allowed = generation.filtered_rows(filters)
    nearest, _ = generation.dense.search(vector, POOL, allowed=allowed)
    pool = np.union1d(nearest, _top(lexical if allowed is None else lexical * allowed, POOL))
    if not len(pool):
        return []
    sentences, starts = generation.sentences.scores(vector, pool)
    dense = np.maximum.reduceat(sentences, starts)
    sample = generation.sentences.sample_scores(vector)
    dense_z = _z(dense, float(sample.mean()), float(sample.std()))
    mean, square = float(lexical.mean()), float(lexical @ lexical) / len(lexical)
    lexical_z = _z(lexical[pool], mean, math.sqrt(max(0.0, square - mean * mean)))
    weights = fitted().unread.passage
    fused = weights["dense"] * dense_z + weights["lexical"] * lexical_z
    order = np.argsort(-fused, kind="stable")
    ends = np.append(starts[1:], len(sentences))
    columns = (pool, fused, dense, dense_z, lexical[pool], lexical_z, starts, ends)
    return [
        Candidate(row, score, cosine, far, words, words_far, sentences[start:end])
        for row, score, cosine, far, words, words_far, start, end in zip(
            *(column[order].tolist() for column in columns), strict=True
        )
    ]


def _z(scores: "NDArray[np.float32]", mean: float, deviation: float) -> "NDArray[np.float64]":
    import numpy as np

    # All scores equal (one chunk, no word of the question known): the leg has no opinion.
    return (scores.astype(np.float64) - mean) / deviation if deviation > 1e-9 else np.zeros(len(scores))


def _top(scores: "NDArray[np.float32]", k: int) -> "NDArray[np.int64]":
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
