"""What is known of each language's words: its stemmer, what is not looked for, and what has no spaces."""

from collections.abc import Mapping

ENGLISH = "en"

STEMMERS: Mapping[str, str] = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "st": "sesotho",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""Snowball's algorithm by ISO 639-1 code."""

# Question words say what is asked, not what the answering text is about.
_QUESTION_WORDS = {
    "de": "wer wen wem wessen was wann wo wohin woher warum wieso weshalb wie welche welcher welches welchen welchem",
    "en": "what which who whom whose when where why how",
    "es": "que quien quienes cual cuales cuando donde adonde como cuanto cuanta cuantos cuantas",
    "fr": "qui que quoi quel quelle quels quelles quand ou comment pourquoi combien lequel laquelle lesquels lesquelles",
    "it": "chi che cosa quale quali quando dove come perche quanto quanta quanti quante",
    "nl": "wie wiens wat welk welke wanneer waar waarom hoe hoeveel",
    "pt": "quem que qual quais quando onde aonde como porque quanto quanta quantos quantas",
}
# Of English alone: elsewhere their low IDF makes them weigh next to nothing.
_FUNCTION_WORDS = """
    a an the this that these that those there here it its he him his she her hers they them their theirs
    we our ours you your yours i me my mine myself itself himself herself themselves am is are was
    were be been being do does did doing done have has had having will would shall should can could
    may might must ought and or but nor so if then than because as of at by for with about into onto
    to from in on off out over under again further also too very just not no only own same such both
    each any all some more most other s t between during before after above below up down while
    until against through
"""
STOPPED: Mapping[str, frozenset[str]] = {
    language: frozenset((words + (_FUNCTION_WORDS if language == ENGLISH else "")).split())
    for language, words in _QUESTION_WORDS.items()
}
"""Words without accents that are no terms, by ISO 639-1 code."""

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\uac00-\ud7a3"  # Korean words have spaces between them, but wear their particles
)
"""Characters of scripts without spaces between words, as the inside of a regular expression's class."""


def term_language(language: str | None) -> str:
    """Return the language that a text's terms are made in: an unknown one is read as English."""
    return language or ENGLISH
