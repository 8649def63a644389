"""The lexical leg: BM25 over stemmed words, built by bm25s, scored from its arrays."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from qa.errors import IndexDamagedError
from qa.index.arrays import read_array, write_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SETTINGS: Mapping[str, str | float] = {
    "method": "lucene",
    "k1": 0.9,
    "b": 0.4,
    "stemmer": "english",
    "terms_version": 1,
}
"""Everything that shapes the lexical leg; raise `terms_version` with every change of `terms`."""

# "U.S." is one word, "100,000" and "5.5" are one number, "won't" is one word: cut into "won" and "t" it
# would match every "won" (measured: it pushes the right paragraph from rank 1 to rank 8).
_TOKEN = re.compile(r"(?:[^\W\d_]\.){2,}|\d+(?:[.,]\d+)+|[^\W_]+(?:['’][^\W_]+)*")
# Not word characters to `re`: in "i̇stanbul", which is "İstanbul" in lower case, one would end the word.
_MARKS = re.compile("[\u0300-\u036f]+")
_CONTRACTION = re.compile(r"n't$|'(?:re|ve|ll|d|m)$")
_POSSESSIVE = re.compile(r"'s$|s'$")
_STOP = frozenset(
    # question words say what is asked, not what the answering text is about
    [
        "what",
        "which",
        "who",
        "whom",
        "whose",
        "when",
        "where",
        "why",
        "how",
        "a",
        "an",
        "the",
        "this",
        "that",
        "these",
        "those",
        "there",
        "here",
        "it",
        "its",
        "he",
        "him",
        "his",
        "she",
        "her",
        "hers",
        "they",
        "them",
        "their",
        "theirs",
        "we",
        "our",
        "ours",
        "you",
        "your",
        "yours",
        "i",
        "me",
        "my",
        "mine",
        "myself",
        "itself",
        "himself",
        "herself",
        "themselves",
        "am",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "do",
        "does",
        "did",
        "doing",
        "done",
        "have",
        "has",
        "had",
        "having",
        "will",
        "would",
        "shall",
        "should",
        "can",
        "could",
        "may",
        "might",
        "must",
        "ought",
        "and",
        "or",
        "but",
        "nor",
        "so",
        "if",
        "then",
        "than",
        "because",
        "as",
        "of",
        "at",
        "by",
        "for",
        "with",
        "about",
        "into",
        "onto",
        "to",
        "from",
        "in",
        "on",
        "off",
        "out",
        "over",
        "under",
        "again",
        "further",
        "also",
        "too",
        "very",
        "just",
        "not",
        "no",
        "nor",
        "only",
        "own",
        "same",
        "such",
        "both",
        "each",
        "any",
        "all",
        "some",
        "more",
        "most",
        "other",
        "s",
        "t",
        "between",
        "during",
        "before",
        "after",
        "above",
        "below",
        "up",
        "down",
        "while",
        "until",
        "against",
        "through",
    ]
)


class LexicalIndex:
    """BM25 scores of every (term, chunk) pair, as a compressed sparse column matrix."""

    def __init__(self, files: Mapping[str, bytes], *, rows: int) -> None:
        """Read what `serialise` returned.

        Raises IndexDamagedError when the arrays do not fit together.
        """
        import numpy as np

        try:
            names: Any = json.loads(files["terms.json"])
            self._scores = read_array(files["scores.npy"], np.float32)
            self._chunks = read_array(files["chunks.npy"], np.int32)
            self._starts = read_array(files["starts.npy"], np.int64)
        except (KeyError, ValueError) as error:
            raise IndexDamagedError(f"The lexical index cannot be read: {error!r}") from error
        if not (
            isinstance(names, dict)
            and list(names.values()) == list(range(len(names)))
            and self._starts.ndim == self._scores.ndim == self._chunks.ndim == 1
            and len(self._starts) == len(names) + 1
            and self._starts[0] == 0
            and self._starts[-1] == len(self._scores) == len(self._chunks)
            and (np.diff(self._starts) >= 0).all()
            and (len(self._chunks) == 0 or (self._chunks.min() >= 0 and self._chunks.max() < rows))
        ):
            raise IndexDamagedError(
                "The lexical index's arrays do not fit together. Build it again: qa index FOLDER"
            )
        self._terms: dict[str, int] = names
        self._rows = rows

    @staticmethod
    def serialise(texts: Sequence[str]) -> dict[str, bytes]:
        """Index the texts, one a chunk, and return file names with their bytes."""
        import bm25s
        import numpy as np

        corpus = [terms(text) for text in texts]
        if any(corpus):
            model = bm25s.BM25(method=SETTINGS["method"], k1=SETTINGS["k1"], b=SETTINGS["b"])
            # Numbered here in order of appearance: bm25s would number a set, in another order in every process.
            names = {term: n for n, term in enumerate(dict.fromkeys(term for row in corpus for term in row))}
            numbers = [[names[term] for term in row] for row in corpus]
            model.index((numbers, names), show_progress=False, create_empty_token=False)
            arrays = (model.scores["data"], model.scores["indices"], model.scores["indptr"])
        else:  # a corpus of stop words or of scripts without letters
            names, arrays = {}, ((), (), (0,))
        dtypes = (np.float32, np.int32, np.int64)
        files = {"terms.json": json.dumps(names, ensure_ascii=False, separators=(",", ":")).encode("utf-8")}
        for name, array, dtype in zip(("scores", "chunks", "starts"), arrays, dtypes, strict=True):
            files[f"{name}.npy"] = write_array(np.asarray(array, dtype=dtype))
        return files

    def scores(self, question: str) -> "NDArray[np.float32]":
        """Return the BM25 score of every chunk, shape (rows,)."""
        import numpy as np

        result = np.zeros(self._rows, dtype=np.float32)
        for term in dict.fromkeys(terms(question)):
            number = self._terms.get(term)
            if number is not None:
                part = slice(self._starts[number], self._starts[number + 1])
                result[self._chunks[part]] += self._scores[part]
        return result

    def idf(self, term: str) -> float:
        """Return ln(1 + (N - n + 0.5) / (n + 0.5)), N chunks of which n hold the term (Lucene's BM25)."""
        import math

        number = self._terms.get(term)
        n = 0 if number is None else int(self._starts[number + 1] - self._starts[number])
        return math.log(1 + (self._rows - n + 0.5) / (n + 0.5))


def terms(text: str) -> list[str]:
    """Return the terms of a text in order: words folded, stopped and stemmed."""
    return [term for token in _TOKEN.findall(_MARKS.sub("", text.lower())) if (term := _term(token))]


@lru_cache(maxsize=1 << 16)
def _term(token: str) -> str:
    word = token.replace("’", "'")
    if not word.isascii():
        word = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    if _CONTRACTION.search(word):
        return ""
    word = _POSSESSIVE.sub("", word) if "'" in word else word
    word = word.replace(".", "") if word[:1].isalpha() else word.replace(",", "")
    return "" if not word or word in _STOP else _stem(word)


def _stem(word: str) -> str:
    return _stemmer().stemWord(word)  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def _stemmer():  # type: ignore[no-untyped-def]  # noqa: ANN202 (PyStemmer ships no types)
    import Stemmer

    # Its own cache is not safe to share between threads; ours in front of it is.
    return Stemmer.Stemmer(str(SETTINGS["stemmer"]), 0)
