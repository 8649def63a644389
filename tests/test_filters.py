"""Dates, and what a filter takes for the same."""

from datetime import date

import pytest

from qa.errors import InputError
from qa.filters import Filters, authors_of, days_of, folded


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2023", date(2023, 1, 1), date(2023, 12, 31)),
        ("2023-07", date(2023, 7, 1), date(2023, 7, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2023-02", date(2023, 2, 1), date(2023, 2, 28)),
        ("2024-02-29", date(2024, 2, 29), date(2024, 2, 29)),
        ("9999", date(9999, 1, 1), date(9999, 12, 31)),
    ],
)
def test_a_date_means_days(written: str, first: date, last: date) -> None:
    assert days_of(written) == (first, last)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "0000",
        "23",
        "20230711",
        "2023-7-1",
        "2023-13",
        "2023-00",
        "2023-02-30",
        "2023-02-29",
        "1900-02-29",
        " 2023",
        "2023\n",
        "2023-07-11T10:00",
        "٢٠٢٣",
        "yesterday",
    ],
)
def test_anything_else_is_no_date(written: str) -> None:
    assert days_of(written) is None
    for field, name in (("since", "since"), ("until", "until"), ("as_of", "as-of")):
        with pytest.raises(
            InputError, match=rf"for {name}, expected a date like 2023, 2023-07 or 2023-07-11"
        ):
            Filters(**{field: written})  # type: ignore[arg-type]


@pytest.mark.parametrize(("since", "until"), [("2023-07", "2023"), ("2023", "2023"), ("2023", "2023-07-11")])
def test_a_span_of_time(since: str, until: str) -> None:
    assert Filters(since=since, until=until).since == since


@pytest.mark.parametrize(("since", "until"), [("2024", "2023"), ("2023-08", "2023-07-31")])
def test_a_span_that_ends_before_it_begins_is_refused(since: str, until: str) -> None:
    with pytest.raises(InputError, match=f"since {since} until {until}, expected the earlier date first"):
        Filters(since=since, until=until)


def test_capitals_and_blanks_do_not_matter() -> None:
    assert folded(" The\u00a0New  York TIMES\n") == folded("the new york times")
    assert folded("Straße") == folded("STRASSE")
    assert folded("Reuters") != folded("Reuter")


def test_a_field_may_name_several_authors() -> None:
    assert authors_of("A. Writer, B. Other") == ["A. Writer", "B. Other"]
    assert authors_of("A. Writer,B. Other") == ["A. Writer,B. Other"]
    assert authors_of("") == []
