"""Examples are collected once, and no topic is on both sides."""

import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qa.errors import InputError
from qa.models import FakeEmbedder
from qa.train.data import Data, collect

PLACES = [
    f"{front}{back}"
    for front in ("Ribe", "Moss", "Hamar", "Skien", "Lund")
    for back in ("by", "vik", "nes", "dal")
]


def row(name: str, kind: str, title: str, context: str, question: str, answer: str) -> dict[str, Any]:
    answers = [{"text": answer, "start": context.index(answer)}] if answer else []
    return {
        "id": name,
        "set": kind,
        "title": title,
        "context": context,
        "question": question,
        "answers": answers,
    }


def rows() -> Iterator[dict[str, Any]]:
    for number, place in enumerate(PLACES * 3):
        title = f"{place}_{number % 3}" if number % 4 else ""
        context = (
            f"The bridge of {place} was opened in {1800 + number}. It carries {number + 2} roads. "
            f"Its builder was Olav {place}. The old ferry of {place} stopped."
        )
        yield row(
            f"a{number}",
            "wiki",
            title,
            context,
            f"When was the bridge of {place} opened?",
            f"{1800 + number}",
        )
        yield row(f"b{number}", "wiki", title, context, f"Who built the bridge of {place}?", f"Olav {place}")
    yield row("n", "negatives_wiki", "Made up", "Snow fell on the made-up hill.", "Who fell?", "")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def path(work: Path) -> Path:
    path = work / "rows.jsonl.xz"
    path.write_bytes(lzma.compress("".join(f"{json.dumps(each)}\n" for each in rows()).encode()))
    return path


@pytest.fixture(scope="module")
def data(path: Path, work: Path) -> Data:
    return collect(path, work, FakeEmbedder(max_tokens=40), threads=2)


def test_every_row_but_the_constructed_gives_examples(data: Data) -> None:
    answered = {each.question for each in (*data.training, *data.development) if each.kind == "answered"}
    assert answered == {each["question"] for each in rows()} - {"Who fell?"}
    assert not any("made-up" in each.text for each in (*data.training, *data.development))
    assert {each.kind for each in data.training} == {"answered", "retrieved", "cut", "swapped"}


def test_no_topic_is_on_both_sides(data: Data) -> None:
    one, other = ({each.topic for each in part} for part in (data.training, data.development))
    assert one
    assert other
    assert not one & other
    assert len(other) < len(one) / 4


def test_a_second_call_reads_what_was_kept(data: Data, path: Path, work: Path) -> None:
    path.unlink()
    again = collect(path, work, FakeEmbedder(max_tokens=40), threads=1)
    assert again == data
    with pytest.raises(InputError, match="Expected rows"):
        collect(path, work / "elsewhere", FakeEmbedder(max_tokens=40), threads=1)


def test_another_number_of_threads_collects_the_same(data: Data, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.xz"
    path.write_bytes(lzma.compress("".join(f"{json.dumps(each)}\n" for each in rows()).encode()))
    assert collect(path, tmp_path / "work", FakeEmbedder(max_tokens=40), threads=1) == data
    assert sorted(each.name for each in (tmp_path / "work").iterdir()) == ["examples.jsonl", "index"]
