"""`qa index --watch` follows its folder."""

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.program import environment, qa


class Watching:
    """A `qa index --watch` whose lines are read as they come."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self._rest = b""

    def line(self, timeout_s: float = 60) -> str:
        """Return the next line of stdout or stderr."""
        until = time.monotonic() + timeout_s
        while b"\n" not in self._rest:
            assert self.process.stdout
            left = until - time.monotonic()
            assert left > 0, f"no line, only {self._rest!r}"
            if select.select([self.process.stdout], [], [], left)[0]:
                data = os.read(self.process.stdout.fileno(), 65536)
                assert data, f"it has ended after {self._rest!r}"
                self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def is_silent(self, for_s: float) -> bool:
        """Whether nothing is said for so long."""
        assert self.process.stdout
        return not self._rest and not select.select([self.process.stdout], [], [], for_s)[0]


@contextmanager
def watching(folder: Path, *arguments: str) -> Iterator[Watching]:
    """Watch, with stdout and stderr in one pipe, until the block is left; then Ctrl-C ends it quietly."""
    with subprocess.Popen(
        [sys.executable, "-m", "qa", "index", "--watch", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment({}),
    ) as process:
        try:
            yield Watching(process)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=30)
            assert (process.returncode, out) == (130, b"")
        finally:
            process.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "seeds" / "news").mkdir(parents=True)
    (tmp_path / "seeds" / "tide.txt").write_text(
        "Tides\n\nThe tide comes in twice a day.\n", encoding="utf-8"
    )
    return tmp_path


def begin(watched: Watching, name: str = "seeds") -> None:
    assert watched.line() == "Indexed 1 article: 1 added, 0 changed, 0 removed, 0 unchanged."
    assert watched.line() == "1 chunk, 1 embedded with fake."
    assert watched.line() == f"Watching {name} (Ctrl-C stops)"


def test_every_change_is_indexed_and_said_in_a_line(folder: Path) -> None:
    seeds = folder / "seeds"
    with watching(folder) as watched:
        begin(watched)
        (seeds / "news" / "train.md").write_text("# Trains\n\nThe train leaves at nine.\n", encoding="utf-8")
        assert watched.line() == "Indexed 2 articles: 1 added, 0 changed, 0 removed, 1 unchanged."
        assert b"at nine" in qa(folder, "ask", "When does the train leave?").stdout
        (seeds / "draft~").write_text("The train leaves at ten.")  # an editor's: no article
        (seeds / "tide.txt").write_text("Tides\n\nThe tide comes in thrice a day.\n", encoding="utf-8")
        assert watched.line() == "Indexed 2 articles: 0 added, 1 changed, 0 removed, 1 unchanged."
        (seeds / "news").rename(folder / "elsewhere")
        assert watched.line() == "Indexed 1 article: 0 added, 0 changed, 1 removed, 1 unchanged."
        (seeds / "empty.txt").touch()
        (seeds / "ship.txt").write_text("Ships\n\nThe ship leaves at noon.\n", encoding="utf-8")
        assert watched.line() == "skipped empty.txt: is empty"
        assert watched.line() == "Indexed 2 articles: 1 added, 0 changed, 0 removed, 1 unchanged."
        (seeds / "ship.txt").unlink()
        assert watched.line() == "Indexed 1 article: 0 added, 0 changed, 1 removed, 1 unchanged."


def test_many_changes_at_once_are_one(folder: Path) -> None:
    with watching(folder) as watched:
        begin(watched)
        for number in range(20):
            (folder / "seeds" / f"{number}.txt").write_text(f"Ship {number}\n\nIt leaves at noon.\n")
        assert watched.line() == "Indexed 21 articles: 20 added, 0 changed, 0 removed, 1 unchanged."
        assert watched.is_silent(1.5)


def test_what_it_writes_itself_is_no_change(folder: Path) -> None:
    with watching(folder, "seeds", "--index-dir", "seeds/index") as watched:
        begin(watched)
        assert watched.is_silent(1.5)
        (folder / "seeds" / "ship.txt").write_text("Ships\n\nThe ship leaves at noon.\n", encoding="utf-8")
        assert watched.line() == "Indexed 2 articles: 1 added, 0 changed, 0 removed, 1 unchanged."
        assert watched.is_silent(1.5)
    assert len(list((folder / "seeds" / "index").glob("gen-*"))) == 2


def test_an_error_is_said_once_and_watching_goes_on(folder: Path) -> None:
    with watching(folder) as watched:
        begin(watched)
        (folder / "seeds").rename(folder / "away")
        assert watched.line().startswith("qa: No folder at seeds: found nothing there.")
        assert watched.is_silent(1)
        (folder / "away").rename(folder / "seeds")
        assert watched.line() == "Up to date: 1 article, 1 chunk."
        (folder / "seeds").rename(folder / "away")
        assert watched.line().startswith("qa: No folder at seeds: found nothing there.")
        (folder / "away" / "ship.txt").write_text("Ships\n\nThe ship leaves at noon.\n", encoding="utf-8")
        (folder / "away").rename(folder / "seeds")
        assert watched.line() == "Indexed 2 articles: 1 added, 0 changed, 0 removed, 1 unchanged."
        (folder / "seeds" / "ship.txt").unlink()
        assert watched.line() == "Indexed 1 article: 0 added, 0 changed, 1 removed, 1 unchanged."


def test_a_busy_index_is_tried_again(folder: Path) -> None:
    with watching(folder) as watched:
        begin(watched)
        with (folder / "index" / "LOCK").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (folder / "seeds" / "ship.txt").write_text(
                "Ships\n\nThe ship leaves at noon.\n", encoding="utf-8"
            )
            assert watched.line().startswith("qa: index is being written by")
        assert watched.line() == "Indexed 2 articles: 1 added, 0 changed, 0 removed, 1 unchanged."


def test_json_is_an_object_a_round(folder: Path) -> None:
    with watching(folder, "--json") as watched:
        assert json.loads(watched.line())["added"] == 1
        assert watched.line() == "Watching seeds (Ctrl-C stops)"
        (folder / "seeds" / "ship.txt").write_text("Ships\n\nThe ship leaves at noon.\n", encoding="utf-8")
        assert json.loads(watched.line())["manifest"]["articles"] == 2


def test_quiet_is_quiet(folder: Path) -> None:
    with watching(folder, "--quiet") as watched:
        until = time.monotonic() + 60
        while not (folder / "index" / "FOLDER").exists():
            assert time.monotonic() < until
            time.sleep(0.1)
        (folder / "seeds" / "tide.txt").unlink()
        assert watched.line().startswith("qa: No articles")
