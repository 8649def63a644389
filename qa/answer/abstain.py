"""One probability that the passages hold an answer, from signs that retrieval leaves."""

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from qa.answer.select import Quote, coverage
from qa.index import terms
from qa.types import Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEATURES = ("top_cosine", "top_cosine_z", "passage_coverage", "quote_cosine", "quote_coverage")
CURVE = "refusal.json"


def features(
    question_weights: Mapping[str, float],
    passages: Sequence[Passage],
    quotes: Sequence[Quote],
    pool_dense: "NDArray[np.float32]",
    quote_text: str,
) -> dict[str, float]:
    """Return what the probability is made of.

    `top_cosine_z` says by how many standard deviations the best chunk stands out of the dense pool; the
    coverages are shares of the question's IDF found in the best three passages and in the quote.
    """
    best = float(pool_dense.max())
    found = {term for passage in passages[:3] for term in terms(passage.text)}
    return {
        "top_cosine": best,
        "top_cosine_z": (best - float(pool_dense.mean())) / (float(pool_dense.std()) + 1e-3),
        "passage_coverage": coverage(question_weights, found),
        "quote_cosine": max((quote.cosine for quote in quotes), default=0.0),
        "quote_coverage": coverage(question_weights, set(terms(quote_text))),
    }


def confidence(values: Mapping[str, float]) -> float:
    """Return the logistic function of the features' weighted sum, with the weights shipped in `CURVE`."""
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
