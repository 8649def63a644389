"""Word files: headings, lists and tables become lines, and what a template says of itself does not count."""

import re
from datetime import datetime
from io import BytesIO
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.corpus.metadata import article_of
from qa.errors import InputError
from qa.formats.docx import read
from qa.formats.plain import normalise
from tests.formats.files import changed_zip, docx

NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def field(xml: str) -> str:
    return f"<w:sdt><w:sdtPr/><w:sdtContent>{xml}</w:sdtContent></w:sdt>"


def text_of_body(xml: str) -> str:
    body = (
        f"<?xml version='1.0' encoding='UTF-8'?><w:document {NAMESPACE}><w:body>{xml}</w:body></w:document>"
    )
    return read(changed_zip(docx([]), {"word/document.xml": body.encode()})).text


def test_headings_lists_and_tables() -> None:
    data = docx(
        [
            ("Title", "The harbour"),
            ("Heading 1", "Why it was closed"),
            ("Normal", "There was a storm."),
            ("List Bullet", "One ship."),
            ("List Number", "Two ships."),
            ("Heading 2", "When"),
            ("Table", "Day|Hour|Hour"),
            ("Heading 9", "Deep"),
            ("Normal", " \t"),
        ]
    )
    assert read(data).text == (
        "# The harbour\n\n## Why it was closed\n\nThere was a storm.\n\n- One ship.\n\n- Two ships.\n\n### When\n\n"
        "Day | Hour | Hour\n\n###### Deep"
    )


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<w:p><w:r><w:t>one</w:t><w:br/><w:t>two</w:t><w:tab/><w:t>three</w:t></w:r></w:p>", "one two three"),
        ("<w:p><w:r><w:t>well</w:t><w:noBreakHyphen/><w:t>known</w:t></w:r></w:p>", "well-known"),
        ("<w:p><w:ins><w:r><w:t>put in</w:t></w:r></w:ins><w:del><w:r><w:delText>out</w:delText></w:r></w:del></w:p>", "put in"),
        ("<w:sdt><w:sdtContent><w:p><w:r><w:t>in a field</w:t></w:r></w:p></w:sdtContent></w:sdt>", "in a field"),
        ("<w:p><w:hyperlink><w:r><w:t>linked</w:t></w:r></w:hyperlink></w:p>", "linked"),
        ("<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc>"
         "<w:tc><w:p/></w:tc><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr></w:tbl>", "a b | a"),
        (f"<w:tbl><w:tr>{field('<w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>')}</w:tr></w:tbl>", "a"),
        (f"<w:tbl>{field('<w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr>')}</w:tbl>", "a"),
        (field(field("<w:p><w:r><w:t>deep</w:t></w:r></w:p>")), "deep"),
        ("<w:p><w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom></w:p><w:p><w:moveTo><w:r><w:t>moved</w:t></w:r></w:moveTo></w:p>", "moved"),
        ("<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t>shown</w:t></w:r></w:p>", "shown"),
    ],
)  # fmt: skip
def test_words_in_odd_places(xml: str, text: str) -> None:
    assert text_of_body(xml) == text


def test_prose_stays_prose() -> None:
    assert read(docx([("Normal", "---"), ("Normal", "a: b"), ("Normal", "---"), ("Normal", "# c")])).text == (
        "\n---\n\na: b\n\n\n---\n\n#\u00a0c"
    )


def test_what_the_file_says_of_itself() -> None:
    data = docx(
        [("Normal", "Text.")],
        title="Harbour",
        author="Ann Lee",
        created=datetime(2023, 7, 11, 9),
        language="en-GB",
    )
    found = article_of(read(data), "a.docx")
    assert (found.title, found.author, found.published, found.language) == (
        "Harbour",
        "Ann Lee",
        "2023-07-11",
        "en",
    )
    assert set(found.provenance.values()) == {"Word properties"}


def test_what_the_template_says_does_not_count() -> None:
    found = article_of(read(docx([("Title", "The harbour"), ("Normal", "Text.")])), "a-name.docx")
    assert (found.title, found.author, found.published) == ("The harbour", None, None)
    assert found.provenance == {"title": "heading"}


def test_a_file_without_properties_says_nothing() -> None:
    whole = docx([("Normal", "Text.")])
    with ZipFile(BytesIO(whole)) as archive:
        links = archive.read("_rels/.rels")
    alone = re.sub(rb"<Relationship [^>]*core-properties[^>]*/>", b"", links)
    assert alone != links
    assert read(changed_zip(whole, {"_rels/.rels": alone})).found == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is no archive"),
        (b"%PDF-1.4\n", "is no archive"),
        (docx([])[:-30], "is no archive"),
        (changed_zip(docx([]), {"[Content_Types].xml": b"<Types/>"}), "is no Word file"),
    ],
)
def test_what_is_no_word_file(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=f"^{reason} that can be read: "):
        read(data)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])), max_size=3))
def test_the_text_is_normal(paragraphs: list[str]) -> None:
    text = read(docx([("Normal", each) for each in paragraphs])).text
    assert normalise(text) == text
