"""Put an article together from what its file gives: of each field the first value that can be read, and where it was."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, takewhile
from pathlib import PurePosixPath

from qa.corpus.language import declared_language, detect_language
from qa.errors import InputError
from qa.formats import Extracted, Found, date_in_path, iso_date, normalise
from qa.types import Article

_BYLINE = re.compile(r"(?:By|BY) (?P<names>[^\W\d_][^\n\d:;!?()]{2,80})\Z")
_ROLE = re.compile(
    r"(?i)special to\b|.*\b(?:writer|reporter|correspondent|editor|columnist|contributor|critic|staff)s?\Z"
)
_NO_NAMES = frozenset(
    ["a", "all", "and", "any", "at", "demand", "for", "his", "her", "in", "it", "its", "means", "necessary", "next",
     "numbers", "of", "or", "order", "our", "popular", "request", "some", "that", "the", "their", "then", "these",
     "this", "those", "to", "with", "your"]
)  # fmt: skip
"""Words that no name has, whether or not a title writes them large: By The Numbers, By Popular Demand."""
_BETWEEN_NAMES = re.compile(r",\s+|\s+(?:and|AND|&)\s+")
_PARTICLES = frozenset(
    {"al", "bin", "da", "de", "del", "den", "der", "di", "du", "el", "la", "le", "van", "von"}
)
BYLINE_LINES = 6
MAX_VALUE_CHARS = 1000
"""More is no name, date or address of anything."""
MAX_VALUES = 8
"""Of each field so many are looked at, for a page may have thousands, and a date takes time to read."""


def article_of(extracted: Extracted, article_id: str) -> Article:
    """Return the article with this id. Raises InputError when there is no text."""
    text = extracted.text
    if not text.strip():
        raise InputError("is empty")
    found = [*extracted.found, *_said_by_the_path(article_id)]
    title = _first(found, "title", lambda value: value)
    found += _bylines(text, extracted.body_start, title[0] if title else "")
    # A program notes when it wrote the file, which may be long after the article.
    found.sort(key=lambda each: each.field == "published" and each.where.endswith("properties"))
    language = _first(found, "language", declared_language)
    if language is None and (detected := detect_language(text[extracted.body_start :])):
        language = detected, "text"
    spoken = language[0] if language else None
    values = {
        "title": title,
        "source": _first(found, "source", lambda value: value),
        "author": _first(found, "author", lambda value: value if "://" not in value else None),
        "published": _first(found, "published", lambda value: iso_date(value, spoken)),
        "url": _first(found, "url", lambda value: value),
        "language": language,
    }
    known = {field: value for field, value in values.items() if value}
    return Article(
        id=article_id,
        text=text,
        sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(),
        provenance={field: where for field, (_, where) in known.items()},
        **{"title": "", **{field: value for field, (value, _) in known.items()}},
    )


def _first(
    found: Iterable[Found], field: str, readable: Callable[[str], str | None]
) -> tuple[str, str] | None:
    """Return the first value of a field that can be read, and where it was."""
    named = (each for each in found if each.field == field and len(each.value) <= MAX_VALUE_CHARS)
    for each in islice(named, MAX_VALUES):
        # A lone surrogate, which JSON can write, could not be stored.
        if value := readable(normalise(" ".join(each.value.split()))):
            return value, each.where
    return None


def _said_by_the_path(article_id: str) -> Iterator[Found]:
    if published := date_in_path(article_id):
        yield Found("published", published, "file name")
    name = PurePosixPath(article_id).stem
    yield Found("title", name.replace("_", " ").replace("-", " ").strip() or article_id, "file name")


def _bylines(text: str, body_start: int, title: str) -> Iterator[Found]:
    """Yield the author of a line such as "By Jane Doe and John van Dyk" at the top, below the title."""
    lines = (line.strip() for line in text[body_start : body_start + 2000].split("\n"))
    for line in [line for line in lines if line][:BYLINE_LINES]:
        if line != title and (names := byline(line)):
            yield Found("author", ", ".join(names), "byline")


def byline(line: str) -> list[str]:
    """Return the names in a line such as "By Jane Doe and Bo Li, Staff Writers", none where it is no such line."""
    match = _BYLINE.match(line)
    parts = _BETWEEN_NAMES.split(match["names"].strip()) if match else []
    names = list(takewhile(lambda part: not _ROLE.match(part), parts))
    return names if all(map(_is_name, names)) else []


def _is_name(name: str) -> bool:
    words = name.split()
    return (
        2 <= len(words) <= 5
        and all(word[0].isupper() or word in _PARTICLES for word in words)
        and _NO_NAMES.isdisjoint(name.lower().split())
    )
