"""The standard streams: data to stdout, talk to stderr, quiet when the reader has gone."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from qa.errors import InputError
from qa.shell.render import Line, visible

if TYPE_CHECKING:
    from rich.console import Console

Progress = Callable[[str, int, int], None]

_MARK = "underline"
_STYLES = {"quote": "bold green", "source": "cyan", "heading": "bold", "dim": "dim", "warning": "yellow"}


class Terminal:
    """The two output streams of one command."""

    def __init__(self, *, plain: bool = False, quiet: bool = False) -> None:
        self._plain = plain or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        self._quiet = quiet

    @property
    def is_interactive(self) -> bool:
        """Whether a person looks at stdout."""
        return _is_tty(sys.stdout)

    def data(self, text: str) -> None:
        """Write exactly this text to stdout, as UTF-8."""
        _write(sys.stdout, text)

    def lines(self, lines: Iterable[Line]) -> None:
        """Write lines to stdout: styled and wrapped for a person, one by one otherwise."""
        if self._plain or not self.is_interactive:
            self.data("".join(f"{' ' * line.indent}{line.text}\n" for line in lines))
            return
        from rich.padding import Padding
        from rich.text import Text

        console = _console(sys.stdout)
        with console.capture() as captured:
            for line in lines:
                text = Text(line.text, style=_STYLES.get(line.style, ""))
                if line.mark is not None:
                    text.stylize(_MARK, *line.mark)
                console.print(Padding(text, (0, 0, 0, line.indent), expand=False))
        self.data(captured.get())

    def say(self, message: str) -> None:
        """Tell the person something on stderr, unless quiet was asked for."""
        if not self._quiet:
            self.complain(message)

    def complain(self, message: str) -> None:
        """Tell the person something on stderr, always."""
        _write(sys.stderr, visible(message) + "\n")

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show a progress bar with the time left on stderr; nothing at all when that is not a terminal."""
        if self._quiet or self._plain or not _is_tty(sys.stderr):
            yield lambda stage, done, total: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Bars(*columns, console=_console(sys.stderr), transient=True) as bars:
            tasks: dict[str, TaskID] = {}

            def report(stage: str, done: int, total: int) -> None:
                if stage not in tasks:
                    tasks[stage] = bars.add_task(visible(stage), total=total or None)
                bars.update(tasks[stage], completed=done, total=total or None)

            yield report


def read_text(file: Path, *, max_bytes: int | None = None) -> str:
    """Read UTF-8 text from a file, or from stdin when `file` is `-`.

    Raises InputError when it cannot be read, is longer than `max_bytes` or is not UTF-8.
    """
    where = "stdin" if str(file) == "-" else str(file)
    try:
        data = _read_stdin(max_bytes) if where == "stdin" else file.read_bytes()
    except OSError as error:
        raise InputError(
            f"Cannot read {where}: {error.strerror or error}. Save an answer first: qa ask QUESTION --json > FILE"
        ) from error
    if max_bytes is not None and len(data) > max_bytes:
        raise InputError(
            f"Found more than {max_bytes} bytes in {where}, expected at most that. See: qa --help"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"Found bytes in {where} that are not UTF-8 ({error.reason} at {error.start}). See: qa --help"
        ) from error


def _read_stdin(max_bytes: int | None) -> bytes:
    if sys.stdin is None:  # closed by the caller: <&-
        return b""
    return sys.stdin.buffer.read(-1 if max_bytes is None else max_bytes + 1)


def _console(stream: TextIO) -> "Console":
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _is_tty(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _write(stream: TextIO | None, text: str) -> None:
    """Write all of it now; a reader that has gone (`| head`) is no error, and the exit code keeps its meaning."""
    if stream is None:  # closed by the caller: >&-
        return
    try:
        stream.flush()
        stream.buffer.write(text.encode("utf-8", "backslashreplace"))
        stream.buffer.flush()
    except BrokenPipeError:
        _mute(stream)
    except OSError:
        _mute(stream)  # else the interpreter tries again while it shuts down, and fails noisily
        raise


def _mute(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
