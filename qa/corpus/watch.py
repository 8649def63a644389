"""Notice that a folder of articles has changed."""

import time
from collections.abc import Iterator
from pathlib import Path

from qa.errors import InputError
from qa.formats import SUFFIXES

LOOK_MS = 200
SETTLE_MS = 300
"""How long nothing must happen before a change counts as finished: editors and copies write in several steps."""
SETTLE_AT_MOST_MS = 3000


def watch_folder(folder: Path, *, without: Path) -> Iterator[bool]:
    """Yield a few times a second, for ever, whether an article may have changed since the time before.

    From the first one on no change is missed. `without` is a folder, perhaps inside the other one, that does not
    count. A folder that is moved away and put back is watched again. Raises InputError when it cannot be watched.
    """
    from watchfiles import Change, watch

    root, own = folder.resolve(), without.resolve()

    def counts(change: Change, name: str) -> bool:
        path = Path(name)
        if path.is_relative_to(own) or any(part.startswith(".") for part in path.relative_to(root).parts):
            return False
        # What is gone may have been a folder; what is there is one, or no article.
        return path.suffix.lower() in SUFFIXES or not path.is_file()

    missed = False
    while True:
        there = _identity(root)
        if there is None:
            yield missed
            while _identity(root) is None:
                time.sleep(LOOK_MS / 1000)
                yield False
            missed = True
            continue
        try:
            for found in watch(
                root,
                watch_filter=counts,
                debounce=SETTLE_AT_MOST_MS,
                step=SETTLE_MS,
                rust_timeout=LOOK_MS,
                yield_on_timeout=True,
                ignore_permission_denied=True,
            ):
                yield bool(found) or missed
                missed = _identity(root) != there
                if missed:
                    break
        except FileNotFoundError:
            missed = True
        except (OSError, RuntimeError) as error:  # of the system, or of the library's own core
            raise InputError(
                f"Cannot watch {folder}: {error}. Index it when it has changed: qa index FOLDER"
            ) from error


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
