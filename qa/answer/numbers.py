"""Numbers, dates and times in a text, and whether two texts contradict each other in one."""

import re
from collections.abc import Mapping, Set

_CLOCK = re.compile(
    r"\b(?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?\s*(?P<half>[ap])\.?m\b|\b(?P<hour24>[01]?\d|2[0-3]):(?P<minute24>[0-5]\d)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?P<digits>\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d[\d,]*)(?P<fraction>\.\d+)?"
    r"(?:(?P<short>k|m|mn|bn|tn)\b|[\s-]*(?P<scale>thousand|million|billion|trillion)\b|(?P<decade>s)\b)?"
    r"[\s-]*(?P<unit>%|per ?cent\b|seconds?\b|minutes?\b|hours?\b|days?\b|weeks?\b|months?\b|years?\b)?",
    re.IGNORECASE,
)
_SCALES = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9, "tn": 1e12, "trillion": 1e12,
}  # fmt: skip
_YEAR = re.compile(r"1\d{3}|20\d\d")
LARGE, CLOSE = 1000, 0.01
"""Of numbers from `LARGE` on those that differ by less than `CLOSE` of the larger one count as one: the other was rounded."""


def numbers(text: str) -> dict[str, frozenset[float]]:
    """Return the numbers that are written in digits, by what they count: "year", "decade", "clock", a unit, or ""."""
    found: dict[str, set[float]] = {}
    for match in _CLOCK.finditer(text):
        hour = int(match["hour"] or match["hour24"]) % (12 if match["half"] else 24)
        afternoon = (match["half"] or "").lower() == "p"
        minutes = int(match["minute"] or match["minute24"] or 0)
        found.setdefault("clock", set()).add(hour + 12 * afternoon + minutes / 60)
    for match in _NUMBER.finditer(_CLOCK.sub(" ", text)):
        digits, fraction = match["digits"], match["fraction"] or ""
        scale = (match["short"] or match["scale"] or "").lower()
        value = float(re.sub(r"\D", "", digits) + fraction) * _SCALES.get(scale, 1)
        unit = (match["unit"] or "").lower().rstrip("s")
        if match["decade"]:
            kind = "decade"
        elif _YEAR.fullmatch(digits + fraction) and not scale and not unit:
            kind = "year"
        else:
            kind = "%" if unit.startswith("per") else unit
        found.setdefault(kind, set()).add(value)
    return {kind: frozenset(values) for kind, values in found.items()}


def contradict(one: Mapping[str, Set[float]], other: Mapping[str, Set[float]]) -> bool:
    """Tell whether two texts give other numbers of one kind.

    One may be more precise than the other: "July 2023" does not contradict "11 July 2023", nor "2023" "30 October".
    """
    return any(
        not (_within(kind, one[kind], other[kind]) or _within(kind, other[kind], one[kind]))
        for kind in one.keys() & other.keys()
    )


def adds(one: Mapping[str, Set[float]], other: Mapping[str, Set[float]]) -> bool:
    """Tell whether one text has a number that the other has not."""
    return any(not _within(kind, values, other.get(kind, frozenset())) for kind, values in one.items())


def _within(kind: str, values: Set[float], others: Set[float]) -> bool:
    return all(any(_equal(kind, value, other) for other in others) for value in values)


def _equal(kind: str, one: float, other: float) -> bool:
    larger = max(one, other)
    rounded = kind != "year" and larger >= LARGE and abs(one - other) <= CLOSE * larger
    return one == other or rounded
