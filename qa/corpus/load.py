"""Read a folder of text files into articles.

The stored text is the whole decoded file, changed in two ways only: Unicode NFC, and CRLF to LF.
Front matter stays in it, so offsets and line numbers are those of the file that people open.
"""

import codecs
import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

import yaml

from qa.corpus.language import declared_language, detect_language
from qa.errors import InputError
from qa.types import Article, Skipped

SUFFIXES = frozenset({".md", ".txt"})
MAX_FILE_BYTES = 64 * 2**20
MAX_TITLE_CHARS = 200
READ_ATTEMPTS = 3
MAX_FRONT_MATTER_CHARS = 2**16
MAX_NESTING_MARKS = 500

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_MARKDOWN_TITLE = re.compile(r"^#[ \t]+(\S.*)$", re.MULTILINE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the UTF-16 one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
MARKS_IN_A_ROW = 200
_POSSIBLE_MARKS = re.compile(f"(?<![\u0300-\U0010ffff])[\u0300-\U0010ffff]{{{MARKS_IN_A_ROW},}}")
_METADATA_KEYS = ("source", "author", "published", "url")


def load_folder(folder: Path) -> Iterator[Article | Skipped]:
    """Yield every .md and .txt file below `folder`, sorted by id, as an article or why it could not be one.

    Raises InputError when `folder` is not a readable folder.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise InputError(
            f"No folder at {folder}: found {found} there. Name a folder of articles: qa index FOLDER"
        )
    taken: set[str] = set()
    for path, article_id, reason in sorted(_walk(folder), key=lambda row: (row[1], row[0])):
        if article_id in taken:
            reason = reason or "has a name that reads like another file's; rename one of them"
        if reason:
            yield Skipped(article_id, reason)
            continue
        try:
            article = load_article(path, article_id)
        except InputError as error:
            yield Skipped(article_id, str(error))
        else:
            taken.add(article_id)
            yield article


def load_article(path: Path, article_id: str) -> Article:
    """Read one file.

    Raises InputError saying why the file cannot become an article.
    """
    try:
        data = _read(path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_FILE_BYTES:
        raise InputError(_too_long(len(data)))
    text = normalise(decode(data))
    if not text.strip():
        raise InputError("is empty")
    metadata, body_start = front_matter(text)
    return Article(
        id=article_id,
        title=_title(text, metadata, body_start, path),
        text=text,
        sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(),
        language=declared_language(metadata.get("language", "")) or detect_language(text[body_start:]),
        **{key: metadata.get(key) for key in _METADATA_KEYS},
    )


def decode(data: bytes) -> str:
    """Decode by byte order mark, else UTF-8, else the best guess of charset-normalizer.

    Raises InputError when the bytes are no text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes  # 40 ms, and needed for few files

        guesses = from_bytes(data)
        best = guesses.best()
        if best is None:
            raise InputError("is no text in any encoding we know; save it as UTF-8") from None
        # Equally likely ones come in the order of their names, which would make "crème" Polish: "crčme".
        likely = [
            guess for guess in guesses if (guess.chaos, guess.coherence) == (best.chaos, best.coherence)
        ]
        return str(next((guess for guess in likely if "cp1252" in guess.could_be_from_charset), best))


def normalise(text: str) -> str:
    """Apply NFC and turn CRLF into LF, nothing else; a lone surrogate becomes U+FFFD."""
    if not text.isascii():
        try:
            wide = len(text.encode("utf-8")) - len(text)
        except UnicodeEncodeError:
            text = _LONE_SURROGATES.sub("\ufffd", text)
            wide = len(text)
        if wide >= MARKS_IN_A_ROW:  # else there cannot be so many in a row, and looking for them is slow
            text = _POSSIBLE_MARKS.sub(_in_order, text)
        text = unicodedata.normalize("NFC", text)
    return text.replace("\r\n", "\n")


def _in_order(match: re.Match[str]) -> str:
    """Put combining marks in canonical order, as NFC does, which takes it the square of their number."""
    decomposed = "".join(unicodedata.normalize("NFD", character) for character in match.group())
    runs = groupby(decomposed, key=lambda character: unicodedata.combining(character) > 0)
    return "".join("".join(sorted(run, key=unicodedata.combining) if marks else run) for marks, run in runs)


def front_matter(text: str) -> tuple[Mapping[str, str], int]:
    """Return the YAML front matter's plain values as written, and where the body starts (a code point)."""
    match = _FRONT_MATTER.match(text)
    if match is None or match.end() > MAX_FRONT_MATTER_CHARS:
        return {}, 0
    try:
        # A base loader keeps every scalar as the text that was written: a date stays as precise as it was.
        # The one in C is 15 times as fast, but 100,000 nested brackets overflow its stack and end the process.
        matter = match.group(1) or ""
        nested = sum(matter.count(mark) for mark in "[{-?") > MAX_NESTING_MARKS
        loader = yaml.BaseLoader if nested else yaml.CBaseLoader
        values = yaml.load(matter, Loader=loader)  # noqa: S506 (builds strings only)
    except (yaml.YAMLError, RecursionError):
        return {}, 0
    if not isinstance(values, dict):
        return {}, 0
    plain = {str(key).lower(): value.strip() for key, value in values.items() if isinstance(value, str)}
    return {key: value for key, value in plain.items() if value}, match.end()


def _walk(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield (path, article id, reason to skip or "") for every candidate; a linked file may lie inside the root only."""
    root = folder.resolve()
    closed: list[OSError] = []
    for parent, names, files in os.walk(root, followlinks=False, onerror=closed.append):
        names[:] = [name for name in names if not name.startswith(".")]
        for path in (Path(parent, name) for name in names):
            if path.is_symlink():
                yield path, _article_id(path, root), "is a link to a folder"
        for name in files:
            path = Path(parent, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith("."):
                yield path, _article_id(path, root), _reason_to_skip(path, root)
    for error in closed:
        path = Path(error.filename)
        yield path, _article_id(path, root), f"cannot be read: {error.strerror}"


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
    if status.st_size > MAX_FILE_BYTES:
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


def heading_text(line: str) -> str:
    """Return what a Markdown heading says, without its marks; the "#" of "C#" is none."""
    content = line.strip().lstrip("#").strip()
    bare = content.rstrip("#")
    return " ".join((bare if not bare or bare[-1].isspace() else content).split())


def _title(text: str, metadata: Mapping[str, str], body_start: int, path: Path) -> str:
    if "title" in metadata:
        return " ".join(metadata["title"].split())
    if (match := _MARKDOWN_TITLE.search(text, body_start)) and (title := heading_text(match.group())):
        return title
    first_line = " ".join(text[body_start:].lstrip().split("\n", 1)[0].split())
    if 0 < len(first_line) <= MAX_TITLE_CHARS:
        return first_line
    return normalise(path.stem).replace("_", " ").replace("-", " ").strip() or normalise(path.name)
