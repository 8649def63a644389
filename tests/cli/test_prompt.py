"""The prompt that `qa ask` opens on a terminal."""

import os
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.program import HARBOUR, QUOTE, Session, plain, qa, session

UP = "\x1b[A"


@contextmanager
def prompt(folder: Path, state: Path, *arguments: str, **variables: str) -> Iterator[Session]:
    """Open the prompt, with its history under `state`, and wait until it asks."""
    with session(
        folder, "ask", *arguments, variables={"XDG_STATE_HOME": str(state), **variables}
    ) as terminal:
        assert "Ask a question; Ctrl-D ends.\n" in terminal.read_until("> ")
        yield terminal


def ask(terminal: Session, question: str) -> str:
    """Type a question, and return what is shown until the next may be typed."""
    terminal.type(question + "\r")
    return plain(terminal.read_until("\n> "))


@pytest.mark.parametrize("end", ["\x04", "exit\r", "quit\r"])
def test_it_answers_until_it_is_told_to_end(place: Path, tmp_path: Path, end: str) -> None:
    with prompt(place, tmp_path) as terminal:
        assert QUOTE in ask(terminal, HARBOUR)
        assert "Not in these articles." in ask(terminal, "quantum chromodynamics lattice")
        assert "passages" not in ask(terminal, "   ")
        terminal.type(end)
        terminal.read_to_end()
        assert terminal.process.returncode == 0


def test_an_error_is_shown_and_the_next_question_answered(place: Path, tmp_path: Path) -> None:
    with prompt(place, tmp_path) as terminal:
        assert "qa: The question has 2,100 characters" in ask(terminal, "a" * 2100)
        assert QUOTE in ask(terminal, HARBOUR)


def test_ctrl_c_gives_up_the_line(place: Path, tmp_path: Path) -> None:
    with prompt(place, tmp_path) as terminal:
        terminal.type("half a quest")
        terminal.read_until("half a quest")
        terminal.let_it_wait()
        terminal.type("\x03")
        terminal.read_until("\n> ")
        assert QUOTE in ask(terminal, HARBOUR)


def test_sigterm_ends_it(place: Path, tmp_path: Path) -> None:
    with prompt(place, tmp_path) as terminal:
        terminal.let_it_wait()
        terminal.process.send_signal(signal.SIGTERM)
        terminal.read_to_end()
        assert terminal.process.returncode == 130


def test_it_remembers_questions_for_its_owner_only(place: Path, tmp_path: Path) -> None:
    with prompt(place, tmp_path) as terminal:
        for question in (HARBOUR, HARBOUR, "bridge"):
            ask(terminal, question)
        terminal.type("\x04")
        terminal.read_to_end()
    history = tmp_path / "qa" / "history"
    assert history.read_text() == f"{HARBOUR}\nbridge\n"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert stat.S_IMODE(history.parent.stat().st_mode) == 0o700
    with prompt(place, tmp_path) as terminal:
        terminal.type(UP + UP)
        terminal.read_until(HARBOUR)
        assert QUOTE in ask(terminal, "")


@pytest.mark.skipif(
    os.geteuid() != 0 and os.access("/proc/1", os.W_OK), reason="wants a folder nobody may write"
)
def test_it_does_without_a_history(place: Path) -> None:
    with prompt(place, Path("/proc/1/nowhere")) as terminal:
        assert QUOTE in ask(terminal, HARBOUR)
        terminal.type(UP)
        terminal.read_until(HARBOUR)


def test_it_follows_a_new_index(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "tide.txt").write_text(
        "Tides\n\nThe tide comes in twice a day.\n", encoding="utf-8"
    )
    assert qa(tmp_path, "index").returncode == 0
    with prompt(tmp_path, tmp_path / "state") as terminal:
        assert "twice a day" in ask(terminal, "When does the tide come in?")
        (tmp_path / "seeds" / "tide.txt").write_text(
            "Tides\n\nThe tide comes in thrice a day.\n", encoding="utf-8"
        )
        assert qa(tmp_path, "index").returncode == 0
        until = time.monotonic() + 30
        while "thrice a day" not in ask(terminal, "When does the tide come in?"):
            assert time.monotonic() < until


def test_without_a_terminal_there_is_no_prompt(place: Path) -> None:
    for arguments in (("ask",), ("ask", "--plain")):
        done = qa(place, *arguments)
        assert (done.returncode, done.stdout) == (2, b"")


def test_no_color_is_for_the_prompt_too(place: Path, tmp_path: Path) -> None:
    with prompt(place, tmp_path, NO_COLOR="1", TERM="dumb") as terminal:
        terminal.type(HARBOUR + "\r")
        assert "\x1b" not in terminal.read_until("\n> ")
