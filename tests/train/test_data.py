"""Examples are collected once, and no topic is on both sides."""

import json
import lzma
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qa.errors import InputError
from qa.evaluate import is_development
from qa.index import open_generation
from qa.models import FakeEmbedder
from qa.train.data import EXAMPLES_VERSION, Data, collect
from qa.wiring import OVERLAP_SHARE

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


def write(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.write_bytes(lzma.compress("".join(f"{json.dumps(each)}\n" for each in rows).encode()))
    return path


@pytest.fixture(scope="module")
def path(work: Path) -> Path:
    return write(work / "rows.jsonl.xz", rows())


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


def test_a_wrong_passage_is_of_the_questions_own_side(data: Data) -> None:
    contexts: dict[bool, set[str]] = {True: set(), False: set()}
    for each in rows():
        contexts[is_development(each["title"] or each["context"])].add(each["context"])
    for side, part in ((True, data.development), (False, data.training)):
        for example in part:
            if example.kind != "cut":  # sentences put together
                assert any(example.text in context for context in contexts[side])
                assert not any(example.text in context for context in contexts[not side])
        counts = Counter(example.kind for example in part)
        assert counts["retrieved"] == counts["answered"] > 2


def test_a_passage_of_both_sides_is_developments(tmp_path: Path) -> None:
    titles = [f"T{number}" for number in range(100)]
    (held, *_), (learnt, other, *_) = (
        [title for title in titles if is_development(title) is side] for side in (True, False)
    )
    both, own = (
        "The mill of Moss burnt down in 1904. It rained.",
        "The mill of Ribe burnt down in 1911. It snowed.",
    )
    more = "The mill of Lund burnt down in 1922. It hailed."
    found = [
        row("1", "wiki", held, both, "When did the mill of Moss burn?", "1904"),
        row("2", "wiki", learnt, both, "What did burn in 1904?", "The mill"),
        row("3", "wiki", learnt, own, "When did the mill of Ribe burn?", "1911"),
        row("4", "timeqa_human", learnt, both, "Why did the mill burn?", ""),
        row("5", "timeqa_human", other, more, "Why did the mill burn?", ""),
    ]
    path = write(tmp_path / "rows.jsonl.xz", found)
    data = collect(path, tmp_path / "work", FakeEmbedder(max_tokens=40), threads=1)
    assert {each.text for each in data.development if each.kind == "answered"} == {both}
    kinds = {(each.kind, each.text) for each in data.training if each.kind not in ("cut", "swapped")}
    assert kinds == {("answered", own), ("retrieved", more), ("marked", more)}
    assert not any("Moss" in each.text for each in data.training)
    alone = collect(write(path, found[:2]), tmp_path / "alone", FakeEmbedder(max_tokens=40), threads=1)
    assert alone.training == []
    assert alone.development


def test_a_second_call_reads_what_was_kept(data: Data, path: Path, work: Path) -> None:
    before = (work / "examples.jsonl").stat()
    assert collect(path, work, FakeEmbedder(max_tokens=40), threads=1) == data
    after = (work / "examples.jsonl").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.fixture
def copied(data: Data, path: Path, work: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The rows and what was collected of them, to be changed."""
    assert data.training
    (tmp_path / "work").mkdir()
    for source, name in ((path, "rows.jsonl.xz"), (work / "examples.jsonl", "work/examples.jsonl")):
        (tmp_path / name).write_bytes(source.read_bytes())
    return tmp_path / "rows.jsonl.xz", tmp_path / "work"


def test_other_rows_are_collected_anew(data: Data, copied: tuple[Path, Path]) -> None:
    path, work = copied
    found = collect(write(path, list(rows())[:60]), work, FakeEmbedder(max_tokens=40), threads=2)
    assert {each.question for each in found.training} < {each.question for each in data.training}


def test_another_embedder_collects_anew(data: Data, copied: tuple[Path, Path]) -> None:
    path, work = copied
    found = collect(path, work, FakeEmbedder(max_tokens=14), threads=2)
    longest, before = (max(len(each.text) for each in part.training) for part in (found, data))
    assert longest < before


@pytest.mark.parametrize(
    ("old", "new"), [(f'"version": {EXAMPLES_VERSION}', '"version": 1'), ('"version"', '"question"')]
)
def test_what_another_version_kept_is_collected_anew(
    data: Data, copied: tuple[Path, Path], old: str, new: str
) -> None:
    path, work = copied
    first, *lines = (work / "examples.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    assert old in first
    (work / "examples.jsonl").write_text("".join([first.replace(old, new), *lines[:3]]), encoding="utf-8")
    assert collect(path, work, FakeEmbedder(max_tokens=40), threads=2) == data


def test_rows_that_are_missing_are_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.xz.*Expected rows.*make reader"):
        collect(tmp_path / "missing.xz", tmp_path, FakeEmbedder(max_tokens=40), threads=1)


def test_another_number_of_threads_collects_the_same(data: Data, path: Path, tmp_path: Path) -> None:
    assert collect(path, tmp_path / "work", FakeEmbedder(max_tokens=40), threads=1) == data
    assert sorted(each.name for each in (tmp_path / "work").iterdir()) == ["examples.jsonl", "index"]


def test_chunks_are_those_of_an_index(data: Data, work: Path) -> None:
    assert data.training
    for side in ("training", "development"):
        chunker = open_generation(work / "index" / side).manifest.chunker
        assert chunker.overlap_tokens == chunker.max_tokens // OVERLAP_SHARE


def test_progress_goes_to_stderr(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    collect(path, tmp_path / "work", FakeEmbedder(max_tokens=40), threads=1)
    out, talk = capsys.readouterr()
    assert out == ""
    assert "Finding passages" in talk
