"""Files of many articles: each line stands for itself, and each bad one is named."""

import json
import os
from pathlib import Path

import pytest

from qa.corpus import article_file, lines, load_article, load_folder, metadata
from qa.corpus.lines import MAX_LINE_BYTES
from qa.errors import InputError
from qa.formats import Extracted
from qa.types import Article, Skipped
from tests.articles import load_all

ROWS = (
    {"_id": "b", "title": "Second", "text": "Two."},
    {"_id": "a", "title": "First", "text": "One.", "metadata": {"author": "Ann Lee", "date": "2023-07"}},
    {"id": 7, "text": "Seven.", "authors": ["Bo Li", {"name": "Cy Oh"}]},
    {"text": "Without an id."},
)


def write(folder: Path, *lines: object, name: str = "a.jsonl") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    path.write_bytes(b"\n".join(rows))
    return path


def test_a_line_is_an_article(tmp_path: Path) -> None:
    write(tmp_path, *ROWS)
    articles, skipped = load_all(tmp_path)
    assert [(one.id, one.title, one.text) for one in articles] == [
        ("a.jsonl#4", "a", "Without an id."),
        ("a.jsonl#7", "a", "Seven."),
        ("a.jsonl#a", "First", "One."),
        ("a.jsonl#b", "Second", "Two."),
    ]
    assert skipped == ()
    assert [one.author for one in articles] == [None, "Bo Li, Cy Oh", "Ann Lee", None]
    assert articles[2].published == "2023-07"
    assert articles[2].provenance["title"] == "JSON line"
    assert articles[2].provenance["author"] == "JSON line's metadata"


def test_blank_lines_and_windows_line_ends(tmp_path: Path) -> None:
    write(tmp_path, b'\n\r\n{"_id": "a", "text": "One.\\r\\nTwo."}\r\n\n')
    assert [(one.id, one.text) for one in load_all(tmp_path)[0]] == [("a.jsonl#a", "One.\nTwo.")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "is no JSON: "),
        (b"\xff", "is no JSON: "),
        (b"[" * 100_000, "is no JSON: "),
        (b'{"text": "a", "_id": ' + b"9" * 5_000 + b"}", "is no JSON: "),
        (b"[]", 'is no object with a "text"'),
        (b'{"text": 3}', 'is no object with a "text"'),
        (b'{"text": "a", "_id": ""}', 'has an "_id" that is no text of 1 to 200 characters'),
        (b'{"text": "a", "_id": 1e999}', 'has an "_id" that is no text of 1 to 200 characters'),
        (b'{"text": "a", "_id": ["a"]}', 'has an "_id" that is no text of 1 to 200 characters'),
        (b'{"text": "a", "_id": "good"}', 'has the "_id" of another line: good'),
        (b'{"text": " "}', "is empty"),
        (b" " * MAX_LINE_BYTES + b'{"text": "a"}', "has 16,777,216 bytes or more"),
    ],
)
def test_a_bad_line_costs_itself(tmp_path: Path, line: bytes, reason: str) -> None:
    write(tmp_path, {"_id": "good", "text": "Good."}, line, {"_id": "last", "text": "Last."})
    articles, skipped = load_all(tmp_path)
    assert [one.text for one in articles] == ["Good.", "Last."]
    assert skipped[0].path == "a.jsonl#2"
    assert skipped[0].reason.startswith(f"line 2 {reason}")
    assert len(skipped) == 1


def test_what_a_line_says_that_cannot_be_used(tmp_path: Path) -> None:
    deep = (
        b'{"_id": "a", "title": '
        + b"[" * 900
        + b"]" * 900
        + b', "author": {"name": {"name": "X"}}, "text": "T."}'
    )
    half = rb'{"_id": "\ud800", "title": "a \udfff", "text": "b \ud800"}'
    write(tmp_path, deep, half)
    articles, _ = load_all(tmp_path)
    assert [(one.id, one.title, one.author, one.text) for one in articles] == [
        ("a.jsonl#a", "a", None, "T."),
        ("a.jsonl#\ufffd", "a \ufffd", None, "b \ufffd"),
    ]


def test_beside_a_corpus_other_lines_are_questions(tmp_path: Path) -> None:
    write(tmp_path, {"_id": "a", "text": "One."}, name="beir/corpus.jsonl")
    write(tmp_path, {"_id": "q", "text": "Which?"}, name="beir/queries.jsonl")
    articles, skipped = load_all(tmp_path)
    assert [one.id for one in articles] == ["beir/corpus.jsonl#a"]
    assert skipped == (Skipped("beir/queries.jsonl", "belongs to the corpus.jsonl beside it"),)


def test_an_article_is_found_again(tmp_path: Path) -> None:
    path = write(tmp_path, *ROWS, {"_id": "x/../y.jsonl#z", "text": "Odd."}, name="a#B.JSONL")
    articles, _ = load_all(tmp_path)
    assert len(articles) == 5
    for article in articles:
        assert article_file(tmp_path, article.id) == path
        assert load_article(path, article.id) == article
    with pytest.raises(InputError, match=r"^has no such line any more$"):
        load_article(path, "a#B.JSONL#gone")
    assert article_file(tmp_path, "../a.jsonl#a") is None


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, {"_id": "a", "text": "One."}, {"_id": "b", "text": "Two."})
    found = load_folder(tmp_path)
    assert isinstance(next(found), Article)
    write(tmp_path, {"_id": "a", "text": "One."}, {"_id": "c", "text": "New."})
    os.utime(path, ns=(0, 0))
    reason = "changes while it is read; index the folder again when it is at rest"
    assert list(found) == [Skipped("a.jsonl", reason)]


def test_a_line_is_prose(tmp_path: Path) -> None:
    write(tmp_path, {"_id": "a", "text": "---\nfrom: x\n---\n# make install"})
    assert load_all(tmp_path)[0][0].text == "\n---\nfrom: x\n---\n#\u00a0make install"


def test_of_one_article_no_other_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, read = write(tmp_path, *ROWS), list[str]()

    def article_of(extracted: Extracted, article_id: str) -> Article:
        read.append(article_id)
        return metadata.article_of(extracted, article_id)

    monkeypatch.setattr(lines, "article_of", article_of)
    assert load_article(path, "a.jsonl#b").text == "Two."
    assert read == ["a.jsonl#b"]


def test_a_file_without_articles(tmp_path: Path) -> None:
    write(tmp_path)
    assert load_all(tmp_path) == ((), ())
