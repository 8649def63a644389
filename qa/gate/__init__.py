"""What every request passes: who may ask, how often, what is counted, and one shape for whatever is refused.

The names below are loaded on first use: checking a key must not pay for the metrics.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.gate.front import Front
    from qa.gate.keys import Keys
    from qa.gate.metrics import CONTENT_TYPE, Metrics
    from qa.gate.rates import Rate
    from qa.gate.refusals import Refusal, error_object, on_http_exception, on_qa_error, shown, told

__all__ = [
    "CONTENT_TYPE",
    "Front",
    "Keys",
    "Metrics",
    "Rate",
    "Refusal",
    "error_object",
    "on_http_exception",
    "on_qa_error",
    "shown",
    "told",
]

__getattr__ = lazy_door(
    __name__,
    {
        "front": ("Front",),
        "keys": ("Keys",),
        "metrics": ("CONTENT_TYPE", "Metrics"),
        "rates": ("Rate",),
        "refusals": ("Refusal", "error_object", "on_http_exception", "on_qa_error", "shown", "told"),
    },
)
