"""What is kept comes back as it was, or not at all, and nothing fails for want of it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from qa.cache import Cache

ROWS = {b"a": b"one", b"b": b"", b"c": bytes(range(256))}


def test_rows_come_back(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    with closing(Cache(path)) as cache:
        cache.put(ROWS)
        assert cache.get([*ROWS, b"d"]) == ROWS
        cache.put({b"a": b"other"})
    with closing(Cache(path)) as cache:
        assert cache.get([b"a", b"b"]) == {b"a": b"other", b"b": b""}
        assert cache.get([]) == {}


def test_all_others_are_forgotten(tmp_path: Path) -> None:
    with closing(Cache(tmp_path / "kept")) as cache:
        cache.put(ROWS)
        cache.keep_only({b"b", b"d"})
        assert cache.get([*ROWS]) == {b"b": b""}


@pytest.mark.parametrize("change", ["data = 'text'", "data = x'00'", "checksum = x''", "key = x'64'"])
def test_a_damaged_row_is_none(tmp_path: Path, change: str) -> None:
    path = tmp_path / "kept"
    with closing(Cache(path)) as cache:
        cache.put(ROWS)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE kept SET {change} WHERE key = x'61'")
        connection.commit()
    with closing(Cache(path)) as cache:
        assert cache.get([*ROWS, b"d"]) == {b"b": b"", b"c": ROWS[b"c"]}


@pytest.mark.parametrize("data", [b"no database", b"SQLite format 3\0" + bytes(5000)])
def test_something_else_is_replaced(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "kept").write_bytes(data)
    with closing(Cache(tmp_path / "kept")) as cache:
        cache.put(ROWS)
        assert cache.get([*ROWS]) == ROWS


def test_where_nothing_can_be_kept_nothing_is(tmp_path: Path) -> None:
    with closing(Cache(tmp_path / "none" / "kept")) as cache:
        cache.put(ROWS)
        cache.keep_only(set())
        assert cache.get([*ROWS]) == {}


def test_remove(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "kept")
    cache.put(ROWS)
    cache.remove()
    assert list(tmp_path.iterdir()) == []
    assert cache.get([*ROWS]) == {}
    Cache.discard(tmp_path / "kept")
