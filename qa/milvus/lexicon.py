"""The lexical leg: BM25 as an inner product of sparse vectors, with the statistics of the whole collection.

A chunk's vector has tf / (tf + k1 * (1 - b + b * length / usual length)) of each term, a question's the IDF: their
product is the BM25 of `qa.index.lexical`. Milvus's own BM25 would cut words in its own way, and weigh them by what each
segment knows.
"""

import base64
import hashlib
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from qa.index import BM25_B, BM25_K1, Usual

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Table = NDArray[np.void]

NO_TERM = 2**32 - 2
"""A dimension for chunks without terms: Milvus takes no empty vector."""

TERMS_A_BUCKET = 256
_ROW_TYPE = [("term", "<u4"), ("language", "<u4"), ("chunks", "<u4"), ("weights", "<f8"), ("squares", "<f8")]
_BITS = 32


class TermStatistics(NamedTuple):
    """How many chunks hold a term, and the sums of its weights in them and of their squares."""

    chunks: int
    weights: float
    squares: float


_NOTHING = TermStatistics(0, 0.0, 0.0)


@lru_cache(maxsize=1 << 16)
def dimension(term: str) -> int:
    """Return the dimension of a term; of V terms each shares it with another with a probability of about V / 2^32."""
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=4).digest()) % NO_TERM


def weights_of(terms: Sequence[str], *, usual_length: float) -> dict[int, float]:
    """Return the weight of each dimension of a chunk with these terms."""
    counts = Counter(map(dimension, terms))
    norm = BM25_K1 * (1 - BM25_B + BM25_B * len(terms) / max(usual_length, 1e-9))
    return {each: count / (count + norm) for each, count in sorted(counts.items())}


def idf(chunks: int, holding: int) -> float:
    """Return ln(1 + (N - n + 0.5) / (n + 0.5)), N chunks of which n hold the term (Lucene's BM25)."""
    return math.log(1 + (chunks - holding + 0.5) / (holding + 0.5))


class Vocabulary:
    """Adds up the statistics of terms, chunk by chunk, those of each language by themselves."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, int], list[float]] = {}

    def add(self, weights: Mapping[int, float], language: str) -> None:
        """Take the weights of the next chunk, whose terms are of this language."""
        number = _language_number(language)
        for term, weight in weights.items():
            sums = self._sums.setdefault((term, number), [0, 0.0, 0.0])
            sums[0] += 1
            sums[1] += weight
            sums[2] += weight * weight

    def table(self) -> "Table":
        """Return the statistics of all terms, by dimension and language."""
        import numpy as np

        return np.array([(*each, *self._sums[each]) for each in sorted(self._sums)], dtype=_ROW_TYPE)


def merged(tables: Iterable["Table"]) -> "Table":
    """Add up statistics of several sets of chunks."""
    import numpy as np

    parts = list(tables)
    whole = np.concatenate(parts) if parts else np.empty(0, dtype=_ROW_TYPE)
    names = whole["term"].astype(np.uint64) << np.uint64(_BITS) | whole["language"]
    kinds, first, place = np.unique(names, return_index=True, return_inverse=True)
    table = np.zeros(len(kinds), dtype=_ROW_TYPE)
    for column in ("term", "language"):
        table[column] = whole[column][first]
    for column in ("chunks", "weights", "squares"):
        table[column] = np.bincount(place, weights=whole[column], minlength=len(kinds))
    return table


def statistics_of(table: "Table", term: int) -> dict[str, TermStatistics]:
    """Return what a table has of a dimension, by language."""
    import numpy as np

    first, last = np.searchsorted(table["term"], [term, term + 1])
    return {
        _language_of(number): TermStatistics(chunks, weights, squares)
        for _, number, chunks, weights, squares in table[first:last].tolist()
    }


def _language_number(language: str) -> int:
    return int.from_bytes(language.encode("ascii"))  # of two letters, or three


def _language_of(number: int) -> str:
    return number.to_bytes(_BITS // 8).lstrip(b"\0").decode("ascii")


def bucket_bits(terms: int) -> int:
    """Return how many of the first bits of a dimension number its bucket."""
    return max(0, math.ceil(math.log2(max(terms, 1) / TERMS_A_BUCKET)))


def buckets(table: "Table", bits: int) -> Iterator[tuple[str, str]]:
    """Yield name and text of every bucket that holds a term."""
    import numpy as np

    numbers = table["term"].astype(np.uint64) >> np.uint64(_BITS - bits)
    firsts = np.flatnonzero(np.diff(numbers, prepend=-1.0) != 0)
    for first, last in zip(firsts.tolist(), [*firsts[1:].tolist(), len(table)], strict=True):
        yield bucket_name(int(table["term"][first]), bits), table_text(table[first:last])


def bucket_name(term: int, bits: int) -> str:
    """Return the name of the bucket that has this dimension, if there is one."""
    return f"{term >> (_BITS - bits):x}"


def table_text(table: "Table") -> str:
    """Return a table as text in ASCII."""
    return base64.b64encode(table.tobytes()).decode()


def read_table(text: str) -> "Table":
    """Return the table of a text. Raises ValueError for another text."""
    import numpy as np

    return np.frombuffer(base64.b64decode(text, validate=True), dtype=_ROW_TYPE)


def scores(
    idfs: Mapping[int, float],
    found: Sequence[tuple["NDArray[np.uint32]", "NDArray[np.float32]"]],
) -> tuple["NDArray[np.float32]", "NDArray[np.float64]"]:
    """Return BM25 (n,) of chunks with these dimensions and weights, and what each term adds (n, terms).

    `idfs` has the IDF of each dimension that the question has.
    """
    import numpy as np

    asked = np.fromiter(sorted(idfs), dtype=np.uint32, count=len(idfs))
    values = np.array([idfs[int(each)] for each in asked])
    parts = np.zeros((len(found), len(asked)))
    for row, (dimensions, weights) in enumerate(found):
        _, here, there = np.intersect1d(asked, dimensions, assume_unique=True, return_indices=True)
        parts[row, here] = values[here] * weights[there]
    return parts.sum(axis=1).astype(np.float32), parts


def usual(
    idfs: Mapping[int, float],
    known: Mapping[int, Mapping[str, TermStatistics]],
    best: "NDArray[np.float64]",
    languages: Sequence[str],
    *,
    chunks: Mapping[str, int],
) -> Usual:
    """Return mean and deviation of the BM25 of all chunks, of which `best` (n, terms) are some of the best.

    `known` has the statistics of each dimension by language, `languages` (n,) those of the best chunks, and `chunks`
    says how many there are of each. The mean is exact. In the square, what two terms have in common is exact among the
    best, and taken as chance in the rest of each language, whose chunks have no terms of another: docs/scaling.md has
    how far off that is.
    """
    import numpy as np

    order = sorted(idfs)
    factors = np.array([idfs[each] for each in order])
    of_best = np.array(languages, dtype=object)
    total = square = 0.0
    for language, count in chunks.items():
        found = [known[each].get(language, _NOTHING) for each in order]
        sums = factors * np.array([each.weights for each in found])
        squares = factors**2 * np.array([each.squares for each in found])
        own = best[of_best == language]
        rest = np.maximum(sums - own.sum(axis=0), 0.0)
        apart = np.maximum(squares - (own**2).sum(axis=0), 0.0)
        together = (rest.sum() ** 2 - (rest**2).sum()) / max(count - len(own), 1)
        total += float(sums.sum())
        square += float((own.sum(axis=1) ** 2).sum() + apart.sum() + together)
    every = sum(chunks.values())
    mean = total / every
    return Usual(mean, math.sqrt(max(0.0, square / every - mean * mean)))


def asked_dimensions(terms: Collection[str]) -> list[int]:
    """Return the dimensions of a question's terms, each once, sorted."""
    return sorted(set(map(dimension, terms)))
