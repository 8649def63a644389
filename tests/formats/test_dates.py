"""Dates are as precise as they were written, and nothing is added."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.formats import date_in_path, iso_date


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2023", "2023"),
        ("2023-07", "2023-07"),
        ("2023-7-1", "2023-07-01"),
        ("2023/07/11 10:00", "2023-07-11"),
        ("2023.07.11", "2023-07-11"),
        ("2023-07-11T10:00:00Z", "2023-07-11"),
        ("D:20230711120000+02'00'", "2023-07-11"),
        ("20230711", "2023-07-11"),
        ("13/5/2023", "2023-05-13"),
        ("5/13/2023", "2023-05-13"),
        ("5.5.2023", "2023-05-05"),
        ("11 July 2023", "2023-07-11"),
        (" July  11,\n2023 ", "2023-07-11"),
        ("May 5th, 2023", "2023-05-05"),
        ("May 2023", "2023-05"),
        ("May 2023, 10:30 PM", "2023-05"),
        ("July 11, 2023 11:59 pm EST", "2023-07-11"),
        ("Sat, 1 Jul 2023 10:00:00 +0000", "2023-07-01"),
        ("11 juillet 2023", "2023-07-11"),
        ("2023年7月11日", "2023-07-11"),
        ("٢٠٢٣", "2023"),
    ],
)
def test_dates(written: str, date: str) -> None:
    assert iso_date(written) == date


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("4/5/2023", "2023"),
        ("04-05-2023", "2023"),
        ("4 5 2023", "2023"),
        ("4/5/2023 10:00 AM", "2023"),
        ("Tue 4/5/2023", "2023"),
        ("４/５/２０２３", "2023"),
        ("12:30 2023", "2023"),
        ("Tuesday 2023", "2023"),
        ("Q3 2023", "2023"),
    ],
)
def test_what_may_be_two_days_is_a_year(written: str, date: str) -> None:
    assert iso_date(written) == date


@pytest.mark.parametrize(
    "written",
    ["", " ", "yesterday", "now", "2 days ago", "next year", "Tuesday", "5 May", "12:30", "31/02/2023", "2023-13",
     "2023-02-30", "Feb 30 2023", "0000", "1688825000", "1999-2003", "2023" + " " * 50 + "x" * 100, "\x00",
     "1200 shares", "2000 words", "2023 words", "2023-W12", "0001-01-01T00:00:00Z", "1402", "2566-07-11", "2999-01-01",
     "11 July 2566", "11 July 1402", "6 May 10", "11 July 23"],
)  # fmt: skip
def test_what_names_no_date_is_none(written: str) -> None:
    assert iso_date(written) is None


def test_the_language_says_how_to_read_words() -> None:
    assert iso_date("11. Mai 2023", "de") == "2023-05-11"
    assert iso_date("11. Mai 2023", "en") is None
    assert iso_date("Tue, 11 Jul 2023 10:00:00 GMT", "de") == "2023-07-11"
    assert iso_date("11 July 2023", "no") == iso_date("11 July 2023", "xx") == "2023-07-11"
    assert iso_date("24. desember 2023", "no") == "2023-12-24"


@pytest.mark.alone
@pytest.mark.parametrize("language", [None, "xx", "en"])
def test_what_is_no_date_takes_no_time(language: str | None) -> None:
    iso_date("11 July 2023", language)
    begun = time.perf_counter()
    assert {iso_date(f"{number} {'a1 ' * 13} 2023", language) for number in range(20)} == {None}
    assert time.perf_counter() - begun < 2  # all languages that there are took six seconds


@given(st.text(max_size=30))
def test_nothing_else_comes_of_it(written: str) -> None:
    found = iso_date(f"{written} 2023")
    assert found is None or re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", found, re.ASCII)


@pytest.mark.parametrize(
    ("path", "date"),
    [
        ("2023/07/11/summit.html", "2023-07-11"),
        ("2023-07-11-summit.md", "2023-07-11"),
        ("a/20230711_summit.md", "2023-07-11"),
        ("2023-07/summit.md", "2023-07"),
        ("2023.07.summit.md", "2023-07"),
        ("2023/summit.md", None),
        ("2023-24-season.md", None),
        ("20231305.md", None),
        ("120230711.md", None),
        ("2023-07/11.md", "2023-07"),
        ("1066-10-14.md", None),
        ("2023-13-99/2022-01-02.md", "2022-01-02"),
    ],
)
def test_dates_in_paths(path: str, date: str | None) -> None:
    assert date_in_path(path) == date
