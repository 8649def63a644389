"""Vectors of an unfinished build, so that an interrupted one does not embed the same chunks again."""

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_SCHEMA = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, data BLOB, checksum BLOB)"


class VectorCache:
    """Key to bytes, beside the generations; never a reason for a build to fail.

    A row is used only if its checksum fits, so a damaged cache costs time and nothing else. The file is
    removed once a generation is published: from then on the generation itself holds the vectors.
    """

    NAME = "vectors.cache"

    def __init__(self, index_dir: Path) -> None:
        """Open the cache, or begin a new one in place of an unreadable one."""
        self._path = index_dir / self.NAME
        self._connection: sqlite3.Connection | None = None
        for _ in range(2):
            try:
                self._connection = sqlite3.connect(self._path, isolation_level=None)
                # Safe under kill: each batch is one transaction. What a power cut tears, the checksums tell.
                self._connection.execute("PRAGMA synchronous = OFF")
                self._connection.execute(_SCHEMA)
                return
            except sqlite3.Error:
                self.remove()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return what is known of these keys."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT key, data, checksum FROM vectors WHERE key IN ({marks})"  # noqa: S608 (marks only)
        return {
            key: data
            for key, data, checksum in self._rows(query, keys)
            if isinstance(data, bytes) and _checksum(key, data) == checksum  # a damaged row may be text
        }

    def put(self, rows: Mapping[bytes, bytes]) -> None:
        """Keep these rows; on a full disk they are not kept."""
        if self._connection is None:
            return
        values = [(key, data, _checksum(key, data)) for key, data in rows.items()]
        with suppress(sqlite3.Error):
            self._connection.execute("BEGIN")
            try:
                self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", values)
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file and leave it for the next build."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def remove(self) -> None:
        """Close and delete the file."""
        self.close()
        self.discard(self._path.parent)

    @classmethod
    def discard(cls, index_dir: Path) -> None:
        """Delete the file without opening it."""
        for suffix in ("", "-journal"):
            with suppress(OSError):
                (index_dir / (cls.NAME + suffix)).unlink(missing_ok=True)

    def _rows(self, query: str, values: Sequence[bytes]) -> Iterable[tuple[bytes, object, bytes]]:
        if self._connection is None:
            return []
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error:
            return []


def _checksum(key: bytes, data: bytes) -> bytes:
    return hashlib.blake2b(data, key=key, digest_size=16).digest()
