"""Files become articles whose text is the file's own, and what cannot be read is named, never dropped."""

import hashlib
import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.corpus import load_article
from qa.corpus.load import (
    MAX_FILE_BYTES,
    MAX_FRONT_MATTER_CHARS,
    decode,
    front_matter,
    heading_text,
    normalise,
)
from qa.errors import InputError
from qa.types import Article, Skipped
from tests.articles import load_all


def load(folder: Path, data: bytes | str, name: str = "a.md") -> Article:
    path = folder / name
    path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return load_article(path, name)


def skipped(folder: Path) -> list[tuple[str, str]]:
    return [(row.path, row.reason) for row in load_all(folder)[1]]


# --- encodings ----------------------------------------------------------------------------------------

TEXT = "Erdoğan’s visit\n\nThe naïve café — closed.\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_encodings(tmp_path: Path, encoding: str) -> None:
    assert load(tmp_path, TEXT.encode(encoding)).text == TEXT


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


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InputError, match="no text in any encoding"):
        decode(bytes(range(256)) * 4)


def test_a_lone_surrogate_becomes_a_replacement_character(tmp_path: Path) -> None:
    article = load(tmp_path, b"\xff\xfe" + "ab".encode("utf-16-le") + b"\x00\xd8" + "c".encode("utf-16-le"))
    assert article.text == "ab\ufffdc"
    assert normalise("a\ud800b") == "a\ufffdb"


def test_nothing_else_is_changed(tmp_path: Path) -> None:
    text = "T\x00\n\n a\tb\u00a0 \u2028c\u202e\u200d\ufeff \x0c  \n\n"
    assert load(tmp_path, text).text == text


def test_composed_form() -> None:
    assert normalise("e\u0301 \u212b ﬁ") == "\u00e9 \u00c5 ﬁ"


def test_line_ends(tmp_path: Path) -> None:
    assert load(tmp_path, b"a\r\nb\rc\r\r\nd\n").text == "a\nb\rc\r\nd\n"


def test_sha256_is_of_the_stored_text(tmp_path: Path) -> None:
    article = load(tmp_path, b"\xef\xbb\xbfe\xcc\x81\r\n")
    assert article.sha256 == hashlib.sha256("é\n".encode()).hexdigest()


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


def test_front_matter_stays_in_the_text_and_gives_metadata(tmp_path: Path) -> None:
    text = (
        "---\ntitle:  The  harbour\nSource: The Gazette\nauthor: A. Writer\npublished: 2023-07-11\n"
        "url: https://example.org/a?b=1\nlanguage: en\nother: 1\n---\n\nBody.\n"
    )
    assert load(tmp_path, text) == Article(
        id="a.md",
        title="The harbour",
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        source="The Gazette",
        author="A. Writer",
        published="2023-07-11",
        url="https://example.org/a?b=1",
        language="en",
    )


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
        ("---\na: |\n  x\n  --- y\n---\nBody", {"a": "x\n--- y"}, "Body"),
        ("---\nlist: [a, b]\nmap: {a: b}\nempty:\na: b\n---\nBody", {"a": "b"}, "Body"),
        ("---\na: &x b\nc: *x\n---\n", {"a": "b", "c": "b"}, ""),
    ],
)  # fmt: skip
def test_front_matter(text: str, metadata: dict[str, str], body: str) -> None:
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
    ("text", "title"),
    [
        ("---\ntitle: From the top\n---\n# Heading\n\nBody.", "From the top"),
        ("---\ntitle: 2024\n---\nBody.", "2024"),
        ("---\nauthor: X\n---\n# Heading\n\nBody.", "Heading"),
        ("Intro.\n\n#  The   heading  ## \n\nBody.", "The heading"),
        ("# C#\n\nBody.", "C#"),
        ("# Issue #12 explained\n\nBody.", "Issue #12 explained"),
        ("#hashtag first\n\n## Second level\n", "#hashtag first"),
        ("\n\n  First   line \nSecond line", "First line"),
        ("x" * 200 + "\nrest", "x" * 200),
        ("x" * 201 + "\nrest", "the file name"),
        ("---\nauthor: X\n---\n", "the file name"),
    ],
)
def test_title(tmp_path: Path, text: str, title: str) -> None:
    assert load(tmp_path, text, "the_file-name.md").title == title


def test_a_name_of_marks_only_is_a_title_as_it_stands(tmp_path: Path) -> None:
    assert load(tmp_path, "x" * 201, "--.txt").title == "--.txt"


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


# --- the folder ---------------------------------------------------------------------------------------


def test_folder_is_read_in_order_of_ids(tmp_path: Path) -> None:
    for name in ("b.txt", "B.MD", "a/z.md", "a/b/c.Txt", "é.md", "a.md", "10.md", "2.md", "e\u0301x.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Article {name}")
    for name in (".hidden.md", ".git/x.md", "a/.cache/y.md", "notes.pdf", "md", "x.md.bak"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("not for us")
    articles, rest = load_all(tmp_path)
    assert [article.id for article in articles] == [
        "10.md", "2.md", "B.MD", "a.md", "a/b/c.Txt", "a/z.md", "b.txt", "é.md", "éx.md",
    ]  # fmt: skip
    assert rest == ()


def test_the_folder_may_be_given_by_any_path(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.md").write_text("Text.")
    (tmp_path / "link").symlink_to("in")
    for folder in (tmp_path / "in", tmp_path / "in" / ".." / "in", tmp_path / "link"):
        assert [article.id for article in load_all(folder)[0]] == ["a.md"]


@pytest.mark.parametrize("what", ["nothing", "a file"])
def test_no_folder(tmp_path: Path, what: str) -> None:
    place = tmp_path / "x.md"
    if what == "a file":
        place.write_text("x")
    with pytest.raises(InputError, match=rf"found {what} there.*qa index FOLDER"):
        load_all(place)


def test_links(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (tmp_path / "secret.md").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.md").write_text("secret")
    (root / "real" / "a.md").write_text("inside")
    (root / "inside.md").symlink_to("real/a.md")
    (root / "out.md").symlink_to(tmp_path / "secret.md")
    (root / "dots.md").symlink_to("real/../../secret.md")
    (root / "dead.md").symlink_to("missing.md")
    (root / "loop.md").symlink_to("loop.md")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "circle").symlink_to(".")
    articles, rest = load_all(root)
    assert [(article.id, article.text) for article in articles] == [
        ("inside.md", "inside"),
        ("real/a.md", "inside"),
    ]
    reasons = dict.fromkeys(("dots.md", "out.md"), "is a link out of the folder")
    reasons |= dict.fromkeys(("circle", "folder"), "is a link to a folder")
    reasons["dead.md"] = "cannot be read: No such file or directory"
    assert {row.path: row.reason for row in rest if row.path != "loop.md"} == reasons
    assert [row.reason[:15] for row in rest if row.path == "loop.md"] == ["cannot be read:"]


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "folder.md" / "a.txt").write_text("text")
    articles, rest = load_all(tmp_path)
    assert [article.id for article in articles] == ["folder.md/a.txt"]
    assert rest == (Skipped("pipe.md", "is not a regular file"),)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    (tmp_path / "a.md").chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    try:
        assert skipped(tmp_path) == [
            ("a.md", "cannot be read: Permission denied"),
            ("closed", "cannot be read: Permission denied"),
        ]
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^cannot be read: No such file or directory$"):
        load_article(tmp_path / "gone.md", "gone.md")


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n\xc2\xa0", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_empty_files(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.md").write_bytes(data)
    assert skipped(tmp_path) == [("a.md", "is empty")]


def test_too_long_files(tmp_path: Path) -> None:
    with (tmp_path / "a.md").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    reason = "has 67,108,865 bytes; at most 67,108,864 are read"
    assert skipped(tmp_path) == [("a.md", reason)]
    with pytest.raises(InputError, match=f"^{reason}$"):  # it may have grown since the walk
        load_article(tmp_path / "a.md", "a.md")


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    for name in (b"caf\xe9.md", b"caf\xe8.md", b"z\ny.md"):
        (tmp_path / os.fsdecode(name)).write_text("x" * 300)
    articles, rest = load_all(tmp_path)
    assert [(article.id, article.title) for article in articles] == [
        ("caf\ufffd.md", "caf\ufffd"),
        ("z\ny.md", "z\ny"),
    ]
    assert rest == (Skipped("caf\ufffd.md", "has a name that reads like another file's; rename one of them"),)


def test_two_names_that_read_alike(tmp_path: Path) -> None:
    (tmp_path / "e\u0301.md").write_text("decomposed")
    (tmp_path / "\u00e9.md").write_text("composed")
    articles, rest = load_all(tmp_path)
    assert [(article.id, article.text) for article in articles] == [("é.md", "decomposed")]
    assert [row.path for row in rest] == ["é.md"]
