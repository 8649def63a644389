"""Write a generation so that a reader sees all of it or none of it.

index/LOCK                    one writer at a time (flock: the kernel frees it when the holder dies)
index/gen-000007.tmp/         every file written, read back and fsynced, then the folder
index/gen-000007-1f0c/        renamed; index/ fsynced
index/CURRENT                 name and manifest digest, replaced last: the commit point; index/ fsynced
"""

import errno
import fcntl
import os
import re
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from qa.errors import IndexBusyError, IndexDamagedError, IndexMissingError, QAError, StorageError

CURRENT = "CURRENT"
LOCK = "LOCK"
KEPT_GENERATIONS = 3
STEPS = (
    "locked",
    "created",
    "split",
    "embedded",
    "written",
    "verified",
    "synced",
    "renamed",
    "pointer_written",
    "pointer_replaced",
    "committed",
    "collected",
)
"""The steps of publication, in order; `QA_CRASH_AT=step` kills the process there (a hook for tests)."""

_TEMPORARY = ".tmp"
_GENERATION = re.compile(r"gen-(\d{6,})-[0-9a-f]{12}")
_LEFTOVER = re.compile(rf"(?:{CURRENT}|gen-\d{{6,}}(?:-[0-9a-f]{{12}})?){re.escape(_TEMPORARY)}")
_CURRENT_LINE = re.compile(r"(gen-\d{6,}-[0-9a-f]{12}) ([0-9a-f]{64})\n")
_PAGE_BYTES = 4096  # what the smallest file takes on most disks
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
    except (FileNotFoundError, NotADirectoryError):
        raise IndexMissingError(f"No index at {index_dir}. Build it: qa index FOLDER") from None
    except OSError as error:
        raise IndexDamagedError(
            f"Cannot read {index_dir / CURRENT}: {error.strerror}. Build the index again: qa index FOLDER"
        ) from error
    match = _CURRENT_LINE.fullmatch(line)
    if match is None:
        raise IndexDamagedError(
            f"{index_dir / CURRENT} holds {line[:80]!r}, not a generation. Run: qa index FOLDER"
        )
    return Pointer(*match.groups())


@contextmanager
def writer(index_dir: Path) -> Iterator[None]:
    """Hold the folder's write lock, and clear what an interrupted writer left behind.

    Raises IndexBusyError when another process holds it, StorageError when the folder cannot be written.
    """
    with explained(index_dir):
        index_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(index_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with explained(index_dir):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.05)  # the holder writes its words just after it has got the lock
                holder = os.pread(lock, 200, 0).decode("utf-8", errors="replace").strip()
                raise IndexBusyError(
                    f"{index_dir} is being written by {holder or 'another process'}. Wait for it, then run again: "
                    "qa index FOLDER"
                ) from None
            # Whom a second writer finds waiting for: only words, the lock itself is the kernel's.
            since = datetime.now(UTC).isoformat(timespec="seconds")
            os.ftruncate(lock, 0)
            with suppress(OSError):  # a full disk
                os.pwrite(lock, f"process {os.getpid()} on {os.uname().nodename} since {since}".encode(), 0)
            _clear_leftovers(index_dir)
        reached("locked")
        try:
            yield
        except BaseException:
            with suppress(OSError):  # a generation renamed but not named by CURRENT would take room
                _clear_leftovers(index_dir)
            raise
    finally:
        os.close(lock)


@dataclass
class Draft:
    """A generation being written: the folder to fill, the room it takes, and its name once that is known."""

    folder: Path
    needed_bytes: int
    name: str = ""

    def needs(self, further_bytes: int) -> None:
        """Say how much is still to be written.

        Raises OSError when the disk has less.
        """
        written = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        self.needed_bytes = written + further_bytes
        free = shutil.disk_usage(self.folder).free
        if free < further_bytes:
            raise OSError(errno.ENOSPC, f"{free:,} bytes are free")


@contextmanager
def new_generation(index_dir: Path, *, needed_bytes: int) -> Iterator[Draft]:
    """Yield a temporary folder to fill; it becomes the generation `draft.name` when the block ends without error.

    `needed_bytes` is a first guess of what the files will take; a StorageError names the latest.
    """
    draft = Draft(index_dir / f"gen-{_next_number(index_dir):06d}{_TEMPORARY}", needed_bytes)
    with explained(index_dir, lambda: draft.needed_bytes):
        try:
            draft.folder.mkdir(mode=0o700)
            reached("created")
            yield draft
            reached("verified")
            for path in sorted(draft.folder.rglob("*")):
                path.chmod(0o700 if path.is_dir() else 0o600)
                _sync(path)
            _sync(draft.folder)
            reached("synced")
            draft.folder.rename(index_dir / draft.name)
            _sync(index_dir)
            reached("renamed")
        except BaseException:
            shutil.rmtree(draft.folder, ignore_errors=True)
            raise


def commit(index_dir: Path, pointer: Pointer) -> None:
    """Make the generation the current one, then drop all but the newest few: readers may still open those."""
    temporary = index_dir / (CURRENT + _TEMPORARY)
    with explained(index_dir, lambda: _PAGE_BYTES):
        try:
            write_file(temporary, f"{pointer.generation} {pointer.manifest_sha256}\n".encode())
            _sync(temporary)
            reached("pointer_written")
            temporary.replace(index_dir / CURRENT)
            reached("pointer_replaced")
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(index_dir)
    reached("committed")
    _collect(index_dir)
    reached("collected")


def generations(index_dir: Path) -> list[str]:
    """Return the names of the generations in the folder, oldest first."""
    names = [path.name for path in index_dir.iterdir() if _GENERATION.fullmatch(path.name)]
    return sorted(names, key=_number)


def next_name(index_dir: Path, digest: str) -> str:
    """Return a name that sorts after every generation in the folder."""
    return f"gen-{_next_number(index_dir):06d}-{digest[:12]}"


def write_file(path: Path, data: bytes) -> None:
    """Write and close a new file that only its owner may read; the caller syncs it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)


@contextmanager
def explained(index_dir: Path, needed_bytes: Callable[[], int] | None = None) -> Iterator[None]:
    """Turn what the operating system or SQLite says of a failed write into a StorageError."""
    try:
        yield
    except QAError:
        raise
    except (OSError, sqlite3.Error) as error:
        full = error.errno in _SHORTAGES if isinstance(error, OSError) else "full" in str(error)
        needed = f" It needs about {needed_bytes():,} bytes." if needed_bytes is not None else ""
        raise StorageError(
            f"Cannot write the index in {index_dir}: {error}.{needed} The index that was there is untouched. "
            f"{'Free disk space' if full else 'Check the folder and its disk'}, then run again: qa index FOLDER"
        ) from error


def reached(step: str) -> None:
    """Die here, as hard as by a power cut, when `QA_CRASH_AT` names this step."""
    if os.environ.get("QA_CRASH_AT") == step:
        os.kill(os.getpid(), signal.SIGKILL)


def _next_number(index_dir: Path) -> int:
    return max((_number(name) for name in generations(index_dir)), default=0) + 1


def _clear_leftovers(index_dir: Path) -> None:
    """Remove what was never published: temporary files, and generations that CURRENT never named."""
    for path in list(index_dir.iterdir()):
        # Only names that we give: the folder may be one where people keep other things.
        if _LEFTOVER.fullmatch(path.name):
            _remove(path)
    try:
        published = _number(read_pointer(index_dir).generation)
    except IndexMissingError:
        published = 0
    except IndexDamagedError:
        return  # nobody knows which one was current: leave them to people and to the next commit
    for name in generations(index_dir):
        if _number(name) > published:
            _remove(index_dir / name)
    _collect(index_dir)


def _collect(index_dir: Path) -> None:
    """Remove all generations but the newest few."""
    for name in generations(index_dir)[:-KEPT_GENERATIONS]:
        _remove(index_dir / name)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _number(name: str) -> int:
    match = _GENERATION.fullmatch(name)
    return int(match.group(1)) if match else 0


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
