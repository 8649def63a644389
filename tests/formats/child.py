"""The process that reads risky files for another one, seen from outside."""

import time
from pathlib import Path


def children_of(pid: int) -> list[int]:
    """Return those that a process has now."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [int(each) for each in found if b"qa.formats.child" in Path(f"/proc/{each}/cmdline").read_bytes()]


def child_of(pid: int) -> int:
    """Wait until the process has one, and return it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if found := children_of(pid):
            return found[0]
        time.sleep(0.01)
    raise TimeoutError("no child was started")


def is_gone(pid: int, *, within_s: float) -> bool:
    """Tell whether the process ends within this time."""
    until = time.monotonic() + within_s
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.01)
    return not Path(f"/proc/{pid}").exists()
