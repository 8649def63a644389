"""Where a training run stands: its weights, to be taken up again, and its curve, to be looked at."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

CURVE = "curve.csv"
LOSSES = ("span", "answered", "relevant")
_STATE = "state.pt"


class Part(Protocol):
    """What a run changes: the network, the optimizer, the schedule."""

    def state_dict(self) -> dict[str, Any]:
        """Return everything that was changed."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> Any:  # noqa: ANN401 (they return what they like)
        """Take up what `state_dict` returned."""


class State:
    """The parts of a run, kept in the folder `work`; `shape` says what shaped the run."""

    def __init__(self, work: Path, parts: Sequence[Part], *, shape: str) -> None:
        self._work = work
        self._parts = parts
        self._shape = shape

    def save(self, step: int) -> None:
        """Replace what was saved before, in one step."""
        draft = self._work / f"{_STATE}.draft"
        parts = [part.state_dict() for part in self._parts]
        torch.save({"shape": self._shape, "step": step, "parts": parts}, draft)
        draft.rename(self._work / _STATE)

    def resume(self) -> int:
        """Take up what was saved of a run of the same shape, and return how many steps it has seen.

        The curve loses the lines of later steps: those come again.
        """
        step = 0
        if (self._work / _STATE).exists():
            state = torch.load(self._work / _STATE, weights_only=True)
            if state.get("shape") == self._shape:
                for part, saved in zip(self._parts, state["parts"], strict=True):
                    part.load_state_dict(saved)
                step = int(state["step"])
        _shorten(self._work / CURVE, step)
        return step


def read_curve(curve: Path) -> list[dict[str, str]]:
    """Return the lines that `log` added."""
    with curve.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def figures_of(line: Mapping[str, str]) -> dict[str, float]:
    """Return the figures of the development part in a line."""
    return {
        name: float(value)
        for name, value in line.items()
        if name not in ("step", "seconds") and not name.startswith("loss_")
    }


def log(work: Path, step: int, losses: Sequence[float], seconds: float, figures: dict[str, float]) -> None:
    """Add a line to the curve."""
    row = {
        "step": step,
        **{f"loss_{name}": round(loss, 4) for name, loss in zip(LOSSES, losses, strict=True)},
        "seconds": round(seconds, 1),
        **figures,
    }
    path = work / CURVE
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def _shorten(curve: Path, step: int) -> None:
    lines = curve.read_bytes().splitlines(keepends=True) if curve.exists() else []
    # A line that was being written when the run was killed has no end.
    kept = [line for line in lines[1:] if line.endswith(b"\n") and int(line.partition(b",")[0]) <= step]
    if kept:
        curve.write_bytes(b"".join([lines[0], *kept]))
    else:
        curve.unlink(missing_ok=True)
