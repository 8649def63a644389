"""Doses and figures: how often a test tries, and what it writes down."""

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

FULL = os.environ.get("QA_DOSE") == "full"


def dose(quick: int, full: int) -> int:
    """Return how often to try: CI's dose, or the full one with QA_DOSE=full."""
    return full if FULL else quick


@dataclass
class Figure:
    """What one test tried and how often it failed; a test ends with `assert not figure.failures`."""

    what: str
    trials: int = 0
    failures: list[str] = field(default_factory=list)
    details: dict[str, float | int | str] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def count(self, name: str) -> None:
        """Count one more case of this name among the details."""
        self.details[name] = int(self.details.get(name, 0)) + 1

    def write(self) -> None:
        """Append one line to the file that QA_FIGURES names, if it names one."""
        path = os.environ.get("QA_FIGURES")
        if not path or not self.trials:
            return
        line = {
            "what": self.what,
            "dose": "full" if FULL else "CI",
            "trials": self.trials,
            "failures": len(self.failures),
            "seconds": round(time.perf_counter() - self.started, 1),
            "details": self.details,
        }
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
