"""What is known of an article, and where it was found."""

import pytest

from qa.corpus.metadata import MAX_VALUE_CHARS, MAX_VALUES, article_of
from qa.errors import InputError
from qa.formats import Extracted, Found


def found(*rows: tuple[str, str, str]) -> tuple[Found, ...]:
    return tuple(Found(*row) for row in rows)


def test_of_each_field_the_first_value_that_can_be_read_counts() -> None:
    said = found(
        ("published", "yesterday", "JSON-LD"),
        ("published", "July 2023", "meta date"),
        ("published", "2022", "page"),
        ("title", " ", "JSON-LD"),
        ("title", "x" * (MAX_VALUE_CHARS + 1), "meta og:title"),
        ("title", "The\n harbour", "page"),
        ("language", "1", "meta"),
        ("language", "de-AT", "html lang"),
        ("author", "half \ud800", "JSON-LD"),
    )
    article = article_of(Extracted("Der Hafen.", said), "a.html")
    assert (article.title, article.author, article.published) == ("The harbour", "half \ufffd", "2023-07")
    assert article.language == "de"
    assert article.provenance == {
        "title": "page",
        "author": "JSON-LD",
        "published": "meta date",
        "language": "html lang",
    }


def test_a_name_is_the_last_resort() -> None:
    article = article_of(Extracted("Text."), "news/2023/07/11/the_old-harbour.pdf")
    assert (article.title, article.published) == ("the old harbour", "2023-07-11")
    assert article.provenance == {"title": "file name", "published": "file name"}


def test_a_program_s_date_comes_after_all_others() -> None:
    said = found(("published", "2024-01-01", "PDF properties"))
    assert article_of(Extracted("Text.", said), "2023-07.pdf").published == "2023-07"
    assert article_of(Extracted("Text.", said), "a.pdf").published == "2024-01-01"


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("By Jane Doe", "Jane Doe"),
        ("BY JANE DOE", "JANE DOE"),
        ("By Jane Doe and John van Dyk", "Jane Doe, John van Dyk"),
        ("By Ann Lee, Bo Li & Cy de la Oh", "Ann Lee, Bo Li, Cy de la Oh"),
        ("By Jane Doe, Special to The Gazette", "Jane Doe"),
        ("By Jane Doe and Bo Li, Senior Staff Writers", "Jane Doe, Bo Li"),
        ("By Staff Reporter", None),
        ("By The Numbers", None),
        ("By Popular Demand", None),
        ("By Any Means Necessary", None),
        ("By Land And Sea", None),
        ("By Jane Doe, the harbour was shut", None),
        ("By the harbour", None),
        ("By Monday", None),
        ("By 2030 Half Of All", None),
        ("Written by Jane Doe", None),
        ("By Jane Doe: Why the harbour shut", None),
    ],
)
def test_bylines(line: str, author: str | None) -> None:
    article = article_of(Extracted(f"Harbour\n\n{line}\n\nIt was shut."), "a.md")
    assert article.author == author
    assert article.provenance.get("author") == ("byline" if author else None)


def test_a_byline_stands_at_the_top() -> None:
    below = "".join(f"Line {number}.\n" for number in range(6))
    assert article_of(Extracted(f"{below}By Jane Doe\n"), "a.md").author is None
    assert article_of(Extracted("---\nBy Jane Doe\n---\nText.", body_start=20), "a.md").author is None


def test_a_title_is_no_byline() -> None:
    said = found(("title", "By Jane Doe", "heading"))
    assert article_of(Extracted("By Jane Doe\n\nText.", said), "a.md").author is None


def test_an_address_is_no_author() -> None:
    said = found(
        ("author", "https://www.facebook.com/gazette", "meta article:author"), ("author", "Ann Lee", "page")
    )
    assert article_of(Extracted("Text.", said), "a.html").author == "Ann Lee"


def test_of_values_without_end_the_first_few_are_looked_at() -> None:
    said = found(*[("published", f"yesterday {number}", "page") for number in range(MAX_VALUES)])
    last = found(("published", "2023", "page"))
    assert article_of(Extracted("Text.", said + last), "a.html").published is None
    assert article_of(Extracted("Text.", said[1:] + last), "a.html").published == "2023"


def test_what_a_file_says_comes_before_a_byline() -> None:
    said = found(("author", "Ann Lee", "front matter"))
    assert article_of(Extracted("By Jane Doe\n", said), "a.md").author == "Ann Lee"


def test_the_language_of_the_text_is_the_last_resort() -> None:
    text = "Der Hafen wurde am Montag wegen eines schweren Sturms geschlossen, und die Schiffe warteten."
    article = article_of(Extracted(text), "a.md")
    assert (article.language, article.provenance["language"]) == ("de", "text")


def test_a_date_in_words_is_read_in_the_language() -> None:
    said = found(("published", "11. Mai 2023", "page"), ("language", "de", "html lang"))
    assert article_of(Extracted("Text.", said), "a.html").published == "2023-05-11"


@pytest.mark.parametrize("text", ["", " \n\f\u00a0"])
def test_without_text_there_is_no_article(text: str) -> None:
    with pytest.raises(InputError, match=r"^is empty$"):
        article_of(Extracted(text), "a.pdf")
