"""The rows of chunks: written in batches, searched, and read with all that ranks and shows them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from qa.errors import IndexDamagedError
from qa.index import Fields
from qa.milvus.connection import Connection
from qa.milvus.kept import Kept
from qa.milvus.layout import Build, filter_values, key_of, keys_in, row_of
from qa.milvus.lexicon import NO_TERM
from qa.milvus.packing import StoredChunk, pack, unpack
from qa.milvus.records import READ_TOGETHER, Record, Records, Row, batches, cut

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.models import Vectors

_KEPT = 2048
"""So many chunks stay in memory: about 16 MiB."""
_ROWS_OF_KEYS = 16_384  # the most that Milvus returns
_KEYS_TOGETHER = 128
_FLOAT_BYTES = 4
_ROW_BYTES = 400  # about what a row takes besides vector, terms and text
_HNSW_LIST = 2
"""The list of candidates of a search in HNSW is so many times as long as what is wanted (ef)."""


class NewChunk(NamedTuple):
    """A chunk to write, with its vector (dim,) and the key of `qa.index.vector_keys`."""

    stored: StoredChunk
    vector: "Vectors"
    key: bytes


class Chunks:
    """The chunks of one state; safe to share between threads."""

    def __init__(self, connection: Connection, build: Build, *, dim: int) -> None:
        """Take where they are, and how wide their vectors."""
        self._connection, self._name, self._dim = connection, build.chunks, dim
        self._records = Records(connection, build.records)
        self._kept = Kept(self._read, most=_KEPT)

    def put(self, chunks: Iterable[NewChunk]) -> Iterator[int]:
        """Write chunks, in place of those that have the same places; yield after each batch how many it had."""
        for some in batches(map(self._row, chunks), size_of=self._bytes):
            self._connection.call("upsert", self._name, some)
            yield len(some)

    def search(self, field: str, data: object, k: int, where: str, *, ef: bool = False) -> list[int]:
        """Return the `k` rows with the largest inner product, best first."""
        params = {"params": {"ef": _HNSW_LIST * k}} if ef else {}
        found = self._connection.call(
            "search",
            self._name,
            data=[data],
            anns_field=field,
            filter=where,
            limit=k,
            output_fields=["row"],
            search_params={"metric_type": "IP", **params},
        )
        return [int(hit["row"]) for hit in found[0]]

    def get(self, rows: Sequence[int]) -> Mapping[int, StoredChunk]:
        """Return the chunks of these rows.

        Raises IndexDamagedError when one is not there.
        """
        return self._kept.get(rows)

    def _read(self, rows: Sequence[int]) -> dict[int, StoredChunk]:
        found: dict[int, StoredChunk] = {}
        for start in range(0, len(rows), READ_TOGETHER):
            some = list(rows[start : start + READ_TOGETHER])
            fields = ["row", "pieces", "data"]
            found |= self._unpacked(
                self._connection.call("query", self._name, ids=some, output_fields=fields)
            )
        if len(found) < len(rows):
            raise IndexDamagedError(
                f"{len(rows) - len(found)} chunks of {self._name} are gone. Ask again; if that does not help, index "
                "again: qa index FOLDER"
            )
        return found

    def vectors_of_keys(
        self, keys: Sequence[bytes]
    ) -> Mapping[bytes, tuple["Vectors", "NDArray[np.float16]"]]:
        """Return vector and sentence vectors for each of these keys that a chunk has."""
        import numpy as np

        found: dict[bytes, tuple[Vectors, NDArray[np.float16]]] = {}
        for start in range(0, len(keys), _KEYS_TOGETHER):
            rows = self._connection.call(
                "query",
                self._name,
                filter=keys_in("key", [key.hex() for key in keys[start : start + _KEYS_TOGETHER]]),
                output_fields=["row", "key", "vector", "pieces", "data"],
                limit=_ROWS_OF_KEYS,
                consistency_level="Strong",
            )
            first = {row["key"]: row for row in sorted(rows, key=lambda row: -row["row"])}
            stored = self._unpacked(list(first.values()))
            for key, row in first.items():
                vector = np.asarray(row["vector"], dtype=np.float32)
                found[bytes.fromhex(key)] = (vector, stored[row["row"]].sentences)
        return found

    def vectors(self, rows: Sequence[int]) -> "Vectors":
        """Return the vectors of these rows, float32 (len(rows), dim)."""
        import numpy as np

        read = self._connection.call("query", self._name, ids=list(rows), output_fields=["row", "vector"])
        found = {row["row"]: row["vector"] for row in read}
        return np.array([found[row] for row in rows], dtype=np.float32)

    def articles(self, article_ids: Sequence[str], where: str) -> set[str]:
        """Return those of these articles that have a chunk of which an expression is true."""
        by_key = {key_of(article_id): article_id for article_id in article_ids}
        found: set[str] = set()
        keys = list(by_key)
        for start in range(0, len(keys), READ_TOGETHER):
            # One row is enough of each: its first.
            some = keys[start : start + READ_TOGETHER]
            rows = [row_of(by_key[key], 0) for key in some]
            own = f"row in {rows}"
            read = self._connection.call(
                "query", self._name, filter=f"({own}) and {where}", output_fields=["article"]
            )
            found |= {by_key[row["article"]] for row in read}
        return found

    def _row(self, chunk: NewChunk) -> Row:
        stored = chunk.stored
        article_id, place = stored.chunk.article_id, stored.order[1]
        row = row_of(article_id, place)
        first, *rest = cut(pack(stored))
        if rest:
            # Before the row itself: what can be found can be read.
            self._records.put(
                [Record("rest", f"{row:x}x{number}", text) for number, text in enumerate(rest, start=1)]
            )
        terms = dict(zip(stored.dimensions.tolist(), stored.weights.tolist(), strict=True))
        return {
            "row": row,
            "key": chunk.key.hex(),
            **filter_values(stored.fields),
            "vector": chunk.vector,
            "terms": terms or {NO_TERM: 1.0},
            "pieces": 1 + len(rest),
            "data": first,
        }

    def _bytes(self, row: Row) -> int:
        numbers = len(row["vector"]) + 2 * len(row["terms"])
        return len(row["data"]) + _FLOAT_BYTES * numbers + _ROW_BYTES

    def _unpacked(self, rows: Sequence[Row]) -> dict[int, StoredChunk]:
        names = [f"{row['row']:x}x{number}" for row in rows for number in range(1, row["pieces"])]
        rest = self._records.get("rest", names) if names else {}
        try:
            return {
                int(row["row"]): unpack(
                    row["data"]
                    + "".join(rest[f"{row['row']:x}x{number}"] for number in range(1, row["pieces"])),
                    dim=self._dim,
                )
                for row in rows
            }
        except KeyError as error:
            raise IndexDamagedError(
                f"A part of a chunk of {self._name} is gone. Run: qa index FOLDER"
            ) from error


def fields_of(chunks: Iterable[StoredChunk]) -> list[Fields]:
    """Return the fields of the articles of these chunks, each once, ordered by id."""
    return [found for _, found in sorted({each.fields.id: each.fields for each in chunks}.items())]
