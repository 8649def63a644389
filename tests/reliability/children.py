"""Processes to kill: children forked from a clean server, and the real command line."""

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import bm25s  # noqa: F401 (loaded once in the server, not in each child)
import faiss  # noqa: F401
import numpy as np  # noqa: F401

from qa.errors import QAError
from qa.wiring import build_index
from tests.reliability.states import fake

ROOT = Path(__file__).resolve().parents[2]

# The server runs no thread and no parallel region of FAISS, so its children may be forked safely.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["__main__", "pytest", "tests.reliability.children"])


class Child:
    """A forked child that runs `work(connection, *arguments)`."""

    def __init__(self, work: Any, *arguments: object) -> None:
        self.connection, other = FORKS.Pipe()
        self.process = FORKS.Process(target=work, args=(other, *arguments), daemon=True)
        self.process.start()
        other.close()

    def receive(self, timeout_s: float = 120) -> Any:
        """Return what the child sends next; None when it died instead."""
        if not self.connection.poll(timeout_s):
            self.kill()
            raise TimeoutError(f"the child sent nothing in {timeout_s} s")
        try:
            return self.connection.recv()
        except (EOFError, ConnectionResetError):
            return None

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal; no error when it has ended already."""
        with suppress(ProcessLookupError):
            os.kill(self.process.pid or 0, number)

    def join(self, timeout_s: float = 120) -> int:
        """Return the exit code, negative for a signal."""
        self.process.join(timeout_s)
        code = self.process.exitcode
        if code is None:
            self.kill()
            raise TimeoutError(f"the child still ran after {timeout_s} s")
        self.connection.close()
        self.process.close()
        return code


def build_in_child(
    connection: Connection, folder: Path, index_dir: Path, crash_at: str, limit_bytes: int
) -> None:
    """Send "ready", build, send how it ended; die at a step, or with files limited to so many bytes."""
    if crash_at:
        os.environ["QA_CRASH_AT"] = crash_at
    if limit_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, resource.RLIM_INFINITY))
    connection.send("ready")
    connection.recv()
    try:
        report = build_index(folder, fake(index_dir))
    except QAError as error:
        connection.send((type(error).__name__, str(error)))
    else:
        connection.send(("published" if report.published else "unchanged", report.manifest.generation))


def start_build(folder: Path, index_dir: Path, *, crash_at: str = "", limit_bytes: int = 0) -> Child:
    """Return a child that begins to build now."""
    child = Child(build_in_child, folder, index_dir, crash_at, limit_bytes)
    child.receive()
    child.connection.send("go")
    return child


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment for a `qa` with the model without weights."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    return {**kept, "QA_MODEL": "fake", **more}


def command(*arguments: str | Path) -> list[str]:
    """Return the command line of `qa`."""
    return [sys.executable, "-m", "qa", *map(str, arguments)]


def qa(*arguments: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run `qa` to its end."""
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


def start_qa(*arguments: str | Path, variables: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
    """Start `qa` with pipes for what it says."""
    return subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        env=environment(**(variables or {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def wait_until_it_listens_to(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    """Wait until the process has installed its handler of the signal: from then on `main` runs."""
    mask = 1 << (number - 1)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        except FileNotFoundError:
            return
        caught = next((line for line in status.splitlines() if line.startswith("SigCgt:")), "SigCgt: 0")
        if int(caught.split()[1], 16) & mask or process.poll() is not None:
            return
        time.sleep(0.001)
    raise TimeoutError("the process never listened to the signal")


class Repeating(threading.Thread):
    """Do something over and over until told to stop; keeps the exceptions."""

    def __init__(self, work: Any) -> None:
        super().__init__(daemon=True)
        self._work, self._told = work, threading.Event()
        self.done = 0
        self.errors: list[BaseException] = []

    def run(self) -> None:
        """Run until `stop`."""
        while not self._told.is_set():
            try:
                self._work()
                self.done += 1
            except Exception as error:  # noqa: BLE001 (every one is a figure)
                self.errors.append(error)

    def stop(self) -> None:
        """Finish the last one and end."""
        self._told.set()
        self.join(60)
