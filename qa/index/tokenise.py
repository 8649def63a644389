"""The terms of a text: words as people mean them, for the lexical leg and for the coverage of a question."""

import re
import unicodedata
from collections.abc import Set
from functools import lru_cache

STEMMER = "english"
TERMS_VERSION = 1
"""Raise it with every change of what `terms` returns: indexes of another version are refused."""

# "U.S." is one word, "100,000" and "5.5" are one number, "won't" is one word: cut into "won" and "t" it
# would match every "won" (measured: it pushes the right paragraph from rank 1 to rank 8).
_TOKEN = re.compile(r"(?:[^\W\d_]\.){2,}|\d+(?:[.,]\d+)+|[^\W_]+(?:['’][^\W_]+)*")
# Not word characters to `re`: in "i̇stanbul", which is "İstanbul" in lower case, one would end the word.
_MARKS = re.compile("[\u0300-\u036f]+")
_CONTRACTION = re.compile(r"n't$|'(?:re|ve|ll|d|m)$")
_POSSESSIVE = re.compile(r"'s$|s'$")
# Question words say what is asked, not what the answering text is about.
_QUESTION_WORDS = "what which who whom whose when where why how"
_FUNCTION_WORDS = """
    a an the this that these those there here it its he him his she her hers they them their theirs
    we our ours you your yours i me my mine myself itself himself herself themselves am is are was
    were be been being do does did doing done have has had having will would shall should can could
    may might must ought and or but nor so if then than because as of at by for with about into onto
    to from in on off out over under again further also too very just not no only own same such both
    each any all some more most other s t between during before after above below up down while
    until against through
"""
_STOP = frozenset((_QUESTION_WORDS + _FUNCTION_WORDS).split())


def terms(text: str) -> list[str]:
    """Return the terms of a text in order: words folded, stopped and stemmed."""
    return [term for token in _TOKEN.findall(_MARKS.sub("", text.lower())) if (term := _term(token))]


def matched_words(text: str, wanted: Set[str]) -> tuple[str, ...]:
    """Return the words of a text, as they are written and each once, whose terms are wanted."""
    words = dict.fromkeys(match[0] for match in _TOKEN.finditer(text))
    return tuple(word for word in words if not wanted.isdisjoint(terms(word)))


@lru_cache(maxsize=1 << 16)
def _term(token: str) -> str:
    word = token.replace("’", "'")
    if not word.isascii():
        word = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    if _CONTRACTION.search(word):
        return ""
    word = _POSSESSIVE.sub("", word) if "'" in word else word
    word = word.replace(".", "") if word[:1].isalpha() else word.replace(",", "")
    return "" if not word or word in _STOP else _stem(word)


def _stem(word: str) -> str:
    return _stemmer().stemWord(word)  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def _stemmer():  # type: ignore[no-untyped-def]  # noqa: ANN202 (PyStemmer ships no types)
    import Stemmer

    # Its own cache is not safe to share between threads; ours in front of it is.
    return Stemmer.Stemmer(STEMMER, 0)
