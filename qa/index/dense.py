"""The dense leg: a FAISS index over the chunks' vectors, and the vectors of the sentences in them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from qa.errors import IndexDamagedError, InputError
from qa.index.arrays import read_array, write_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.models import Vectors

SAMPLE = 512
DENSE_KIND = "flat_ip"
"""Exact inner product; rows have length 1, so scores are cosines."""


class DenseIndex:
    """A verified FAISS index whose ids are the chunks' rows."""

    def __init__(self, data: bytes, *, rows: int, dim: int) -> None:
        """Read what `serialise` returned.

        Raises IndexDamagedError when the bytes are not an index of `rows` vectors of width `dim`. FAISS
        itself checks widths with Python asserts only, which `python -O` removes.
        """
        import faiss
        import numpy as np

        faiss.set_deserialization_vector_byte_limit(max(len(data), 1))
        faiss.set_deserialization_loop_limit(max(rows, 1))
        try:
            self._index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        except RuntimeError as error:
            raise IndexDamagedError(f"The dense index cannot be read: {error}") from error
        found = (type(self._index).__name__, self._index.ntotal, self._index.d, self._index.metric_type)
        expected = ("IndexFlatIP", rows, dim, faiss.METRIC_INNER_PRODUCT)
        if found != expected:
            raise IndexDamagedError(
                f"The dense index is {found}, expected {expected}. Build it again: qa index FOLDER"
            )
        self._rows, self._dim = rows, dim

    @staticmethod
    def serialise(vectors: "Vectors") -> bytes:
        """Return the index of float32 rows (n, dim) as bytes.

        To memory, because `faiss.write_index` can report success on a full disk and leave an unreadable file.
        """
        import faiss

        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        return faiss.serialize_index(index).tobytes()

    def search(self, question: "Vectors", k: int) -> tuple["NDArray[np.int64]", "NDArray[np.float32]"]:
        """Return rows and inner products of the `k` nearest chunks of one question (dim,), best first.

        Raises InputError when the vector has another width or values that are no numbers.
        """
        import numpy as np

        if question.shape != (self._dim,) or not np.isfinite(question).all():
            raise InputError(
                f"Question vector of shape {question.shape}; expected {self._dim} finite numbers."
            )
        scores, rows = self._index.search(question[np.newaxis, :], min(k, self._rows))
        kept = rows[0] >= 0
        return rows[0][kept], scores[0][kept]

    def vectors(self, rows: "NDArray[np.int64]") -> "Vectors":
        """Return the vectors of these rows, float32 of shape (len(rows), dim)."""
        return self._index.reconstruct_batch(rows)


class SentenceVectors:
    """Rows of half precision, chunk after chunk, for rescoring and quoting the few chunks retrieval offers."""

    def __init__(self, vectors: bytes, starts: bytes, *, rows: int, dim: int) -> None:
        """Read what `serialise` returned; `starts[row]` is where a chunk's sentences begin.

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
    def serialise(vectors: "NDArray[np.float16]", counts: Sequence[int]) -> tuple[bytes, bytes]:
        """Return the bytes of the rows, one a sentence, and of the chunks' starts."""
        import numpy as np

        return write_array(vectors), write_array(np.cumsum([0, *counts], dtype=np.int64))

    def scores(self, question: "Vectors", rows: Iterable[int]) -> list["NDArray[np.float32]"]:
        """Return, for each of the chunks, the inner products of its sentences with the question (dim,)."""
        import numpy as np

        spans = [(int(self._starts[row]), int(self._starts[row + 1])) for row in rows]
        if not spans:
            return []
        gathered = np.concatenate([self._vectors[start:end] for start, end in spans])
        products = gathered.astype(np.float32) @ question
        return np.split(products, np.cumsum([end - start for start, end in spans])[:-1])

    def of_chunk(self, row: int) -> "NDArray[np.float16]":
        """Return the stored vectors of one chunk's sentences."""
        vectors: NDArray[np.float16] = self._vectors[int(self._starts[row]) : int(self._starts[row + 1])]
        return vectors

    def sample_scores(self, question: "Vectors") -> list["NDArray[np.float32]"]:
        """Return the same for an even sample of at most `SAMPLE` chunks: what is usual for this question."""
        return self.scores(question, range(0, self._rows, max(1, -(-self._rows // SAMPLE))))
