"""From a question to an answer: retrieve, fuse, pick the quote, decide whether to answer, cite."""

from qa.answer.abstain import confidence
from qa.answer.ask import MAX_K, MAX_QUESTION_CHARS, Answerer, Found
from qa.answer.cite import line_range
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
    "fitted",
    "line_range",
]
