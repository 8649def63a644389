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
from pathlib import Path

import yaml

from qa.errors import InputError
from qa.types import Article, Skipped

SUFFIXES = frozenset({".md", ".txt"})
MAX_FILE_BYTES = 64 * 2**20
MAX_TITLE_CHARS = 200

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_MARKDOWN_TITLE = re.compile(r"^#[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the UTF-16 one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
_METADATA_KEYS = ("source", "author", "published", "url", "language")


def load_folder(folder: Path) -> tuple[tuple[Article, ...], tuple[Skipped, ...]]:
    """Load every .md and .txt file below `folder`, sorted by id; what cannot be read comes back as Skipped.

    Raises InputError when `folder` is not a readable folder.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise InputError(
            f"No folder at {folder}: found {found} there. Name a folder of articles: qa index FOLDER"
        )
    articles: list[Article] = []
    skipped: list[Skipped] = []
    for path, article_id, reason in sorted(_walk(folder), key=lambda row: row[1]):
        try:
            if reason:
                raise InputError(reason)  # noqa: TRY301 (one place turns a reason into a Skipped)
            articles.append(load_article(path, article_id))
        except InputError as error:
            skipped.append(Skipped(article_id, str(error)))
    return tuple(articles), tuple(skipped)


def load_article(path: Path, article_id: str) -> Article:
    """Read one file.

    Raises InputError saying why the file cannot become an article.
    """
    try:
        data = _read(path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error
    text = normalise(decode(data))
    if not text.strip():
        raise InputError("is empty")
    metadata, body_start = front_matter(text)
    return Article(
        id=article_id,
        title=_title(text, metadata, body_start, path),
        text=text,
        sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(),
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

        guess = from_bytes(data).best()
        if guess is None:
            raise InputError("is no text in any encoding we know; save it as UTF-8") from None
        return str(guess)


def normalise(text: str) -> str:
    """Apply NFC and turn CRLF into LF, nothing else; a lone surrogate becomes U+FFFD."""
    return unicodedata.normalize("NFC", _LONE_SURROGATES.sub("\ufffd", text)).replace("\r\n", "\n")


def front_matter(text: str) -> tuple[Mapping[str, str], int]:
    """Return the YAML front matter's plain values as written, and where the body starts (a code point)."""
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, 0
    try:
        # BaseLoader keeps every scalar as the text that was written: a date stays as precise as it was.
        values = yaml.load(match.group(1) or "", Loader=yaml.CBaseLoader)  # noqa: S506 (builds strings only)
    except yaml.YAMLError:
        return {}, 0
    if not isinstance(values, dict):
        return {}, 0
    plain = {str(key).lower(): value.strip() for key, value in values.items() if isinstance(value, str)}
    return {key: value for key, value in plain.items() if value}, match.end()


def _walk(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield (path, article id, reason to skip or "") for every candidate, following links inside the root only."""
    root = folder.resolve()
    for parent, names, files in os.walk(root, followlinks=False, onerror=None):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in files:
            path = Path(parent, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith("."):
                yield path, _article_id(path, root), _reason_to_skip(path, root)


def _article_id(path: Path, root: Path) -> str:
    # A name that is not UTF-8 reaches us with surrogates, which no JSON, URL or terminal can carry.
    return normalise(path.relative_to(root).as_posix())


def _reason_to_skip(path: Path, root: Path) -> str:
    try:
        if not path.resolve().is_relative_to(root):
            return "is a link out of the folder"
        status = path.stat()
    except (OSError, RuntimeError) as error:
        return f"cannot be read: {error}"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if status.st_size > MAX_FILE_BYTES:
        return f"has {status.st_size:,} bytes; at most {MAX_FILE_BYTES:,} are read"
    return ""


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def _title(text: str, metadata: Mapping[str, str], body_start: int, path: Path) -> str:
    if "title" in metadata:
        return " ".join(metadata["title"].split())
    if match := _MARKDOWN_TITLE.search(text, body_start):
        return " ".join(match.group(1).split())
    first_line = " ".join(text[body_start:].lstrip().split("\n", 1)[0].split())
    if 0 < len(first_line) <= MAX_TITLE_CHARS:
        return first_line
    return normalise(path.stem).replace("_", " ").replace("-", " ").strip() or normalise(path.name)
