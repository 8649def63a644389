"""What is published is on the disk before CURRENT names it."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from qa.index import read_pointer
from tests.reliability.children import ROOT, Child, command, environment
from tests.reliability.conftest import MakeFigure
from tests.reliability.states import State, build

States = tuple[State, State]
Event = tuple[str, str]
"""("fsync", path) or ("rename", new path)."""

_FSYNC = re.compile(r"\bf(?:data)?sync\(\d+<(?P<path>[^>]*)>\)\s+= 0")
_RENAME = re.compile(r'\brename(?:at2?)?\(.*"(?P<path>[^"]*)"[^"]*\)\s+= 0')


def check_order(events: Sequence[Event], index_dir: Path) -> int:
    """Check the protocol of qa.index.publish; return how many files were synced before the rename."""
    folder = index_dir / read_pointer(index_dir).generation
    temporary = f"{folder.parent}/{folder.name.rpartition('-')[0]}.tmp"
    files = {f"{temporary}/{path.relative_to(folder)}" for path in folder.rglob("*")}
    ours = [event for event in events if event[1].startswith(str(index_dir))]
    renamed = ours.index(("rename", str(folder)))
    replaced = ours.index(("rename", str(index_dir / "CURRENT")))
    before = [path for _, path in ours[:renamed]]
    assert files <= set(before)
    assert before[-1] == temporary
    assert before.index(temporary) == len(before) - 1
    assert ours[renamed + 1 : replaced] == [
        ("fsync", str(index_dir)),
        ("fsync", str(index_dir / "CURRENT.tmp")),
    ]
    assert ours[replaced + 1 :] == [("fsync", str(index_dir))]
    return len(files)


def build_and_record(connection: Connection, state: State, index_dir: Path) -> None:
    """Build with `os.fsync`, `os.rename` and `os.replace` recording what they were asked."""
    events: list[Event] = []

    def recording(name: str, work: Callable[..., None], path: Callable[..., str]) -> Callable[..., None]:
        def record(*arguments: Any) -> None:
            asked = path(*arguments)
            work(*arguments)
            events.append((name, asked))

        return record

    os.fsync = recording("fsync", os.fsync, lambda number: os.readlink(f"/proc/self/fd/{number}"))
    for name in ("rename", "replace"):
        setattr(os, name, recording("rename", getattr(os, name), lambda old, new: str(new)))
    build(state, index_dir)
    connection.send(events)


@pytest.mark.parametrize("over_an_index", [False, True], ids=["first build", "second build"])
def test_every_file_is_synced_before_it_counts(
    over_an_index: bool, index_dir: Path, states: States, figure: MakeFigure
) -> None:
    tried = figure("order of fsync and rename, recorded in the process")
    if over_an_index:
        build(states[0], index_dir)
    child = Child(build_and_record, states[1], index_dir)
    events = child.receive()
    assert child.join() == 0
    tried.trials = 1
    tried.details["files synced before the rename"] = check_order(events, index_dir)


def test_strace_sees_the_same(index_dir: Path, states: States, figure: MakeFigure, tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs the command strace")
    tried = figure("order of fsync and rename, seen by strace")
    build(states[0], index_dir)
    log = tmp_path / "strace.log"
    calls = "trace=fsync,fdatasync,rename,renameat,renameat2"
    done = subprocess.run(
        [
            *(strace, "-f", "-y", "-s", "4096", "-e", calls, "-o", str(log)),
            *command("index", states[1].folder, "--index-dir", index_dir),
        ],
        cwd=ROOT,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    if not log.exists() or "ptrace" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    events: list[Event] = []
    for line in log.read_text(encoding="utf-8").splitlines():
        if match := _FSYNC.search(line):
            events.append(("fsync", match["path"]))
        elif match := _RENAME.search(line):
            events.append(("rename", match["path"]))
    tried.trials = 1
    tried.details["files synced before the rename"] = check_order(events, index_dir)
