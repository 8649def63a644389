"""Compare ways to rank with the two legs, all from one index and one run, by nDCG@10.

    .venv/bin/python benchmarks/fusion.py ../shared/eval

Chose the fusion of qa/answer/retrieve.py. Every row scores every chunk of the set, so no list is cut.
"""

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import record
from numpy.typing import NDArray

from qa.corpus import CHUNKER_VERSION
from qa.evaluate import BeirFolder, read_beir
from qa.index import build_generation, open_generation
from qa.models import DEFAULT_MODEL, Embedder, find_model, open_embedder
from qa.types import ChunkerSettings

SETS = ("squad_v1_dev", "nq_oracle", "clapnq_dev", "multihop_rag_sample_facts", "cookbook_docs")
QUESTIONS_PER_SET = 1500
DEPTH = 10

Scores = NDArray[np.float64]


def z(scores: Scores) -> Scores:
    """Return scores as multiples of their standard deviation from their mean."""
    result: Scores = (scores - scores.mean()) / (scores.std() or 1.0)
    return result


def minmax(scores: Scores) -> Scores:
    """Return scores moved into [0, 1]."""
    result: Scores = (scores - scores.min()) / ((scores.max() - scores.min()) or 1.0)
    return result


def reciprocal(scores: Scores) -> Scores:
    """Return 1 / (60 + rank)."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    result: Scores = 1 / (60 + ranks)
    return result


# d: chunk vectors, s: best sentence, b: BM25
ROWS: Mapping[str, Callable[[Scores, Scores, Scores], Scores]] = {
    "chunk vectors": lambda d, s, b: d,
    "sentence vectors": lambda d, s, b: s,
    "BM25": lambda d, s, b: b,
    "RRF(60) of chunk vectors and BM25": lambda d, s, b: reciprocal(d) + reciprocal(b),
    "min-max, chunk vectors, share .4": lambda d, s, b: 0.4 * minmax(d) + 0.6 * minmax(b),
    "z-scores, sentence vectors, share .5": lambda d, s, b: 0.5 * z(s) + 0.5 * z(b),
    "z-scores, sentence vectors, share .6": lambda d, s, b: 0.6 * z(s) + 0.4 * z(b),
    "z-scores, sentence vectors, share .7": lambda d, s, b: 0.7 * z(s) + 0.3 * z(b),
    "z-scores, sentence vectors, share .8": lambda d, s, b: 0.8 * z(s) + 0.2 * z(b),
}


def main() -> None:
    """Measure every row on every set; print a table and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of BEIR folders")
    arguments = parser.parse_args()
    embedder = open_embedder(find_model(DEFAULT_MODEL), threads=2)
    figures = {name: measure(read_beir(arguments.folder / name), embedder) for name in SETS}
    record.write(
        "fusion",
        what=f"nDCG@{DEPTH}, at most {QUESTIONS_PER_SET} questions a set, {embedder.fingerprint.name}",
        figures=figures,
        packages=("faiss-cpu", "openvino", "sentence-transformers", "torch"),
    )
    sys.stdout.writelines(table(figures))


def measure(data: BeirFolder, embedder: Embedder) -> dict[str, float]:
    """Return the mean nDCG of every row over the judged questions."""
    tokens = embedder.fingerprint.max_tokens
    chunker = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=tokens, overlap_tokens=tokens // 6)
    names = sorted(data.relevant, key=lambda name: hashlib.sha256(name.encode()).digest())[:QUESTIONS_PER_SET]
    with tempfile.TemporaryDirectory() as folder:
        build_generation(lambda: data.articles, Path(folder), embedder=embedder, chunker=chunker)
        index = open_generation(Path(folder))
        rows = np.arange(index.manifest.chunks)
        vectors, articles = index.dense.vectors(rows), [c.article_id for c in index.chunks(rows.tolist())]
        found: dict[str, list[float]] = {name: [] for name in ROWS}
        for name, question in zip(
            names, embedder.embed_questions([data.questions[n] for n in names]), strict=True
        ):
            legs = (
                (vectors @ question).astype(np.float64),
                np.maximum.reduceat(*index.sentences.scores(question, rows)).astype(np.float64),
                index.lexical.scores(data.questions[name]).astype(np.float64),
            )
            for row, fuse in ROWS.items():
                best_first = np.argsort(-fuse(*legs), kind="stable")
                found[row].append(ndcg([articles[place] for place in best_first], data.relevant[name]))
    return {row: round(float(np.mean(values)), 4) for row, values in found.items()}


def ndcg(ranked: Sequence[str], relevant: frozenset[str]) -> float:
    """Return nDCG@10 with binary gains; an article counts once, at its best chunk (Järvelin and Kekäläinen 2002)."""
    order = enumerate(islice(dict.fromkeys(ranked), DEPTH))
    gained = sum(1 / np.log2(rank + 2) for rank, article in order if article in relevant)
    return float(gained / sum(1 / np.log2(rank + 2) for rank in range(min(DEPTH, len(relevant)))))


def table(figures: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Yield the lines of a Markdown table, rows by sets."""
    yield "| | " + " | ".join(figures) + " | mean |\n|---" + "|---" * (len(figures) + 1) + "|\n"
    for row in ROWS:
        values = [figures[name][row] for name in figures]
        yield (
            f"| {row} | " + " | ".join(f"{value:.4f}" for value in [*values, float(np.mean(values))]) + " |\n"
        )


if __name__ == "__main__":
    main()
