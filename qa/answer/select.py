"""Pick the sentences that answer, out of the best passages."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.index import terms
from qa.models import Embedder
from qa.types import Article, Passage, Span

if TYPE_CHECKING:
    from qa.models import Vectors

READ_PASSAGES = 3
"""Passages whose sentences compete for the quote."""

MAX_QUOTES = 3
COSINE_SHARE = 0.5
PASSAGE_SHARE = 0.5
NEAR_BEST = 0.9
"""A further quote has to score at least this share of the best one."""


@dataclass(frozen=True, slots=True)
class Quote:
    """One or more neighbouring sentences of one passage, `article.text[start:end]`."""

    passage: Passage
    start: int
    end: int
    score: float
    cosine: float


def select(
    question: str,
    vector: "Vectors",
    passages: Sequence[Passage],
    *,
    articles: Mapping[str, Article],
    embedder: Embedder,
    idf: Callable[[str], float],
) -> list[Quote]:
    """Return the best sentence and up to `MAX_QUOTES` - 1 that score nearly as well, best first.

    A sentence scores `COSINE_SHARE` of its cosine with the question, the rest the share of the question's
    IDF that its words cover, plus `PASSAGE_SHARE` of its passage's score: neither says enough alone.
    """
    sentences = _sentences(passages[:READ_PASSAGES])
    texts = [articles[passage.chunk.article_id].text[start:end] for passage, (start, end) in sentences]
    cosines = embedder.embed_chunks(texts) @ vector
    weights = {term: idf(term) for term in terms(question)}
    quotes = [
        Quote(
            passage,
            *span,
            COSINE_SHARE * float(cosine)
            + (1 - COSINE_SHARE) * coverage(weights, terms(text))
            + PASSAGE_SHARE * passage.score,
            float(cosine),
        )
        for (passage, span), text, cosine in zip(sentences, texts, cosines, strict=True)
    ]
    quotes.sort(key=lambda quote: (-quote.score, quote.passage.rank, quote.start))
    kept = [quote for quote in quotes[:MAX_QUOTES] if quote.score >= NEAR_BEST * quotes[0].score]
    return _join_neighbours(kept, articles)


def coverage(weights: Mapping[str, float], found: Collection[str]) -> float:
    """Return the share, 0 to 1, of the question's IDF whose terms are among those found."""
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in found) / total if total else 0.0


def _sentences(passages: Sequence[Passage]) -> list[tuple[Passage, Span]]:
    """Return every sentence once: passages of one article may overlap."""
    seen: dict[tuple[str, Span], Passage] = {}
    for passage in passages:
        for span in passage.chunk.sentences:
            seen.setdefault((passage.chunk.article_id, span), passage)
    return [(passage, span) for (_, span), passage in seen.items()]


def _join_neighbours(quotes: Sequence[Quote], articles: Mapping[str, Article]) -> list[Quote]:
    """Join quotes of one passage that only blank space divides; the joined quote takes the better place."""
    joined: list[Quote] = []
    for quote in quotes:
        for place, other in enumerate(joined):
            if other.passage is not quote.passage:
                continue
            first, second = sorted((other, quote), key=lambda q: q.start)
            if not articles[quote.passage.chunk.article_id].text[first.end : second.start].strip():
                joined[place] = Quote(other.passage, first.start, second.end, other.score, other.cosine)
                break
        else:
            joined.append(quote)
    return joined
