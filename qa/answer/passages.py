"""Read the best candidates as passages, without copies of what is there already."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qa.answer.retrieve import Candidate
from qa.index import Generation, term_language, terms
from qa.reader import Reading
from qa.types import Article, Passage, Span

SHINGLE_TERMS = 3
COPIED_SHARE = 0.8
"""A passage is a copy when so many of the shingles of one of the two stand in the other (Broder 1997)."""

_READ_TOGETHER = 8


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage with the scores that ranked it and the terms of each of its sentences, made in `language`.

    `reading` is what the reader says of it, if it has read it.
    """

    passage: Passage
    candidate: Candidate
    language: str
    terms: tuple[tuple[str, ...], ...]
    reading: Reading | None = None


def read_passages(
    generation: Generation, candidates: Sequence[Candidate], *, k: int
) -> tuple[tuple[Evidence, ...], Mapping[str, Article]]:
    """Return the `k` best passages that are no copies of better ones, and the articles they are from.

    A wire report that three papers printed, or a paragraph repeated, takes one place and not three.
    """
    kept: list[Evidence] = []
    shingles: list[frozenset[tuple[str, ...]]] = []
    articles: dict[str, Article] = {}
    for evidence in _read(generation, candidates, articles):
        found = _shingles(evidence)
        if not any(_share(found, other) >= COPIED_SHARE for other in shingles):
            kept.append(replace(evidence, passage=replace(evidence.passage, rank=len(kept) + 1)))
            shingles.append(found)
        if len(kept) == k:
            break
    return tuple(kept), {
        each.passage.chunk.article_id: articles[each.passage.chunk.article_id] for each in kept
    }


def _read(
    generation: Generation, candidates: Sequence[Candidate], articles: dict[str, Article]
) -> Iterator[Evidence]:
    for first in range(0, len(candidates), _READ_TOGETHER):
        some = candidates[first : first + _READ_TOGETHER]
        chunks = generation.chunks([candidate.row for candidate in some])
        for candidate, chunk in zip(some, chunks, strict=True):
            if chunk.article_id not in articles:
                articles[chunk.article_id] = generation.article(chunk.article_id)
            article = articles[chunk.article_id]
            passage = Passage(
                chunk=chunk,
                title=article.title,
                text=article.text[chunk.start : chunk.end],
                rank=0,
                score=candidate.score,
                dense=candidate.dense,
                lexical=candidate.lexical,
                sha256=article.sha256,
            )
            yield Evidence(
                passage,
                candidate,
                term_language(article.language),
                tuple(_terms(article, span) for span in chunk.sentences),
            )


def _terms(article: Article, span: Span) -> tuple[str, ...]:
    return tuple(terms(article.text[slice(*span)], article.language))


def _shingles(evidence: Evidence) -> frozenset[tuple[str, ...]]:
    words = [term for sentence in evidence.terms for term in sentence]
    size = min(SHINGLE_TERMS, len(words))
    return frozenset(tuple(words[place : place + size]) for place in range(len(words) - size + 1))


def _share(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Return how much of the smaller set is in the larger one."""
    return len(one & other) / max(1, min(len(one), len(other)))
