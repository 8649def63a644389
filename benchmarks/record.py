"""Write a benchmark's figures with everything needed to judge them: when, which commit, which machine, which versions."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def write(name: str, *, what: str, figures: Mapping[str, Any], packages: Sequence[str]) -> Path:
    """Write results/<name>.json and return its path.

    `what` is one sentence: what was measured, against what, on which data. `packages` are the distributions
    whose versions matter.
    """
    path = RESULTS / f"{name}.json"
    record = {
        "what": what,
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _git("rev-parse", "HEAD") + ("+" if _git("status", "--porcelain", "-uno") else ""),
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "python": platform.python_version()},
        "versions": {package: version(package) for package in packages},
        "figures": figures,
    }
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], capture_output=True, check=True, encoding="utf-8", cwd=Path(__file__).parent
    )
    return done.stdout.strip()


def _cpu() -> str:
    """Return the processor's name and what it has for small numbers, which decides most figures here."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    fields = dict(line.partition(":")[::2] for line in info.splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    flags = set(fields.get("flags", "").split()) & {
        "avx2",
        "avx512f",
        "avx512_vnni",
        "avx512_bf16",
        "amx_bf16",
    }
    return f"{fields.get('model name', platform.processor())} ({', '.join(sorted(flags))})"
