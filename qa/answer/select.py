"""Pick the sentences that answer, out of the best passages."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qa.index import terms
from qa.types import Article, Passage, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

READ_PASSAGES = 3
"""Passages whose sentences compete for the quote."""

MAX_QUOTES = 3
COSINE_SHARE = 0.6
PASSAGE_SHARE = 0.05
NEAR_BEST = 0.05
"""A further quote scores at most this much less than the best one."""


@dataclass(frozen=True, slots=True)
class Quote:
    """One or more neighbouring sentences of one passage, `article.text[start:end]`.

    `cosine` is that of its best sentence with the question, `coverage` the share of the question's IDF
    whose words that sentence holds.
    """

    passage: Passage
    start: int
    end: int
    score: float
    cosine: float
    coverage: float


def select(
    passages: Sequence[Passage],
    cosines: Sequence["NDArray[np.float32]"],
    *,
    articles: Mapping[str, Article],
    weights: Mapping[str, float],
) -> list[Quote]:
    """Return the best sentence and up to `MAX_QUOTES` - 1 others that score nearly as well, best first.

    `cosines` holds, passage by passage, those of the sentences with the question; `weights` the IDF of the
    question's terms. A sentence scores `COSINE_SHARE` of its cosine, the rest the coverage of the terms,
    plus `PASSAGE_SHARE` of its passage's score: none of them says enough alone.
    """
    quotes: dict[tuple[str, Span], Quote] = {}
    for passage, row in zip(passages[:READ_PASSAGES], cosines, strict=False):
        text = articles[passage.chunk.article_id].text
        for span, cosine in zip(passage.chunk.sentences, row.tolist(), strict=True):
            share = coverage(weights, terms(text[slice(*span)]))
            score = COSINE_SHARE * cosine + (1 - COSINE_SHARE) * share + PASSAGE_SHARE * passage.score
            # Passages of one article may overlap: the better one keeps the sentence.
            quotes.setdefault((passage.chunk.article_id, span), Quote(passage, *span, score, cosine, share))
    best = sorted(quotes.values(), key=lambda quote: (-quote.score, quote.passage.rank, quote.start))
    kept = [quote for quote in best[:MAX_QUOTES] if quote.score >= best[0].score - NEAR_BEST]
    return _join_neighbours(kept, articles)


def coverage(weights: Mapping[str, float], found: Collection[str]) -> float:
    """Return the share, 0 to 1, of the question's IDF whose terms are among those found."""
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in found) / total if total else 0.0


def _join_neighbours(quotes: Sequence[Quote], articles: Mapping[str, Article]) -> list[Quote]:
    """Join quotes of one passage that only blank space divides; the joined quote takes the better place."""
    joined: list[Quote] = []
    for quote in quotes:
        for place, other in enumerate(joined):
            if other.passage is not quote.passage:
                continue
            first, second = sorted((other, quote), key=lambda each: each.start)
            if not articles[quote.passage.chunk.article_id].text[first.end : second.start].strip():
                joined[place] = replace(other, start=first.start, end=second.end)
                break
        else:
            joined.append(quote)
    return joined
