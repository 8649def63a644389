"""The dense leg: a FAISS index over the chunks' vectors, and the vectors of the sentences in them."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qa.errors import IndexDamagedError, InputError
from qa.index.arrays import StoredArray, StoredFile, array_header, read_array

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

CANDIDATES = 200
ROWS_A_CANDIDATE = 1_000
"""Codes offer `CANDIDATES` vectors, and one more for so many rows, to be compared exactly; at least twice k."""

OFFERED_A_READING = 5
"""So many candidates cost the codes about as much as it costs to read one vector; docs/decisions.md has the times."""

SAMPLE = 512


def sample_rows(rows: int) -> range:
    """Return an even sample of so many rows, `SAMPLE` at most."""
    return range(0, rows, max(1, -(-rows // SAMPLE)))


def dense_kind(rows: int) -> str:
    """Return the kind of index for this many chunks."""
    return EXACT if rows < QUANTISED_FROM else QUANTISED


class DenseIndex:
    """A FAISS index whose ids are the chunks' rows; its vectors stay on disk."""

    def __init__(self, exact: StoredFile, codes: StoredFile | None, *, rows: int, dim: int) -> None:
        """Open an `IndexFlatIP` of `rows` vectors of width `dim`, and the codes in front of it if there are any.

        Raises IndexDamagedError when a file is something else. FAISS itself checks widths with Python
        asserts only, which `python -O` removes.
        """
        self._rows, self._dim, self._exact = rows, dim, exact
        header = self.header(rows, dim)
        self._offset = len(header)
        if exact.size != self._offset + rows * dim * 4 or exact.read(0, len(header)) != header:
            raise IndexDamagedError(
                f"The dense index is not of {rows} vectors of width {dim}. Build it again: qa index FOLDER"
            )
        self._coded = codes is not None
        self._index = self._read(codes, "IndexRaBitQFastScan") if codes else self._read(exact, "IndexFlatIP")

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
    def codes(blocks: Callable[[], Iterable["Vectors"]]) -> bytes:
        """Return the codes of float32 rows (n, dim), which come in blocks, as FAISS serialises them.

        The blocks are asked for twice: for the mean of the rows, around which codes are drawn, and for the
        codes. To memory, because `faiss.write_index` can report success on a full disk and leave an unreadable
        file.
        """
        import faiss
        import numpy as np

        means = np.stack([block.mean(axis=0) for block in blocks()])
        index = faiss.IndexRaBitQFastScan(means.shape[1], faiss.METRIC_INNER_PRODUCT)
        index.train(means)  # takes their mean, and nothing else
        for block in blocks():
            index.add(block)
        return faiss.serialize_index(index).tobytes()

    def search(
        self, question: "Vectors", k: int, *, allowed: "NDArray[np.bool_] | None" = None
    ) -> tuple["NDArray[np.int64]", "NDArray[np.float32]"]:
        """Return rows and inner products of the `k` nearest chunks of one question (dim,), best first.

        With codes they are the nearest of the candidates that the codes offer. `allowed`, shape (rows,), says which
        chunks there are for this question. Raises InputError when the vector has another width or values that are no
        numbers.
        """
        import faiss
        import numpy as np

        if question.shape != (self._dim,) or not np.isfinite(question).all():
            raise InputError(
                f"Question vector of shape {question.shape}; expected {self._dim} finite numbers."
            )
        if self._coded:
            rows = self._offered(question, k, allowed)
            scores = self.vectors(rows) @ question
            best = np.argsort(-scores, kind="stable")[:k]
            return rows[best], scores[best]
        only = None
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            # FAISS's types are those of C++: in Python its constructors take keywords, and the array.
            only = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))  # type: ignore[call-arg, arg-type]
        found, nearest = self._index.search(question[np.newaxis, :], min(k, self._rows), params=only)
        return nearest[0][nearest[0] >= 0], found[0][nearest[0] >= 0]

    def _offered(
        self, question: "Vectors", k: int, allowed: "NDArray[np.bool_] | None"
    ) -> "NDArray[np.int64]":
        """Return the rows to compare exactly: the nearest by their codes, or all that are allowed if those are few."""
        import numpy as np

        wanted = min(max(CANDIDATES + self._rows // ROWS_A_CANDIDATE, 2 * k), self._rows)
        offered = wanted
        if allowed is not None:
            count = int(np.count_nonzero(allowed))
            # Half more than enough, if those that are allowed are as near as the others.
            offered = 3 * wanted * self._rows // (2 * max(count, 1))
            if count <= max(wanted, offered // OFFERED_A_READING):
                return np.flatnonzero(allowed)
        while True:
            offered = min(offered, self._rows)
            # FAISS 1.15 takes no selector here: "search params not supported for this index".
            _, found = self._index.search(question[np.newaxis, :], offered)
            rows: NDArray[np.int64] = found[0][found[0] >= 0]
            rows = rows if allowed is None else rows[allowed[rows]]
            if len(rows) >= wanted or offered == self._rows:
                return rows[:wanted]
            offered *= 4

    def vectors(self, rows: "NDArray[np.int64]") -> "Vectors":
        """Return the vectors of these rows, float32 of shape (len(rows), dim)."""
        import numpy as np

        size = self._dim * 4
        # Rows that follow one another are read at once.
        firsts = np.flatnonzero(np.diff(rows, prepend=-2) != 1)
        spans = zip(rows[firsts].tolist(), np.diff(firsts, append=len(rows)).tolist(), strict=True)
        data = self._exact.read_all([(self._offset + row * size, count * size) for row, count in spans])
        return np.frombuffer(data, dtype=np.float32).reshape(-1, self._dim)

    def _read(self, file: StoredFile, kind: str) -> Any:  # noqa: ANN401 (faiss has one class a kind)
        import faiss
        import numpy as np

        self._mapped = np.frombuffer(file.map(), dtype=np.uint8)  # FAISS points into this memory
        faiss.set_deserialization_vector_byte_limit(max(file.size, 1))
        faiss.set_deserialization_loop_limit(max(self._rows, 1))
        reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(self._mapped), file.size)  # type: ignore[attr-defined]
        try:
            index = faiss.read_index(reader)
        except RuntimeError as error:
            raise IndexDamagedError(f"The dense index cannot be read: {error}") from error
        found = (type(index).__name__, index.ntotal, index.d, index.metric_type)
        expected = (kind, self._rows, self._dim, faiss.METRIC_INNER_PRODUCT)
        if found != expected:
            raise IndexDamagedError(
                f"The dense index is {found}, expected {expected}. Build it again: qa index FOLDER"
            )
        return index


class SentenceVectors:
    """Rows of half precision, chunk after chunk, for rescoring and quoting the few chunks retrieval offers."""

    def __init__(self, vectors: StoredFile, starts: StoredFile, *, rows: int, dim: int) -> None:
        """Open the two arrays; `starts[row]` is where a chunk's sentences begin, with one more for the end.

        Raises IndexDamagedError when the arrays do not fit the index.
        """
        import numpy as np

        self._vectors = StoredArray(vectors, np.float16)
        self._starts = read_array(starts, np.int64)
        if not (
            self._starts.shape == (rows + 1,)
            and self._vectors.shape == (self._starts[-1], dim)
            and self._starts[0] == 0
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

    def scores(
        self, question: "Vectors", rows: "NDArray[np.int64]"
    ) -> tuple["NDArray[np.float32]", "NDArray[np.int64]"]:
        """Return the inner products of the chunks' sentences with the question (dim,), chunk after chunk.

        The second array, shape (len(rows),), says where each chunk's begin; every chunk has at least one.
        """
        gathered, starts = self._gather(rows)
        return inner_products(gathered, question), starts

    def of_chunk(self, row: int) -> "NDArray[np.float16]":
        """Return the stored vectors of one chunk's sentences."""
        return self._vectors.rows([(int(self._starts[row]), int(self._starts[row + 1]))])

    def sample_scores(self, question: "Vectors") -> "NDArray[np.float32]":
        """Return the best inner product in each chunk of an even sample: what is usual for this question.

        Shape (n,), n at most `SAMPLE`.
        """
        import numpy as np

        gathered, starts = self._sample
        best: NDArray[np.float32] = np.maximum.reduceat(gathered @ question, starts)
        return best

    @cached_property
    def _sample(self) -> tuple["Vectors", "NDArray[np.int64]"]:
        import numpy as np

        vectors, starts = self._gather(np.array(sample_rows(self._rows)))
        return vectors.astype(np.float32), starts

    def _gather(self, rows: "NDArray[np.int64]") -> tuple["NDArray[np.float16]", "NDArray[np.int64]"]:
        """Return the vectors of the chunks' sentences, and where each chunk's begin."""
        import numpy as np

        first, last = self._starts[rows], self._starts[rows + 1]
        vectors = self._vectors.rows(zip(first.tolist(), last.tolist(), strict=True))
        return vectors, np.cumsum(last - first) - (last - first)


def inner_products(rows: "NDArray[np.float16]", question: "Vectors") -> "NDArray[np.float32]":
    """Return rows (n, dim) times question (dim,).

    By FAISS, which multiplies half precision as it reads it; numpy would take three times as long to widen it
    first.
    """
    import faiss
    import numpy as np

    index = faiss.IndexScalarQuantizer(
        rows.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    index.add_sa_codes(rows.view(np.uint8))
    scores, order = index.search(question[np.newaxis, :], max(1, len(rows)))
    result = np.empty(len(rows), dtype=np.float32)
    found = order[0] >= 0  # none where there are no rows
    result[order[0][found]] = scores[0][found]
    return result
