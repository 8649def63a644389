"""Two texts contradict each other in a number only where both give one of the same kind, and not the same."""

import pytest

from qa.answer.numbers import adds, contradict, numbers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("about 1,200 men", {"": {1200}}),
        ("1.2 million euros", {"": {1_200_000}}),
        ("1 200 000", {"": {1_200_000}}),
        ("$3bn", {"": {3e9}}),
        ("3.2-million", {"": {3_200_000}}),
        ("5 m", {"": {5}}),
        ("11 July 2023", {"": {11}, "year": {2023}}),
        ("3.5 billion in 2020", {"": {3.5e9}, "year": {2020}}),
        ("the 1990s", {"decade": {1990}}),
        ("at 5 p.m.", {"clock": {17}}),
        ("at 12.30 am", {"clock": {0.5}}),
        ("17:30", {"clock": {17.5}}),
        ("20 per cent", {"%": {20}}),
        ("20%", {"%": {20}}),
        ("two hours, 120 minutes", {"minute": {120}}),
        ("2,000", {"": {2000}}),
        ("the end of July", {}),
        ("twelve", {}),
    ],
)
def test_numbers(text: str, found: dict[str, set[float]]) -> None:
    assert numbers(text) == found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("4.6m crowns", "4.6 million crowns"),
        ("$3bn", "3 billion"),
        ("4million", "4 million"),
        ("1 trillion", "1,000 billion"),
        ("1 200 000", "1.2 million"),
        ("5 p.m.", "17:00"),
        ("2 hours", "120 minutes"),
        ("the 1990s", "1995"),
        ("about 5,000", "5,012"),
        ("in 2023", "on 30 October"),
        ("July 2023", "11 July 2023"),
        ("20", "20 per cent"),
        ("", "7"),
    ],
)
def test_what_is_the_same_or_of_another_kind_is_no_contradiction(one: str, other: str) -> None:
    assert not contradict(numbers(one), numbers(other))
    assert not contradict(numbers(other), numbers(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3.2 million crowns", "4.6 million crowns"),
        ("19 crowns", "20 crowns"),
        ("2021", "2022"),
        ("11 July 2023", "12 July 2023"),
        ("5 p.m.", "5 a.m."),
        ("20 %", "30 per cent"),
        ("3 hours", "4 hours"),
        ("5,000", "5,500"),
    ],
)
def test_another_number_of_the_same_kind_is_one(one: str, other: str) -> None:
    assert contradict(numbers(one), numbers(other))
    assert contradict(numbers(other), numbers(one))
    assert adds(numbers(one), numbers(other))


def test_a_number_more_adds_to_a_text() -> None:
    assert adds(numbers("11 July 2023"), numbers("July 2023"))
    assert not adds(numbers("July 2023"), numbers("11 July 2023"))
