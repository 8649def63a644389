"""Vector search at 100,000 and 1,000,000 chunks on one core, against an exact scan of the same vectors.

    .venv/bin/python benchmarks/search.py ../shared/train/en.jsonl.xz
    .venv/bin/python benchmarks/search.py ../shared/train/en.jsonl.xz --quick     # 100,000 only

Rows: our index asked for 10 and for the 100 that retrieval asks for, `faiss.IndexFlatIP` with
`distance_compute_blas_threshold` = 20 beside it, question by question in turn. The vectors are real ones
tiled with noise (benchmarks/tiled.py says how).
"""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import record
from tiled import Base, Rows

from qa.index import DenseIndex
from qa.index.arrays import RowFile, StoredFile
from qa.index.dense import CANDIDATES, ROWS_A_CANDIDATE
from qa.models import DEFAULT_MODEL, find_model, open_embedder

SIZES = (100_000, 1_000_000)
QUESTIONS = 200
POOL = 100
_BLOCK = 50_000


def main() -> None:
    """Measure every size; print a table and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path, help="en.jsonl.xz of the training rows")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "qa-bench")
    parser.add_argument("--quick", action="store_true", help="the smaller size only; writes no results")
    arguments = parser.parse_args()
    base = Base(arguments.train, arguments.cache, open_embedder(find_model(DEFAULT_MODEL), threads=2))
    figures = {str(rows): measure(base, rows) for rows in SIZES[: 1 if arguments.quick else None]}
    if not arguments.quick:
        record.write(
            "search",
            what=f"one question at a time on one core, {QUESTIONS} real questions, real vectors tiled with noise, "
            f"{CANDIDATES} candidates and one more for {ROWS_A_CANDIDATE} chunks, against faiss.IndexFlatIP "
            "(distance_compute_blas_threshold = 20)",
            figures=figures,
            packages=("faiss-cpu", "numpy"),
        )
    for rows, row in figures.items():
        sys.stdout.write(f"{rows} chunks: {row}\n")


def measure(base: Base, rows: int) -> dict[str, float]:
    """Return times in ms, ratios and recall at one size."""
    faiss.cvar.distance_compute_blas_threshold = 20
    dim = base.vectors.shape[1]
    with tempfile.TemporaryDirectory() as name:
        exact, codes = Path(name, "dense.faiss"), Path(name, "codes.faiss")
        header = DenseIndex.header(rows, dim)
        with RowFile(exact, header=header, rows=rows, row_bytes=4 * dim) as file:
            for first in range(0, rows, _BLOCK):
                places = np.arange(first, min(first + _BLOCK, rows)) % len(base.vectors)
                file.write(first, base.tile(places, first).tobytes())
        vectors: Rows = np.memmap(exact, np.float32, "r", offset=len(header), shape=(rows, dim))
        started = time.perf_counter()
        codes.write_bytes(DenseIndex.codes(lambda: [vectors]))
        build_s = time.perf_counter() - started
        flat = faiss.IndexFlatIP(dim)
        for first in range(0, rows, _BLOCK):
            flat.add(np.ascontiguousarray(vectors[first : first + _BLOCK]))
        ours = DenseIndex(StoredFile(exact), StoredFile(codes), rows=rows, dim=dim)
        found: dict[str, list[float]] = {"flat 10": [], "flat 100": [], "ours 10": [], "ours 100": []}
        recalls: dict[str, list[float]] = {"recall@10": [], "recall@10 of 100": [], "recall@100": []}
        for question in base.question_vectors[:QUESTIONS]:
            row = question[np.newaxis, :]
            best = timed(found["flat 10"], lambda row=row: flat.search(row, 10))[1][0]
            pool = timed(found["flat 100"], lambda row=row: flat.search(row, POOL))[1][0]
            got = timed(found["ours 10"], lambda question=question: ours.search(question, 10))[0]
            offered = timed(found["ours 100"], lambda question=question: ours.search(question, POOL))[0]
            recalls["recall@10"].append(len(set(best) & set(got)) / 10)
            recalls["recall@10 of 100"].append(len(set(best) & set(offered)) / 10)
            recalls["recall@100"].append(len(set(pool) & set(offered)) / POOL)
    times = {name: statistics.median(values) * 1000 for name, values in found.items()}
    return {
        **{f"{name} ms": round(value, 3) for name, value in times.items()},
        "times faster, 10": round(times["flat 10"] / times["ours 10"], 1),
        "times faster, 100": round(times["flat 100"] / times["ours 100"], 1),
        **{name: round(statistics.fmean(values), 4) for name, values in recalls.items()},
        "codes built in s": round(build_s, 1),
        "codes bytes a chunk": round(len(DenseIndex.codes(lambda: [base.vectors])) / len(base.vectors), 1),
    }


def timed(times: list[float], work: Callable[[], tuple]) -> tuple:  # type: ignore[type-arg]
    """Do the work and note how long it took."""
    started = time.perf_counter()
    result = work()
    times.append(time.perf_counter() - started)
    return result


if __name__ == "__main__":
    main()
