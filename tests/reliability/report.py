"""Write docs/reliability.md from figures: `python tests/reliability/report.py FIGURES > docs/reliability.md`."""

import json
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HEAD = """# Reliability

Written by `make reliability`; do not edit. The tests are in `tests/reliability/`, a small dose of each runs in CI.

- A published generation is immutable, and publication is one atomic rename of `CURRENT`.
- A reader holds exactly one generation; the last three are kept for those that are opening one.
- Every byte is checksummed. A wrong byte is an error that names the file, never a wrong answer.
- One writer at a time. Killed, interrupted or out of disk space, it leaves what was there before, and the next
  `qa index` needs no help.
- Only chunks whose text has changed are embedded; what was deleted is in no answer.
- The service answers, or says in one shape of error why not: never with a 5xx of its own making. Who dawdles is closed,
  who comes in too great numbers is turned away at once, who leaves frees a place, and no id reaches a file.
"""
PACKAGES = ("faiss-cpu", "numpy", "bm25s")


def main(figures: Path) -> None:
    """Print the page."""
    rows = [json.loads(line) for line in figures.read_text(encoding="utf-8").splitlines()]
    sys.stdout.write("\n".join([HEAD, *_machine(rows), "", *_table(rows)]) + "\n")


def _machine(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    doses = " and ".join(sorted({row["dose"] for row in rows}))
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    yield f"- Date: {datetime.now(UTC).date().isoformat()}. Dose: {doses}."
    yield f"- Commit: `{_git('rev-parse', 'HEAD')}`{_changes()}."
    yield f"- Machine: {_cpu()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}."
    yield f"- Python {platform.python_version()}, {versions}, SQLite {sqlite3.sqlite_version}."
    yield (
        "- Model: `fake`, which has no weights, for what is about files and processes; the one that is built in, with the "
        "reader, for the service under load. Its clients run on the same cores."
    )


def _changes() -> str:
    changed = _git(
        "status", "--porcelain", "--untracked-files=no", "--", "qa", "tests/reliability"
    ).splitlines()
    return f" with uncommitted changes to {len(changed)} files" if changed else ""


def _table(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield "| what | trials | failures | seconds | of which |"
    yield "|---|---:|---:|---:|---|"
    for row in rows:
        details = ", ".join(f"{name}: {_number(value)}" for name, value in row["details"].items())
        yield (
            f"| {row['what']} | {_number(row['trials'])} | {_number(row['failures'])} | {row['seconds']} "
            f"| {details} |"
        )


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    ).stdout.strip()


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
