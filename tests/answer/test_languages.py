"""Articles of several languages in one index: each is read in its own, and English is as it was alone."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from qa.answer import Answerer
from qa.index import build_generation, open_generation
from qa.models import FakeEmbedder
from qa.types import Answer, Article, ChunkerSettings

CHUNKER = ChunkerSettings(version=1, max_tokens=40, overlap_tokens=6)
ENGLISH = [
    Article("harbour.md", "The harbour", "The harbour pilots waited for the storm.", "1", language="en"),
    Article("orchard.md", "The orchard", "Forty kinds of apples ripen in September.", "2", language="en"),
    Article("note.md", "Note", "The lighthouse was lit in 1811.", "3"),
]
GERMAN = [
    Article("bruecke.md", "Der Fluss", "Über den Fluss führt eine alte Brücke aus Holz.", "4", language="de"),
    Article("garten.md", "Der Garten", "Die Gärtner pflanzten vierzig Bäume im Herbst.", "5", language="de"),
]
QUESTIONS = ["Who waited for storms?", "When do the apples ripen?", "In what year was the lighthouse lit?"]


def answerer(folder: Path, articles: Sequence[Article]) -> Answerer:
    ordered = sorted(articles, key=lambda article: article.id)
    build_generation(lambda: ordered, folder, embedder=FakeEmbedder(), chunker=CHUNKER)
    return Answerer(open_generation(folder), FakeEmbedder(), refuse_below=0.0)


def test_a_german_question_finds_the_inflected_word(tmp_path: Path) -> None:
    asked = answerer(tmp_path, ENGLISH + GERMAN)
    found = asked.search("Wie viele Brücken?", k=5)
    assert found.passages[0].chunk.article_id == "bruecke.md"
    assert found.passages[0].lexical > 0
    assert found.signs["quote_coverage"] > 0
    answer = asked.ask("Welcher Baum? Welche Bäume?", explained=True)
    assert answer.citations[0].article_id == "garten.md"
    assert answer.explanation is not None
    assert answer.explanation.passages[0].matched == ("Bäume",)


def test_as_english_the_inflected_word_is_not_found(tmp_path: Path) -> None:
    read_as_english = [replace(article, language=None) for article in ENGLISH + GERMAN]
    found = answerer(tmp_path, read_as_english).search("Wie viele Brücken?", k=5)
    assert {passage.lexical for passage in found.passages} == {0.0}


@pytest.mark.parametrize("question", QUESTIONS)
def test_english_among_german_answers_the_same(question: str, tmp_path: Path) -> None:
    alone = answerer(tmp_path / "alone", ENGLISH).ask(question)
    mixed = answerer(tmp_path / "mixed", ENGLISH + GERMAN).ask(question)
    assert mixed.text == alone.text
    assert mixed.citations[0].article_id == alone.citations[0].article_id


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_unknown_language_is_english(question: str, tmp_path: Path) -> None:
    def answer(name: str, language: str | None) -> Answer:
        articles = [replace(article, language=language) for article in ENGLISH]
        return answerer(tmp_path / name, articles).ask(question, explained=True)

    known, unknown = answer("known", "en"), answer("unknown", None)
    same = replace(unknown, facets={}, timings_ms={})
    assert replace(known, index=same.index, facets={}, timings_ms={}) == same


def test_coverage_is_that_of_the_language_that_covers_most(tmp_path: Path) -> None:
    asked = answerer(tmp_path, ENGLISH + GERMAN)
    assert asked.search("Brücken, Flüsse", k=5).signs["passage_coverage"] == pytest.approx(1)
    assert asked.search("storms, pilots", k=5).signs["passage_coverage"] == pytest.approx(1)
    assert asked.search("Brücken, Unbekanntes", k=5).signs["passage_coverage"] < 0.6


def test_asking_loads_no_model_of_languages(tmp_path: Path) -> None:
    answerer(tmp_path, ENGLISH + GERMAN)
    script = (
        "import sys; from pathlib import Path; from qa.answer import Answerer; from qa.index import open_generation; "
        "from qa.models import FakeEmbedder; "
        "Answerer(open_generation(Path(sys.argv[1])), FakeEmbedder()).ask('Wie viele Brücken?'); "
        "print('py3langid' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
