"""Compare ways to rank with the two legs, all from one index and one run, by nDCG@10.

    .venv/bin/python benchmarks/fusion.py ../shared/eval

Chose the fusion of qa/answer/retrieve.py. Every row scores every chunk of the set, so no list is cut.
"""

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import record
import tables
from numpy.typing import NDArray

from qa.evaluate import BeirFolder, index_articles, read_beir
from qa.models import DEFAULT_MODEL, Embedder, find_model, open_embedder

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
    **{
        f"z-scores, sentence vectors, share {share}": lambda d, s, b, share=share: (
            share * z(s) + (1 - share) * z(b)
        )
        for share in (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85)
    },
}
CROSS_FITTED = "z-scores, sentence vectors, cross-fitted share"
SINGLE = ("chunk vectors", "BM25")
BASELINES = {
    "the better of chunk vectors and BM25": SINGLE,
    "the better of sentence vectors and BM25": ("sentence vectors", "BM25"),
    "min-max, chunk vectors, share .4": ("min-max, chunk vectors, share .4",),
    "RRF(60) of chunk vectors and BM25": ("RRF(60) of chunk vectors and BM25",),
}


def main() -> None:
    """Measure every row on every set; print a table and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of BEIR folders")
    arguments = parser.parse_args()
    embedder = open_embedder(find_model(DEFAULT_MODEL), threads=2)
    found = {name: measure(read_beir(arguments.folder / name), embedder) for name in SETS}
    means = {
        name: {row: round(float(values.mean()), 4) for row, values in rows.items()} | {CROSS_FITTED: 0.0}
        for name, (rows, _) in found.items()
    }
    shares = cross_fit(found, means)
    figures = {
        "nDCG@10": means,
        "shares": shares,
        "error reduction in %": {name: error_reduction(means, rows) for name, rows in BASELINES.items()},
    }
    record.write(
        "fusion",
        what=f"nDCG@{DEPTH}, at most {QUESTIONS_PER_SET} questions a set, {embedder.fingerprint.name}; the cross-fitted "
        "share is the one that is best, over all sets, on the half of the questions that is not measured with it",
        figures=figures,
        packages=("faiss-cpu", "openvino"),
    )
    sys.stdout.writelines(tables.fusion())


def cross_fit(found: Mapping[str, "Measured"], means: Mapping[str, dict[str, float]]) -> list[str]:
    """Fill in the row of the cross-fitted share; return the share that each half of the questions chose."""
    rows = [row for row in ROWS if row.startswith("z-scores")]
    chosen = [
        max(
            rows,
            key=lambda row: np.mean([values[row][parts != part].mean() for values, parts in found.values()]),
        )
        for part in (0, 1)
    ]
    for name, (values, parts) in found.items():
        measured = np.where(parts == 0, values[chosen[0]], values[chosen[1]])
        means[name][CROSS_FITTED] = round(float(measured.mean()), 4)
    return [row.rpartition(" ")[2] for row in chosen]


def error_reduction(means: Mapping[str, Mapping[str, float]], baseline: Sequence[str]) -> dict[str, float]:
    """Return by how much 1 - nDCG is less than the better of the rows' in each set, and on average."""
    found = {
        name: 100 * (1 - (1 - rows[CROSS_FITTED]) / (1 - max(rows[row] for row in baseline)))
        for name, rows in means.items()
    }
    return {
        name: round(value, 1)
        for name, value in {**found, "mean": float(np.mean(list(found.values())))}.items()
    }


Measured = tuple[Mapping[str, Scores], NDArray[np.int64]]


def measure(data: BeirFolder, embedder: Embedder) -> Measured:
    """Return the nDCG of every row for each judged question, and which half each question is in."""
    names = sorted(data.relevant, key=lambda name: hashlib.sha256(name.encode()).digest())[:QUESTIONS_PER_SET]
    with tempfile.TemporaryDirectory() as folder:
        index = index_articles(data.articles, Path(folder), embedder).generation
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
    parts = np.array([hashlib.sha256(name.encode()).digest()[-1] & 1 for name in names])
    return {row: np.array(values) for row, values in found.items()}, parts


def ndcg(ranked: Sequence[str], relevant: frozenset[str]) -> float:
    """Return nDCG@10 with binary gains; an article counts once, at its best chunk (Järvelin and Kekäläinen 2002)."""
    order = enumerate(islice(dict.fromkeys(ranked), DEPTH))
    gained = sum(1 / np.log2(rank + 2) for rank, article in order if article in relevant)
    return float(gained / sum(1 / np.log2(rank + 2) for rank in range(min(DEPTH, len(relevant)))))


if __name__ == "__main__":
    main()
