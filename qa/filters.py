"""Which articles may answer, and what fits: the one reading of dates, sources, authors and languages."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from qa.errors import InputError

DATES = "a date like 2023, 2023-07 or 2023-07-11"
_DATE = re.compile(r"([1-9]\d{3})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filters:
    """What an article must be to answer: in each field one of the values, and a field without values takes all.

    `since`, `until` and `as_of` are a year, a month or a day in ISO 8601; an article without a date is neither since nor
    until one, but was not written after `as_of` as far as is known. Raises InputError for anything else.
    """

    since: str | None = None
    until: str | None = None
    as_of: str | None = None
    source: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    article: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, given in (("since", self.since), ("until", self.until), ("as-of", self.as_of)):
            if given is not None and days_of(given) is None:
                raise InputError(f"Found {given!r} for {name}, expected {DATES}. See: qa ask --help")
        since, until = days_of(self.since or ""), days_of(self.until or "")
        if since and until and since[0] > until[1]:
            raise InputError(
                f"Found since {self.since} until {self.until}, expected the earlier date first. See: qa ask --help"
            )


@lru_cache(maxsize=1 << 16)
def days_of(written: str) -> tuple[date, date] | None:
    """Return the first and the last day that "2023", "2023-07" or "2023-07-11" may mean, None for anything else."""
    match = _DATE.fullmatch(written)
    if match is None:
        return None
    year, month, day = match.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError:  # there is no such day
        return None
    if day:
        return first, first
    last_month = int(month or 12)
    return first, date(first.year, last_month, monthrange(first.year, last_month)[1])


def folded(value: str) -> str:
    """Return what two values have in common that are the same but for capitals and blanks."""
    return " ".join(value.casefold().split())


def authors_of(author: str) -> list[str]:
    """Return the names in the field of an article with several authors."""
    return [name for name in author.split(", ") if name.strip()]


NO_FILTERS = Filters()
