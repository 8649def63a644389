"""Let the reader read the best passages, and order them anew by what it found."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from qa.answer.passages import Evidence, in_order
from qa.answer.retrieve import Candidate
from qa.reader import Page, Reader, Reading, header_text

READ_AT_MOST = 8
"""Passages: what stands further down is seldom the answer, and costs as much."""

SHIFT = 3.0
"""Added to a logit of relevance before `softplus`, so that passages which look hopeless still differ."""

LANGUAGES = frozenset({"en"})
"""What the reader was trained on."""


def reread(
    evidence: Sequence[Evidence],
    candidates: Sequence[Candidate],
    question: str,
    *,
    reader: Reader,
    weights: Mapping[str, float],
    budget_ms: float | None,
) -> tuple[tuple[Evidence, ...], tuple[Candidate, ...]]:
    """Return passages and candidates in the order that reading gives them, those that were read with their reading.

    As many are read, best first, as the budget allows. A passage that was not read counts like one in which nothing
    was found: its score is what it was, and reading only ever adds to a score.
    """
    chosen = [each for each in evidence if each.language in LANGUAGES][:READ_AT_MOST]
    if not chosen:
        return tuple(evidence), tuple(candidates)
    readings = reader.read(question, [_page(each) for each in chosen], budget_ms=budget_ms)
    read = {each.candidate.row: reading for each, reading in zip(chosen, readings, strict=False)}
    scored = {
        each.row: _scored(each, read[each.row], weights) if each.row in read else each for each in candidates
    }
    ordered = sorted(scored.values(), key=lambda each: -each.score)  # stable: equal scores keep their order
    return in_order(
        [replace(each, reading=read.get(each.candidate.row)) for each in evidence], ordered
    ), tuple(ordered)


def _page(evidence: Evidence) -> Page:
    chunk = evidence.passage.chunk
    return Page(
        header=header_text(evidence.passage.title, chunk.heading),
        text=evidence.passage.text,
        sentences=tuple((start - chunk.start, end - chunk.start) for start, end in chunk.sentences),
    )


def _scored(candidate: Candidate, reading: Reading, weights: Mapping[str, float]) -> Candidate:
    read = replace(candidate, relevant=softplus(reading.relevant + SHIFT))
    return replace(read, score=sum(weight * read.signs[name] for name, weight in weights.items()))


def softplus(logit: float) -> float:
    """Return ln(1 + e^logit)."""
    return max(logit, 0.0) + math.log1p(math.exp(-abs(logit)))
