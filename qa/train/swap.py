"""Turn a question into one that its passage does not answer, by another name, number, date or opposite word."""

import random
import re
from collections.abc import Iterator, Sequence

_YEAR = re.compile(r"\b1[0-9]{3}\b|\b20[0-9]{2}\b")
_NUMBER = re.compile(r"\b\d[\d,]*(?:\.\d+)?\b")
_MONTH = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"\b[A-Z][\w’'-]+(?: (?:of |the |de |von |van )?[A-Z][\w’'-]+)*")
_WORD = re.compile(r"[\w’'-]+")
_COMMON = frozenset(
    _WORD.findall(
        "the a an in on at of for and but or by to from with as it its he she his her they their this that these those "
        "there when where what which who whom whose why how after before during since while although however because if "
        "one two some many most all both each no not is was are were has had have do does did can could will would may"
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
    known = f" {question} {' '.join(answers)} ".lower()
    ways: list[tuple[re.Match[str], list[str]]] = []
    for pattern in (_YEAR, _MONTH, _NUMBER):
        others = _others(pattern.findall(text), known)
        ways += [(found, others) for found in pattern.finditer(question) if others]
    names = _others(_names(text), known)
    ways += [(found, names) for found in _named(question, text) if names]
    ways += [
        (found, [_OPPOSITE[found[0].lower()]])
        for found in _WORD.finditer(question)
        if found[0].lower() in _OPPOSITE
    ]
    if not ways:
        return None
    found, others = chance.choice(ways)
    return question[: found.start()] + chance.choice(others) + question[found.end() :]


def _others(found: Sequence[str], known: str) -> list[str]:
    """Return those that share no word with what is known."""
    words = set(_WORD.findall(known))
    bare = dict.fromkeys(each.removesuffix("'s").removesuffix("’s") for each in found)
    return [each for each in bare if not words & set(_WORD.findall(each.lower()))]


def _names(text: str) -> list[str]:
    """Return the names in a text; a capital at a sentence's beginning counts if the word is none of the usual ones."""
    return [name for name in _NAME.findall(text) if name.split()[0].lower() not in _COMMON]


def _named(question: str, text: str) -> Iterator[re.Match[str]]:
    """Yield the names in a question, in one without capitals those that the passage writes with one."""
    names = {name.lower() for name in _names(text) if len(name) > 2}
    if names:
        pattern = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
        yield from re.finditer(rf"\b(?:{pattern})\b", question, re.IGNORECASE)
