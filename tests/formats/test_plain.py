"""Text and Markdown: what is decoded is changed in two ways only, and front matter is read as it was written."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import InputError
from qa.formats.plain import (
    MAX_FRONT_MATTER_CHARS,
    as_prose,
    decode,
    decode_declared,
    first_heading,
    front_matter,
    heading_text,
    normalise,
    read,
)

# --- encodings ----------------------------------------------------------------------------------------


TEXT = "Erdoğan’s visit\n\nThe naïve café — closed.\n"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"\xff\xfe\x00\x00", "utf-32-le"),
        (b"\x00\x00\xfe\xff", "utf-32-be"),
    ],
)
def test_byte_order_marks_decide_and_are_no_text(mark: bytes, encoding: str) -> None:
    assert decode(mark + TEXT.encode(encoding)) == TEXT


def test_only_the_first_byte_order_mark_goes() -> None:
    assert decode(b"\xef\xbb\xbf\xef\xbb\xbfa") == "\ufeffa"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "café"),
        ("cp1252", "He said “no” – twice. It cost £5."),
        (
            "cp1252",
            "The minister’s café in Besançon – closed since the naïve ‘plan’ of 2019 – reopened for €5. "
            "“We are very happy,” said Mr. Lefèvre, whose mother had baked the pâté and the crème brûlée.",
        ),
        ("cp1252", "Die Bürger müssen für größere Häuser höhere Gebühren zahlen, sagte der Minister."),
        ("cp1250", "Zażółć gęślą jaźń, powiedział premier w poniedziałek. Rząd ogłosił, że wrócą."),
        ("cp1254", "Türkiye Cumhurbaşkanı Erdoğan, görüşmelerin İstanbul'da yapılacağını söyledi."),
        ("cp1251", "Министр заявил, что переговоры продолжатся в понедельник."),
        ("koi8-r", "Министр заявил, что переговоры продолжатся в понедельник."),
        ("gb18030", "部长表示谈判将于周一继续进行。"),
    ],
)
def test_old_encodings(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_a_rare_bad_byte_costs_itself() -> None:
    data = "Erdoğan’s visit to the café – it was closed.".encode()
    assert decode(data.replace(b"visit", b"vis\xe9t")) == data.decode().replace("visit", "vis\ufffdt")


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("ISO-8859-1", "“no” – it’s".encode("cp1252"), "“no” – it’s"),
        ("windows-1252", b"caf\xe9 \x9d", "caf\xe9 \ufffd"),
        ("us-ascii", "café".encode(), "café"),
        ("us-ascii", b"caf\xe9", "café"),
        ("no-such-thing", "café".encode(), "café"),
    ],
)
def test_what_is_said_of_an_encoding(name: str, data: bytes, text: str) -> None:
    assert decode_declared(data, name) == text


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InputError, match="no text in any encoding"):
        decode(bytes(range(256)) * 4)


def test_a_lone_surrogate_becomes_a_replacement_character() -> None:
    assert normalise("a\ud800b") == "a\ufffdb"


def test_composed_form() -> None:
    assert normalise("e\u0301 \u212b ﬁ") == "\u00e9 \u00c5 ﬁ"


@given(
    st.lists(
        st.sampled_from(["a", "\u0301", "\u0316", "\u0f73", "\u0344", "\u1100", "\u1161", "ế", "か\u3099"])
    )
)
def test_marks_are_ordered_as_the_standard_says(parts: list[str]) -> None:
    # Long runs take a way of their own.
    text = "".join(parts)
    long = "\u0323" + text.replace("a", "各") + "\u0301\u0316" * 110
    assert normalise(text) == unicodedata.normalize("NFC", text)
    assert normalise(long) == unicodedata.normalize("NFC", long)


@given(st.lists(st.sampled_from(["word", "\n", "\r\n", "\n\n", "é", "— "]), min_size=1))
def test_line_numbers_are_those_of_the_file(parts: list[str]) -> None:
    data = "".join(parts).encode()
    assert normalise(decode(data)).count("\n") == data.count(b"\n")


# --- front matter -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written", ["2023", "2023-07", "2023-07-11", "2023-07-11T10:00:00Z", "12:30", "007", "no", "~"]
)
def test_values_stay_as_written(written: str) -> None:
    assert front_matter(f"---\npublished: {written}\n---\n")[0] == {"published": written}


@pytest.mark.parametrize(
    ("text", "metadata", "body"),
    [
        ("---\na: b\n---\nBody", {"a": "b"}, "Body"),
        ("---\na: b\n...\nBody", {"a": "b"}, "Body"),
        ("--- \t\na: b\n--- \nBody", {"a": "b"}, "Body"),
        ("---\na: b\n---", {"a": "b"}, ""),
        ("---\n{}\n---\nBody", {}, "Body"),
        ("---\na: |\n  x\n  --- y\n---\nBody", {"a": "x\n--- y\n"}, "Body"),
        ("---\nl: [a, b]\nm: {a: b}\n1: b\n---\nBody", {"l": ["a", "b"], "m": {"a": "b"}, "1": "b"}, "Body"),
        ("---\na: &x b\nc: *x\n---\n", {"a": "b", "c": "b"}, ""),
    ],
)  # fmt: skip
def test_front_matter(text: str, metadata: dict[str, object], body: str) -> None:
    found, start = front_matter(text)
    assert (found, text[start:]) == (metadata, body)


@pytest.mark.parametrize(
    "text",
    [
        "---\n- a\n- b\n---\nBody",  # a list
        "---\njust words\n---\nBody",
        "---\n---\nBody",
        "---\na: [b\n---\nBody",  # broken
        "---\na: b: c\n---\nBody",
        "---\na: \x00\n---\nBody",
        "---\na: *unknown\n---\nBody",
        "---\na: b\nBody without a closing line",
        "\n---\na: b\n---\nBody",  # not at the top
        "----\na: b\n---\nBody",
        "text\n---\na: b\n---\n",
    ],
)
def test_what_is_no_front_matter_is_text(text: str) -> None:
    assert front_matter(text) == ({}, 0)


@pytest.mark.parametrize("deep", ["[", "- ", "{a: ", "? "])
def test_a_bottomless_front_matter_is_text(deep: str) -> None:
    for count in (1_000, 15_000, 100_000):  # the last one killed the process with the loader in C
        assert front_matter(f"---\n{deep * count}\n---\nBody") == ({}, 0)


def test_the_longest_front_matter() -> None:
    room = MAX_FRONT_MATTER_CHARS - len("---\na: \n---\n")
    assert front_matter(f"---\na: {'x' * room}\n---\n")[1] == MAX_FRONT_MATTER_CHARS
    assert front_matter(f"---\na: {'x' * (room + 1)}\n---\n") == ({}, 0)


# --- title --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("# A", "A"),
        ("### A b ###", "A b"),
        ("## C#", "C#"),
        ("## F# and C# #", "F# and C#"),
        ("##", ""),
        ("# ##", ""),
    ],
)
def test_heading_text(line: str, text: str) -> None:
    assert heading_text(line) == text


@pytest.mark.parametrize(
    ("text", "title"), [("a\n# The  title ##\n# Other", ["The title"]), ("## Two\n\n#hash", []), ("", [])]
)
def test_first_heading(text: str, title: list[str]) -> None:
    assert [found.value for found in first_heading(text)] == title


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("# a", "#\u00a0a"),
        ("a\n \f###### b", "a\n \f######\u00a0b"),
        ("#a #b # c", "#a #b # c"),
        ("####### a", "####### a"),
        ("#\n# ", "#\n# "),
        ("---\na: b\n---", "\n---\na: b\n---"),
        ("a\n---", "a\n---"),
    ],
)
def test_as_prose(text: str, prose: str) -> None:
    assert as_prose(text) == prose


@pytest.mark.parametrize("nothing", ["null", "~", "false", "", "NULL"])
def test_what_yaml_has_for_nothing_is_none(nothing: str) -> None:
    assert [
        found.value for found in read(f"---\ntitle: {nothing}\nauthor: {nothing}\n---\nText.".encode()).found
    ] == ["Text."]


def test_what_a_list_of_lists_of_lists_says() -> None:
    rows = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9 if n else ['x'] * 9)}]" for n in range(12))
    values = {
        found.value for found in read(f"---\n{rows}\ntitle: *a11\nauthor: *a0\n---\nText.".encode()).found
    }
    assert values == {", ".join("x" * 9), "Text."}


@given(st.binary())
def test_the_text_is_normal(data: bytes) -> None:
    try:
        text = read(data).text
    except InputError:
        return
    assert "\r\n" in text or normalise(text) == text  # of \r\r\n a line end is left that is the file's own
