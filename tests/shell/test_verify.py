"""Replaying saved citations: ok, changed, missing, and refusals that name what was found."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qa.errors import ArticleNotFoundError, InputError
from qa.shell.verify import folder_articles, parse_saved, replay
from qa.types import Answer, Article
from qa.wire.answers import wire_answer

Find = Callable[[str], Article]


@pytest.fixture
def saved(answer: Answer) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(wire_answer(answer).model_dump_json())
    return loaded


def _verdicts(saved: object, find: Find) -> list[tuple[str, str]]:
    return [(one.verdict, one.note) for one in replay((saved,), find)]


def test_what_was_saved_replays(saved: dict[str, Any], find: Find) -> None:
    replayed = list(replay((saved,), find))
    assert [(one.answer, one.citation, one.article_id, one.start, one.end) for one in replayed] == [
        (1, 1, "a/b.md", 9, 32),
        (1, 2, "a/b.md", 48, 68),
    ]
    assert [(one.verdict, one.note) for one in replayed] == [("ok", ""), ("ok", "")]


def test_a_changed_slice_says_where_the_words_went(saved: dict[str, Any], find: Find) -> None:
    saved["citations"][0]["start_char_index"] += 1
    saved["citations"][1]["cited_text"] = "It opened on Sunday."
    assert _verdicts(saved, find) == [
        ("changed", "the same words now start at 9"),
        ("changed", "the article does not hold these words any more"),
    ]


def test_an_unknown_article_is_missing(saved: dict[str, Any], find: Find) -> None:
    saved["citations"][0]["document_id"] = "gone.md"
    assert _verdicts(saved, find) == [("missing", "no article gone.md"), ("ok", "")]


def test_a_quote_that_stands_in_a_changed_article_is_ok_with_a_note(
    saved: dict[str, Any], find: Find
) -> None:
    saved["citations"][1]["document_sha256"] = "0" * 64
    assert _verdicts(saved, find) == [("ok", ""), ("ok", "the article has changed elsewhere")]


def test_an_answer_that_does_not_say_what_it_cites_is_not_ok(saved: dict[str, Any], find: Find) -> None:
    saved["answer"] = saved["answer"].replace("Friday", "Sunday")
    note = "the article holds the quote, but the saved answer says something else there"
    assert _verdicts(saved, find) == [("ok", ""), ("changed", note)]


def test_no_evidence_has_nothing_to_replay(find: Find) -> None:
    assert _verdicts({"status": "no_evidence", "citations": []}, find) == []


def test_offsets_past_the_end_are_changed_not_an_error(saved: dict[str, Any], find: Find) -> None:
    saved["citations"][0] |= {"start_char_index": 10**9, "end_char_index": 10**9 + 5}
    assert _verdicts(saved, find)[0] == ("changed", "the same words now start at 9")


def test_one_answer_a_list_and_one_a_line_are_read_alike(saved: dict[str, Any]) -> None:
    # U+2028 inside a string is no end of a line in JSON.
    saved["question"] = "one\u2028two"
    one = json.dumps(saved, ensure_ascii=False)
    assert parse_saved(one) == (saved,)
    assert parse_saved(json.dumps(saved, indent=2)) == (saved,)
    assert parse_saved(f"[{one}, {one}]") == (saved, saved)
    assert parse_saved(f"{one}\n\n{one}\r\n") == (saved, saved)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Found an empty file"),
        (" \n ", "Found an empty file"),
        ("Not in these articles.", "Found no JSON at line 1"),
        ('{"citations": []}\n{"citations":\n', "Found no JSON at line 2"),
        ('{\n"citations": [}\n', "Found no JSON at line 2"),
        ("[" * 100_000, "nested too deep"),
        ("1" * 5_000, "a number too long"),
    ],
)
def test_text_that_is_no_saved_answer_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_saved(text)


def _without(*path: str | int) -> Callable[[Any], None]:
    def change(saved: Any) -> None:
        for key in path[:-1]:
            saved = saved[key]
        del saved[path[-1]]

    return change


def _with(value: object, *path: str | int) -> Callable[[Any], None]:
    def change(saved: Any) -> None:
        for key in path[:-1]:
            saved = saved[key]
        saved[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without("citations"), "In answer 1: found no field 'citations'"),
        (_with({}, "citations"), "In answer 1: citations: found an object, expected a list"),
        (_with(None, "citations", 0), "In answer 1, citation 1: found null, expected an object"),
        (_without("citations", 0, "document_id"), "citation 1: found no field 'document_id'"),
        (_with(3, "citations", 0, "document_id"), "document_id: found a number, expected a string"),
        (_with("\ud800", "citations", 0, "document_id"), "document_id: found half a character"),
        (
            _with("9", "citations", 1, "start_char_index"),
            "citation 2: start_char_index: found a string, expected a whole",
        ),
        (
            _with(True, "citations", 0, "end_char_index"),
            "end_char_index: found true, expected a whole number",
        ),
        (
            _with(9.0, "citations", 0, "start_char_index"),
            "start_char_index: found a number, expected a whole number",
        ),
        (
            _with(-1, "citations", 0, "start_char_index"),
            "found characters -1 to 32, expected 0 <= start <= end",
        ),
        (
            _with(33, "citations", 0, "start_char_index"),
            "found characters 33 to 32, expected 0 <= start <= end",
        ),
        (_with([], "citations", 0, "cited_text"), "cited_text: found a list, expected a string"),
        (_with("0", "citations", 0, "start_index"), "start_index: found a string, expected a whole number"),
        (_without("citations", 0, "end_index"), "found no field 'end_index'"),
    ],
)
def test_a_citation_of_another_form_is_refused(
    saved: dict[str, Any], find: Find, change: Callable[[Any], None], message: str
) -> None:
    broken = copy.deepcopy(saved)
    change(broken)
    with pytest.raises(InputError) as caught:
        list(replay((broken,), find))
    assert message in str(caught.value)


@pytest.mark.parametrize("answer", [None, 3, "text", [[]], True])
def test_something_else_than_an_object_is_refused(answer: object, find: Find) -> None:
    with pytest.raises(InputError, match=r"In answer 1: found .*, expected an object"):
        list(replay((answer,), find))


class TestFolder:
    """`--folder`: the files as they are now, and none outside the folder."""

    def test_finds_by_id(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "b.md").write_text("# Title\n\nText.\n", encoding="utf-8")
        with folder_articles(tmp_path) as find:
            found = find("a/b.md")
        assert (found.id, found.text) == ("a/b.md", "# Title\n\nText.\n")

    @pytest.mark.parametrize(
        "article_id",
        [
            "",
            ".",
            "..",
            "../secret.md",
            "a/../../secret.md",
            "/etc/passwd",
            "link.md",
            "a\0b",
            "x" * 5000,
            "loop.md",
            "nothing.md",
        ],
    )
    def test_reads_nothing_outside(self, tmp_path: Path, article_id: str) -> None:
        inside = tmp_path / "inside"
        (inside / "a").mkdir(parents=True)
        (tmp_path / "secret.md").write_text("secret", encoding="utf-8")
        (inside / "link.md").symlink_to(tmp_path / "secret.md")
        (inside / "loop.md").symlink_to(inside / "loop.md")
        with folder_articles(inside) as find, pytest.raises(ArticleNotFoundError, match="no such file"):
            find(article_id)

    def test_says_why_a_file_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "empty.md").touch()
        with folder_articles(tmp_path) as find, pytest.raises(ArticleNotFoundError, match="file is empty"):
            find("empty.md")

    def test_needs_a_folder(self, tmp_path: Path) -> None:
        with (
            pytest.raises(InputError, match=r"No folder at .*qa verify FILE --folder FOLDER"),
            folder_articles(tmp_path / "nothing"),
        ):
            pass
