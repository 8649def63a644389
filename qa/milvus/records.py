"""Texts of any length under a name, in rows that Milvus can hold."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from qa.milvus.connection import Connection
from qa.milvus.layout import MAX_TEXT_BYTES

Row = dict[str, Any]
"""A row as pymilvus takes and returns it."""

SENT_TOGETHER_BYTES = 4 * 2**20
READ_TOGETHER = 256
_ITERATED_TOGETHER = 500
_PIECE_CHARS = MAX_TEXT_BYTES // 4  # no character takes more than four bytes
_ROW_BYTES = 200  # about what a row takes besides its text


class Record(NamedTuple):
    """A text under a name of ours: letters and digits; `kind` is what it can be listed by."""

    kind: str
    name: str
    text: str


class Records:
    """The records of one state."""

    def __init__(self, connection: Connection, collection: str) -> None:
        """Take where they are."""
        self._connection, self._collection = connection, collection

    def put(self, records: Iterable[Record]) -> None:
        """Write records, in place of those that have the same kind and name."""
        rows = (
            {
                "id": _id(record.kind, record.name, number),
                "kind": record.kind if number == 0 else "piece",
                "pieces": len(pieces),
                "data": piece,
                "nothing": [0.0, 0.0],
            }
            for record in records
            for pieces in [cut(record.text)]
            for number, piece in enumerate(pieces)
        )
        for some in batches(rows, size_of=lambda row: len(row["data"].encode("utf-8")) + _ROW_BYTES):
            self._connection.call("upsert", self._collection, some)

    def get(self, kind: str, names: Sequence[str], *, strong: bool = False) -> dict[str, str]:
        """Return the texts of those of these names that there are; `strong`: also of those written a moment ago."""
        found: dict[str, str] = {}
        for start in range(0, len(names), READ_TOGETHER):
            some = names[start : start + READ_TOGETHER]
            rows = self._rows([_id(kind, name, 0) for name in some], strong)
            pieces = {name: rows[first]["pieces"] for name in some if (first := _id(kind, name, 0)) in rows}
            rest = [_id(kind, name, number) for name in pieces for number in range(1, pieces[name])]
            for place in range(0, len(rest), READ_TOGETHER):
                rows |= self._rows(rest[place : place + READ_TOGETHER], strong)
            for name, count in pieces.items():
                found[name] = "".join(rows[_id(kind, name, number)]["data"] for number in range(count))
        return found

    def known(self, kind: str, names: Sequence[str]) -> set[str]:
        """Return those of these names that there are."""
        ids = {_id(kind, name, 0): name for name in names}
        return {ids[row["id"]] for row in self._query(list(ids), ["id"], strong=True)}

    def all(self, kind: str) -> Iterator[tuple[str, str]]:
        """Yield name and text of every record of a kind, in no order."""
        long: list[str] = []
        fields = ["id", "pieces", "data"]
        for row in iterate(self._connection, self._collection, f'kind == "{kind}"', fields):
            name = row["id"].split("_")[1]
            if row["pieces"] == 1:
                yield name, row["data"]
            else:
                long.append(name)
        for start in range(0, len(long), READ_TOGETHER):
            yield from self.get(kind, long[start : start + READ_TOGETHER]).items()

    def forget(self, kind: str) -> None:
        """Delete every record of a kind; pieces that are left belong to nobody until they are written again."""
        self._connection.call("delete", self._collection, filter=f'kind == "{kind}"')

    def _rows(self, ids: list[str], strong: bool) -> dict[str, Row]:
        return {row["id"]: row for row in self._query(ids, ["id", "pieces", "data"], strong)}

    def _query(self, ids: list[str], fields: list[str], strong: bool) -> list[Row]:
        level = {"consistency_level": "Strong"} if strong else {}
        if not ids:
            return []
        rows: list[Row] = self._connection.call(
            "query", self._collection, ids=ids, output_fields=fields, **level
        )
        return rows


def cut(text: str) -> list[str]:
    """Cut a text into pieces that a field of Milvus holds; there is always one."""
    if text.isascii():
        size = MAX_TEXT_BYTES
    else:
        size = len(text) if len(text.encode("utf-8")) <= MAX_TEXT_BYTES else _PIECE_CHARS
    return [text[start : start + size] for start in range(0, len(text), size)] or [""]


def batches(rows: Iterable[Row], *, size_of: Callable[[Row], int]) -> Iterator[list[Row]]:
    """Yield rows in groups of about `SENT_TOGETHER_BYTES`."""
    group: list[Row] = []
    size = 0
    for row in rows:
        size += size_of(row)
        group.append(row)
        if size >= SENT_TOGETHER_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def iterate(connection: Connection, collection: str, where: str, fields: list[str]) -> Iterator[Row]:
    """Yield every row that an expression is true of, those written a moment ago among them, in no order."""
    iterator = connection.call(
        "query_iterator",
        collection,
        batch_size=_ITERATED_TOGETHER,
        filter=where,
        output_fields=fields,
        consistency_level="Strong",
    )
    try:
        while rows := connection.retried(lambda _: iterator.next()):
            yield from rows
    finally:
        iterator.close()


def count(connection: Connection, collection: str, where: str = "") -> int:
    """Return how many rows an expression is true of, those written a moment ago among them."""
    rows = connection.call(
        "query", collection, filter=where, output_fields=["count(*)"], consistency_level="Strong"
    )
    return int(rows[0]["count(*)"])


def _id(kind: str, name: str, number: int) -> str:
    return f"{kind}_{name}_{number}"
