"""From a question to an answer: retrieve, fuse, pick the quote, decide whether to answer, cite.

The names below are loaded on first use: who asks a server needs the bounds only.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.answer.abstain import confidence
    from qa.answer.ask import Answerer, Found
    from qa.answer.bounds import MAX_K, MAX_QUESTION_CHARS
    from qa.answer.cite import line_range
    from qa.answer.facets import count_facets
    from qa.answer.live import LiveAnswerer
    from qa.answer.weights import FILE, Fitted, Weights, fitted

__all__ = [
    "FILE",
    "MAX_K",
    "MAX_QUESTION_CHARS",
    "Answerer",
    "Fitted",
    "Found",
    "LiveAnswerer",
    "Weights",
    "confidence",
    "count_facets",
    "fitted",
    "line_range",
]

__getattr__ = lazy_door(
    __name__,
    {
        "abstain": ("confidence",),
        "ask": ("Answerer", "Found"),
        "bounds": ("MAX_K", "MAX_QUESTION_CHARS"),
        "cite": ("line_range",),
        "facets": ("count_facets",),
        "live": ("LiveAnswerer",),
        "weights": ("FILE", "Fitted", "Weights", "fitted"),
    },
)
