"""Questions about the present: among equally good passages the newest article's comes first."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain

from qa.answer.passages import Evidence, in_order
from qa.answer.retrieve import Candidate
from qa.answer.weights import Weights
from qa.filters import days_of
from qa.index import terms
from qa.types import Article

NEWEST = {"passage": 4.5, "quote": 3.5}
"""What being of the newest article adds to a score; a passage that scores so much less than the best may be as good."""

ANSWERED_SLACK = 3.0
"""In logits of the reader: a passage that it is so much less sure of is not as good."""

_PRESENT = re.compile(
    r"\b(?:now|nowadays|current|currently|latest|newest|today|presently|at present|at the moment|so far|these days|"
    r"recent|recently)\b",
    re.IGNORECASE,
)
# Within a sentence, at whose beginning every word is capitalised.
_NAME = re.compile(r"(?<=[\w,;] )[^\W\d_a-z][\w'’-]*")
_PAST = re.compile(
    r"\b(?:1\d{3}|20\d\d|first|originally|formerly|former|previously|previous|ago|used to|until|before)\b",
    re.IGNORECASE,
)


def asks_about_now(question: str) -> bool:
    """Return whether an English question is about the present, in so many words."""
    return _PRESENT.search(question) is not None and _PAST.search(question) is None


def prefer_newest(
    evidence: Sequence[Evidence],
    candidates: Sequence[Candidate],
    question: str,
    articles: Mapping[str, Article],
) -> tuple[tuple[Evidence, ...], tuple[Candidate, ...]]:
    """Return passages and candidates in the order in which being of the newest article counts, too.

    The newest is that of the passages that are as good as the best: to the reader, which has to have read them; in score,
    within `NEWEST`; and in the names of the question, for a passage about another town is no news of this one. A year, or
    a month, counts as its last day: "2024" may be newer than "2024-05".
    """
    dated = {
        each.candidate.row: _last_day(articles[each.passage.chunk.article_id])
        for each in as_good(evidence, question, slack=ANSWERED_SLACK)
    }
    if len(set(dated.values())) < 2:
        return tuple(evidence), tuple(candidates)
    newest = max(dated.values())
    marked = {
        each.row: replace(each, newest=1.0, score=each.score + NEWEST["passage"])
        for each in candidates
        if dated.get(each.row) == newest
    }
    ordered = sorted((marked.get(each.row, each) for each in candidates), key=lambda each: -each.score)
    return in_order(evidence, ordered), tuple(ordered)


def as_good(evidence: Sequence[Evidence], question: str, *, slack: float) -> list[Evidence]:
    """Return the passages that are about as likely to answer as the best one, to a reader within `slack`.

    None where none has been read: scores alone tell too little.
    """
    best = max(evidence, key=score_without_newest)
    if best.reading is None:
        return []
    names = _names(question, best)
    return [
        each
        for each in evidence
        if each.reading is not None
        and each.reading.answered >= best.reading.answered - slack
        and score_without_newest(each) >= score_without_newest(best) - NEWEST["passage"]
        and names <= _terms(each)
    ]


def score_without_newest(evidence: Evidence) -> float:
    """Return what a passage scores, whenever it was published."""
    return evidence.passage.score - NEWEST["passage"] * evidence.candidate.newest


def _names(question: str, best: Evidence) -> set[str]:
    """Return the terms of the question that are a name in it or in the best passage, which holds them all."""
    written = " ".join(_NAME.findall(question) + _NAME.findall(best.passage.text))
    asked = terms(question, best.language)
    return set(asked) & set(terms(written, best.language)) & _terms(best)


def _terms(evidence: Evidence) -> set[str]:
    return {*chain.from_iterable(evidence.terms), *terms(evidence.passage.title, evidence.language)}


def with_newest(weights: Weights) -> Weights:
    """Return the weights of all signs, this one among them."""
    return replace(
        weights,
        passage={**weights.passage, "newest": NEWEST["passage"]},
        quote={**weights.quote, "newest": NEWEST["quote"]},
    )


def _last_day(article: Article) -> date:
    """Return the last day on which an article may have been published, the first there is for one without a date."""
    days = days_of(article.published or "")
    return days[1] if days else date.min
