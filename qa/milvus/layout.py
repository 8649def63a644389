"""How a published state lies in Milvus: one collection of chunks to search, one of records, one alias for both.

<collection>                  the alias; it names the collection of records that is published
<collection>_<build>_records  the manifest, the articles, statistics of terms, what each shard has done
<collection>_<build>_chunks   a row for each chunk, with its vectors, its terms and what filters look at

<build> follows from the articles, the model and all settings, so every machine that indexes the same state writes to the
same two collections, and two states never meet in one. What filters compare is hashed: no text of an article or a
request becomes part of an expression.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from qa.errors import StorageError
from qa.filters import Filters, authors_of, days_of, folded
from qa.index import Fields
from qa.milvus.connection import Connection

if TYPE_CHECKING:
    from pymilvus import CollectionSchema
    from pymilvus.milvus_client import IndexParams

LAYOUT_VERSION = 1
MAX_TEXT_BYTES = 65_535
"""What a VARCHAR of Milvus holds."""
_KEY_CHARS = 32
_MAX_AUTHORS = 1024
_NO_DAY = 0
_LOOKS, _LOOK_S = 20, 0.25
_NEVER = "row < 0"
_DENSE_PARAMS = {
    "HNSW": {"M": 16, "efConstruction": 200}
}  # links a vector, and how carefully they are chosen


class Build(NamedTuple):
    """The two collections of one state."""

    records: str
    chunks: str


def build_of(collection: str, digest: str) -> Build:
    """Return the collections of the state with this digest."""
    prefix = f"{collection}_{digest[:16]}"
    return Build(f"{prefix}_records", f"{prefix}_chunks")


def build_named(records: str) -> Build:
    """Return the collections of a state by the name of the first."""
    return Build(records, f"{records.removesuffix('_records')}_chunks")


def key_of(text: str) -> str:
    """Return 32 hexadecimal digits that stand for a text in a filter or as the name of a record."""
    return hashlib.blake2b(text.encode("utf-8"), digest_size=_KEY_CHARS // 2).hexdigest()


def is_text(name: str) -> bool:
    """Tell whether a name is valid Unicode."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def row_of(article_id: str, place: int) -> int:
    """Return the number of an article's chunk, 63 bits that depend on nothing else: every machine finds the same."""
    named = f"{place} {article_id}".encode()
    return int.from_bytes(hashlib.blake2b(named, digest_size=8).digest()) >> 1


def create(connection: Connection, build: Build, *, dim: int, dense_kind: str) -> None:
    """Make the two collections, unless they are there."""
    from pymilvus import DataType, MilvusClient

    chunks = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    chunks.add_field("row", DataType.INT64, is_primary=True)
    for name in ("key", "article", "source", "language"):
        chunks.add_field(name, DataType.VARCHAR, max_length=_KEY_CHARS)
    chunks.add_field(
        "authors",
        DataType.ARRAY,
        element_type=DataType.VARCHAR,
        max_capacity=_MAX_AUTHORS,
        max_length=_KEY_CHARS,
    )
    chunks.add_field("first_day", DataType.INT64)
    chunks.add_field("last_day", DataType.INT64)
    chunks.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
    chunks.add_field("terms", DataType.SPARSE_FLOAT_VECTOR)
    chunks.add_field("pieces", DataType.INT64)
    chunks.add_field("data", DataType.VARCHAR, max_length=MAX_TEXT_BYTES)
    indexes = MilvusClient.prepare_index_params()
    indexes.add_index("vector", index_type=dense_kind, metric_type="IP", params=_DENSE_PARAMS.get(dense_kind))
    indexes.add_index("terms", index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
    for name in ("key", "article", "source", "language"):
        indexes.add_index(name, index_type="INVERTED")
    _create(connection, build.chunks, chunks, indexes)

    records = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    records.add_field("id", DataType.VARCHAR, is_primary=True, max_length=256)
    records.add_field("kind", DataType.VARCHAR, max_length=32)
    records.add_field("pieces", DataType.INT64)
    records.add_field("data", DataType.VARCHAR, max_length=MAX_TEXT_BYTES)
    records.add_field("nothing", DataType.FLOAT_VECTOR, dim=2)  # a collection has to have a vector
    indexes = MilvusClient.prepare_index_params()
    indexes.add_index("nothing", index_type="FLAT", metric_type="L2")
    indexes.add_index("kind", index_type="INVERTED")
    _create(connection, build.records, records, indexes)


def _create(connection: Connection, name: str, schema: "CollectionSchema", indexes: "IndexParams") -> None:
    """Make a collection, its indexes, and load it, as far as another machine or an interrupted run has not."""
    _unless(
        partial(connection.call, "has_collection", name),
        partial(connection.call, "create_collection", name, schema=schema),
    )
    for index in indexes:
        _unless(
            partial(connection.call, "list_indexes", name, index.field_name),
            # There are no rows yet: nothing to wait for.
            partial(connection.call, "create_index", name, type(indexes)([index]), sync=False),
        )
    connection.call("load_collection", name)


def _unless(done: Callable[[], object], work: Callable[[], object]) -> None:
    """Do what is not done; that another machine is just doing it is no error."""
    if done():
        return
    try:
        work()
    except StorageError:
        for _ in range(_LOOKS):
            if done():
                return
            time.sleep(_LOOK_S)
        raise


def filter_values(fields: Fields) -> dict[str, object]:
    """Return the values of a chunk's row that filters compare."""
    days = days_of(fields.published or "")
    author = fields.author or ""
    names = dict.fromkeys(folded(each) for each in (author, *authors_of(author)))
    return {
        "article": key_of(fields.id),
        "source": _name_key(fields.source or ""),
        "language": _name_key(fields.language or ""),
        "authors": [key_of(name) for name in names if name][:_MAX_AUTHORS],
        "first_day": days[0].toordinal() if days else _NO_DAY,
        "last_day": days[1].toordinal() if days else _NO_DAY,
    }


def expression(filters: Filters) -> str:
    """Return the filters as Milvus writes them, "" for none; it holds names of fields, hashes and numbers only."""
    parts = []
    for field, wanted in (("source", filters.source), ("language", filters.language)):
        if wanted:
            parts.append(_one_of(field, map(_name_key, wanted)))
    if filters.author:
        parts.append(_one_of("authors", map(_name_key, filters.author)))
    if filters.article:
        parts.append(_one_of("article", (key_of(each) for each in filters.article if is_text(each))))
    earliest, latest, as_of = (days_of(each or "") for each in (filters.since, filters.until, filters.as_of))
    if earliest:
        parts.append(f"last_day >= {_ordinal(earliest[0])}")
    if latest:
        parts.append(f"first_day > {_NO_DAY} and first_day <= {_ordinal(latest[1])}")
    if as_of:
        parts.append(f"first_day <= {_ordinal(as_of[1])}")
    return " and ".join(f"({part})" for part in parts)


def keys_in(field: str, keys: Sequence[str]) -> str:
    """Return what is true of rows whose field is one of these keys."""
    if not all(key.isalnum() for key in keys):
        raise ValueError(f"{keys!r} are no keys of ours")
    return f"{field} in [{', '.join(map(_quoted, keys))}]"


def _name_key(name: str) -> str:
    """Return what stands for a name, "" for none."""
    name = folded(name)
    return key_of(name) if name and is_text(name) else ""


def _one_of(field: str, keys: Iterable[str]) -> str:
    """Return what is true of rows that have one of these keys; what is not known is no name."""
    known = [_quoted(key) for key in keys if key]
    if not known:
        return _NEVER
    listed = f"[{', '.join(known)}]"
    return f"array_contains_any({field}, {listed})" if field == "authors" else f"{field} in {listed}"


def _quoted(key: str) -> str:
    return f'"{key}"'


def _ordinal(day: date) -> int:
    return day.toordinal()
