"""A new process that answers one question: `qa ask` against the usual script.

    .venv/bin/python benchmarks/cold.py

The usual script imports sentence-transformers and FAISS, loads the same model, encodes the question and
searches the same vectors; it prints the rows, where `qa ask` also verifies every byte of the index, quotes,
judges and cites. Both run in turns, each with the system's caches warm.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import record

from qa.index import read_pointer
from qa.models import DEFAULT_MODEL, find_model

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
QUESTION = "Why won't NATO admit Ukraine?"
USUAL = """
import sys
import torch
import faiss
from sentence_transformers import SentenceTransformer

torch.set_num_threads(2)
model = SentenceTransformer(sys.argv[1], device="cpu")
index = faiss.read_index(sys.argv[2])
print(index.search(model.encode([sys.argv[3]]), 5))
"""


def main() -> None:
    """Run both in turns, print and write the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a third of the runs; writes no results")
    quick = parser.parse_args().quick
    runs = 5 if quick else 15
    qa = [sys.executable, "-m", "qa"]
    environment = {**os.environ, "QA_THREADS": "2", "OMP_NUM_THREADS": "2", "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryDirectory() as folder:
        index_dir = Path(folder)
        subprocess.run([*qa, "index", str(SEEDS), "--index-dir", folder, "-q"], env=environment, check=True)
        dense = index_dir / read_pointer(index_dir).generation / "dense.faiss"
        usual = [sys.executable, "-c", USUAL, str(find_model(DEFAULT_MODEL).path), str(dense), QUESTION]
        commands = {
            "qa ask": [*qa, "ask", QUESTION, "--index-dir", folder],
            "usual script": usual,
            "qa --version": [*qa, "--version"],
            "qa --help": [*qa, "--help"],
            "python -c pass": [sys.executable, "-c", "pass"],
        }
        walls: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                begun = time.perf_counter()
                subprocess.run(command, env=environment, check=True, capture_output=True)
                walls[name].append(time.perf_counter() - begun)
    figures: dict[str, float] = {
        f"{name}, s": round(statistics.median(times[1:]), 3) for name, times in walls.items()
    }
    figures["usual script / qa ask"] = round(figures["usual script, s"] / figures["qa ask, s"], 1)
    if not quick:
        record.write(
            "cold",
            what=f"wall of a new process on the seeds index, median of {runs - 1} in turns after one to warm up",
            figures=figures,
            packages=("faiss-cpu", "sentence-transformers", "torch", "openvino"),
        )
    for name, value in figures.items():
        sys.stdout.write(f"{name}: {value}\n")


if __name__ == "__main__":
    main()
