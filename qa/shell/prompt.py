"""A small prompt: one question after the other, with line editing and a history that only its owner may read."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from platformdirs import user_state_path

from qa.errors import QAError
from qa.shell.terminal import Terminal

PROMPT = "> "
_END = frozenset({"exit", "quit"})
_KEPT_QUESTIONS = 1000


def converse(answer: Callable[[str], object], terminal: Terminal) -> None:
    """Have each question answered until Ctrl-D or `exit`; Ctrl-C gives up the line, or the question being answered.

    An error is shown, and the next question may be asked.
    """
    remember = _open_history(user_state_path("qa") / "history")
    while True:
        try:
            question = input(PROMPT).strip()
            if question in _END:
                return
            if question:
                remember(question)
                answer(question)
                terminal.data("\n")
        except EOFError:
            terminal.data("\n")
            return
        except KeyboardInterrupt as interrupt:
            if interrupt.args:  # SIGTERM: whoever sends it wants the program to end
                raise
            terminal.data("\n")
        except QAError as error:
            terminal.complain(f"qa: {error}")
        except UnicodeDecodeError as error:
            terminal.complain(f"qa: Found bytes that are not UTF-8 ({error.reason} at {error.start}).")


def _open_history(file: Path) -> Callable[[str], None]:
    """Load the questions of earlier days; return what adds one, in memory only where the disk refuses."""
    try:
        import readline
    except ImportError:  # a Python built without it: then the line cannot be edited either
        return lambda question: None
    readline.set_auto_history(False)  # only questions, each when it is asked
    readline.set_history_length(_KEPT_QUESTIONS)
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        file.chmod(0o600)
        readline.read_history_file(file)

    def remember(question: str) -> None:
        number = readline.get_current_history_length()
        if number and readline.get_history_item(number) == question:
            return
        readline.add_history(question)
        with suppress(OSError):
            readline.append_history_file(1, file)

    return remember
