"""The numbers that were fitted on judged questions, as data beside the code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

FILE = "fitted.json"


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights of the signs that rank passages, choose the quote and say how sure an answer is.

    `threshold` is the least confidence of an answer.
    """

    passage: Mapping[str, float]
    quote: Mapping[str, float]
    confidence: Mapping[str, float]
    threshold: float


@lru_cache(maxsize=1)
def fitted() -> Fitted:
    """Return what `python -m qa.evaluate.fit` wrote last; the file also says how it was found."""
    found = json.loads(resources.files("qa.answer").joinpath(FILE).read_text(encoding="utf-8"))
    return Fitted(found["passage"], found["quote"], found["confidence"], found["threshold"])
