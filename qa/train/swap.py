"""Turn a question into one that its passage does not answer, by another name, number, date or opposite word."""

import random
import re
from collections.abc import Iterator, Sequence

_YEAR = re.compile(r"\b(?<!\d[.,])(?:1[0-9]{3}|20[0-9]{2})\b(?![.,]\d)")
_NUMBER = re.compile(rf"(?!{_YEAR.pattern})\b\d[\d,]*(?:\.\d+)?\b")
_MONTH = re.compile(
    r"\b(?:(?i:january|february|april|june|july|august|september|october|november|december)"
    r"|March|May|(?<=\d )(?:march|may)|(?:march|may)(?=,? \d))\b"  # in small letters and without a number: verbs
)
_DAY = re.compile(r"\b(?i:mon|tues|wednes|thurs|fri|satur|sun)day\b")
_NAME = re.compile(r"\b[A-Z][\w’'-]+(?: (?:of |the |de |von |van )?[A-Z][\w’'-]+)*")
_WORD = re.compile(r"[\w’'-]+")
_POSSESSIVE = re.compile(r"['’]s?$")
_COMMON = frozenset(
    _WORD.findall(
        "the a an in on at of for and but or by to from with as it its he she his her they their this that these those "
        "there when where what which who whom whose why how after before during since while although however because if "
        "one two some many most all both each no not is was are were has had have do does did can could will would may "
        "later then thus therefore also today now once finally eventually meanwhile moreover instead early late"
    )
)
OPPOSITES = (
    ("first", "last"), ("before", "after"), ("largest", "smallest"), ("biggest", "smallest"), ("highest", "lowest"),
    ("most", "least"), ("more", "fewer"), ("oldest", "youngest"), ("north", "south"), ("northern", "southern"),
    ("east", "west"), ("eastern", "western"), ("increase", "decrease"), ("increased", "decreased"),
    ("begin", "end"), ("began", "ended"), ("start", "end"), ("started", "ended"), ("win", "lose"), ("won", "lost"),
    ("best", "worst"), ("male", "female"), ("men", "women"), ("father", "mother"), ("son", "daughter"),
    ("brother", "sister"), ("husband", "wife"), ("king", "queen"), ("minimum", "maximum"), ("early", "late"),
    ("earliest", "latest"), ("allowed", "forbidden"), ("support", "oppose"), ("supported", "opposed"),
    ("accepted", "rejected"), ("above", "below"), ("public", "private"), ("longest", "shortest"),
    ("majority", "minority"), ("strong", "weak"), ("rich", "poor"), ("hot", "cold"), ("young", "old"),
    ("built", "destroyed"), ("opened", "closed"), ("urban", "rural"), ("modern", "ancient"),
    ("internal", "external"), ("upper", "lower"), ("left", "right"), ("inside", "outside"), ("advantage", "drawback"),
    ("advantages", "drawbacks"), ("success", "failure"), ("friend", "enemy"), ("same", "different"), ("buy", "sell"),
)  # fmt: skip
_OPPOSITE = {one: other for pair in OPPOSITES for one, other in (pair, pair[::-1])}


def swapped(question: str, text: str, answers: Sequence[str], chance: random.Random) -> str | None:
    """Return the question with one part swapped for another of its kind, or None if nothing can be swapped.

    Names, numbers and dates come from the passage, so that only who reads notices: the words still match. What
    stands in the question or in an answer is never put in.
    """
    known = _words(" ".join((question, *answers)))
    ways: list[tuple[re.Match[str], list[str]]] = []
    for pattern in (_YEAR, _MONTH, _DAY, _NUMBER):
        others = _others(pattern.findall(text), known)
        ways += [(found, others) for found in pattern.finditer(question) if others]
    names = _others(_names(text), known)
    ways += [(found, names) for found in _named(question, text) if names]
    ways += [
        (found, others)
        for found in _turned(question)
        if (others := _others([_OPPOSITE[found[0].lower()]], known))
    ]
    if not ways:
        return None
    found, others = chance.choice(ways)
    return question[: found.start()] + chance.choice(others) + question[found.end() :]


def _words(text: str) -> set[str]:
    return {_POSSESSIVE.sub("", word) for word in _WORD.findall(text.lower())}


def _others(found: Sequence[str], known: set[str]) -> list[str]:
    """Return those that share no word with what is known."""
    bare = dict.fromkeys(_POSSESSIVE.sub("", each) for each in found)
    return [each for each in bare if not known & _words(each)]


def _names(text: str) -> list[str]:
    """Return the names in a text, without months and days.

    One word at a sentence's beginning is a name if it has its capital inside a sentence as well.
    """
    found = [(name[0], _opens(text, name.start())) for name in _NAME.finditer(text)]
    inside = _words(" ".join(" ".join(name.split()[opens:]) for name, opens in found))
    return [
        name
        for name, opens in found
        if name.split()[0].lower() not in _COMMON
        and not (_MONTH.search(name) or _DAY.search(name))
        and (" " in name or not opens or _words(name) <= inside)
    ]


def _opens(text: str, start: int) -> bool:
    """Return whether a sentence, a quotation or a line begins here."""
    if text[start - 1 : start] in ('"', "“"):
        return True
    before = text[:start].rstrip(" \t\"'“”‘’()[]")
    return not before or before[-1] in ".!?:;…\n"


def _named(question: str, text: str) -> Iterator[re.Match[str]]:
    """Yield the names in a question, in one without capitals those that the passage writes with one."""
    names = {_POSSESSIVE.sub("", name).lower() for name in _names(text) if len(name) > 2}
    if names:
        pattern = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
        yield from re.finditer(rf"\b(?:{pattern})\b", question, re.IGNORECASE)


def _turned(question: str) -> Iterator[re.Match[str]]:
    """Yield the words that have an opposite but for those in names: capitals behind the first word say so."""
    for place, found in enumerate(_WORD.finditer(question)):
        alone = place == 0 and not _NAME.match(question, found.end() + 1)
        if found[0].lower() in _OPPOSITE and (found[0].islower() or alone):
            yield found
