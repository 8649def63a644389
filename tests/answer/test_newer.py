"""Questions about the present get the newest of equally good articles; all others what they got before."""

import sys
from collections import Counter

import pytest

from qa.answer import Answerer
from qa.answer.newer import asks_about_now
from qa.settings import Settings
from qa.wiring import build_index, open_answerer
from tests.answer.planted import Fact, facts, write_pairs


@pytest.mark.parametrize(
    "question",
    [
        "Who is the mayor of Ardvale now?",
        "What is the current toll?",
        "Which team is currently in the lead?",
        "What is the latest count of ships?",
        "Who runs the ferry these days?",
        "Who was recently made minister?",
        "How many have fled so far?",
    ],
)
def test_questions_about_the_present(question: str) -> None:
    assert asks_about_now(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who is the mayor of Ardvale?",
        "Who was the mayor before the current one?",
        "What was the latest count in 2019?",
        "Who was first to say so, as far as is now known?",
        "Was ist jetzt?",
        "Why did the known singer renown her fame?",
    ],
)
def test_other_questions(question: str) -> None:
    assert not asks_about_now(question)


# --- with the real model and the reader ---------------------------------------------------------------


@pytest.fixture(scope="module")
def planted() -> list[Fact]:
    return facts(2, fitted=False)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory, planted: list[Fact]) -> dict[str, tuple[str, str]]:
    return write_pairs(tmp_path_factory.mktemp("pairs"), planted, seed=2)


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory, planted: list[Fact]) -> Answerer:
    folder = tmp_path_factory.mktemp("articles")
    write_pairs(folder, planted, seed=2)
    settings = Settings(index_dir=tmp_path_factory.mktemp("index"))
    build_index(folder, settings)
    return open_answerer(settings)


@pytest.mark.model
def test_the_newer_of_two_reports_answers_a_question_about_the_present(
    answerer: Answerer, planted: list[Fact], pairs: dict[str, tuple[str, str]]
) -> None:
    got: Counter[str] = Counter()
    for fact in planted:
        older, newer = pairs[fact.question]
        for now in (fact.question.format("currently "), fact.question.format("").replace("?", " now?")):
            [first, *_] = answerer.ask(now).citations
            got[{older: "older", newer: "newer"}.get(first.article_id, "another")] += 1
    sys.stdout.write(f"questions about the present: {dict(got)}\n")
    assert got["newer"] >= 0.9 * got.total()


@pytest.mark.model
def test_the_parts_of_a_score_still_add_up(answerer: Answerer, planted: list[Fact]) -> None:
    found = answerer.ask(planted[0].question.format("currently "), explained=True)
    assert found.explanation is not None
    for explained, passage in zip(found.explanation.passages, found.passages, strict=True):
        assert sum(part.value * part.weight for part in explained.parts) == pytest.approx(passage.score)
    assert [passage.score for passage in found.passages] == sorted(
        (passage.score for passage in found.passages), reverse=True
    )
    for quote in found.explanation.quotes:
        assert sum(part.value * part.weight for part in quote.parts) == pytest.approx(quote.score)
