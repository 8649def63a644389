"""What a million chunks take in memory while questions are answered, and while they are indexed.

    .venv/bin/python benchmarks/memory.py ../shared/train/en.jsonl.xz

Each side runs in a process of its own and answers the same 1,000 questions: ours with the whole path of `qa
ask`, the baseline with `faiss.IndexFlatIP` and the chunks' texts in a Python list. Building the index once
takes about half an hour and 8 GB of disk; it is kept in the cache folder. The index itself is built in a
process that is watched too, next to one of a tenth of the size: what grows with the corpus shows.
"""

import argparse
import json
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import record
import tiled

from qa.answer import Answerer
from qa.index import open_generation, read_pointer
from qa.models import DEFAULT_MODEL, find_model, open_embedder

CHUNKS = (100_000, 1_000_000)
QUESTIONS = 1_000
MIB = 2**20


def main() -> None:
    """Run every side, print and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path, help="en.jsonl.xz of the training rows")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "qa-bench")
    parser.add_argument("--side", help="run one side in this process: build, ours or flat")
    parser.add_argument("--chunks", type=int)
    arguments = parser.parse_args()
    if arguments.side:
        figures = SIDES[arguments.side](arguments.train, arguments.cache, arguments.chunks)
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    figures = {}
    for chunks in CHUNKS:
        for side in SIDES:
            done = subprocess.run(
                [sys.executable, *sys.argv, "--side", side, "--chunks", str(chunks)],
                stdout=subprocess.PIPE,
                encoding="utf-8",
                check=True,
            )
            figures[f"{side}, {chunks} chunks"] = json.loads(done.stdout.splitlines()[-1])
            sys.stdout.write(f"{side}, {chunks} chunks: {done.stdout}")
    ours, flat = (figures[f"{side}, {CHUNKS[-1]} chunks"]["resident MiB"] for side in ("ours", "flat"))
    figures["ours / flat"] = round(ours / flat, 3)
    record.write(
        "memory",
        what=f"resident memory after {QUESTIONS} questions, ours (qa.answer) against faiss.IndexFlatIP and the texts in "
        "a list; and of the process that builds. Text and vectors tiled from real ones",
        figures=figures,
        packages=("faiss-cpu", "openvino", "numpy"),
    )


def build(train: Path, cache: Path, chunks: int) -> dict[str, float]:
    """Index, unless it was done before."""
    base = tiled.Base(train, cache, open_embedder(find_model(DEFAULT_MODEL), threads=2))
    before = _resident()
    begun = time.perf_counter()
    if _figures(cache, chunks).exists():
        return dict(json.loads(_figures(cache, chunks).read_text(encoding="utf-8")))
    report = tiled.build(base, _index_dir(cache, chunks), chunks)
    size = sum(file.size for file in report.manifest.files.values())
    found = {
        "before MiB": before,
        "peak MiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB, 1),
        "wall s": round(time.perf_counter() - begun, 1),
        "disk MiB": round(size / MIB, 1),
    }
    _figures(cache, chunks).write_text(json.dumps(found), encoding="utf-8")
    return found


def ours(train: Path, cache: Path, chunks: int) -> dict[str, float]:
    """Answer questions as `qa serve` does."""
    embedder = open_embedder(find_model(DEFAULT_MODEL), threads=2)
    questions = _questions(train, cache)
    begun = time.perf_counter()
    answerer = Answerer(open_generation(_index_dir(cache, chunks)), embedder)
    opened = time.perf_counter() - begun
    for number in range(QUESTIONS):
        answerer.ask(questions[number % len(questions)])
    return {"opened and verified in s": round(opened, 2), **_memory()}


def flat(train: Path, cache: Path, chunks: int) -> dict[str, float]:
    """Search as the shortest tutorial does."""
    import faiss

    faiss.cvar.distance_compute_blas_threshold = 20
    embedder = open_embedder(find_model(DEFAULT_MODEL), threads=2)
    questions = _questions(train, cache)
    index_dir = _index_dir(cache, chunks)
    folder = index_dir / read_pointer(index_dir).generation
    begun = time.perf_counter()
    index = faiss.read_index(str(folder / "dense.faiss"))
    store = sqlite3.connect(f"file:{folder / 'articles.sqlite'}?mode=ro", uri=True)
    query = "SELECT substr(text, start + 1, end - start) FROM chunks JOIN articles ON id = article_id ORDER BY row"
    texts = [text for (text,) in store.execute(query)]
    store.close()
    opened = time.perf_counter() - begun
    for number in range(QUESTIONS):
        _, rows = index.search(embedder.embed_questions([questions[number % len(questions)]]), 5)
        if not all(texts[row] for row in rows[0]):
            raise RuntimeError("a chunk without text")
    return {"opened in s": round(opened, 2), **_memory()}


SIDES = {"build": build, "ours": ours, "flat": flat}


def _questions(train: Path, cache: Path) -> list[str]:
    """Return the questions without the passages, which would count."""
    kept = cache / "questions.json"
    if not kept.exists():
        base = tiled.Base(train, cache, open_embedder(find_model(DEFAULT_MODEL), threads=2))
        kept.write_text(json.dumps(base.questions), encoding="utf-8")
    return list(json.loads(kept.read_text(encoding="utf-8")))


def _index_dir(cache: Path, chunks: int) -> Path:
    return cache / f"index-{chunks}"


def _figures(cache: Path, chunks: int) -> Path:
    return cache / f"build-{chunks}.json"


def _resident() -> float:
    return _memory()["resident MiB"]


def _memory() -> dict[str, float]:
    """Return what counts as this process's memory now: resident, and the part of it that no file backs."""
    text = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    sizes = {name: int(kib) for name, kib in re.findall(r"(\w+):\s+(\d+) kB", text)}
    return {
        "resident MiB": round(sizes["Rss"] / 1024, 1),
        "of it private MiB": round((sizes["Private_Dirty"] + sizes["Private_Clean"]) / 1024, 1),
        "of it anonymous MiB": round(sizes["Anonymous"] / 1024, 1),
    }


if __name__ == "__main__":
    main()
