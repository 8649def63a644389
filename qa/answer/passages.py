"""Read the best candidates as passages, without copies of what is there already."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qa.answer.numbers import adds, numbers
from qa.answer.retrieve import Candidate
from qa.index import OpenIndex, term_language, terms
from qa.reader import Reading
from qa.types import Article, Passage, Span

SHINGLE_TERMS = 3
COPIED_SHARE = 0.8
"""A passage is a copy when so many of the shingles of one of the two stand in the other (Broder 1997)."""

REPEATED_SHARE = 0.25
"""A sentence says again what an article says when so many of its shingles stand anywhere in it.

Two words in a hundred replaced on both sides leave less to 1 % of sentences; those of other articles share nothing.
"""

_READ_TOGETHER = 8
Shingles = frozenset[tuple[str, ...]]


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
    generation: OpenIndex, candidates: Sequence[Candidate], *, k: int
) -> tuple[tuple[Evidence, ...], Mapping[str, Article]]:
    """Return the `k` best passages that are no copies of better ones, and the articles they are from.

    A wire report that three papers printed, or a paragraph repeated, takes one place and not three. Chunks of copies
    begin and end elsewhere: of an article whose copy has a place, only what that one does not say gets another. Where
    the sentence that a passage was found for has another number, it is no copy: prices rise from one edition to the next.
    """
    kept: list[Evidence] = []
    shingles: list[Shingles] = []
    wholes: dict[str, Shingles] = {}  # of the articles that have a place, as far as they have copies
    articles: dict[str, Article] = {}
    for evidence in _read(generation, candidates, articles):
        article = articles[evidence.passage.chunk.article_id]
        found = _shingles(term for sentence in evidence.terms for term in sentence)
        repeated = (
            each for each, other in zip(kept, shingles, strict=True) if _share(found, other) >= COPIED_SHARE
        )
        if any(not _has_another_number(evidence, each.passage.text) for each in repeated):
            continue
        copies = generation.copies(article.id)
        repeated_in = (copy for copy in copies if copy in wholes and _says_again(evidence, wholes[copy]))
        if any(not _has_another_number(evidence, articles[copy].text) for copy in repeated_in):
            continue
        kept.append(replace(evidence, passage=replace(evidence.passage, rank=len(kept) + 1)))
        shingles.append(found)
        if copies and article.id not in wholes:
            wholes[article.id] = _shingles(terms(article.text, article.language))
        if len(kept) == k:
            break
    return tuple(kept), {
        each.passage.chunk.article_id: articles[each.passage.chunk.article_id] for each in kept
    }


def in_order(evidence: Sequence[Evidence], candidates: Sequence[Candidate]) -> tuple[Evidence, ...]:
    """Return the passages in the order of the candidates, and with the scores that these have now."""
    now = {candidate.row: (place, candidate) for place, candidate in enumerate(candidates)}
    ordered = sorted(evidence, key=lambda each: now[each.candidate.row][0])
    return tuple(
        replace(
            each,
            candidate=now[each.candidate.row][1],
            passage=replace(each.passage, rank=rank, score=now[each.candidate.row][1].score),
        )
        for rank, each in enumerate(ordered, start=1)
    )


def _read(
    generation: OpenIndex, candidates: Sequence[Candidate], articles: dict[str, Article]
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


def _says_again(evidence: Evidence, whole: Shingles) -> bool:
    """Tell whether the sentence that a passage was found for stands, perhaps edited, among these shingles."""
    found = _shingles(evidence.terms[_best_sentence(evidence)])
    return len(found & whole) >= REPEATED_SHARE * len(found)


def _has_another_number(evidence: Evidence, text: str) -> bool:
    """Tell whether the sentence that a passage was found for has a number that a text has not."""
    passage = evidence.passage
    start, end = passage.chunk.sentences[_best_sentence(evidence)]
    found = numbers(passage.text[start - passage.chunk.start : end - passage.chunk.start])
    return bool(found) and adds(found, numbers(text))


def _best_sentence(evidence: Evidence) -> int:
    return max(range(len(evidence.terms)), key=evidence.candidate.sentences.__getitem__)


def _shingles(found: Iterable[str]) -> Shingles:
    words = list(found)
    size = min(SHINGLE_TERMS, len(words))
    return frozenset(tuple(words[place : place + size]) for place in range(len(words) - size + 1))


def _share(one: Shingles, other: Shingles) -> float:
    """Return how much of the smaller set is in the larger one."""
    return len(one & other) / max(1, min(len(one), len(other)))
