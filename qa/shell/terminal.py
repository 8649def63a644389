"""The standard streams: data to stdout, talk to stderr, quiet when the reader has gone."""

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TextIO

from qa.shell.render import Line, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Progress = Callable[[str, int, int], None]

_STYLES = {"quote": "bold green", "source": "cyan", "heading": "bold", "dim": "dim", "warning": "yellow"}
_MARKS = {"": "bold green", "quote": "underline", "dim": "not dim bold"}


class Screen(NamedTuple):
    """Columns and rows of a terminal."""

    width: int
    height: int


class Terminal:
    """The two output streams of one command."""

    def __init__(self, *, plain: bool = False, quiet: bool = False) -> None:
        self._plain = plain or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        self._quiet = quiet

    @property
    def is_interactive(self) -> bool:
        """Whether a person looks at stdout."""
        return _is_tty(sys.stdout)

    @property
    def converses(self) -> bool:
        """Whether a person can be asked and answered."""
        return self.is_interactive and _is_tty(sys.stdin)

    @property
    def screen(self) -> Screen | None:
        """Return the size of the terminal that a person looks at, None where nothing may be styled for it."""
        if self._plain or not self.is_interactive:
            return None
        return Screen(*_console(sys.stdout).size)

    def data(self, text: str) -> bool:
        """Write exactly this text to stdout, as UTF-8, and return whether anybody still reads."""
        return _write(sys.stdout, text)

    def lines(self, lines: Iterable[Line]) -> bool:
        """Write lines as `data` does: styled and wrapped for a person, one by one otherwise."""
        if self.screen is None:
            return self.data("".join(f"{' ' * line.indent}{line.text}\n" for line in lines))
        from rich.text import Text

        console = _console(sys.stdout)
        with console.capture() as captured:
            for line in lines:
                indent = Text(" " * line.indent)
                for row in _styled(line).wrap(console, max(console.width - line.indent, 1)) or [Text()]:
                    row.rstrip()
                    console.print(indent + row, soft_wrap=True)
        return self.data(captured.get())

    def table(
        self, headings: Sequence[str], rows: Iterable[Sequence[str]], *, elastic: Collection[str]
    ) -> None:
        """Write rows in columns for a person, of which the elastic ones are cut where the terminal is narrow.

        Otherwise cells are divided by tabs, and there are no headings.
        """
        if self.screen is None:
            self.data("".join("\t".join(row) + "\n" for row in rows))
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in headings:
            table.add_column(heading, no_wrap=heading not in elastic)
        for row in rows:
            table.add_row(*(Text(cell, no_wrap=True, overflow="ellipsis") for cell in row))
        console = _console(sys.stdout)
        with console.capture() as captured:
            console.print(table)
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


def _styled(line: Line) -> "Text":
    from rich.style import Style
    from rich.text import Text

    text = Text(line.text, style=_STYLES.get(line.style, ""))
    if line.link:
        text.stylize(Style(link=line.link))
    for mark in line.marks:
        text.stylize(_MARKS[line.style], *mark)
    return text


def _console(stream: TextIO) -> "Console":
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _is_tty(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _write(stream: TextIO | None, text: str) -> bool:
    """Write all of it now and return whether somebody reads.

    A reader that has gone (`| head`) is no error, and the exit code keeps its meaning.
    """
    if stream is None:  # closed by the caller: >&-
        return False
    try:
        stream.flush()
        stream.buffer.write(text.encode("utf-8", "backslashreplace"))
        stream.buffer.flush()
    except BrokenPipeError:
        _mute(stream)
        return False
    except OSError:
        _mute(stream)  # else the interpreter tries again while it shuts down, and fails noisily
        raise
    return True


def _mute(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
