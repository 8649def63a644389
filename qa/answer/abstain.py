"""One probability that the passages hold an answer, from signs that retrieval leaves."""

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources

from qa.answer.retrieve import Candidate
from qa.answer.select import Quote, coverage
from qa.index import terms
from qa.types import Passage

SIGNS = ("cosine_z", "passage_coverage", "quote_cosine", "quote_coverage")
CURVE = "refusal.json"


def signs(
    candidates: Sequence[Candidate],
    passages: Sequence[Passage],
    quotes: Sequence[Quote],
    weights: Mapping[str, float],
) -> dict[str, float]:
    """Return what the probability is made of.

    By how many standard deviations the best cosine of any sentence stands out; the share of the
    question's IDF (`weights`) found in the best three passages; cosine and share of the best quote.
    """
    found = {term for passage in passages[:3] for term in terms(f"{passage.title} {passage.text}")}
    return {
        "cosine_z": max(candidate.dense_z for candidate in candidates),
        "passage_coverage": coverage(weights, found),
        "quote_cosine": quotes[0].cosine,
        "quote_coverage": quotes[0].coverage,
    }


def confidence(values: Mapping[str, float]) -> float:
    """Return the logistic function of the weighted sum of the signs, with the weights shipped in `CURVE`."""
    curve = shipped_curve()
    total = curve["intercept"] + sum(weight * values[name] for name, weight in curve["weights"].items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def default_threshold() -> float:
    """Return the least confidence at which we answer unless told otherwise."""
    return float(shipped_curve()["threshold"])


@lru_cache(maxsize=1)
def shipped_curve():  # type: ignore[no-untyped-def]  # noqa: ANN201 (JSON)
    """Return the fitted weights with their provenance, as `python -m qa.evaluate.fit` wrote them."""
    return json.loads(resources.files("qa.answer").joinpath(CURVE).read_text(encoding="utf-8"))
