"""What a question asks for, and which sentences name such a thing."""

import pytest

from qa.answer.expect import Kind, expected_kind, names_one


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many tanks did Kyiv ask for?", "number"),
        ("What percentage of voters agreed?", "number"),
        ("when did the siege of Mariupol end", "date"),
        ("In what year was the treaty signed?", "date"),
        ("Who opposes the plan?", "person"),
        ("Whose drones were sold?", "person"),
        ("Where was the summit held?", "place"),
        ("Which country leads the talks?", "place"),
        ("Why won't NATO admit Ukraine?", "reason"),
        ("What caused the delay?", "reason"),
        ("What is the plan?", None),
        ("Warum?", None),
        ("", None),
    ],
)
def test_what_a_question_asks_for(question: str, kind: Kind | None) -> None:
    assert expected_kind(question) == kind


@pytest.mark.parametrize(
    ("kind", "sentence", "names"),
    [
        ("number", "They asked for 300 tanks.", True),
        ("number", "They asked for two dozen tanks.", True),
        ("number", "In 2022 they asked for tanks.", False),  # the question says 2022 itself
        ("date", "It ended in May.", True),
        ("date", "It ended in 1999.", True),
        ("date", "It ended in 2022.", False),
        ("date", "It ended with 300 dead.", False),
        ("person", "The plan came from Olaf Scholz.", True),
        ("person", "The plan of Kyiv came late.", False),  # the only name is the question's
        ("place", "They met in Vilnius.", True),
        ("reason", "They waited because winter came.", True),
        ("reason", "They waited.", False),
    ],
)
def test_which_sentences_name_one(kind: Kind, sentence: str, names: bool) -> None:
    assert names_one(kind, sentence, "What did Kyiv ask for in 2022?") is names
