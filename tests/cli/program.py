"""The real program in a process of its own: in a pipe, on a terminal, and against files that say what it printed."""

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden_cli"
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;[^;]*;[^\x1b]*\x1b\\")
HARBOUR = "Why was the harbour closed?"
QUOTE = "The harbour was closed on Monday because of a storm."
NOWHERE = "quantum chromodynamics lattice"
ARTICLES = {
    "harbour.md": "---\ntitle: The harbour\nsource: The Gazette\nauthor: A. Writer\npublished: 2023-07-11\n---\n\n"
    "The harbour was closed on Monday because of a storm. Ships waited outside the bay.\n",
    "news/bridge.txt": "The bridge\n\nThe bridge carries forty thousand cars a day. It was built in 1932.\n",
    "paint.txt": "The paint\n\nThe paint in the bottle was \x1b[31mred\x1b[0m and \u202egnp.exe stayed. It dried fast.\n",
}
# A terminal that Ctrl-C is typed on must be the one that controls the process.
_TAKE_TERMINAL = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which nothing of the person who runs the tests shows."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("QA_") and name != "NO_COLOR"
    }
    return {**kept, "QA_MODEL": "fake", "COLUMNS": "80", "TERM": "xterm-256color", **changes}


def qa(
    folder: Path, *arguments: str | bytes, stdin: bytes = b"", variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command in `folder`, in pipes."""
    return subprocess.run(
        [sys.executable, "-m", "qa", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        env=environment(variables or {}),
        timeout=120,
        check=False,
    )


def write_place(folder: Path) -> Path:
    """Write articles to seeds/ and their index to index/, as in a checkout."""
    for name, text in ARTICLES.items():
        path = folder / "seeds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    done = qa(folder, "index")
    assert (done.returncode, done.stderr) == (0, b"")
    assert re.fullmatch(
        rb"Indexed 3 articles: 3 added, 0 changed, 0 removed, 0 unchanged\.\n(\d+) chunks, \1 embedded with fake\.\n",
        done.stdout,
    )
    return folder


class Session:
    """A program on a terminal of its own, which is typed on and read."""

    def __init__(self, ours: int, process: "subprocess.Popen[bytes]") -> None:
        self._ours = ours
        self.process = process
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def let_it_wait(self) -> None:
        """Wait until the program surely waits for what is typed: a signal just before that waits for a key."""
        time.sleep(0.3)

    def read_until(self, text: str, timeout_s: float = 60) -> str:
        """Return what is shown from here on up to `text`, and take it off."""
        until = time.monotonic() + timeout_s
        while text not in self.shown:
            assert time.monotonic() < until, f"no {text!r} in {self.shown!r}"
            if not self._read():
                raise AssertionError(f"the program ended without {text!r}: {self.shown!r}")
        before, _, self.shown = self.shown.partition(text)
        return before + text

    def read_to_end(self, timeout_s: float = 60) -> str:
        """Return what is shown until the program ends."""
        until = time.monotonic() + timeout_s
        while self._read():
            assert time.monotonic() < until, f"the program goes on after {self.shown!r}"
        self.process.wait(timeout_s)
        return self.shown

    def _read(self) -> bool:
        if select.select([self._ours], [], [], 0.1)[0]:
            try:
                data = os.read(self._ours, 65536)
            except OSError:  # EIO: the other end is closed
                return False
            self.shown += data.decode("utf-8").replace("\r\n", "\n")
            return bool(data)
        return True


@contextmanager
def session(
    folder: Path,
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    columns: int = 80,
    rows: int = 24,
) -> Iterator[Session]:
    """Run on a terminal of this size; a program that is still there at the end is killed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, sys.executable, "-m", "qa", *arguments],
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment({"COLUMNS": str(columns), **(variables or {})}),
            start_new_session=True,
        )
    finally:
        os.close(theirs)
    try:
        yield Session(ours, process)
    finally:
        os.close(ours)
        process.kill()
        process.wait()


def on_terminal(
    folder: Path,
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    columns: int = 80,
    rows: int = 24,
) -> str:
    """Return what a command that answers, or refuses to, shows on a terminal."""
    with session(folder, *arguments, variables=variables, columns=columns, rows=rows) as terminal:
        shown = terminal.read_to_end()
        assert terminal.process.returncode in {0, 1}
        return shown


def plain(shown: str) -> str:
    """Return what a person reads of it."""
    return ANSI.sub("", shown)


def check_golden(name: str, found: str) -> None:
    """Compare with tests/golden_cli/NAME; UPDATE_GOLDEN=1 writes that file."""
    file = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(found, encoding="utf-8")
    expected = file.read_text(encoding="utf-8") if file.exists() else ""
    assert found == expected, "if that is meant: UPDATE_GOLDEN=1 pytest tests/cli"


@contextlib.contextmanager
def piped(folder: Path, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run with pipes that stay open; a program that is still there at the end is killed."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "qa", *arguments],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment({}),
    ) as process:
        try:
            yield process
        finally:
            process.kill()
