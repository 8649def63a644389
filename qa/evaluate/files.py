"""Read files of one record a line, so that a broken one is named by file and line; write what was asked for."""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.errors import InputError

NEXT = "Correct it, then run again: qa eval FOLDER"


@dataclass(frozen=True, slots=True)
class Row:
    """One JSON object, and where it stands."""

    path: Path
    number: int
    values: Mapping[str, Any]

    def id(self, name: str) -> str:
        """Return a field that names something: text without control characters, and not empty."""
        value = self.text(name)
        if not value or any(unicodedata.category(character) == "Cc" for character in value):
            raise self.wrong(
                f"found {name} = {value!r}", "an id of one character or more, none of them a control one"
            )
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """Return a field that holds text."""
        value = self.values.get(name, default)
        if not isinstance(value, str):
            found = f"{name} = {value!r:.60}" if name in self.values else f"no {name}"
            raise self.wrong(f"found {found}", f"{name} to be text")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise self.wrong(f"found half a surrogate pair in {name}", "valid Unicode")
        return value

    def wrong(self, found: str, expected: str) -> InputError:
        """Return the error that names this line."""
        return wrong(self.path, self.number, found, expected)


def wrong(path: Path, number: int, found: str, expected: str) -> InputError:
    """Return the error that names a line of a file."""
    return InputError(f"{path}, line {number}: {found}, expected {expected}. {NEXT}")


def read_rows(path: Path, data: bytes) -> Iterator[Row]:
    """Yield the objects of a JSON-lines file's `data`.

    Raises InputError naming `path` and the line that is none.
    """
    for number, line in read_lines(path, data):
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise wrong(path, number, f"found no JSON ({error})", "one JSON object a line") from error
        if not isinstance(values, dict):
            raise wrong(path, number, f"found {line!r:.60}", "one JSON object a line")
        yield Row(path, number, values)


def read_lines(path: Path, data: bytes) -> Iterator[tuple[int, str]]:
    r"""Yield the lines that are not blank, with their numbers counted from 1.

    A line ends at \n alone: str.splitlines would also cut at characters that may stand inside a text or an id.
    """
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            text = line.decode("utf-8").rstrip("\r")
        except UnicodeDecodeError as error:
            raise wrong(path, number, f"found bytes that are not UTF-8 ({error.reason})", "UTF-8") from error
        if text.strip():
            yield number, text


def read_file(path: Path) -> bytes:
    """Return a file's bytes.

    Raises InputError saying what the folder should hold.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"Cannot read {path}: {error.strerror or error}. Expected a folder in the layout of BEIR, with corpus.jsonl, "
            "queries.jsonl and qrels/test.tsv. Name one: qa eval FOLDER"
        ) from error


def expect_writable(*paths: Path | None) -> None:
    """Raise InputError for a path that names no file in a folder that is there: better before the work than after."""
    for path in paths:
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            found = "a folder" if path.is_dir() else f"no folder {path.parent}"
            raise InputError(
                f"Cannot write {path}: found {found}, expected a file's name. See: qa eval --help"
            )


def save(path: Path, text: str) -> None:
    """Write text as UTF-8.

    Raises InputError when the file cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            f"Cannot write {path}: {error.strerror or error}. Name another file: qa eval --help"
        ) from error
