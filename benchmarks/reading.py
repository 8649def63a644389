"""What reading costs: eight passages against the same network in PyTorch, and answers with and without it.

    .venv/bin/python benchmarks/reading.py

Passages are chunks of seeds/ as long as the reader takes them. Sides run in turns; figures are medians.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import record

from qa.answer import Answerer
from qa.models import DEFAULT_MODEL, find_model
from qa.reader import Page, PairEncoder, open_reader
from qa.reader import network_reader as network
from qa.reader.weights import WEIGHTS

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
QUESTIONS = (
    "Why won't NATO admit Ukraine?",
    "Which drones did Turkey sell to Ukraine?",
    "What do Baltic states think of the invitation?",
    "Who wants to go further than Germany?",
)
THREADS = 2
READ = 8


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a quarter of the runs; writes no results")
    quick = parser.parse_args().quick
    environment = {
        **os.environ,
        "QA_THREADS": str(THREADS),
        "OMP_NUM_THREADS": str(THREADS),
        "HF_HUB_OFFLINE": "1",
    }
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "qa"]
        subprocess.run(
            [*command, "index", str(SEEDS), "--index-dir", folder, "-q"], env=environment, check=True
        )
        figures |= reading(runs=10 if quick else 40)
        figures |= answers(Path(folder), runs=10 if quick else 40)
        ask = [*command, "ask", QUESTIONS[0], "--index-dir", folder]
        figures |= cold(ask, environment, runs=4 if quick else 15)
    for name, value in figures.items():
        sys.stdout.write(f"{name}: {value}\n")
    if not quick:
        record.write(
            "reading",
            what=f"reading {READ} passages, and answers from the five articles of seeds/ with and without reading; "
            "medians of runs in turns",
            figures=figures,
            packages=("openvino", "torch"),
        )


def reading(*, runs: int) -> dict[str, object]:
    """Return how long it takes to read eight full passages, against PyTorch."""
    model = find_model(DEFAULT_MODEL)
    ours = open_reader(threads=THREADS)
    encoder = PairEncoder(model)
    plain = network.NetworkReader(
        network.uncompiled(network.load_network(model.path, WEIGHTS), THREADS),
        encoder=encoder,
        threads=1,
        runtime="torch",
    )
    pages = full_pages()
    tokens = [len(pair.ids) for pair in encoder.encode(QUESTIONS[0], [""] * READ, [p.text for p in pages])]
    medians = in_turns(
        {
            "qa": lambda turn: ours.read(QUESTIONS[turn % 4], pages),
            "torch": lambda turn: plain.read(QUESTIONS[turn % 4], pages),
        },
        runs=runs,
    )
    return {
        "passages": READ,
        "tokens of each, with the question": f"{min(tokens)} to {max(tokens)}",
        "runtime": ours.runtime,
        "read, p50 ms": round(medians["qa"] * 1000, 1),
        "in PyTorch, float32, p50 ms": round(medians["torch"] * 1000, 1),
        "times as fast": round(medians["torch"] / medians["qa"], 2),
    }


def full_pages() -> list[Page]:
    """Return passages of the articles, of about 256 tokens together with a question."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.md"))]
    pages = [text[first : first + 1150] for text in texts for first in (600, 2400)]
    return [Page("", page, ((0, len(page)),)) for page in pages[:READ]]


def answers(index_dir: Path, *, runs: int) -> dict[str, object]:
    """Return the time of a warm answer with the reader, with its budget as shipped, and without."""
    from qa.settings import load_settings
    from qa.wiring import open_answerer

    sides: dict[str, Answerer] = {
        reader: open_answerer(load_settings({"index_dir": index_dir, "threads": THREADS, "reader": reader}))
        for reader in ("default", "off")
    }
    medians = in_turns(
        {name: (lambda turn, side=side: side.ask(QUESTIONS[turn % 4])) for name, side in sides.items()},
        runs=runs,
    )
    depth = [sides["default"].ask(question).passages_read for question in QUESTIONS]
    return {
        "warm answer, p50 ms": round(medians["default"] * 1000, 1),
        "warm answer without the reader, p50 ms": round(medians["off"] * 1000, 1),
        "passages read within the budget": depth,
    }


def cold(command: list[str], environment: Mapping[str, str], *, runs: int) -> dict[str, object]:
    """Return the time of a new process with the reader and without."""

    def run(reader: str) -> None:
        subprocess.run(command, env={**environment, "QA_READER": reader}, check=False, capture_output=True)

    medians = in_turns({name: (lambda turn, name=name: run(name)) for name in ("default", "off")}, runs=runs)
    return {
        "qa ask, s": round(medians["default"], 2),
        "qa ask without the reader, s": round(medians["off"], 2),
        "the reader adds, s": round(medians["default"] - medians["off"], 2),
    }


def in_turns(sides: Mapping[str, Callable[[int], object]], *, runs: int) -> dict[str, float]:
    """Return the median seconds of each side; the first two turns do not count."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(runs + 2):
        for name, work in sides.items():
            begun = time.perf_counter()
            work(turn)
            if turn >= 2:
                seconds[name].append(time.perf_counter() - begun)
    return {name: statistics.median(found) for name, found in seconds.items()}


if __name__ == "__main__":
    main()
