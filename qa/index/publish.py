"""Write a generation so that a reader sees all of it or none of it.

index/LOCK                    one writer at a time (flock: the kernel frees it when the holder dies)
index/gen-000007-1f0c.tmp/    every file written and fsynced, then the folder
index/gen-000007-1f0c/        renamed; index/ fsynced
index/CURRENT                 name and manifest digest, replaced last: the commit point; index/ fsynced
"""

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from qa.errors import IndexDamagedError, IndexMissingError, QAError, StorageError

CURRENT = "CURRENT"
LOCK = "LOCK"
KEPT_GENERATIONS = 3
_TEMPORARY = ".tmp"
_GENERATION = re.compile(r"gen-(\d{6,})-[0-9a-f]{12}")
_CURRENT_LINE = re.compile(r"(gen-\d{6,}-[0-9a-f]{12}) ([0-9a-f]{64})\n")
_SHORTAGES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Pointer(NamedTuple):
    """What CURRENT says: the generation's name and the sha256 of its manifest."""

    generation: str
    manifest_sha256: str


def read_pointer(index_dir: Path) -> Pointer:
    """Return the published generation.

    Raises IndexMissingError when nothing was ever published, IndexDamagedError when CURRENT is not ours.
    """
    try:
        line = (index_dir / CURRENT).read_bytes().decode("ascii", errors="replace")
    except FileNotFoundError:
        raise IndexMissingError(f"No index at {index_dir}. Build it: qa index FOLDER") from None
    except OSError as error:
        raise IndexDamagedError(f"Cannot read {index_dir / CURRENT}: {error.strerror}.") from error
    match = _CURRENT_LINE.fullmatch(line)
    if match is None:
        raise IndexDamagedError(
            f"{index_dir / CURRENT} holds {line[:80]!r}, not a generation. Run: qa index FOLDER"
        )
    return Pointer(*match.groups())


@contextmanager
def writer(index_dir: Path) -> Iterator[None]:
    """Hold the folder's write lock, and clear what an interrupted writer left behind.

    Raises StorageError when another process holds it or the folder cannot be written.
    """
    with explained(index_dir):
        index_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(index_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 200, 0).decode("utf-8", errors="replace").strip() or "another process"
            raise StorageError(
                f"{index_dir} is being written by {holder}. Wait for it, then run again."
            ) from None
        with explained(index_dir):
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"process {os.getpid()} on {os.uname().nodename}".encode(), 0)
            for leftover in index_dir.glob(f"*{_TEMPORARY}"):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        yield
    finally:
        os.close(lock)


@contextmanager
def new_generation(index_dir: Path, name: str) -> Iterator[Path]:
    """Yield a temporary folder to fill; it becomes the generation `name` when the block ends without error."""
    folder = index_dir / (name + _TEMPORARY)
    try:
        with explained(index_dir):
            folder.mkdir(mode=0o700)
            yield folder
            for path in sorted(folder.rglob("*")):
                path.chmod(0o700 if path.is_dir() else 0o600)
                _sync(path)
            _sync(folder)
            folder.rename(index_dir / name)
            _sync(index_dir)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def commit(index_dir: Path, pointer: Pointer) -> None:
    """Make the generation the current one, then drop all but the newest few: readers may still open those."""
    temporary = index_dir / (CURRENT + _TEMPORARY)
    with explained(index_dir):
        try:
            write_file(temporary, f"{pointer.generation} {pointer.manifest_sha256}\n".encode())
            _sync(temporary)
            temporary.replace(index_dir / CURRENT)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(index_dir)
    for name in generations(index_dir)[:-KEPT_GENERATIONS]:
        if name != pointer.generation:
            shutil.rmtree(index_dir / name, ignore_errors=True)


def generations(index_dir: Path) -> list[str]:
    """Return the names of the generations in the folder, oldest first."""
    names = [path.name for path in index_dir.iterdir() if _GENERATION.fullmatch(path.name)]
    return sorted(names, key=_number)


def next_name(index_dir: Path, digest: str) -> str:
    """Return a name that sorts after every generation in the folder."""
    last = max((_number(name) for name in generations(index_dir)), default=0)
    return f"gen-{last + 1:06d}-{digest[:12]}"


def write_file(path: Path, data: bytes) -> None:
    """Write and close a file; the caller syncs it."""
    with path.open("xb") as file:
        file.write(data)


@contextmanager
def explained(index_dir: Path) -> Iterator[None]:
    """Turn what the operating system or SQLite says of a failed write into a StorageError."""
    import sqlite3

    try:
        yield
    except QAError:
        raise
    except (OSError, sqlite3.OperationalError) as error:
        full = "full" in str(error) if isinstance(error, sqlite3.Error) else error.errno in _SHORTAGES
        advice = "Free disk space" if full else "Check the folder"
        raise StorageError(
            f"Cannot write the index in {index_dir}: {error}. The index that was there is untouched. "
            f"{advice}, then run again: qa index FOLDER"
        ) from error


def _number(name: str) -> int:
    match = _GENERATION.fullmatch(name)
    return int(match.group(1)) if match else 0


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
