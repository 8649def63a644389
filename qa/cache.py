"""What was computed once and need not be again: keys and bytes in one file."""

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_SCHEMA = "CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, data BLOB, checksum BLOB)"


class Cache:
    """Key to bytes; never a reason for anything to fail.

    A row is used only if its checksum fits, so a damaged cache costs time and nothing else.
    """

    def __init__(self, path: Path) -> None:
        """Open the cache, or begin a new one in place of an unreadable one."""
        self._path = path
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
        query = f"SELECT key, data, checksum FROM kept WHERE key IN ({marks})"  # noqa: S608 (marks only)
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
                self._connection.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", values)
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                self._connection.execute("ROLLBACK")

    def keep_only(self, keys: Collection[bytes]) -> None:
        """Forget all other rows."""
        if self._connection is None:
            return
        with suppress(sqlite3.Error):
            known = [key for (key,) in self._connection.execute("SELECT key FROM kept")]
            self._connection.execute("BEGIN")
            self._connection.executemany(
                "DELETE FROM kept WHERE key = ?", [(key,) for key in known if key not in keys]
            )
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file and leave it for the next time."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def remove(self) -> None:
        """Close and delete the file."""
        self.close()
        self.discard(self._path)

    @staticmethod
    def discard(path: Path) -> None:
        """Delete the file without opening it."""
        for name in (path.name, f"{path.name}-journal"):
            with suppress(OSError):
                path.with_name(name).unlink(missing_ok=True)

    def _rows(self, query: str, values: Sequence[bytes]) -> Iterable[tuple[bytes, object, bytes]]:
        if self._connection is None:
            return []
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error:
            return []


def _checksum(key: bytes, data: bytes) -> bytes:
    return hashlib.blake2b(data, key=key, digest_size=16).digest()
