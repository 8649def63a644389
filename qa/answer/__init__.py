"""From a question to an answer: retrieve, fuse, pick the quote, decide whether to answer, cite."""

from qa.answer.ask import MAX_K, MAX_QUESTION_CHARS, Answerer
from qa.answer.cite import line_range

__all__ = ["MAX_K", "MAX_QUESTION_CHARS", "Answerer", "line_range"]
