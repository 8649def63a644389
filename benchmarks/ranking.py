"""BM25 over any tokens, so that what tokens change can be told from what the formula changes."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import Stemmer
from numpy.typing import NDArray

Tokens = Callable[[str], Sequence[str]]
Scores = NDArray[np.float64]

_ALPHANUMERIC = re.compile(r"[^\W_]+")
_ENGLISH = Stemmer.Stemmer("english")
# What Milvus calls _english_: the list that Lucene and tantivy have.
_STOPPED = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "for",
        "if",
        "in",
        "into",
        "is",
        "it",
        "no",
        "not",
        "of",
        "on",
        "or",
        "such",
        "that",
        "the",
        "their",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "was",
        "will",
        "with",
    ]
)


def milvus_english(text: str) -> list[str]:
    """Return the tokens of Milvus's english analyser, as its documentation defines it.

    Its standard tokenizer cuts at whatever is neither a letter nor a digit; then come lower case, the Snowball stemmer and
    the stop words, in this order.
    """
    return [term for word in _ALPHANUMERIC.findall(text.lower()) if (term := _stem(word)) not in _STOPPED]


@lru_cache(maxsize=1 << 17)
def _stem(word: str) -> str:
    return _ENGLISH.stemWord(word)


class Bm25:
    """Lucene's BM25 over texts in memory."""

    def __init__(self, texts: Sequence[Sequence[str]], *, k1: float, b: float) -> None:
        """Take the tokens of every text."""
        self._texts = len(texts)
        lengths = np.array([len(each) for each in texts], dtype=np.float64)
        self._norm = k1 * (1 - b + b * lengths / (lengths.mean() or 1.0))
        places: dict[str, list[int]] = {}
        counts: dict[str, list[int]] = {}
        for place, tokens in enumerate(texts):
            for token, count in Counter(tokens).items():
                places.setdefault(token, []).append(place)
                counts.setdefault(token, []).append(count)
        self._postings = {
            token: (np.array(found), np.array(counts[token], dtype=np.float64))
            for token, found in places.items()
        }

    def scores(self, asked: Sequence[str]) -> Scores:
        """Return the score of every text; a token that is asked twice counts twice."""
        result = np.zeros(self._texts)
        for token, times in Counter(asked).items():
            if token in self._postings:
                places, counts = self._postings[token]
                idf = np.log(1 + (self._texts - len(places) + 0.5) / (len(places) + 0.5))
                result[places] += times * idf * counts / (counts + self._norm[places])
        return result
