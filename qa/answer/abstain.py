"""One probability that the passages hold an answer, from signs that retrieval leaves."""

import math
from collections.abc import Mapping, Sequence
from itertools import chain

from qa.answer.newer import score_without_newest
from qa.answer.passages import Evidence
from qa.answer.select import READ_PASSAGES, Asked, Quote, coverage
from qa.index import terms

CONSTANT = "constant"
_NOTHING = dict.fromkeys(
    (
        "passage_coverage",
        "quote_cosine",
        "quote_coverage",
        "kind_missing",
        "lead",
        "answered",
        "span",
    ),
    0.0,
)


def confidence_signs(
    evidence: Sequence[Evidence], sentences: Sequence[Quote], asked: Asked
) -> dict[str, float]:
    """Return what the probability is made of.

    constant            1
    passage_coverage    share of the question's IDF whose terms stand in the best passages, in the language
                        of theirs in which it is largest
    quote_cosine        of the best quote with the question
    quote_coverage      share of the question's IDF whose terms the best sentence holds
    kind_missing        1 if the question asks for a kind of thing and the best sentence names none
    lead                how much more the best passage scores than the next one
    answered            the reader's logit of "the answer stands here", of the passage of the best sentence
    span                the score of the best span in that sentence over "no answer here"; both 0 if not read

    All but the constant are 0 where there is no evidence at all, since the filters fit no article.
    """
    if not sentences:
        return {CONSTANT: 1.0, **_NOTHING}
    read = evidence[:READ_PASSAGES]
    found: dict[str, set[str]] = {}
    for each in read:
        of_language = found.setdefault(each.language, set())
        of_language.update(chain.from_iterable(each.terms), terms(each.passage.title, each.language))
    best = sentences[0].signs
    quoted = next(each.reading for each in read if each.passage is sentences[0].passage)
    scores = sorted(map(score_without_newest, read), reverse=True)
    return {
        CONSTANT: 1.0,
        "passage_coverage": max(
            coverage(asked.idf_in(language), of_language) for language, of_language in found.items()
        ),
        "quote_cosine": best["cosine"],
        "quote_coverage": best["coverage"],
        "kind_missing": float(asked.kind is not None and not (best["figure"] or best["named"])),
        "lead": scores[0] - scores[1] if len(scores) > 1 else 0.0,
        "answered": quoted.answered if quoted else 0.0,
        "span": best["span"] if quoted else 0.0,
    }


def confidence(signs: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the logistic function of the weighted sum of the signs."""
    total = sum(weight * signs[name] for name, weight in weights.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
