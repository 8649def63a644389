"""A real `qa serve` in a process of its own, on a free port of this machine."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3


@dataclass(frozen=True)
class Running:
    """A server that listens."""

    url: str
    port: int
    process: "subprocess.Popen[str]"
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """Return what it has logged so far."""
        written = self.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in written if line.startswith("{")]

    def descriptors(self) -> int:
        """Return how many files and sockets the process has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_mib(self) -> float:
        """Return the memory that the process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def metric(self, name: str) -> float:
        """Return a sample of its metrics."""
        text = urllib3.request("GET", f"{self.url}/metrics", retries=False).data.decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        assert found is not None, f"no {name} in {text}"
        return float(found[1])


@contextmanager
def running(
    index_dir: Path | None, *flags: str, model: str = "fake", **environment: str
) -> Iterator[Running]:
    """Serve an index until the block is left; a server that is still there then is told to stop.

    `index_dir`: None where QA_STORE among the variables says where it is.
    """
    command = [
        sys.executable,
        "-m",
        "qa",
        "serve",
        "--port",
        "0",
        "--model",
        model,
    ]
    command += [] if index_dir is None else ["--index-dir", str(index_dir)]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [*command, *flags], stderr=stderr, text=True, env={**os.environ, **environment}
            )
            try:
                url = _announced(process, log)
                yield Running(url, int(url.rsplit(":", 1)[1]), process, log)
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _announced(process: "subprocess.Popen[str]", log: Path) -> str:
    """Return the URL once the server answers there."""
    retry = urllib3.Retry(600, backoff_factor=0.05, backoff_max=0.1, status_forcelist=(503,))
    while process.poll() is None:
        match = re.match(r"Serving on (http://\S+) ", log.read_text(encoding="utf-8"))
        if match:
            assert urllib3.request("GET", f"{match[1]}/readyz", retries=retry).status == 200
            return match[1]
    raise AssertionError(f"the server ended with {process.returncode}: {log.read_text(encoding='utf-8')}")
