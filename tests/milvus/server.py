"""A real Milvus server on this machine, for tests: Milvus Lite's own, in a process of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

_NAMES = count()


@dataclass(frozen=True)
class Server:
    """A server that listens; every address names a collection that nobody else uses."""

    port: int

    def address(self, *, port: int | None = None) -> str:
        """Return the address of a new collection; `port`: that of a proxy in front."""
        return f"milvus://127.0.0.1:{port or self.port}/t{next(_NAMES)}"


def start(data: Path, port: int) -> "subprocess.Popen[bytes]":
    """Start a server, and wait until it listens."""
    program = Path(sys.executable).with_name("milvus-lite")
    command = [str(program), "server", "--data-dir", str(data), "--host", "127.0.0.1", "--port", str(port)]
    with (data.parent / "server.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return process
        if process.poll() is not None:
            break
        time.sleep(0.1)
    stop(process)
    pytest.fail(f"Milvus does not listen: {(data.parent / 'server.log').read_text(errors='replace')[-2000:]}")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a server that we started."""
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Run a server with its data below a folder."""
    port = free_port()
    process = start(folder / "data", port)
    try:
        yield Server(port)
    finally:
        stop(process)
