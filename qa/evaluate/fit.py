"""Fit the probability that the passages hold an answer; run it with `python -m qa.evaluate.fit EVAL_FOLDER`.

Each set's articles are dealt into two halves by their titles (a title's paragraphs stay together), each half is
indexed, and every question is asked of both: of the half with its article and of the other, which cannot answer. Half of
the questions are fitted on, the other half measured; what ships is fitted on all of them.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import qa
from qa.answer import CURVE, SIGNS, Answerer
from qa.corpus import CHUNKER_VERSION
from qa.evaluate.beir import BeirFolder, read_beir
from qa.index import build_generation, open_generation
from qa.models import DEFAULT_MODEL, Embedder, find_model, open_embedder
from qa.types import Article, ChunkerSettings

SETS = ("squad_v1_dev", "nq_oracle", "clapnq_dev")
ARTICLES_PER_SET = 1200
QUESTIONS_PER_SET = 900
# Least confidence of an answer. These sets ask in the articles' own words, people do not: on the golden questions of
# seeds/, paraphrases included, this is the round number that keeps false refusals under 5 %.
THRESHOLD = 0.1
K = 5


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic regression on the raw signs."""

    weights: NDArray[np.float64]
    intercept: float

    def probability(self, signs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities of rows of signs, shape (n, len(SIGNS))."""
        result: NDArray[np.float64] = 1 / (1 + np.exp(-(signs @ self.weights + self.intercept)))
        return result


@dataclass(frozen=True, slots=True)
class Sample:
    """One question asked of one half: its signs, and whether an answering article was among the passages."""

    question: str
    signs: tuple[float, ...]
    holds: bool


def main() -> None:
    """Fit, print the figures, write the curve."""
    parser = argparse.ArgumentParser(prog="python -m qa.evaluate.fit", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of BEIR folders")
    parser.add_argument("--out", type=Path, default=Path(qa.__file__).parent / "answer" / CURVE)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    embedder = open_embedder(find_model(DEFAULT_MODEL), threads=arguments.threads)
    samples = {name: list(_ask_set(read_beir(arguments.folder / name), embedder)) for name in SETS}
    pooled = [sample for rows in samples.values() for sample in rows]
    parts = [fit([s for s in pooled if _part(s.question) != part]) for part in (0, 1)]
    curve = fit(pooled)
    result = {
        "weights": {name: round(float(weight), 5) for name, weight in zip(SIGNS, curve.weights, strict=True)},
        "intercept": round(curve.intercept, 5),
        "threshold": THRESHOLD,
        "provenance": {
            "command": "python -m qa.evaluate.fit ../shared/eval",
            "model": embedder.fingerprint.name,
            "held_out": {name: _figures(rows, parts) for name, rows in {**samples, "all": pooled}.items()},
        },
    }
    text = json.dumps(result, indent=1) + "\n"
    arguments.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def _figures(samples: Sequence[Sample], parts: Sequence[Curve]) -> dict[str, float]:
    """Measure each question with the curve that was fitted on the other half of the questions."""
    truth = np.array([sample.holds for sample in samples])
    found = np.array(
        [parts[_part(sample.question)].probability(np.array(sample.signs)) for sample in samples]
    )
    return {
        "asked": len(samples),
        "auroc": round(float(roc_auc_score(truth, found)), 4),
        "expected_calibration_error": round(calibration_error(found, truth), 4),
        "false_refusals": round(float((found[truth] < THRESHOLD).mean()), 4),
        "refused_without_article": round(float((found[~truth] < THRESHOLD).mean()), 4),
    }


def fit(samples: Sequence[Sample]) -> Curve:
    """Return the logistic regression of the samples."""
    signs = np.array([sample.signs for sample in samples])
    truth = np.array([sample.holds for sample in samples])
    mean, deviation = signs.mean(axis=0), signs.std(axis=0)
    model = LogisticRegression(C=1.0).fit((signs - mean) / deviation, truth)
    weights = model.coef_[0] / deviation
    return Curve(weights, float(model.intercept_[0] - (weights * mean).sum()))


def calibration_error(found: NDArray[np.float64], truth: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the expected calibration error: |mean probability - share true| over equal-width bins, by size."""
    place = np.minimum((found * bins).astype(int), bins - 1)
    return float(
        sum(
            abs(found[place == each].mean() - truth[place == each].mean()) * (place == each).mean()
            for each in range(bins)
            if (place == each).any()
        )
    )


def _ask_set(data: BeirFolder, embedder: Embedder) -> Iterator[Sample]:
    dealt = sorted(data.articles, key=lambda article: _hash(article.title or article.id))[:ARTICLES_PER_SET]
    known = {article.id for article in dealt}
    questions = sorted((name for name, found in data.relevant.items() if found <= known), key=_hash)
    for half in (0, 1):
        articles = [article for article in dealt if _part(article.title or article.id) == half]
        kept = {article.id for article in articles}
        with tempfile.TemporaryDirectory() as folder:
            answerer = _index(articles, Path(folder), embedder)
            for name in questions[:QUESTIONS_PER_SET]:
                found = answerer.search(data.questions[name], k=K)
                holds = any(p.chunk.article_id in data.relevant[name] for p in found.passages)
                if (
                    holds or not data.relevant[name] & kept
                ):  # not found though there: no news for this question
                    yield Sample(name, tuple(found.signs[sign] for sign in SIGNS), holds)


def _index(articles: Sequence[Article], folder: Path, embedder: Embedder) -> Answerer:
    tokens = embedder.fingerprint.max_tokens
    chunker = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=tokens, overlap_tokens=tokens // 6)
    build_generation(lambda: articles, folder, embedder=embedder, chunker=chunker)
    return Answerer(open_generation(folder), embedder)


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def _part(name: str) -> int:
    return _hash(name)[-1] & 1


if __name__ == "__main__":
    main()
