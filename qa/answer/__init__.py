"""From a question to an answer: retrieve, fuse, pick the quote, decide whether to answer, cite."""

from qa.answer.abstain import CURVE, SIGNS, confidence, default_threshold
from qa.answer.ask import MAX_K, MAX_QUESTION_CHARS, Answerer, Found
from qa.answer.cite import line_range
from qa.answer.live import LiveAnswerer

__all__ = [
    "CURVE",
    "MAX_K",
    "MAX_QUESTION_CHARS",
    "SIGNS",
    "Answerer",
    "Found",
    "LiveAnswerer",
    "confidence",
    "default_threshold",
    "line_range",
]
