"""What counts as a right answer."""

from pathlib import Path
from typing import Any

import pytest

from qa.evaluate.answers import Accepted, normalise, read_accepted
from qa.evaluate.files import Row


def accepted(**values: Any) -> Accepted | None:
    return read_accepted(Row(Path("answers.jsonl"), 1, values))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Beatles!", " beatles "),
        ("a U.S. dollar, an Apple and the 5,500,000", " us dollar apple and 5500000 "),
        ("another theatre", " another theatre "),
        ("``Dada'' , -- it said .", " dada it said "),
        ("The a", "  "),
    ],
)
def test_texts_are_compared_as_by_squad(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_an_answer_is_held_as_whole_tokens() -> None:
    storm = Accepted(("the Storm.", "1932"), sentences=False)
    assert storm.held_by("It was closed because of a storm.")
    assert storm.held_by("Built in 1932!")
    assert not storm.held_by("The storms of 19321.")
    assert not storm.held_by("")


def test_a_sentence_and_a_quote_meet_when_one_holds_the_other() -> None:
    marked = Accepted(("Ships waited outside the bay , and pilots went home .",), sentences=True)
    assert marked.held_by("Rain fell. Ships waited outside the bay, and pilots went home. It cleared.")
    assert marked.held_by("Ships waited outside the bay,")
    assert not marked.held_by("Pilots went home. Ships waited.")
    assert not marked.held_by("The")
    assert not Accepted(marked.texts, sentences=False).held_by("Ships waited outside the bay,")


def test_only_what_stands_in_an_article_is_expected_of_a_quote() -> None:
    assert Accepted(("1932", "1933"), sentences=False).within("It was built in 1932.") == ("1932",)
    # A sentence must stand there whole: that the article is a part of it would prove nothing.
    assert Accepted(("It was built in 1932.",), sentences=True).within("Built.") == ()


def test_every_layout_is_read() -> None:
    assert accepted(
        answers=[{"text": "Rollo", "starts": [7]}, {"text": "the"}, {"text": "Rollo"}]
    ) == Accepted(("Rollo",), sentences=False)
    assert accepted(answers=["A written answer."]) == Accepted(("A written answer.",), sentences=False)
    assert accepted(answers=["Written."], selected_sentences=[["One.", "Two."], ["One."]]) == Accepted(
        ("One.", "Two."), sentences=True
    )
    assert accepted(references=[{"content": "One.", "start": 0, "end": 4}]) == Accepted(
        ("One.",), sentences=True
    )
    assert accepted(answer="Yes", evidence=[{"doc_id": "d1", "fact": "One."}]) == Accepted(
        ("One.",), sentences=True
    )
    empty: tuple[dict[str, Any], ...] = (
        {},
        {"answers": []},
        {"answers": [""], "selected_sentences": [[]]},
        {"answer": "Yes"},
    )
    assert [accepted(**values) for values in empty] == [None] * 4


@pytest.mark.parametrize(
    ("text", "f1", "equal"),
    [
        ("The storm of 1911", 1.0, 1.0),
        ("storm of 1911!", 1.0, 1.0),
        ("a storm", 0.5, 0.0),
        ("the great storm of 1911", 6 / 7, 0.0),
        ("rain", 0.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_overlap_is_that_of_squad(text: str, f1: float, equal: float) -> None:
    found = Accepted(("a flood", "the storm of 1911"), sentences=False).overlap(text)
    assert found[0] == pytest.approx(f1)
    assert found[1] == equal
