"""Mail: subject, sender and date in whatever way they are encoded, and the body."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.corpus.metadata import article_of
from qa.errors import InputError
from qa.formats.mail import read
from qa.formats.plain import normalise
from tests.formats.files import mail

DATE = "Tue, 11 Jul 2023 23:59:00 -0800"


def test_headers() -> None:
    data = mail("Der Hafen.\n", Subject="Größe – £5", From="Ännie Löwe <ann@example.org>", Date=DATE)
    assert b"=?utf-8?" in data
    found = article_of(read(data), "a.eml")
    assert (found.title, found.author, found.published, found.text) == (
        "Größe – £5", "Ännie Löwe", "2023-07-11", "Der Hafen.\n",
    )  # fmt: skip
    assert set(found.provenance.values()) == {"mail header"}


@pytest.mark.parametrize("date", ["", "yesterday", "Tue, 99 Foo 2023", "Tue, 11 Jul 99999 10:00:00 +9999"])
def test_a_date_that_cannot_be_read_is_none(date: str) -> None:
    data = f"Subject: A\nFrom: ann@example.org\nDate: {date}\n\nText.\n".encode()
    found = article_of(read(data), "a.eml")
    assert (found.published, found.author) == (None, "ann@example.org")


def test_of_two_bodies_the_text_counts() -> None:
    assert read(mail("The plain one.", "<p>The other one.</p>", Subject="A")).text == "The plain one.\n"


def test_html_alone() -> None:
    found = article_of(read(mail(html="<h1>Note</h1><p>The café opens at nine.</p>", Subject="A")), "a.eml")
    assert (found.title, found.text) == ("A", "# Note\n\nThe café opens at nine.")


def test_html_is_decoded_once() -> None:
    html = '<html><head><meta charset="windows-1252"></head><body><p>The café opens.</p></body></html>'
    assert read(mail(html=html, Subject="A")).text == "The café opens."


@pytest.mark.parametrize("charset", ["no-such-thing", "us-ascii", "utf-8"])
def test_a_charset_that_is_wrong_gives_way(charset: str) -> None:
    head = f"Subject: A\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    assert read(head.encode() + "Le café est fermé.\n".encode("cp1252")).text == "Le café est fermé.\n"


def test_a_charset_is_taken_as_pages_are() -> None:
    head = b"Subject: A\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n"
    assert read(head + "He said “no”.\n".encode("cp1252")).text == "He said “no”.\n"


@pytest.mark.parametrize(
    "header",
    [
        b"From: " + b"(" * 4_900,
        b"Date: Tue, 11 Jul 2023 10:00:00 +99999999999999",
        b'From: a b@c <""@d>',
        b"From: <",
    ],
)
def test_a_bad_header_costs_itself(header: bytes) -> None:
    found = article_of(read(header + b"\nSubject: A\n\nText.\n"), "a.eml")
    assert (found.title, found.published, found.text) == ("A", None, "Text.\n")


def test_no_line_becomes_a_heading_or_front_matter() -> None:
    found = article_of(read(mail("---\nfrom: x\n---\n# make install\n", Subject="A")), "a.eml")
    assert found.text == "\n---\nfrom: x\n---\n#\u00a0make install\n"


def test_line_ends() -> None:
    assert read(b"Subject: A\r\nFrom: b@example.org\r\n\r\nOne.\r\nTwo.\r\n").text == "One.\nTwo.\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is no mail that can be read"),
        (b"\n\nno header", "is no mail that can be read"),
        (
            b"Subject: A\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\naaaa\n",
            "is a mail without text",
        ),
    ],
)
def test_what_is_no_mail(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=f"^{reason}$"):
        read(data)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r")))
def test_the_text_is_normal(words: str) -> None:
    text = read(mail(words, Subject="A")).text
    assert normalise(text) == text
