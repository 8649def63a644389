"""What kind of thing a question asks for, and whether a sentence names one.

Patterns of English, by which a sentence with a year in it is preferred for a question that begins with "when".
A question that none of them knows, in any language, simply expects nothing.
"""

import re
from typing import Literal

Kind = Literal["number", "date", "person", "place", "reason"]

_QUESTIONS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "number",
        re.compile(
            r"\bhow (?:many|much|old|long|far|tall|high|large|big|often|fast|deep)\b|"
            r"\bwhat (?:percentage|percent|number|amount|age|population|size|proportion|fraction)\b"
        ),
    ),
    (
        "date",
        re.compile(r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|decade|time|era|season)\b"),
    ),
    ("person", re.compile(r"\bwho(?:m|se)?\b")),
    (
        "place",
        re.compile(
            r"\bwhere\b|\b(?:what|which) (?:country|city|state|place|location|region|town|county|continent|area|nation|"
            r"province|river|street)\b"
        ),
    ),
    (
        "reason",
        re.compile(
            r"\bwhy\b|\bwhat (?:is|was|are|were) the (?:reason|cause|purpose)|\bwhat (?:caused?|led)\b"
        ),
    ),
)
_NUMBER = re.compile(r"\d[\d,.]*")
_NUMBER_WORD = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|billion|half|"
    r"third|quarter|twice|once|percent)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:1\d{3}|20\d\d)s?\b")
_CALENDAR = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December|Monday|Tuesday|"
    r"Wednesday|Thursday|Friday|Saturday|Sunday|century|decade)\b"
)
# A capital inside the sentence, or two in a row at its beginning.
_NAME = re.compile(r"(?<=[a-z,;:’'\"“(\d] )[A-Z][\w’'-]+|[A-Z][\w.'-]+(?= [A-Z])")
_REASON = re.compile(
    r"\b(?:because|since|due to|so that|in order to|as a result|therefore|thus|caused?|causes|reason|led to|leads to|"
    r"result(?:s|ed)? (?:of|in|from))\b",
    re.IGNORECASE,
)


def expected_kind(question: str) -> Kind | None:
    """Return the kind of thing that answers the question, if its words say so."""
    lowered = question.lower()
    return next((kind for kind, pattern in _QUESTIONS if pattern.search(lowered)), None)


def names_one(kind: Kind, sentence: str, question: str) -> bool:
    """Return whether the sentence names a thing of this kind that the question does not name itself."""
    lowered = question.lower()
    if kind == "number":
        found = _NUMBER.findall(sentence)
        return any(number not in lowered for number in found) or bool(_NUMBER_WORD.search(sentence))
    if kind == "date":
        years = _YEAR.findall(sentence)
        return any(year not in lowered for year in years) or bool(_CALENDAR.search(sentence))
    if kind == "reason":
        return bool(_REASON.search(sentence))
    return any(name.lower() not in lowered for name in _NAME.findall(sentence))
