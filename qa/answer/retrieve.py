"""Rank the chunks that an index offers for a question: a dense and a lexical leg, fused by a convex combination."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.answer.weights import fitted
from qa.filters import NO_FILTERS, Filters
from qa.index import OpenIndex, Usual

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.models import Vectors

POOL = 100
"""How many chunks each leg offers to the fusion."""


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
    index: OpenIndex, question: str, vector: "Vectors", *, filters: Filters = NO_FILTERS
) -> list[Candidate]:
    """Rank every chunk of the articles that fit which one of the legs offers, best first.

    A chunk's dense score is that of its best sentence. The score is the weighted sum of z(dense) and z(BM25),
    z(x) = (x - mean) / standard deviation over the whole index (over an even sample of it in the dense
    leg), so that a score depends neither on where a list was cut nor on the filters. Equal scores keep the order of rows:
    article id, then place in the article.
    """
    import numpy as np

    offer = index.offer(question, vector, k=POOL, filters=filters)
    if not len(offer.rows):
        return []
    sentences, starts = offer.sentences, offer.starts
    dense = np.maximum.reduceat(sentences, starts)
    dense_z = _z(dense, offer.usual_dense)
    lexical_z = _z(offer.lexical, offer.usual_lexical)
    weights = fitted().unread.passage
    fused = weights["dense"] * dense_z + weights["lexical"] * lexical_z
    order = np.argsort(-fused, kind="stable")
    ends = np.append(starts[1:], len(sentences))
    columns = (offer.rows, fused, dense, dense_z, offer.lexical, lexical_z, starts, ends)
    return [
        Candidate(row, score, cosine, far, words, words_far, sentences[start:end])
        for row, score, cosine, far, words, words_far, start, end in zip(
            *(column[order].tolist() for column in columns), strict=True
        )
    ]


def _z(scores: "NDArray[np.float32]", usual: Usual) -> "NDArray[np.float64]":
    import numpy as np

    mean, deviation = usual

    # All scores equal (one chunk, no word of the question known): the leg has no opinion.
    return (scores.astype(np.float64) - mean) / deviation if deviation > 1e-9 else np.zeros(len(scores))
