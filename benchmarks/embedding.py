"""Compare the compiled embedder with SentenceTransformer.encode: indexing, one question, a cold process.

    .venv/bin/python benchmarks/embedding.py ../shared/eval

Both sides run in turns, in one process and with as many threads, so that a busy machine slows both.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import record
import tables
import torch
from fusion import ndcg
from sentence_transformers import SentenceTransformer

from qa.answer import Answerer
from qa.corpus import CHUNKER_VERSION, split_article
from qa.evaluate import BeirFolder, read_beir
from qa.index import build_generation, open_generation
from qa.index.reuse import Text, text_of
from qa.models import DEFAULT_MODEL, CompiledEmbedder, Embedder, Vectors, find_model, open_embedder
from qa.types import ChunkerSettings

SETS = ("squad_v1_dev", "nq_oracle")
THREADS = 2
SLICE = 256  # chunks
TURN = 20  # questions
RANKED = 800  # questions a set whose rankings are compared

COLD = {
    "qa": f"""
from qa.models import find_model, open_embedder
embedder = open_embedder(find_model({DEFAULT_MODEL!r}), threads={THREADS})
embedder.embed_questions(["Who closed the harbour?"])
""",
    "sentence-transformers": f"""
from qa.models import find_model
path = str(find_model({DEFAULT_MODEL!r}).path)
import torch
torch.set_num_threads({THREADS})
from sentence_transformers import SentenceTransformer
SentenceTransformer(path, device="cpu").encode(["Who closed the harbour?"])
""",
}


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds on the clock and of processor time, all threads together."""

    wall: float
    cpu: float


def main() -> None:
    """Measure, print a table and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of BEIR folders")
    parser.add_argument("--quick", action="store_true", help="a quarter of the chunks; writes no results")
    arguments = parser.parse_args()
    ours = open_embedder(find_model(DEFAULT_MODEL), threads=THREADS)
    if not isinstance(ours, CompiledEmbedder):
        raise SystemExit(f"Nothing to compare: the embedder is {ours.runtime}.")
    # As `qa ask` and `qa serve` open it.
    for_questions = open_embedder(find_model(DEFAULT_MODEL), threads=THREADS, streams=1)
    torch.set_num_threads(THREADS)
    theirs = SentenceTransformer(str(find_model(DEFAULT_MODEL).path), device="cpu")
    data = [read_beir(arguments.folder / name) for name in SETS]
    texts = list(islice(chunks(data, ours), 512 if arguments.quick else 2048))
    questions = list(data[0].questions.values())[: 200 if arguments.quick else 400]
    figures: dict[str, Any] = {
        "runtime": ours.runtime,
        "indexing": indexing(texts, ours, theirs),
        "one question": one_question(questions, for_questions, theirs),
        "cold process": cold(runs=5 if arguments.quick else 7),
    }
    if not arguments.quick:
        figures["nDCG@10"] = {folder.name: quality(folder, ours) for folder in data}
        record.write(
            "embedding",
            what=f"{ours.fingerprint.name} compiled against SentenceTransformer.encode with its defaults, "
            f"{THREADS} threads each, in turns; {len(texts)} chunks and {len(questions)} questions of {', '.join(SETS)}",
            figures=figures,
            packages=("openvino", "sentence-transformers", "tokenizers", "torch"),
        )
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    sys.stdout.writelines(tables.embedding_rows(figures))


def chunks(data: Sequence[BeirFolder], embedder: CompiledEmbedder) -> Iterator[Text]:
    """Yield what indexing embeds."""
    chunker, count = chunker_settings(embedder), embedder.count_tokens
    for article in (article for folder in data for article in folder.articles):
        for chunk in split_article(article, settings=chunker, count_tokens=count):
            yield text_of(article, chunk, chunker=chunker, count_tokens=count)


def chunker_settings(embedder: Embedder) -> ChunkerSettings:
    """Return the settings of `qa index`."""
    tokens = embedder.fingerprint.max_tokens
    return ChunkerSettings(version=CHUNKER_VERSION, max_tokens=tokens, overlap_tokens=tokens // 6)


def indexing(texts: Sequence[Text], ours: CompiledEmbedder, theirs: SentenceTransformer) -> dict[str, Any]:
    """Embed slice after slice with each side."""
    rows: dict[str, list[Timed]] = {"sentence-transformers": [], "qa, chunks only": [], "qa": []}
    cosines: list[Vectors] = []
    slices = len(texts) // SLICE
    for warm in (True, False):
        for first in range(1 if warm else slices):
            part = texts[first::slices]  # every slice has all lengths
            plain = [text.text for text in part]
            sentences = [text.sentences for text in part]
            expected, theirs_time = timed(lambda plain=plain: theirs.encode(plain, show_progress_bar=False))
            _, bare = timed(lambda plain=plain: ours.embed_chunks(plain, [()] * len(plain)))
            found, full = timed(lambda plain=plain, sentences=sentences: ours.embed_chunks(plain, sentences))
            if not warm:
                for row, seconds in zip(rows.values(), (theirs_time, bare, full), strict=True):
                    row.append(seconds)
                cosines.append((found.chunks * expected).sum(axis=1))
    size = len(texts) / slices
    base = rows["sentence-transformers"]
    return {
        "chunks": len(texts),
        "chunks per second": {
            name: round(statistics.median(size / each.wall for each in row), 1) for name, row in rows.items()
        },
        "CPU seconds": {name: round(sum(each.cpu for each in row), 2) for name, row in rows.items()},
        "times as fast": {
            name: round(statistics.median(a.wall / b.wall for a, b in zip(base, row, strict=True)), 2)
            for name, row in rows.items()
        },
        "times as fast, CPU": {
            name: round(statistics.median(a.cpu / b.cpu for a, b in zip(base, row, strict=True)), 2)
            for name, row in rows.items()
        },
        "mean cosine": round(float(np.concatenate(cosines).mean()), 6),
        "least cosine": round(float(np.concatenate(cosines).min()), 6),
    }


def one_question(questions: Sequence[str], ours: Embedder, theirs: SentenceTransformer) -> dict[str, Any]:
    """Embed question after question, `TURN` with one side and then with the other.

    Not one by one: each side would find the caches full of the other's weights, which no user does to it.
    """
    calls: dict[str, Callable[[str], Any]] = {
        "sentence-transformers": lambda question: theirs.encode([question], show_progress_bar=False),
        "qa": lambda question: ours.embed_questions([question]),
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    for first in range(-TURN, len(questions), TURN):  # the first turn warms up
        for name, call in calls.items():
            for question in questions[max(first, 0) : max(first, 0) + TURN]:
                times[name].append(timed(lambda call=call, question=question: call(question))[1].wall * 1000)
    return {"questions": len(questions)} | _against(
        {name: row[TURN:] for name, row in times.items()}, "ms", 99
    )


def cold(*, runs: int) -> dict[str, Any]:
    """Start a process with each side, up to its first vector."""
    times: dict[str, list[float]] = {name: [] for name in COLD}
    for _ in range(runs):
        for name, script in COLD.items():
            _, seconds = timed(
                lambda script=script: subprocess.run(
                    [sys.executable, "-c", script], check=True, capture_output=True
                )
            )
            times[name].append(seconds.wall)
    return {"runs": runs} | _against(times, "s", 100)


def quality(data: BeirFolder, ours: Embedder) -> dict[str, float]:
    """Return the mean nDCG@10 of retrieval over the vectors of each library, and what the compiled ones lose."""
    with tempfile.TemporaryDirectory() as never:
        # No cosine is above 1, so no precision passes and sentence-transformers itself embeds.
        reference = open_embedder(
            find_model(DEFAULT_MODEL),
            threads=THREADS,
            cache_dir=Path(never),
            least_cosine=2,
            precisions=["f32"],
        )
    found = {name: _ndcg(data, side) for name, side in (("sentence-transformers", reference), ("qa", ours))}
    return {**found, "loss in %": round(100 * (1 - found["qa"] / found["sentence-transformers"]), 3)}


def _ndcg(data: BeirFolder, embedder: Embedder) -> float:
    with tempfile.TemporaryDirectory() as folder:
        build_generation(
            lambda: data.articles, Path(folder), embedder=embedder, chunker=chunker_settings(embedder)
        )
        answerer = Answerer(open_generation(Path(folder)), embedder)
        found = []
        for name, relevant in islice(data.relevant.items(), RANKED):
            candidates = answerer.search(data.questions[name], k=1).candidates
            chunks = answerer.generation.chunks([candidate.row for candidate in candidates])
            found.append(ndcg([chunk.article_id for chunk in chunks], relevant))
    return round(statistics.mean(found), 4)


def _against(times: dict[str, list[float]], unit: str, percentile: int) -> dict[str, Any]:
    p50 = {name: statistics.median(row) for name, row in times.items()}
    high = {name: float(np.percentile(row, percentile)) for name, row in times.items()}
    least = {name: min(row) for name, row in times.items()}
    figures: dict[str, Any] = {
        f"{label} {unit}": {name: round(value, 3) for name, value in row.items()}
        for label, row in (("least", least), ("p50", p50), (f"p{percentile}", high))
    }
    for label, row in (("least", least), ("p50", p50), (f"p{percentile}", high)):
        figures[f"ratio of {label}"] = round(row["qa"] / row["sentence-transformers"], 3)
    return figures


def timed(call: Callable[[], Any]) -> tuple[Any, Timed]:
    """Return a call's result and what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = call()
    return result, Timed(time.perf_counter() - wall, time.process_time() - cpu)


if __name__ == "__main__":
    main()
