"""The dense leg: a FAISS index over the chunks' vectors."""

from typing import TYPE_CHECKING

from qa.errors import IndexDamagedError, InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.models import Vectors

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

    def vectors(self) -> "Vectors":
        """Return all rows, float32 of shape (rows, dim)."""
        return self._index.reconstruct_n(0, self._rows)  # type: ignore[no-any-return]
