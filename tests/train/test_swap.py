"""Near misses: a question with one part swapped for another of its kind, which its passage does not answer."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.train.swap import OPPOSITES, swapped

TEXT = "In 1904 Harald sold Olav the mill in Bergen. It was Erik who bought it in 1911 and not in 1922."

names = st.sampled_from(["Harald", "Olav", "Erik Blood", "Bergen", "Magnus the Good", "Saint Canute"])
others = st.sampled_from(
    ["1904", "1911", "300", "12.5", "March", "July", "mill", "bought", "it", "the", "on"]
)
opposites = st.sampled_from(["first", "last", "the King", "Before", "after"])
sentences = st.lists(st.one_of(names, others, opposites), min_size=1, max_size=8).map(" ".join)


def ways(question: str, text: str = TEXT, answers: tuple[str, ...] = ()) -> set[str]:
    found = {swapped(question, text, answers, random.Random(seed)) for seed in range(200)}
    assert found == {None} or None not in found
    return {each for each in found if each is not None}


@given(sentences, sentences, st.lists(sentences, max_size=2), st.integers(0, 99))
def test_what_is_asked_for_or_answered_is_never_put_in(
    question: str, text: str, answers: list[str], seed: int
) -> None:
    found = swapped(question, text, answers, random.Random(seed))
    if found is not None:
        before, after = Counter(question.lower().split()), Counter(found.lower().split())
        put_in = after - before
        assert put_in
        assert not set(put_in) & set(question.lower().split())
        assert not set(put_in) & {word for answer in answers for word in answer.lower().split()}
        assert set(put_in) <= set(text.lower().split()) | {"first", "last", "before", "after"}
        assert before - after


@given(sentences, sentences, st.integers(0, 99))
def test_the_same_chance_swaps_the_same(question: str, text: str, seed: int) -> None:
    one, other = (swapped(question, text, (), random.Random(seed)) for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("why was it sold?", TEXT),  # nothing to swap
        ("Who sold the mill in 1904?", "It was sold in 1904."),  # nothing to swap it for
        ("", TEXT),
        ("Who was Harald?", ""),
    ],
)
def test_nothing_to_swap(question: str, text: str) -> None:
    assert ways(question, text) == set()


def test_an_answer_is_not_put_in() -> None:
    assert ways("What happened in 1904?", answers=("1911",)) == {"What happened in 1922?"}
    assert ways("What did Harald own?", answers=("Olav", "Bergen")) == {"What did Erik own?"}


def test_a_name_for_a_name() -> None:
    assert ways("What did Harald own?") == {f"What did {name} own?" for name in ("Olav", "Bergen", "Erik")}


def test_a_name_in_small_letters_is_one_where_the_passage_writes_it_large() -> None:
    assert ways("what did harald own") == {f"what did {name} own" for name in ("Olav", "Bergen", "Erik")}
    assert ways("what did nobody own") == set()


def test_one_word_at_a_sentences_beginning_is_a_name_if_it_has_its_capital_inside_one_as_well() -> None:
    text = "Rain fell, and Erik went. Olav went. Nobody knew. The king went. Later it snowed.\nSweyn"
    assert ways("Did Erik go?", text) == set()
    assert ways("Did Erik go?", f"{text}. Then came Olav.") == {"Did Olav go?"}
    assert ways("Did Erik go?", f"{text}. Here lay King Olav’s ship.") == {
        "Did Olav go?",
        "Did King Olav go?",
    }
    assert ways("Did Erik go?", 'So Erik said, "Somebody came."') == set()
    assert ways("Did Erik go?", "Rain fell on Erik. Harald Moe went.") == {"Did Harald Moe go?"}


def test_a_possessive_lends_its_name() -> None:
    assert ways("Did Erik go?", "Here came Olav’s ship, and Erik’s.") == {"Did Olav go?"}


def test_a_possessive_blocks_its_name() -> None:
    text = "They saw Harald and Erik and Olav."
    assert ways("Was Harald's ship Erik’s?", text) == {"Was Olav's ship Erik’s?", "Was Harald's ship Olav’s?"}
    assert ways("Did Erik go?", text, answers=("Harald's",)) == {"Did Olav go?"}
    assert ways("Did Erik go?", "They saw Harald’s and Erik.", answers=("Harald",)) == set()


def test_months_and_days_are_no_names() -> None:
    text = "They saw Erik on Monday, in March, in May and in late April."
    assert ways("Did Erik go?", text) == set()
    assert ways("Did they go on monday?", f"{text} It rained on Friday.") == {"Did they go on Friday?"}


def test_a_year_for_a_year_and_a_month_for_a_month() -> None:
    assert ways("Who came in 1904?", "He came in 1904 and left in 1911 or 2011.") == {
        "Who came in 1911?",
        "Who came in 2011?",
    }
    assert ways("Who came in july?", "He came in July and left in March.") == {"Who came in March?"}
    assert ways("Who paid 300?", "In 1911 he paid, in 2011 she did.") == set()
    assert ways("Who came in 1904?", "He paid 300, she paid 1,911 or 1911.5 or 1,1911 crowns.") == set()
    assert ways("Who came in 1904?", "He paid 300. That was 1911.") == {"Who came in 1911?"}


def test_a_verb_is_no_month() -> None:
    text = "He left in July. He came in July."
    assert ways("Who may march?", text) == set()
    assert ways("Who came in May?", text) == {"Who came in July?"}
    assert ways("Who came in may 1904?", text) == {"Who came in July 1904?"}
    assert ways("Who came on 3 march?", text) == {"Who came on 3 July?"}
    assert ways("Who came in July?", "They may march in july.") == set()


def test_a_number_for_a_number() -> None:
    assert ways("Who paid 300 crowns?", "He paid 300, she paid 1,250.50 crowns.") == {
        "Who paid 1,250.50 crowns?"
    }


@pytest.mark.parametrize(("one", "other"), OPPOSITES)
def test_opposite_words(one: str, other: str) -> None:
    assert len(ways(f"the {one} of it", "")) == 1
    assert len(ways(f"the {other} of it", "")) == 1


def test_a_word_has_one_opposite_that_leads_back() -> None:
    assert ways("the first of it", "") == {"the last of it"}
    assert ways("Before the war", "") == {"after the war"}


def test_an_opposite_that_is_known_already_is_not_put_in() -> None:
    assert ways("Was the first of them the last?", "") == set()
    assert ways("Who was first?", "", answers=("The last king",)) == set()
    assert ways("Was the king before the queen first?", "", answers=("after",)) == {
        "Was the king before the queen last?"
    }


@pytest.mark.parametrize(
    "question", ["Who was Martin Luther King?", "When was the First World War?", "First National of what?"]
)
def test_a_word_in_a_name_has_no_opposite(question: str) -> None:
    assert ways(question, "") == set()
