"""An article's language: what its author says, else what its letters say, else nobody knows."""

import subprocess
import sys
from pathlib import Path

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from qa.corpus import detect_language, load_article
from qa.corpus.language import LANGUAGES, READ_CHARS, _identifier, declared_language

ENGLISH = "The harbour was closed on Monday, since the storm had damaged the mole."
GERMAN = "Der Hafen war am Montag geschlossen, weil der Sturm die Mole beschädigt hatte."


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", ENGLISH),
        ("de", GERMAN),
        ("es", "El puerto estuvo cerrado el lunes porque la tormenta había dañado el muelle."),
        ("fr", "Le port était fermé lundi, car la tempête avait endommagé la jetée."),
        ("it", "Il porto era chiuso lunedì perché la tempesta aveva danneggiato il molo."),
        ("pt", "O porto esteve fechado na segunda-feira porque a tempestade danificou o cais."),
        ("nl", "De haven was maandag gesloten omdat de storm de pier had beschadigd."),
        ("pl", "Port był zamknięty w poniedziałek, ponieważ burza uszkodziła molo."),
        ("uk", "Порт був зачинений у понеділок, бо шторм пошкодив причал."),
        ("ru", "Порт был закрыт в понедельник, потому что шторм повредил причал."),
        ("tr", "Fırtına iskeleye zarar verdiği için liman pazartesi günü kapalıydı."),
        ("zh", "由于风暴损坏了防波堤，港口周一关闭。"),
        ("ja", "嵐が防波堤を壊したため、港は月曜日に閉鎖された。"),
        ("ar", "كان الميناء مغلقا يوم الاثنين لأن العاصفة ألحقت أضرارا بالرصيف."),
        ("hi", "तूफ़ान से घाट टूट जाने के कारण बंदरगाह सोमवार को बंद रहा।"),
    ],
)
def test_sentences(language: str, text: str) -> None:
    assert detect_language(text) == language
    assert detect_language(text) == language
    assert language in LANGUAGES.split()


@pytest.mark.parametrize(
    "text", ["", "Examples", "IPv4\n\n160.79.104.0/23", "1811 2024 — 5.5 %", "…", "東京"]
)
def test_too_little_to_say(text: str) -> None:
    assert detect_language(text) is None


def test_names_in_their_own_script_change_nothing() -> None:
    text = "Hellenism (Greek: Ἑλληνισμός), the Hellenic ethnic religion, is a modern movement of the Greeks."
    assert detect_language(text) == "en"


def test_the_beginning_is_read() -> None:
    english = (ENGLISH + " ") * (READ_CHARS // len(ENGLISH) + 1)
    assert detect_language(english + GERMAN * 100) == "en"


def test_half_a_character_is_no_reason_to_fail() -> None:
    assert detect_language(f"\ud800 {GERMAN}") == "de"


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("de", "de"),
        ("de-DE", "de"),
        ("DE_AT.UTF-8", "de"),
        (" zh-Hant ", "zh"),
        ("xx", "xx"),
        ("English", None),
        ("eng", None),
        ("d", None),
        ("", None),
    ],
)
def test_tags(tag: str, language: str | None) -> None:
    assert declared_language(tag) == language


@pytest.mark.parametrize(
    ("front_matter", "language"),
    [
        ("language: es\n", "es"),
        ("language: de-AT\n", "de"),
        ("language: German\n", "de"),  # no tag: the text says it
        ("title: This title is in English, and so is the name of every key here\n", "de"),
    ],
)
def test_an_article_says_its_language_or_its_body_does(
    front_matter: str, language: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"---\n{front_matter}---\n\n{GERMAN}\n", encoding="utf-8")
    assert load_article(path, "a.md").language == language


def test_no_model_is_loaded_until_a_language_must_be_told() -> None:
    script = (
        "import sys; from qa.corpus import detect_language, load_article; detect_language('short'); "
        "before = 'py3langid' in sys.modules; detect_language(sys.argv[1]); print(before, 'py3langid' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, GERMAN], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"


def test_the_model_is_that_of_the_library() -> None:
    theirs = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    theirs.set_languages(LANGUAGES.split())
    for text in (ENGLISH, GERMAN, "Порт був зачинений", "Examples", ""):
        assert _identifier().classify(text) == pytest.approx(theirs.classify(text))
