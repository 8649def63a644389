"""The numbers that were fitted on judged questions, as data beside the code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

FILE = "fitted.json"


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the signs that rank passages, choose the quote and say how sure an answer is."""

    passage: Mapping[str, float]
    quote: Mapping[str, float]
    confidence: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The weights for answers whose passages a reader has read, and for those that retrieval alone gives.

    `threshold` is the least confidence of an answer, one for both: a probability means the same in both.
    """

    read: Weights
    unread: Weights
    threshold: float

    def weights(self, *, read: bool) -> Weights:
        """Return the weights of one of the two."""
        return self.read if read else self.unread


@lru_cache(maxsize=1)
def fitted() -> Fitted:
    """Return what `python -m qa.evaluate.fit` wrote last; the file also says how it was found."""
    found = json.loads(resources.files("qa.answer").joinpath(FILE).read_text(encoding="utf-8"))
    return Fitted(Weights(**found["read"]), Weights(**found["unread"]), found["threshold"])
