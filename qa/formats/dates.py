"""Dates as precise as they were written: a year, a month or a day in ISO 8601, and nothing that was not said."""

import re
from datetime import date, datetime
from functools import lru_cache
from itertools import takewhile

_ISO = re.compile(r"(\d{4})(?:\Z|([-/.])(\d{1,2})(?:\2(\d{1,2}))?(?=\Z|[T\s]))", re.ASCII)
_COMPACT = re.compile(r"(?:D:)?(\d{4})(\d{2})(\d{2})(?=\Z|[T\s]|\d{6})", re.ASCII)
_NUMBERS = re.compile(r"(\d{1,2})[./\s-](\d{1,2})[./\s-](\d{4})(?=\Z|\s)", re.ASCII)
_IN_A_PATH = re.compile(
    r"(?<!\d)((?:19|20)\d{2})(?:([-_./])(\d{2})(?:\2(\d{2}))?|(\d{2})(\d{2}))(?!\d)", re.ASCII
)
_READINGS = ((datetime(1971, 2, 3), "DMY"), (datetime(1982, 7, 14), "MDY"), (datetime(1993, 11, 25), "YMD"))
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)(?!-W\d)")
_YEARS = range(1450, 2101)
"""Since there is print. What lies outside is a number of something, or a year of another calendar."""
_USUAL_LANGUAGES = ["en", "fr", "de", "es", "it", "pt", "nl", "ru", "zh", "ja", "ar"]
"""Of the library's two hundred, of which it would try each for a third of a second."""
_OTHER_NAMES = {"no": "nb"}
MAX_DATE_CHARS = 60


@lru_cache(maxsize=4096)
def iso_date(written: str, language: str | None = None) -> str | None:
    """Return "2023", "2023-07" or "2023-07-11", or None where no date is named.

    Of 4/5/2023 only the year is certain, for one half of the world writes the month first. `language`, ISO 639-1,
    says how a date in words is to be read.
    """
    written = " ".join(written.split())
    if not written or len(written) > MAX_DATE_CHARS:
        return None
    if match := _ISO.match(written):
        return _checked(match[1], match[3], match[4])
    if match := _COMPACT.match(written):
        return _checked(*match.groups())
    if match := _NUMBERS.match(written):
        first, second, year = match.groups()
        if first == second or int(second) > 12:
            return _checked(year, first, second)
        return _checked(year, second, first) if int(first) > 12 else _checked(year)
    return _in_words(written, language)


def date_in_path(path: str) -> str | None:
    """Return the first date that a path such as "2023/07/11/summit.html" or "2023-07-11-summit.md" names."""
    for match in _IN_A_PATH.finditer(path):
        year, _, month, day, close_month, close_day = match.groups()
        if found := _checked(year, month or close_month, day or close_day):
            return found
    return None


def _checked(year: str, month: str | None = None, day: str | None = None) -> str | None:
    try:
        found = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    if found.year not in _YEARS:
        return None
    return "-".join([year, *(f"{int(part):02}" for part in (month, day) if part)])


def _in_words(written: str, language: str | None) -> str | None:
    """Read the date three times, on other days and in other orders: what the readings agree on was written."""
    if not _YEAR.search(written):  # of two digits it may be any, or none
        return None
    found = []
    for base, order in _READINGS:
        reading = _reading(written, language, base, order)
        if reading is None:
            return None
        found.append(reading.isoformat().split("-"))
    agreed = [each[0] for each in takewhile(lambda each: len(set(each)) == 1, zip(*found, strict=True))]
    return _checked(*agreed) if agreed else None


def _reading(written: str, language: str | None, base: datetime, order: str) -> date | None:
    from dateparser.data.languages_info import language_order as known
    from dateparser.date import DateDataParser  # a third of a second, and needed for few files

    settings = {
        "PARSERS": ["absolute-time"],  # no "yesterday"
        "REQUIRE_PARTS": ["year"],
        "RELATIVE_BASE": base,
        "DATE_ORDER": order,
        "PREFER_LOCALE_DATE_ORDER": False,
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    own = _OTHER_NAMES.get(language or "", language)
    # Pages in any language have dates in English, for machines.
    languages = list(dict.fromkeys([own, "en"])) if own in known else _USUAL_LANGUAGES
    try:
        parser = DateDataParser(languages, use_given_order=True, settings=settings)
        found = parser.get_date_data(written).date_obj
    except Exception:  # noqa: BLE001 (whatever it raises is about these words)
        return None
    return found.date() if found else None
