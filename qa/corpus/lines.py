"""Files of many articles, one a line of JSON, as the BEIR benchmark keeps its corpora."""

import json
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from qa.corpus.metadata import article_of
from qa.errors import InputError
from qa.formats import JSON_LINES, Extracted, as_prose, named, normalise
from qa.types import Article, Skipped

CORPUS = "corpus.jsonl"
"""Beside a file of this name, other files of JSON lines are its questions and answers and no articles."""
MAX_LINE_BYTES = 2**24
_MAX_KEY_CHARS = 200
_OF_A_LINE = re.compile(rf"(.*?{re.escape(JSON_LINES)})#", re.IGNORECASE | re.DOTALL)


class _Line(NamedTuple):
    article_id: str
    number: int
    start: int


def read_lines(path: Path, file_id: str, *, only: str | None = None) -> Iterator[Article | Skipped]:
    """Yield the articles of a file in the order of their ids, and the lines that are none; `only` one of them if given.

    The id is that of the file, "#" and the line's `_id`, or its number where it has none. Raises InputError when the
    file cannot be read, or is changed between the two times that it is.
    """
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            lines: list[_Line] = []
            taken: set[str] = set()
            for number, start, data in _lines(file):
                try:
                    found = _Line(_id(_values(data), file_id, number, taken), number, start)
                except InputError as error:
                    yield Skipped(f"{file_id}#{number}", f"line {number} {error}")
                else:
                    taken.add(found.article_id)
                    lines.append(found)
            for line in sorted(lines):
                if only not in {None, line.article_id}:
                    continue
                file.seek(line.start)
                data, now = file.readline(MAX_LINE_BYTES), os.fstat(file.fileno())
                if (before.st_size, before.st_mtime_ns) != (now.st_size, now.st_mtime_ns):
                    raise InputError("changes while it is read; index the folder again when it is at rest")
                try:
                    yield _article(data, line.article_id)
                except InputError as error:
                    yield Skipped(line.article_id, f"line {line.number} {error}")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error


def file_of(article_id: str) -> str:
    """Return the id of the file that an article is in, which is a line's own id up to "#"."""
    match = _OF_A_LINE.match(article_id)
    return match[1] if match else article_id


def line_article(path: Path, article_id: str) -> Article:
    """Return one article of a file. Raises InputError when it has none of this id."""
    for found in read_lines(path, file_of(article_id), only=article_id):
        if isinstance(found, Article):
            return found
    raise InputError("has no such line any more")


def _lines(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    number = start = 0
    while data := file.readline(MAX_LINE_BYTES):
        number += 1
        rest = data
        while len(rest) == MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE_BYTES)
        if data.strip() or rest is not data:
            yield number, start, data
        start = file.tell()


def _values(data: bytes) -> dict[str, Any]:
    if len(data) >= MAX_LINE_BYTES:
        raise InputError(f"has {MAX_LINE_BYTES:,} bytes or more")
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"is no JSON: {error}") from error
    if not isinstance(values, dict) or not isinstance(values.get("text"), str):
        raise InputError('is no object with a "text"')
    return values


def _id(values: dict[str, Any], file_id: str, number: int, taken: Collection[str]) -> str:
    key = values.get("_id", values.get("id", number))
    name = normalise(str(key)) if isinstance(key, str | int) else ""
    if not 0 < len(name) <= _MAX_KEY_CHARS:
        raise InputError(f'has an "_id" that is no text of 1 to {_MAX_KEY_CHARS} characters')
    if f"{file_id}#{name}" in taken:
        raise InputError(f'has the "_id" of another line: {name}')
    return f"{file_id}#{name}"


def _article(data: bytes, article_id: str) -> Article:
    values = _values(data)
    more = values.get("metadata")
    found = (
        *named(values, "JSON line"),
        *(named(more, "JSON line's metadata") if isinstance(more, dict) else ()),
    )
    return article_of(Extracted(normalise(as_prose(values["text"])), found), article_id)
