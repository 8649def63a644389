"""What Ctrl-C means at the prompt; the real terminal is in tests/cli/test_prompt.py."""

import builtins
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.errors import ServerError
from qa.shell.prompt import converse
from qa.shell.terminal import Terminal


def _type(monkeypatch: pytest.MonkeyPatch, state: Path, *lines: str) -> None:
    typed: Iterator[str] = iter(lines)

    def read(prompt: str) -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    monkeypatch.setattr(builtins, "input", read)


def test_ctrl_c_gives_up_the_question_and_an_error_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    _type(monkeypatch, tmp_path, "slow", "away", "  good  ", "")
    answered: list[str] = []

    def answer(question: str) -> None:
        if question == "slow":
            raise KeyboardInterrupt
        if question == "away":
            raise ServerError("the server is gone")
        answered.append(question)

    converse(answer, Terminal())
    assert answered == ["good"]
    assert capfdbinary.readouterr().err == b"qa: the server is gone\n"


def test_being_told_to_stop_is_not_ctrl_c(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _type(monkeypatch, tmp_path, "slow", "never")

    def answer(question: str) -> None:
        raise KeyboardInterrupt("SIGTERM")

    with pytest.raises(KeyboardInterrupt):
        converse(answer, Terminal())
