"""Fit what is fitted; run it with `python -m qa.evaluate.fit EVAL_FOLDER TRAINING_FILE`.

The quote's weights come from the training rows, whose passages and questions are in no evaluation set. The
confidence comes from the evaluation sets: each set's articles are dealt into two halves by their titles (a title's
paragraphs stay together), each half is indexed, and every question is asked of both, of the half with its article
and of the other, which cannot answer. Near misses, where a set has them, are asked of the whole. Half of the
questions are fitted on, the other half measured; what ships is fitted on all of them.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

import qa
from qa.answer import FILE, Answerer, fitted
from qa.evaluate import measures
from qa.evaluate.beir import BeirFolder, read_beir
from qa.evaluate.indexing import index_articles
from qa.evaluate.training import read_training
from qa.models import DEFAULT_MODEL, Embedder, find_model, open_embedder
from qa.types import Article

# Encyclopaedia, search queries, questions translated from African languages, questions answered by whole sentences.
TRAINING_SETS = ("squadshifts_new_wiki", "qed_nq_train", "afriqa_pivot", "selqa")
TRAINING_ARTICLES = 900
QUOTE_SETS = ("squad_v1_dev", "nq_oracle")
CONFIDENCE_SETS = ("squad_v2_dev", "nq_oracle", "clapnq_dev")
ARTICLES_PER_SET = 1200
QUESTIONS_PER_SET = 600
# Least confidence of an answer. These sets ask in the articles' own words, people do not: on the golden questions of
# seeds/, paraphrases included, this is the round number that keeps false refusals under 5 %.
THRESHOLD = 0.1
K = 5

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """One question asked of one index: its signs, whether a passage holds the answer, and which case it is."""

    question: str
    case: str
    signs: tuple[float, ...]
    holds: bool


def main() -> None:
    """Fit, write the weights with the figures that speak for them."""
    parser = argparse.ArgumentParser(prog="python -m qa.evaluate.fit", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of BEIR folders")
    parser.add_argument("training", type=Path, help="rows of questions and answers, .jsonl.xz")
    parser.add_argument("--out", type=Path, default=Path(qa.__file__).parent / "answer" / FILE)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    embedder = open_embedder(find_model(DEFAULT_MODEL), threads=arguments.threads)
    result = json.loads(arguments.out.read_text(encoding="utf-8"))
    result["provenance"] = {
        "command": "python -m qa.evaluate.fit ../shared/eval ../shared/train/en.jsonl.xz",
        "model": embedder.fingerprint.name,
    }
    training = read_training(
        arguments.training, TRAINING_SETS, articles=TRAINING_ARTICLES, questions=QUESTIONS_PER_SET
    )
    judged = {name: read_beir(arguments.folder / name) for name in QUOTE_SETS}
    result["quote"], result["provenance"]["quote"] = fit_quote(training, judged, embedder)
    _write(arguments.out, result)
    result["confidence"], result["provenance"]["confidence"] = fit_confidence(
        {name: read_beir(arguments.folder / name) for name in CONFIDENCE_SETS}, embedder
    )
    result["threshold"] = THRESHOLD
    _write(arguments.out, result)
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


def _write(path: Path, result: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    fitted.cache_clear()  # the next step is fitted on what this one ships


# --- the quote ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """The sentences of a question's passages: their signs, (sentences, signs), and which of them answer."""

    signs: Rows
    right: NDArray[np.bool_]


def fit_quote(
    training: Mapping[str, BeirFolder], judged: Mapping[str, BeirFolder], embedder: Embedder
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the weights, and how often the best sentence is right: with all signs, and with fewer."""
    names = tuple(fitted().quote)
    learnt = {name: list(_choices(data, embedder, names)) for name, data in training.items()}
    known = {name: list(_choices(data, embedder, names)) for name, data in judged.items()}
    # From the second sign alone to all of them: what a sign adds is the step to its line.
    steps = [names[:1], names[1:2], *(names[:count] for count in range(2, len(names) + 1))]
    pooled = [choice for choices in learnt.values() for choice in choices]
    found = {}
    for some in steps:
        places = [names.index(name) for name in some]
        weights = _pairwise(pooled, places)
        found[" + ".join(some)] = {
            name: _right_first(choices, places, weights) for name, choices in known.items()
        }
    return {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}, {
        "training": {name: len(choices) for name, choices in learnt.items()},
        "best sentence of the three passages is right": found,
        "one is": {
            name: round(float(np.mean([choice.right.any() for choice in choices])), 4)
            for name, choices in known.items()
        },
    }


def _choices(data: BeirFolder, embedder: Embedder, names: Sequence[str]) -> Iterator[Choice]:
    with _indexed(data.articles, embedder) as answerer:
        for question in _sample(data.relevant):
            found = answerer.search(data.questions[question], k=K)
            signs, right = [], []
            for quote in found.sentences:
                article = quote.passage.chunk.article_id
                text = found.articles[article].text[quote.start : quote.end]
                signs.append([quote.signs[name] for name in names])
                right.append(article in data.relevant[question] and data.accepted[question].held_by(text))
            yield Choice(np.array(signs), np.array(right))


def _pairwise(choices: Sequence[Choice], places: Sequence[int]) -> Rows:
    """Return weights by logistic regression on the differences of an answering sentence and each other one."""
    differences, shares = [], []
    for choice in choices:
        if choice.right.any() and not choice.right.all():
            signs = choice.signs[:, places]
            best = signs[choice.right].mean(axis=0)
            others = signs[~choice.right]
            differences.append(best - others)
            shares.append(np.full(len(others), 1 / len(others)))
    rows, share = np.concatenate(differences), np.concatenate(shares)
    # Each pair both ways round: without it there is one class only, and nothing to fit.
    model = LogisticRegression(C=10.0, fit_intercept=False, max_iter=1000)
    model.fit(
        np.concatenate([rows, -rows]),
        np.repeat([1, 0], len(rows)),
        sample_weight=np.concatenate([share, share]),
    )
    weights: Rows = model.coef_[0]
    return weights


def _right_first(choices: Sequence[Choice], places: Sequence[int], weights: Rows) -> float:
    """Return the share of questions whose best sentence answers."""
    return round(
        float(np.mean([choice.right[np.argmax(choice.signs[:, places] @ weights)] for choice in choices])), 4
    )


# --- the confidence -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic regression on the raw signs; the first weight is that of the constant."""

    weights: Rows

    def probability(self, signs: Rows) -> Rows:
        """Return the probabilities of rows of signs."""
        result: Rows = 1 / (1 + np.exp(-(signs @ self.weights)))
        return result


def fit_confidence(
    judged: Mapping[str, BeirFolder], embedder: Embedder
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the weights, and figures of questions that were not fitted on."""
    names = tuple(fitted().confidence)
    samples = {name: list(_ask_set(data, embedder, names)) for name, data in judged.items()}
    pooled = [sample for found in samples.values() for sample in found]
    parts = [_logistic([s for s in pooled if _part(s.question) != part]) for part in (0, 1)]
    curve = _logistic(pooled)
    held_out: dict[str, Any] = {
        name: _figures(found, parts) for name, found in {**samples, "all": pooled}.items()
    }
    for place, name in enumerate(names[1:], start=1):
        fewer = [replace(s, signs=s.signs[:place] + s.signs[place + 1 :]) for s in pooled]
        parts = [_logistic([s for s in fewer if _part(s.question) != part]) for part in (0, 1)]
        held_out[f"all, without {name}"] = _figures(fewer, parts)
    return {
        name: round(float(weight), 4) for name, weight in zip(names, curve.weights, strict=True)
    }, held_out


def _ask_set(data: BeirFolder, embedder: Embedder, names: Sequence[str]) -> Iterator[Sample]:
    dealt = sorted(data.articles, key=lambda article: _hash(article.title or article.id))[:ARTICLES_PER_SET]
    known = {article.id for article in dealt}
    judged = {name: found for name, found in data.relevant.items() if found <= known}
    questions = _sample(judged)

    def ask(articles: Sequence[Article], asked: Mapping[str, str]) -> Iterator[Sample]:
        with _indexed(articles, embedder) as answerer:
            for name, case in asked.items():
                found = answerer.search(data.questions[name], k=K)
                relevant = data.relevant.get(name, frozenset())
                holds = any(passage.chunk.article_id in relevant for passage in found.passages)
                # Not found though there: no news for this question.
                if holds or case in ("moved", "near"):
                    yield Sample(name, case, tuple(found.signs[sign] for sign in names), holds)

    for half in (0, 1):
        articles = [article for article in dealt if _part(article.title or article.id) == half]
        kept = {article.id for article in articles}
        yield from ask(
            articles, {name: "own" if data.relevant[name] & kept else "moved" for name in questions}
        )
    if data.unanswerable:
        near = _sample(data.unanswerable)
        yield from ask(data.articles, {**dict.fromkeys(questions, "whole"), **dict.fromkeys(near, "near")})


def _logistic(samples: Sequence[Sample]) -> Curve:
    signs = np.array([sample.signs for sample in samples])
    truth = np.array([sample.holds for sample in samples])
    deviation = np.append(1.0, signs[:, 1:].std(axis=0))  # the constant stays what it is
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=1000).fit(signs / deviation, truth)
    return Curve(model.coef_[0] / deviation)


def _figures(samples: Sequence[Sample], parts: Sequence[Curve]) -> dict[str, float]:
    """Measure each question with the curve that was fitted on the other half of the questions."""
    found = np.array([float(parts[_part(s.question)].probability(np.array(s.signs))) for s in samples])
    holds = np.array([sample.holds for sample in samples])
    case = np.array([sample.case for sample in samples])
    far, near = np.isin(case, ("own", "moved")), np.isin(case, ("whole", "near"))
    figures = {
        "asked": len(samples),
        "auroc, asked without the article": measures.auroc(found[far], holds[far]),
        "expected calibration error": measures.calibration_error(measures.reliability(found, holds)),
        "false refusals": float((found[holds] < THRESHOLD).mean()),
        "refused without the article": float((found[case == "moved"] < THRESHOLD).mean()),
    }
    if near.any():
        figures["auroc, near misses"] = measures.auroc(found[near], holds[near])
        figures["refused near misses"] = float((found[case == "near"] < THRESHOLD).mean())
    return {name: round(figure, 4) for name, figure in figures.items()}


# --- both ---------------------------------------------------------------------------------------------


@contextmanager
def _indexed(articles: Sequence[Article], embedder: Embedder) -> Iterator[Answerer]:
    with tempfile.TemporaryDirectory() as folder:
        yield index_articles(articles, Path(folder), embedder)


def _sample(names: Iterable[str]) -> list[str]:
    """Return the questions whose ids have the smallest hashes."""
    return sorted(names, key=_hash)[:QUESTIONS_PER_SET]


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def _part(name: str) -> int:
    return _hash(name)[-1] & 1


if __name__ == "__main__":
    main()
