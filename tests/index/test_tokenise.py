"""Terms as people mean them, in their own language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.index import matched_words, question_terms, terms
from qa.index.words import STEMMERS, STOPPED

# --- English ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The harbours were closing", ["harbour", "close"]),
        ("won't WON’T can't isn’t they're I'd we’ll I'm you've", []),
        ("he won one", ["won", "one"]),
        ("Turkey's Turkey’s turkeys' TURKEY", ["turkey"] * 4),
        ("U.S. and U.K. u.s.", ["us", "uk", "us"]),
        ("100,000 and 5.5 and $1,234.50 and 27.1%", ["100000", "5.5", "1234.50", "27.1"]),
        ("100,000 = 100000", ["100000", "100000"]),
        ("in 2024.", ["2024"]),
        ("S-400, TB2, COVID-19", ["s", "400", "tb2", "covid", "19"][1:]),
        ("Erdoğan Erdogan ERDOĞAN", ["erdogan"] * 3),
        ("İstanbul Istanbul i̇stanbul istanbul", ["istanbul"] * 4),
        ("Cafe\u0301 café cafe", ["cafe"] * 3),
        ("naïve façade Paweł", ["naiv", "facad", "paweł"]),
        ("O'Brien’s o’brien", ["o'brien", "o'brien"]),
        ("snake_case", ["snake", "case"]),
        ("what who when the of and not no", []),
        ("", []),
        ("…— 😀 !", []),
        ("中文 שלום Привет", ["中文", "שלום", "привет"]),
        ("rock’n’roll", ["rock'n'rol"]),
    ],
)
def test_english(text: str, expected: list[str]) -> None:
    assert terms(text, "en") == expected
    assert terms(text, None) == expected


# --- other languages ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "Die Häuser der Brücken", ["die", "haus", "der", "bruck"]),
        ("de", "Müller Muller Mueller Mu\u0308ller", ["mull"] * 4),
        ("de", "Straße STRASSE", ["strass", "strass"]),
        ("de", "Wer baute wann welche Brücke?", ["baut", "bruck"]),
        ("de", "100.000 = 100,000 = 100000", ["100000"] * 3),
        ("de", "5,5 = 5.5 und 1.234.567,25", ["5.5", "5.5", "und", "1234567.25"]),
        ("es", "¿Qué puentes? El puente", ["puent", "el", "puent"]),
        ("es", "construcciones construcción", ["construccion", "construccion"]),
        ("fr", "L'été, l’Iran, d'où, les élections", ["ete", "iran", "le", "elect"]),
        ("it", "dell'arte nell’università", ["arte", "univers"]),
        ("pt", "Quem viu as cidades da nação?", ["viu", "as", "cidad", "da", "naca"]),
        ("nl", "Wat zijn de bruggen en de brug?", ["zijn", "de", "brug", "en", "de", "brug"]),
        ("ru", "Русские языки, русский язык", ["русск", "язык"] * 2),
        ("tr", "İstanbul'un İstanbul", ["istanbul"] * 2),
        ("hi", "लड़के लड़का", ["लडक", "लडक"]),
        ("zh", "东京2020年", ["东京", "2020", "年"]),
        ("ja", "東京です。", ["東京", "京で", "です"]),
        ("ko", "서울의 서울은", ["서울", "울의", "서울", "울은"]),
        ("th", "กรุง", ["กร", "รุ", "ุง"]),
        ("uk", "п'ять мов", ["п'ять", "мов"]),
        ("xx", "the houses won't", ["the", "houses", "won't"]),
    ],
)
def test_other_languages(language: str, text: str, expected: list[str]) -> None:
    assert terms(text, language) == expected


@pytest.mark.parametrize("language", STEMMERS)
def test_every_stemmer_is_there(language: str) -> None:
    assert terms("2024", language) == ["2024"]
    assert len(terms("abcde", language)) == 1


@pytest.mark.parametrize("language", STOPPED)
def test_stopped_words_have_no_accents_and_no_terms(language: str) -> None:
    assert all(word.isascii() for word in STOPPED[language])
    assert terms(" ".join(sorted(STOPPED[language])), language) == []


@given(st.text(), st.sampled_from([None, "en", "de", "fr", "tr", "ja", "hi", "xx"]))
def test_a_term_is_never_empty_and_has_no_space(text: str, language: str | None) -> None:
    for term in terms(text, language):
        assert term
        assert " " not in term


# --- questions ----------------------------------------------------------------------------------------


@given(st.text(), st.sampled_from(["en", "de", "ja", "xx"]))
def test_in_one_language_a_question_has_the_terms_of_any_text(question: str, language: str) -> None:
    assert question_terms(question, (language,)) == {
        language: tuple(dict.fromkeys(terms(question, language)))
    }


def test_a_word_that_one_language_stops_is_asked_in_none() -> None:
    assert question_terms("Who built the bridges?", ("de", "en")) == {
        "de": ("built", "bridg"),
        "en": ("built", "bridg"),
    }
    assert question_terms("the", ("de",)) == {"de": ("the",)}
    assert question_terms("Wer?", ("de", "en")) == {"de": (), "en": ()}
    assert question_terms("Wer?", ()) == {}


# --- words as they are written ------------------------------------------------------------------------


def test_matched_words() -> None:
    assert matched_words("Die Brücken über die Brücke", {"bruck"}, "de") == ("Brücken", "Brücke")
    assert matched_words("Harbours and the Harbour", {"harbour"}, None) == ("Harbours", "Harbour")
    assert matched_words("東京都です", {"京都"}, "ja") == ("京都",)
