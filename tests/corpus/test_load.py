"""Files become articles whose text is the file's own, and what cannot be read is named, never dropped."""

import hashlib
import os
from pathlib import Path

import pytest

from qa.corpus import load_article
from qa.corpus.load import MAX_FILE_BYTES
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


def test_a_lone_surrogate_becomes_a_replacement_character(tmp_path: Path) -> None:
    article = load(tmp_path, b"\xff\xfe" + "ab".encode("utf-16-le") + b"\x00\xd8" + "c".encode("utf-16-le"))
    assert article.text == "ab\ufffdc"


def test_nothing_else_is_changed(tmp_path: Path) -> None:
    text = "T\x00\n\n a\tb\u00a0 \u2028c\u202e\u200d\ufeff \x0c  \n\n"
    assert load(tmp_path, text).text == text


def test_line_ends(tmp_path: Path) -> None:
    assert load(tmp_path, b"a\r\nb\rc\r\r\nd\n").text == "a\nb\rc\r\nd\n"


def test_sha256_is_of_the_stored_text(tmp_path: Path) -> None:
    article = load(tmp_path, b"\xef\xbb\xbfe\xcc\x81\r\n")
    assert article.sha256 == hashlib.sha256("é\n".encode()).hexdigest()


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
        provenance=dict.fromkeys(
            ("title", "source", "author", "published", "url", "language"), "front matter"
        ),
    )


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


# --- the folder ---------------------------------------------------------------------------------------


def test_folder_is_read_in_order_of_ids(tmp_path: Path) -> None:
    for name in ("b.txt", "B.MD", "a/z.md", "a/b/c.Txt", "é.md", "a.md", "10.md", "2.md", "e\u0301x.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Article {name}")
    for name in (".hidden.md", ".git/x.md", "a/.cache/y.md", "notes.doc", "md", "x.md.bak"):
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
        ("z\ny.md", "z y"),
    ]
    assert rest == (Skipped("caf\ufffd.md", "has a name that reads like another file's; rename one of them"),)


def test_two_names_that_read_alike(tmp_path: Path) -> None:
    (tmp_path / "e\u0301.md").write_text("decomposed")
    (tmp_path / "\u00e9.md").write_text("composed")
    articles, rest = load_all(tmp_path)
    assert [(article.id, article.text) for article in articles] == [("é.md", "decomposed")]
    assert [row.path for row in rest] == ["é.md"]


def test_a_name_that_reads_like_a_line_s(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"_id": "b.md", "text": "One."}')
    (tmp_path / "a.jsonl#b.md").write_text("Another.")
    articles, rest = load_all(tmp_path)
    assert [(article.id, article.text) for article in articles] == [("a.jsonl#b.md", "One.")]
    reason = 'has ".jsonl#" in its path, which is how lines are named; rename it'
    assert rest == (Skipped("a.jsonl#b.md", reason),)


def test_what_a_browser_saves_beside_a_page_is_no_article(tmp_path: Path) -> None:
    for name in ("Page_files/frame.html", "Page.htm", "other_files/a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("<p>The bus leaves at nine.</p>")
    articles, rest = load_all(tmp_path)
    assert [article.id for article in articles] == ["Page.htm", "other_files/a.txt"]
    assert rest == ()
