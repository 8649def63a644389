"""Read a folder of files into articles.

The stored text is what a file's format gives (qa.formats), the whole file where it is text: offsets and line numbers
are then those of the file that people open.
"""

import os
import stat
from collections.abc import Collection, Iterator
from contextlib import nullcontext
from pathlib import Path

from qa.corpus.lines import CORPUS, file_of, line_article, read_lines
from qa.corpus.metadata import article_of
from qa.errors import InputError
from qa.formats import JSON_LINES, SUFFIXES, Sandbox, normalise
from qa.types import Article, Skipped

MAX_FILE_BYTES = 64 * 2**20
READ_ATTEMPTS = 3


def load_folder(folder: Path, *, kept: Path | None = None) -> Iterator[Article | Skipped]:
    """Yield every file below `folder` that has one of `SUFFIXES`, sorted by id, as an article or why it could not be one.

    A file of JSON lines is many articles, sorted among themselves. `kept` is a file for what was found in files that
    are slow to read, so that each is read once. Raises InputError when `folder` is not a readable
    folder.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise InputError(
            f"No folder at {folder}: found {found} there. Name a folder of articles: qa index FOLDER"
        )
    taken: set[str] = set()
    with Sandbox(kept) as sandbox:
        for path, file_id, reason in sorted(_walk(folder), key=lambda row: (row[1], row[0])):
            if file_of(file_id) != file_id:
                reason = reason or f'has "{JSON_LINES}#" in its path, which is how lines are named; rename it'
            if file_id in taken:
                reason = reason or "has a name that reads like another file's; rename one of them"
            if reason:
                yield Skipped(file_id, reason)
                continue
            try:
                if path.suffix.lower() == JSON_LINES:
                    yield from read_lines(path, file_id)
                else:
                    yield load_article(path, file_id, sandbox)
            except InputError as error:
                yield Skipped(file_id, str(error))
            else:
                taken.add(file_id)
        sandbox.forget_the_rest()


def load_article(path: Path, article_id: str, sandbox: Sandbox | None = None) -> Article:
    """Read one article from the file it is in; `sandbox` is where risky files are read, one of its own for None.

    Raises InputError saying why the file cannot become an article.
    """
    if path.suffix.lower() == JSON_LINES:
        return line_article(path, article_id)
    try:
        data = _read(path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_FILE_BYTES:
        raise InputError(_too_long(len(data)))
    with nullcontext(sandbox) if sandbox else Sandbox() as reading:
        return article_of(reading.extract(data, path.suffix.lower()), article_id)


def article_file(folder: Path, article_id: str) -> Path | None:
    """Return the file in `folder` that the article of this id is in, None where there is none.

    An id may come from anyone: one that leads out of the folder counts as not found.
    """
    try:
        # resolve() raises RuntimeError on a loop of links
        path = Path(os.path.realpath(folder / file_of(article_id)))
        inside = path.is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, ValueError):  # a NUL, a name too long
        return None
    return path if inside else None


def _walk(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield (path, article id, reason to skip or "") for every candidate; a linked file may lie inside the root only."""
    root = folder.resolve()
    closed: list[OSError] = []
    for parent, names, files in os.walk(root, followlinks=False, onerror=closed.append):
        names[:] = [name for name in names if not name.startswith(".") and not _is_of_a_page(name, files)]
        for path in (Path(parent, name) for name in names):
            if path.is_symlink():
                yield path, _article_id(path, root), "is a link to a folder"
        for name in files:
            path = Path(parent, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith("."):
                reason = _reason_to_skip(path, root)
                if path.suffix.lower() == JSON_LINES and name != CORPUS and CORPUS in files:
                    reason = reason or f"belongs to the {CORPUS} beside it"
                yield path, _article_id(path, root), reason
    for error in closed:
        path = Path(error.filename)
        yield path, _article_id(path, root), f"cannot be read: {error.strerror}"


def _is_of_a_page(name: str, files: Collection[str]) -> bool:
    """Tell a folder of what a browser saves beside a page, the advertisements among it."""
    page = name.removesuffix("_files")
    return page != name and not {f"{page}.html", f"{page}.htm"}.isdisjoint(files)


def _article_id(path: Path, root: Path) -> str:
    # A name that is not UTF-8 reaches us with surrogates, which no JSON, URL or terminal can carry.
    return normalise(path.relative_to(root).as_posix())


def _reason_to_skip(path: Path, root: Path) -> str:
    try:
        if not path.resolve().is_relative_to(root):
            return "is a link out of the folder"
        status = path.stat()
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    except RuntimeError:  # what Python 3.11 and 3.12 raise for links that go round in a circle
        return "cannot be read: the link leads back to itself"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    # Of JSON lines one is read at a time.
    if status.st_size > MAX_FILE_BYTES and path.suffix.lower() != JSON_LINES:
        return _too_long(status.st_size)
    return ""


def _too_long(size: int) -> str:
    return f"has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read"


def _read(path: Path) -> bytes:
    """Read a file in one state: what is being written while it is read would be half of each."""
    for _ in range(READ_ATTEMPTS):
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            data = file.read(MAX_FILE_BYTES + 1)
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            return data
    raise InputError("changes while it is read; index the folder again when it is at rest")
