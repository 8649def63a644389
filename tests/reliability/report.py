"""Write docs/reliability.md from figures: `python tests/reliability/report.py FIGURES`."""

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
RESULTS = ROOT / "benchmarks" / "results" / "reliability.json"
PAGE = ROOT / "docs" / "reliability.md"
HEAD = """# Reliability

Written by `make reliability`; do not edit. The tests are in `tests/reliability/` and `tests/milvus/`, a small dose of each runs in CI.
`make reliability ARGS="-k service"` runs a part of them, and leaves the figures of the others as they are.

- A published generation is immutable, and publication is one atomic rename of `CURRENT`.
- A reader holds exactly one generation; the last three are kept for those that are opening one.
- Every byte is checksummed. A wrong byte is an error that names the file, never a wrong answer.
- One writer at a time. Killed, interrupted or out of disk space, it leaves what was there before, and the next
  `qa index` needs no help.
- Only chunks whose text has changed are embedded; what was deleted is in no answer.
- A Milvus in place of the folder keeps the same promises: killed at any change, readers keep what is published; away, it is an
  error in bounded time, and back, it answers without a restart.
- The service answers, or says in one shape of error why not: never with a 5xx of its own making. Who dawdles is closed,
  who comes in too great numbers is turned away at once, who leaves frees a place, and no id reaches a file.
"""
PACKAGES = ("faiss-cpu", "numpy", "bm25s")


def main(figures: Path) -> None:
    """Keep the figures of a run in place of older ones of the same names, and write the page from all of them."""
    kept: dict[str, dict[str, Any]] = {}
    if RESULTS.is_file():
        kept = {row["what"]: row for row in json.loads(RESULTS.read_text(encoding="utf-8"))}
    run = _run()
    for line in figures.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["failures"]:
            sys.stderr.write(f"left out, for it failed: {row['what']}\n")
            continue
        kept[row["what"]] = {**row, "run": run}
    rows = list(kept.values())
    RESULTS.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text("\n".join([HEAD, *_page(rows)]) + "\n", encoding="utf-8")


def _run() -> dict[str, str]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _git("rev-parse", "HEAD") + _changes(),
        "machine": f"{_cpu()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "versions": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in PACKAGES)
        + f", SQLite {sqlite3.sqlite_version}",
    }


def _page(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield (
        "Model: `fake`, which has no weights, for what is about files and processes; the one that is built in, with the "
        "reader, for the service under load. Its clients run on the same cores."
    )
    runs = list({json.dumps(row["run"]): row["run"] for row in rows}.values())
    for run in runs:
        found = [row for row in rows if row["run"] == run]
        doses = " and ".join(sorted({row["dose"] for row in found}))
        yield f"\n## {run['date']}, commit `{run['commit'][:12]}`{run['commit'][40:]}, dose: {doses}\n"
        yield f"{run['machine']}. {run['versions']}.\n"
        yield from _table(found)


def _changes() -> str:
    changed = _git(
        "status", "--porcelain", "--untracked-files=no", "--", "qa", "tests/reliability", "tests/milvus"
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
