"""The terms of a text: words as people mean them, for the lexical leg and for the coverage of a question."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Set
from functools import lru_cache
from itertools import pairwise

from qa.index.words import ENGLISH, STEMMERS, STOPPED, UNSPACED, term_language

STEMMER = "snowball"
TERMS_VERSION = 2
"""Raise it with every change of what `terms` returns: indexes of another version are refused."""

# "U.S." is one word, "100,000" and "5.5" are one number.
_SPECIAL = r"(?:[^\W\d_]\.){2,}|\d+(?:[.,]\d+)+"
# "won't" is one word: cut into "won" and "t" it would match every "won" (measured: it pushes the right
# paragraph from rank 1 to rank 8).
_ENGLISH = re.compile(rf"{_SPECIAL}|[^\W_]+(?:['’][^\W_]+)*")
# The vowel signs of Hebrew, Arabic and the scripts of India are no word characters to `re`.
_LETTER = rf"(?![{UNSPACED}])(?:[^\W_]|[\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff])"
_OTHER = re.compile(rf"{_SPECIAL}|[{UNSPACED}]+|(?:{_LETTER})+(?:['’](?:{_LETTER})+)*")
_IS_UNSPACED = re.compile(f"[{UNSPACED}]+")
# Not word characters to `re`: in "i̇stanbul", which is "İstanbul" in lower case, one would end the word.
_MARKS = re.compile("[\u0300-\u036f]+")
_CONTRACTION = re.compile(r"n't$|'(?:re|ve|ll|d|m)$")
_POSSESSIVE = re.compile(r"'s$|s'$")
_ELIDING = frozenset({"ca", "fr", "it"})
_THOUSANDS = re.compile(r"[.,](?=\d{3}(?!\d))")


def terms(text: str, language: str | None) -> list[str]:
    """Return the terms of a text in order: words folded, stopped and stemmed as its language has it.

    `language` is an ISO 639-1 code, or None where it is unknown: such a text is read as English. A language without a
    stemmer keeps its words whole, one without spaces between words gives pairs of neighbouring characters.
    """
    language = term_language(language)
    return [term for token in lower_words(text, language) if (term := _term(token, language))]


def lower_words(text: str, language: str | None) -> list[str]:
    """Return the words of a text in order, in lower case and none left out."""
    language = term_language(language)
    return _tokens(_plain(text, language), language)


def question_terms(question: str, languages: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Return a question's terms, each once, in every language that it could be in.

    A word that one of them stops is asked in none: "the" is rare in German articles, and would find those
    that name a film.
    """
    stopped = frozenset[str]().union(*(STOPPED.get(language, ()) for language in languages))
    return {
        language: tuple(
            dict.fromkeys(
                term
                for token in _tokens(_plain(question, language), language)
                if _folded(token) not in stopped and (term := _term(token, language))
            )
        )
        for language in languages
    }


def matched_words(text: str, wanted: Set[str], language: str | None) -> tuple[str, ...]:
    """Return the words of a text, as they are written and each once, whose terms are wanted."""
    words = dict.fromkeys(_tokens(text, term_language(language)))
    return tuple(word for word in words if not wanted.isdisjoint(terms(word, language)))


def _plain(text: str, language: str) -> str:
    text = text.lower()
    # Stemmers of other languages know accented letters, as one character each.
    return _MARKS.sub("", text if language == ENGLISH else unicodedata.normalize("NFC", text))


def _tokens(text: str, language: str) -> list[str]:
    if language == ENGLISH:
        return _ENGLISH.findall(text)
    return [part for token in _OTHER.findall(text) for part in _parts(token)]


def _parts(token: str) -> list[str]:
    """Return the pairs of neighbouring characters of a run without spaces, else the word itself."""
    if len(token) == 1 or not _IS_UNSPACED.fullmatch(token):
        return [token]
    return ["".join(pair) for pair in pairwise(token)]


@lru_cache(maxsize=1 << 16)
def _term(token: str, language: str) -> str:
    if language != ENGLISH and _IS_UNSPACED.match(token):
        return token  # its marks make other letters
    word = _english_word(token) if language == ENGLISH else _word(token, language)
    if not word or _folded(word) in STOPPED.get(language, ()):
        return ""
    return _folded(_stem(word, language))


def _english_word(token: str) -> str:
    word = _folded(token.replace("’", "'"))
    if _CONTRACTION.search(word):
        return ""
    word = _POSSESSIVE.sub("", word) if "'" in word else word
    return word.replace(".", "") if word[:1].isalpha() else word.replace(",", "")


def _word(token: str, language: str) -> str:
    word = token.replace("’", "'")
    if language in _ELIDING:  # "l'été", "dell'arte"
        word = word.rpartition("'")[2]
    if word[:1].isalpha():
        return word.replace(".", "")
    # "100.000" and "100,000" are one number, and so are "5,5" and "5.5".
    return _THOUSANDS.sub("", word).replace(",", ".")


def _folded(word: str) -> str:
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def _stem(word: str, language: str) -> str:
    name = STEMMERS.get(language)
    return _stemmer(name).stemWord(word) if name else word


@lru_cache
def _stemmer(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 (PyStemmer ships no types)
    import Stemmer

    # Its own cache is not safe to share between threads; ours in front of it is.
    return Stemmer.Stemmer(name, 0)
