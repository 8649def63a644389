"""The first reading of the articles: what state they make, and how long a chunk of them usually is."""

import hashlib
import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from qa.corpus import split_article
from qa.errors import InputError
from qa.index import (
    BuildProgress,
    IndexDigest,
    ReadArticles,
    article_digest,
    only_articles,
    terms,
    text_of,
)
from qa.models import Embedder
from qa.types import Article, ChunkerSettings, Skipped

SAMPLED_ARTICLES = 1000
"""So many articles say how long a chunk usually is: all of them where there are no more."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What every machine that reads the same articles finds, so that they agree without asking one another.

    `sha256` and `digests` are those of the texts and of the whole articles, by id. `usual_length` is the mean number of
    terms of a chunk and `chunks_an_article` that of chunks, both of a sample.
    """

    digest: str
    corpus_sha256: str
    sha256: dict[str, str]
    digests: dict[str, str]
    usual_length: float
    chunks_an_article: float
    skipped: tuple[Skipped, ...]


def survey(
    read: ReadArticles, *, embedder: Embedder, chunker: ChunkerSettings, progress: BuildProgress
) -> Survey:
    """Read all articles once.

    Raises InputError when there are none, or none that holds text.
    """
    skipped: list[Skipped] = []
    digest = IndexDigest(model=embedder.fingerprint, chunker=chunker)
    digests: dict[str, str] = {}
    sample: list[tuple[int, str, Article]] = []
    for article in only_articles(read, skipped):
        digest.add(article)
        digests[article.id] = article_digest(article)
        # The least of a hash are the same sample wherever the articles are read. Negative: the heap's first goes.
        ranked = (-int(hashlib.sha256(article.id.encode()).hexdigest(), 16), article.id, article)
        if len(sample) < SAMPLED_ARTICLES:
            heapq.heappush(sample, ranked)
        else:
            heapq.heappushpop(sample, ranked)
        progress("read", len(digests), 0)
    if not digests:
        reason = f" ({skipped[0].path} {skipped[0].reason})" if skipped else ""
        raise InputError(
            f"No articles: found no file that can be read{reason}. What is published stays. Name another folder: "
            "qa index FOLDER"
        )
    lengths = [
        length for _, _, article in sample for length in _lengths(article, embedder=embedder, chunker=chunker)
    ]
    if not lengths:
        raise InputError(
            "The articles hold no text besides page furniture. Name another folder: qa index FOLDER"
        )
    return Survey(
        digest=digest.whole(),
        corpus_sha256=digest.corpus(),
        sha256=digest.articles,
        digests=digests,
        usual_length=sum(lengths) / len(lengths),
        chunks_an_article=len(lengths) / len(sample),
        skipped=tuple(skipped),
    )


def _lengths(article: Article, *, embedder: Embedder, chunker: ChunkerSettings) -> Iterator[int]:
    """Yield how many terms each chunk of an article has."""
    for chunk in split_article(article, settings=chunker, count_tokens=embedder.count_tokens):
        text = text_of(article, chunk, chunker=chunker, count_tokens=embedder.count_tokens)
        yield len(terms(text.text, article.language))
