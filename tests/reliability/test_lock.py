"""One writer at a time; the others say who it is, and a dead one is in nobody's way."""

import os
import re
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from qa.errors import IndexBusyError
from qa.index.publish import writer
from tests.reliability.children import Child, qa
from tests.reliability.conftest import MakeFigure
from tests.reliability.figures import dose
from tests.reliability.states import State, build, check_opens, check_tidy

States = tuple[State, State]
WRITERS = 20
HOLDER = re.compile(r"process (\d+) on (\S+) since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


def try_to_write(connection: Connection, index_dir: Path) -> None:
    """Wait for the word, take the lock or not, send how long that took and what was said; keep the lock."""
    connection.send(os.getpid())
    connection.recv()
    begun = time.monotonic()
    try:
        with writer(index_dir):
            connection.send((time.monotonic() - begun, None))
            connection.recv()
    except IndexBusyError as error:
        connection.send((time.monotonic() - begun, str(error)))


@pytest.mark.alone
def test_of_twenty_writers_one_builds(tmp_path: Path, figure: MakeFigure) -> None:
    tried = figure(f"{WRITERS} writers at once: one holds the lock, the others name it within 2 s")
    for number in range(dose(1, 20)):
        index_dir = tmp_path / f"index-{number}"
        writers = [Child(try_to_write, index_dir) for _ in range(WRITERS)]
        pids = [one.receive() for one in writers]
        for one in writers:
            one.connection.send("go")
        outcomes = [one.receive() for one in writers]
        holders = [pid for pid, (_, message) in zip(pids, outcomes, strict=True) if message is None]
        waits = [seconds for seconds, message in outcomes if message is not None]
        tried.trials += WRITERS
        tried.details["longest wait in s"] = round(max(waits), 3)
        if len(holders) != 1 or max(waits) >= 2:
            tried.failures.append(f"{len(holders)} hold the lock, longest wait {max(waits):.2f} s")
        for _, message in outcomes:
            found = HOLDER.search(message or "")
            if message and (found is None or [int(found[1])] != holders or found[2] != os.uname().nodename):
                tried.failures.append(message)
        for one in writers:
            one.kill()
            one.join()
    assert not tried.failures


def test_the_command_says_who_writes(index_dir: Path, states: States) -> None:
    build(states[0], index_dir)
    holder = Child(try_to_write, index_dir)
    pid = holder.receive()
    holder.connection.send("go")
    holder.receive()
    done = qa("index", states[1].folder, "--index-dir", index_dir)
    assert done.returncode == 2
    found = HOLDER.search(done.stderr)
    assert found, done.stderr
    assert int(found[1]) == pid
    assert "qa index" in done.stderr
    check_opens(index_dir, states[0])
    holder.kill()
    holder.join()
    assert qa("index", states[1].folder, "--index-dir", index_dir).returncode == 0
    check_opens(index_dir, states[1])


@pytest.mark.alone
def test_a_killed_holder_is_in_nobodys_way(index_dir: Path, states: States, figure: MakeFigure) -> None:
    tried = figure("SIGKILL to the holder of the lock: the next writer has it at once")
    longest = 0.0
    for number in range(dose(10, 100)):
        holder = Child(try_to_write, index_dir)
        holder.receive()
        holder.connection.send("go")
        assert holder.receive()[1] is None
        holder.kill()
        holder.join()
        begun = time.monotonic()
        tried.trials += 1
        try:
            with writer(index_dir):
                longest = max(longest, time.monotonic() - begun)
            build(states[number % 2], index_dir)
            check_opens(index_dir, states[number % 2])
        except Exception as error:  # noqa: BLE001 (every one is a figure)
            tried.failures.append(repr(error))
    tried.details["longest wait in ms"] = round(longest * 1000, 1)
    assert not tried.failures
    assert longest < 1
    check_tidy(index_dir)
