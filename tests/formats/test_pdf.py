"""PDF: every page's text in order, without what every page repeats, and words whole again."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfWriter

from qa.answer.cite import page_range
from qa.corpus.clean import BlockKind, blocks
from qa.corpus.metadata import article_of
from qa.errors import InputError
from qa.formats.pdf import read
from qa.formats.plain import normalise
from tests.formats.files import pdf, pdf_of_streams

LINE = "The harbour was closed on Monday because of a heavy storm that came"


def test_a_page_ends_with_a_form_feed() -> None:
    assert read(pdf([["One."], ["Two."], [], ["Four."]])).text == "One.\n\fTwo.\n\f\n\fFour.\n\f"


def test_a_single_page_is_page_one() -> None:
    text = read(pdf([["Only this."]])).text
    assert page_range(text, (0, 10)) == (1, 1)


def test_a_sentence_may_span_two_pages() -> None:
    text = read(
        pdf([[LINE, "from the north and stayed for as long as two whole days and"], ["a night."]])
    ).text
    article = article_of(read(pdf([[LINE], ["from the north. It stayed."]])), "a.pdf")
    assert page_range(text, (0, len(text) - 2)) == (1, 2)
    assert [block.kind for block in blocks(article)] == [BlockKind.PROSE]


def test_words_broken_at_line_ends_are_joined() -> None:
    lines = [
        f"{LINE} over-",
        "night, as the well-known weather sta-",
        "tion and the Anglo-",
        "Saxon had said: well-",
    ]
    text = read(pdf([[*lines, "known and so it goes on for a whole long line of this page here."]])).text
    assert "overnight, as" in text
    assert "weather station and the Anglo-Saxon had said: well-known and so" in text


def test_a_short_line_ends_a_paragraph() -> None:
    text = read(pdf([["Why", LINE, "and went.", LINE, LINE]])).text
    assert text == f"Why\n\n{LINE}\nand went.\n\n{LINE}\n{LINE}\n\f"


def test_running_heads_and_page_numbers_are_left_out() -> None:
    names = ("north", "south", "east", "west")
    pages = [
        ["The Gazette", f"Page {number} of 4", f"{LINE} from the {name}", f"and went {name}.", "Vol. 12"]
        for number, name in enumerate(names, start=1)
    ]
    assert read(pdf(pages)).text == "".join(f"{LINE} from the {name}\nand went {name}.\n\f" for name in names)


@pytest.mark.parametrize(
    "pages",
    [
        [["In 2020 the harbour handled 31 ships."], ["In 2021 the harbour handled 44 ships."], ["In 2022 it closed."]],
        [[f"{hour}:00 {hour + 1}:30" for hour in range(first, first + 4)] for first in (6, 10, 14, 18)],
        [[f"{1900 + 10 * row} {row * 97}" for row in range(page, page + 6)] for page in (0, 6, 12)],
        [["The same on all."]] * 3,
        [["Day 1"], ["Day 2"], ["Day 3"]],
    ],
)  # fmt: skip
def test_rows_of_numbers_are_no_furniture(pages: list[list[str]]) -> None:
    assert [page.split("\n") for page in read(pdf(pages)).text.split("\n\f")][:-1] == pages


def test_two_pages_are_too_few_to_tell_what_repeats() -> None:
    assert read(pdf([["Same.", "One."], ["Same.", "Two."]])).text == "Same.\nOne.\n\fSame.\nTwo.\n\f"


@pytest.mark.parametrize("first", ["# is a number sign.", "### are three.", "#1 in the charts."])
def test_no_line_becomes_a_heading(first: str) -> None:
    article = article_of(read(pdf([[first, LINE, LINE], [f"{first[:-1]} again.", LINE]])), "a.pdf")
    assert {block.kind for block in blocks(article)} == {BlockKind.PROSE}
    assert article.text.replace("\u00a0", " ").startswith(first)


def test_no_line_becomes_front_matter() -> None:
    article = article_of(read(pdf([["---", "title: Of no use", "---", LINE]])), "a.pdf")
    assert article.title == "a"
    assert BlockKind.FRONT_MATTER not in {block.kind for block in blocks(article)}


def test_what_the_file_says_of_itself() -> None:
    info = {"Title": "The harbour", "Author": "Ann (A.) Lee", "CreationDate": "D:20230711120000+02'00'"}
    assert [(found.field, found.value, found.where) for found in read(pdf([["Text."]], info=info)).found] == [
        ("title", "The harbour", "PDF properties"),
        ("author", "Ann (A.) Lee", "PDF properties"),
        ("published", "D:20230711120000+02'00'", "PDF properties"),
    ]


@pytest.mark.parametrize(
    "title", ["Microsoft Word - draft.doc", "Untitled 1", "scan.pdf", "paper.tex", "PowerPoint Presentation"]
)
def test_a_title_by_a_program_is_none(title: str) -> None:
    assert read(pdf([["Text."]], info={"Title": title, "Author": "anonymous"})).found == ()


def locked(user: str, algorithm: str = "RC4-128") -> bytes:
    writer = PdfWriter(clone_from=BytesIO(pdf([["Secret."]])))
    writer.encrypt(user, "owner", algorithm=algorithm)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_locked_file_opens_only_without_a_password() -> None:
    assert read(locked("")).text == "Secret.\n\f"
    with pytest.raises(InputError, match=r"^is locked with a password; save it without one$"):
        read(locked("password"))


def test_pages_without_text_need_ocr() -> None:
    image = b"q 100 0 0 100 0 0 cm Q"
    with pytest.raises(InputError, match=r"^holds no text on its 2 pages; scanned pages need OCR first$"):
        read(pdf_of_streams([image, image]))


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4", b"\x89PNG\r\n\x1a\n" + b"\0" * 100])
def test_what_is_no_pdf(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^is no PDF that can be read: "):
        read(data)


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="cp1252", exclude_categories=["Cc"])), max_size=4), min_size=1
    )
)
def test_the_text_is_normal(pages: list[list[str]]) -> None:
    try:
        text = read(pdf(pages)).text
    except InputError:
        assert not any(line.split() for lines in pages for line in lines)
        return
    assert normalise(text) == text
    assert text.count("\f") == len(pages)
