"""Rows of questions and passages are read as they are, and what is wrong with a file is said."""

import json
import lzma
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from qa.errors import InputError
from qa.evaluate import TrainingRow, passage_article, training_rows

CONTEXT = "The 😀 mill burnt down in 1904. It was 1904."
ROW: dict[str, Any] = {
    "id": "a",
    "set": "wiki",
    "question": "When did it burn down?",
    "title": "Mills",
    "context": CONTEXT,
    "answers": [{"text": "1904", "start": 25}, {"text": "in 1904", "start": 22}],
    "answerable": True,
    "lang": "en",
}


def write(folder: Path, rows: Iterable[object]) -> Path:
    path = folder / "rows.jsonl.xz"
    path.write_bytes(lzma.compress("".join(f"{json.dumps(row)}\n" for row in rows).encode()))
    return path


def test_rows_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, [ROW, {**ROW, "id": "b", "answers": []}])
    first, second = training_rows(path)
    assert first == TrainingRow("a", "wiki", "When did it burn down?", "Mills", CONTEXT, ((25, 29), (22, 29)))
    assert [CONTEXT[start:end] for start, end in first.answers] == ["1904", "in 1904"]
    assert (second.id, second.answers) == ("b", ())


def test_a_passage_is_an_article_known_by_its_text(tmp_path: Path) -> None:
    first, second, third = training_rows(
        write(tmp_path, [ROW, {**ROW, "title": "Other"}, {**ROW, "context": "Rain.", "answers": []}])
    )
    one, other, rain = map(passage_article, (first, second, third))
    assert one.id == one.sha256 == other.id != rain.id
    assert (one.title, one.text) == ("Mills", CONTEXT)


@pytest.mark.parametrize("start", [24, 26, 400, -5])
def test_an_answer_that_stands_elsewhere_is_refused_with_its_line(tmp_path: Path, start: int) -> None:
    bad = {**ROW, "answers": [{"text": "1904", "start": start}]}
    rows = training_rows(write(tmp_path, [ROW, ROW, bad]))
    assert next(rows).id == next(rows).id == "a"
    with pytest.raises(
        InputError, match=r"rows\.jsonl\.xz.*line 3.*does not stand at its start.*Expected rows"
    ):
        next(rows)


@pytest.mark.parametrize("start", [0, len(CONTEXT)])
def test_an_empty_answer_is_refused(tmp_path: Path, start: int) -> None:
    rows = training_rows(write(tmp_path, [{**ROW, "answers": [{"text": "", "start": start}]}]))
    with pytest.raises(InputError, match=r"line 1.*is empty.*Expected rows"):
        next(rows)


FIELDS = ["id", "set", "question", "title", "context", "answers"]


@pytest.mark.parametrize("missing", FIELDS)
def test_a_row_without_a_field_is_refused_with_its_line(tmp_path: Path, missing: str) -> None:
    row = {name: value for name, value in ROW.items() if name != missing}
    with pytest.raises(InputError, match=f"line 2: KeyError.*{missing}.*Expected rows"):
        list(training_rows(write(tmp_path, [ROW, row])))


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_that_is_null_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"line 2: TypeError.*Expected rows"):
        list(training_rows(write(tmp_path, [ROW, {**ROW, name: None}])))


def test_a_title_may_be_empty(tmp_path: Path) -> None:
    (row,) = training_rows(write(tmp_path, [{**ROW, "title": ""}]))
    assert row.title == ""


@pytest.mark.parametrize(
    "row", [{**ROW, "answers": [{"text": "1904"}]}, {**ROW, "answers": ["1904"]}, [1], "x"]
)
def test_what_is_no_row_is_refused_with_its_line(tmp_path: Path, row: object) -> None:
    with pytest.raises(InputError, match=r"line 2: .*Expected rows"):
        list(training_rows(write(tmp_path, [ROW, row])))


def test_what_is_no_json_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.xz"
    path.write_bytes(lzma.compress(f"{json.dumps(ROW)}\n{{\n".encode()))
    with pytest.raises(InputError, match=r"line 2: JSONDecodeError.*Expected rows"):
        list(training_rows(path))


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, [{**ROW, "id": str(number)} for number in range(200)])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="Expected rows"):
        list(training_rows(path))


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.xz"
    path.write_text(json.dumps(ROW), encoding="utf-8")
    with pytest.raises(InputError, match="Expected rows"):
        list(training_rows(path))
    with pytest.raises(InputError, match="Expected rows"):
        list(training_rows(tmp_path / "missing.xz"))
