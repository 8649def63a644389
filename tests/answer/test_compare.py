"""Articles that give different numbers in answer to one question are shown side by side; those that agree are named."""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from qa.filters import Filters
from qa.settings import Settings
from qa.wiring import build_index, open_answerer
from tests.answer.planted import FILLERS, facts, write_pairs


@pytest.mark.model
@pytest.mark.parametrize("agree", [False, True])
def test_planted_conflicts_are_shown_and_agreement_is_none(tmp_path: Path, agree: bool) -> None:
    planted = [
        fact for fact in facts(3, fitted=False) if fact.question.startswith(("How", "What is {}the fine"))
    ]
    if agree:
        planted = [replace(fact, values=(fact.values[0],) * 2) for fact in planted]
    folder = tmp_path / "articles"
    folder.mkdir()
    pairs = write_pairs(folder, planted, seed=3)
    settings = Settings(index_dir=tmp_path / "index")
    build_index(folder, settings)
    answerer = open_answerer(settings)
    got: Counter[str] = Counter()
    for fact in planted:
        answer = answerer.ask(fact.question.format(""))
        shown = {citation.article_id for citation in answer.citations[: answer.differing]}
        named = {each.article_id for each in answer.corroborated_by}
        assert answer.differing != 1
        assert not named & shown
        if shown:
            got["conflict" if shown == set(pairs[fact.question]) else "other"] += 1
        else:
            both = {answer.citations[0].article_id, *named} if answer.citations else set()
            got["agreement" if both == set(pairs[fact.question]) else "other" if named else "neither"] += 1
    sys.stdout.write(f"{'agreeing' if agree else 'conflicting'} reports: {dict(got)}\n")
    assert got["agreement" if agree else "conflict"] >= 0.9 * len(planted)
    assert not got["conflict" if agree else "agreement"]


@pytest.mark.model
def test_only_independent_sources_corroborate(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    reports = (
        "The hospital in Eskby has 120 beds.",
        "With 120 beds, the hospital in Eskby serves three valleys.",
        "There are 120 beds in the hospital of Eskby.",
    )
    for name, source, report, rest in (
        ("a", "Paper A", reports[0], FILLERS[:4]),
        ("a-again", "Paper B", reports[0], FILLERS[:4]),
        ("b", "Paper C", reports[1], FILLERS[4:]),
        ("b-again", "Paper D", reports[1], FILLERS[4:]),
        ("c", "paper a", reports[2], FILLERS[2:6]),  # the publisher of the first
    ):
        text = f"---\nsource: {source}\n---\n\n{report} {' '.join(rest)}\n"
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    settings = Settings(index_dir=tmp_path / "index")
    assert build_index(folder, settings).manifest.copies == 2
    answer = open_answerer(settings).ask("How many beds does the hospital in Eskby have?", k=50)
    assert (answer.status, answer.differing) == ("answered", 0)
    [first, *_] = answer.citations
    [other] = answer.corroborated_by
    told = {first.article_id[0], other.article_id[0]}
    assert told in ({"a", "b"}, {"b", "c"})


@pytest.mark.model
def test_a_later_edition_with_another_number_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    for name, published, price in (("a", "2021", 19), ("b", "2024-05", 12)):
        report = f"A ticket for the ferry to Eskby costs {price} crowns. {' '.join(FILLERS)}"
        (folder / f"{name}.md").write_text(
            f"---\npublished: {published}\n---\n\n{report}\n", encoding="utf-8"
        )
    settings = Settings(index_dir=tmp_path / "index")
    assert build_index(folder, settings).manifest.copies == 1
    answerer = open_answerer(settings)
    plain = answerer.ask("What is the price of a ticket for the ferry to Eskby?")
    assert plain.differing == 2
    now = answerer.ask("What is the current price of a ticket for the ferry to Eskby?")
    assert (now.citations[0].article_id, now.differing) == ("b.md", 2)
    then = answerer.ask(
        "What is the price of a ticket for the ferry to Eskby?", filters=Filters(as_of="2022")
    )
    assert [each.article_id for each in then.citations if each.article_id == "b.md" or each.also_in] == []
