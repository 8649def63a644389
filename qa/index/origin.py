"""Which folder was indexed: a hint beside the generations, and no part of them, since an index may travel."""

import os
from contextlib import suppress
from pathlib import Path

FOLDER = "FOLDER"


def remember_folder(index_dir: Path, folder: Path) -> None:
    """Note which folder was indexed; where that cannot be written, people go without links to its files."""
    path, line = index_dir / FOLDER, os.fsencode(folder.resolve())
    with suppress(OSError):
        if path.is_file() and path.read_bytes() == line:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(path, flags, 0o600), "wb") as file:
            file.write(line)


def indexed_folder(index_dir: Path) -> Path | None:
    """Return the folder that was indexed, None where that is not known or it is not there any more."""
    try:
        folder = Path(os.fsdecode((index_dir / FOLDER).read_bytes()))
        return folder if folder.is_absolute() and folder.is_dir() else None
    except (OSError, ValueError):  # a NUL
        return None
