"""Bytes as the files that the index reads."""

import tempfile
from pathlib import Path

from qa.index.arrays import StoredFile


def stored_file(data: bytes) -> StoredFile:
    """Return an open file of these bytes, which has no name any more."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        return StoredFile(Path(file.name))
