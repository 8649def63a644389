"""What a file gives: its text, and what it says of itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FIELDS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "headline"),
    "source": ("source", "publisher", "site", "site_name", "sitename"),
    "author": ("author", "authors", "creator", "byline"),
    "published": ("published", "date", "datepublished", "published_at", "publication_date", "pubdate"),
    "url": ("url", "link", "permalink"),
    "language": ("language", "lang", "inlanguage", "locale"),
}
"""What is known of an article, and the names under which front matter, JSON-LD and JSON lines have it."""


@dataclass(frozen=True, slots=True)
class Found:
    """One value of one of `FIELDS`, as it was written, and where that was."""

    field: str
    value: str
    where: str


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of an article; what is found of a field first counts, if it can be read.

    In the text of every format a heading is a line that begins with "#", an item of a list one that begins with
    "- ", and a form feed begins a page: a place in the text says by itself in which section and on which page it is.
    `body_start` is where the prose begins, a code point.
    """

    text: str
    found: tuple[Found, ...] = ()
    body_start: int = 0


def named(values: Mapping[str, object], where: str) -> Iterable[Found]:
    """Yield what a table of names and values says of an article."""
    known = {name.lower(): value for name, value in values.items()}
    for field, names in FIELDS.items():
        for name in names:
            if text := _text(known.get(name)):
                yield Found(field, text, where)


def _text(value: object) -> str:
    """Return a value in words: a list is joined, of an object its name counts.

    No deeper: lists of lists may hold each other, and grow without end.
    """
    values = value if isinstance(value, list) else [value]
    return ", ".join(filter(None, map(_word, values)))


def _word(value: object) -> str:
    if isinstance(value, Mapping):
        value = value.get("name")
    if isinstance(value, str):
        return " ".join(value.split())
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
