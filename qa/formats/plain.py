"""Text and Markdown: the stored text is the whole decoded file, changed in two ways only, NFC and CRLF to LF.

Front matter stays in it, so offsets and line numbers are those of the file that people open.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import groupby

import yaml

from qa.errors import InputError
from qa.formats.extracted import Extracted, Found, named

MAX_TITLE_CHARS = 200
MAX_FRONT_MATTER_CHARS = 2**16
MAX_NESTING_MARKS = 500
_NOTHING = ("null", "Null", "NULL", "~", "false", "False", "FALSE")
"""What YAML has for a value that is none."""

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_MARKDOWN_TITLE = re.compile(r"^#[ \t]+(\S.*)$", re.MULTILINE)
_LIKE_A_HEADING = re.compile(r"^([^\S\n]*#{1,6})[ \t](?=[ \t]*\S)", re.MULTILINE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the UTF-16 one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WEB_NAMES = dict.fromkeys(
    ("windows-1252", "iso-8859-1", "latin1", "latin-1", "ascii", "us-ascii"), "cp1252"
) | {"gb2312": "gb18030"}
"""The HTML standard takes these names for the character set that pages with them really use; so do mail programs."""
_CHARS_PER_BAD_BYTE = 1000
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
MARKS_IN_A_ROW = 200
_POSSIBLE_MARKS = re.compile(f"(?<![\u0300-\U0010ffff])[\u0300-\U0010ffff]{{{MARKS_IN_A_ROW},}}")


def read(data: bytes) -> Extracted:
    """Read a text file."""
    text = normalise(decode(data))
    values, body_start = front_matter(text)
    values = {name: value for name, value in values.items() if value not in _NOTHING}
    return Extracted(text, (*named(values, "front matter"), *_titles(text, body_start)), body_start)


def first_heading(text: str, start: int = 0) -> Iterable[Found]:
    """Yield the title that the first heading of the first level is."""
    if (match := _MARKDOWN_TITLE.search(text, start)) and (title := heading_text(match.group())):
        yield Found("title", title, "heading")


def as_prose(text: str) -> str:
    """Return prose of a format that marks headings in its own way, so that no line of it reads as one, nor as front matter.

    The blank after "#" becomes one that does not break: it looks alike, and no heading is written with it.
    """
    text = _LIKE_A_HEADING.sub("\\1\u00a0", text)
    return f"\n{text}" if text.startswith("---") else text


def _titles(text: str, body_start: int) -> Iterable[Found]:
    yield from first_heading(text, body_start)
    first_line = " ".join(text[body_start:].lstrip().split("\n", 1)[0].split())
    if 0 < len(first_line) <= MAX_TITLE_CHARS:
        yield Found("title", first_line, "first line")


def decode_declared(data: bytes, name: str) -> str:
    """Decode by the character set that a page or a mail names, else as `decode` does."""
    known = _WEB_NAMES.get(name.lower(), name)
    try:
        # What is called ASCII and is not is what the program that wrote it did not look at.
        return data.decode("utf-8" if "ascii" in name.lower() else known)
    except (LookupError, UnicodeError):
        # A few bytes that this set leaves out must not let the whole be taken for another one.
        return data.decode(known, errors="replace") if known == "cp1252" else decode(data)


def decode(data: bytes) -> str:
    """Decode by byte order mark, else UTF-8, even with a rare bad byte, else the best guess of charset-normalizer.

    Raises InputError when the bytes are no text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="replace")
        rare = text.count("\ufffd") <= max(1, len(text) // _CHARS_PER_BAD_BYTE)
        if (
            rare and not text.replace("\ufffd", "").isascii()
        ):  # what fits by chance is no accent nor any other letter
            return text
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


def front_matter(text: str) -> tuple[Mapping[str, object], int]:
    """Return the YAML front matter's values, all text as it was written, and where the body starts (a code point)."""
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
    return values, match.end()


def heading_text(line: str) -> str:
    """Return what a Markdown heading says, without its marks; the "#" of "C#" is none."""
    content = line.strip().lstrip("#").strip()
    bare = content.rstrip("#")
    return " ".join((bare if not bare or bare[-1].isspace() else content).split())
