"""One object a line: what is wrong with a line stays with that line, what is wrong for all ends the run."""

import json
from dataclasses import replace

import pytest

from qa.errors import InputError, ServerError
from qa.shell.batch import answer_lines_of
from qa.types import Answer


def test_a_bad_line_keeps_its_place_and_the_worst_code_counts(answer: Answer) -> None:
    written: list[str] = []

    def ask(question: str) -> Answer:
        if question == "bad":
            raise InputError("no")
        return replace(answer, question=question, status="no_evidence" if question == "none" else "answered")

    def write(line: str) -> bool:
        written.append(line)
        return True

    lines: list[str | InputError] = ["good", "none"]
    assert answer_lines_of([], ask, write) == 0
    assert answer_lines_of(lines[:1], ask, write) == 0
    assert answer_lines_of(lines, ask, write) == 1
    assert answer_lines_of(["bad", *lines, InputError("not read")], ask, write) == 2
    errors = [json.loads(line) for line in written if line.startswith('{"error"')]
    assert errors == [
        {"error": {"code": "invalid_input", "message": "no"}},
        {"error": {"code": "invalid_input", "message": "not read"}},
    ]
    assert [line.endswith("\n") for line in written] == [True] * 7


def test_nothing_more_is_asked_when_nobody_reads(answer: Answer) -> None:
    asked: list[str] = []

    def ask(question: str) -> Answer:
        asked.append(question)
        return answer

    assert answer_lines_of(["one", "two"], ask, lambda line: False) == 0
    assert asked == ["one"]


def test_what_no_line_is_to_blame_for_ends_the_run(answer: Answer) -> None:
    def ask(question: str) -> Answer:
        raise ServerError("gone")

    with pytest.raises(ServerError, match="gone"):
        answer_lines_of(["one", "two"], ask, lambda line: True)
