"""The dense leg: a FAISS index over the chunks' vectors, and the vectors of the sentences in them."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qa.errors import IndexDamagedError, InputError
from qa.index.arrays import array_header, read_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.models import Vectors

EXACT = "flat_ip"
"""Inner products with every vector; rows have length 1, so scores are cosines."""

QUANTISED = "flat_ip+rabitq"
"""The same vectors, reached through codes of one bit a dimension (RaBitQ, Gao and Long 2024)."""

QUANTISED_FROM = 25_000
"""Chunks from which codes come first; docs/decisions.md has the measurement."""

CANDIDATES = 10
"""How many times k codes are compared exactly, at least `LEAST_CANDIDATES` of them."""

LEAST_CANDIDATES = 200
SAMPLE = 512
_ADD_ROWS = 1 << 16


def dense_kind(rows: int) -> str:
    """Return the kind of index for this many chunks."""
    return EXACT if rows < QUANTISED_FROM else QUANTISED


class DenseIndex:
    """A verified FAISS index whose ids are the chunks' rows; the vectors stay where they are mapped."""

    def __init__(self, exact: memoryview, codes: memoryview | None, *, rows: int, dim: int) -> None:
        """Read an `IndexFlatIP` of `rows` vectors of width `dim`, and the codes in front of it if there are any.

        Raises IndexDamagedError when the bytes are something else. FAISS itself checks widths with Python
        asserts only, which `python -O` removes.
        """
        import faiss

        self._rows, self._dim = rows, dim
        self._mapped: list[NDArray[np.uint8]] = []
        self._exact = self._read(exact, "IndexFlatIP")
        self._search = self._exact
        if codes is not None:
            self._search = faiss.IndexRefine(self._read(codes, "IndexRaBitQFastScan"), self._exact)

    @staticmethod
    def header(rows: int, dim: int) -> bytes:
        """Return the head of the file of an `IndexFlatIP`, which `rows` float32 vectors follow.

        Written by us and not by FAISS, which would want all vectors in memory and can report success on a
        full disk. FAISS's own serialisation of the same index is equal byte for byte, and a test says so.
        """
        import faiss

        empty = faiss.serialize_index(faiss.IndexFlatIP(dim)).tobytes()
        # "IxFI", the width, *the number of vectors*, training and metric, *the number of floats*
        return empty[:8] + rows.to_bytes(8, "little") + empty[16:-8] + (rows * dim).to_bytes(8, "little")

    @staticmethod
    def codes(vectors: "Vectors") -> bytes:
        """Return the codes of float32 rows (n, dim), which may be mapped from disk, as FAISS serialises them.

        To memory, because `faiss.write_index` can report success on a full disk and leave an unreadable file.
        """
        import faiss

        index = faiss.IndexRaBitQFastScan(vectors.shape[1], faiss.METRIC_INNER_PRODUCT)
        index.train(vectors[:: max(1, len(vectors) // _ADD_ROWS)])
        for first in range(0, len(vectors), _ADD_ROWS):
            index.add(vectors[first : first + _ADD_ROWS])
        return faiss.serialize_index(index).tobytes()

    def search(self, question: "Vectors", k: int) -> tuple["NDArray[np.int64]", "NDArray[np.float32]"]:
        """Return rows and inner products of the `k` nearest chunks of one question (dim,), best first.

        With codes they are the nearest of the candidates that the codes offer. Raises InputError when the
        vector has another width or values that are no numbers.
        """
        import faiss
        import numpy as np

        if question.shape != (self._dim,) or not np.isfinite(question).all():
            raise InputError(
                f"Question vector of shape {question.shape}; expected {self._dim} finite numbers."
            )
        k = min(k, self._rows)
        params = None
        if self._search is not self._exact:
            factor = max(CANDIDATES, LEAST_CANDIDATES / k)
            params = faiss.IndexRefineSearchParameters(k_factor=factor)  # type: ignore[call-arg]
        scores, rows = self._search.search(question[np.newaxis, :], k, params=params)
        kept = rows[0] >= 0
        return rows[0][kept], scores[0][kept]

    def vectors(self, rows: "NDArray[np.int64]") -> "Vectors":
        """Return the vectors of these rows, float32 of shape (len(rows), dim)."""
        return self._exact.reconstruct_batch(rows)  # type: ignore[no-any-return]

    def _read(self, data: memoryview, kind: str) -> Any:  # noqa: ANN401 (faiss has one class a kind)
        import faiss
        import numpy as np

        faiss.set_deserialization_vector_byte_limit(max(len(data), 1))
        faiss.set_deserialization_loop_limit(max(self._rows, 1))
        view = np.frombuffer(data, dtype=np.uint8)
        try:
            index = faiss.read_index(faiss.ZeroCopyIOReader(faiss.swig_ptr(view), len(view)))  # type: ignore[attr-defined]
        except RuntimeError as error:
            raise IndexDamagedError(f"The dense index cannot be read: {error}") from error
        found = (type(index).__name__, index.ntotal, index.d, index.metric_type)
        expected = (kind, self._rows, self._dim, faiss.METRIC_INNER_PRODUCT)
        if found != expected:
            raise IndexDamagedError(
                f"The dense index is {found}, expected {expected}. Build it again: qa index FOLDER"
            )
        self._mapped.append(view)  # FAISS points into this memory
        return index


class SentenceVectors:
    """Rows of half precision, chunk after chunk, for rescoring and quoting the few chunks retrieval offers."""

    def __init__(self, vectors: memoryview, starts: memoryview, *, rows: int, dim: int) -> None:
        """Read the two arrays; `starts[row]` is where a chunk's sentences begin, with one more for the end.

        Raises IndexDamagedError when the arrays do not fit the index.
        """
        import numpy as np

        self._vectors = read_array(vectors, np.float16)
        self._starts = read_array(starts, np.int64)
        if not (
            self._vectors.ndim == 2
            and self._vectors.shape[1] == dim
            and self._starts.shape == (rows + 1,)
            and self._starts[0] == 0
            and self._starts[-1] == len(self._vectors)
            and (np.diff(self._starts) > 0).all()
        ):
            raise IndexDamagedError(
                "The sentence vectors do not fit the index. Build it again: qa index FOLDER"
            )

        self._rows = rows

    @staticmethod
    def header(rows: int, dim: int) -> bytes:
        """Return the head of the file of the vectors, which `rows` rows of float16 follow."""
        import numpy as np

        return array_header(np.float16, (rows, dim))

    def scores(self, question: "Vectors", rows: Iterable[int]) -> list["NDArray[np.float32]"]:
        """Return, for each of the chunks, the inner products of its sentences with the question (dim,)."""
        gathered, ends = self._gather(rows)
        return _split(gathered @ question, ends)

    def of_chunk(self, row: int) -> "NDArray[np.float16]":
        """Return the stored vectors of one chunk's sentences."""
        vectors: NDArray[np.float16] = self._vectors[int(self._starts[row]) : int(self._starts[row + 1])]
        return vectors

    def sample_scores(self, question: "Vectors") -> "NDArray[np.float32]":
        """Return the best inner product in each chunk of an even sample: what is usual for this question.

        Shape (n,), n at most `SAMPLE`.
        """
        import numpy as np

        gathered, ends = self._sample
        starts = np.concatenate([[0], ends[:-1]])
        best: NDArray[np.float32] = np.maximum.reduceat(gathered @ question, starts)
        return best

    @cached_property
    def _sample(self) -> tuple["Vectors", "NDArray[np.int64]"]:
        return self._gather(range(0, self._rows, max(1, -(-self._rows // SAMPLE))))

    def _gather(self, rows: Iterable[int]) -> tuple["Vectors", "NDArray[np.int64]"]:
        """Return the vectors of the chunks' sentences, float32, and where each chunk's end."""
        import numpy as np

        parts = [self.of_chunk(row) for row in rows]
        ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
        gathered = np.empty((int(ends[-1]) if parts else 0, self._vectors.shape[1]), dtype=np.float32)
        if parts:
            np.concatenate(parts, out=gathered)
        return gathered, ends


def _split(values: "NDArray[np.float32]", ends: "NDArray[np.int64]") -> list["NDArray[np.float32]"]:
    import numpy as np

    return np.split(values, ends[:-1]) if len(ends) else []
