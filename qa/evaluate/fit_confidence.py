"""Fit the weights of the signs that say how sure an answer is, and measure the probability that comes out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from qa.evaluate import measures
from qa.evaluate.beir import BeirFolder
from qa.evaluate.fitting import K, Models, Rows, hash_of, indexed, part_of, sample
from qa.types import Article

ARTICLES_PER_SET = 1200
# Least confidence of an answer. These sets ask in the articles' own words, people do not: on the golden questions of
# seeds/, paraphrases included, this is the round number that keeps false refusals under 5 %.
THRESHOLD = 0.1


@dataclass(frozen=True, slots=True)
class Sample:
    """One question asked of one index: its signs, whether a passage holds the answer, and which case it is."""

    question: str
    case: str
    signs: tuple[float, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic regression on the raw signs; the first weight is that of the constant."""

    weights: Rows

    def probability(self, signs: Rows) -> Rows:
        """Return the probabilities of rows of signs."""
        result: Rows = 1 / (1 + np.exp(-(signs @ self.weights)))
        return result


def fit_confidence(
    judged: Mapping[str, BeirFolder], models: Models
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the weights, and figures of questions that were not fitted on, with their reliability in bins."""
    names = tuple(models.weights.confidence)
    samples = {name: list(_ask_set(data, models, names)) for name, data in judged.items()}
    pooled = [sample for found in samples.values() for sample in found]
    parts = _halves(pooled)
    curve = _logistic(pooled)
    held_out: dict[str, Any] = {
        name: _figures(found, parts) for name, found in {**samples, "all": pooled}.items()
    }
    for place, name in enumerate(names[1:], start=1):
        fewer = [replace(s, signs=s.signs[:place] + s.signs[place + 1 :]) for s in pooled]
        held_out[f"all, without {name}"] = _figures(fewer, _halves(fewer))
    found = _held_out(pooled, parts)
    bins = measures.reliability(found, np.array([sample.holds for sample in pooled]))
    return {name: round(float(weight), 4) for name, weight in zip(names, curve.weights, strict=True)}, {
        "held out": held_out,
        "reliability": [[each.questions, round(each.confidence, 4), round(each.share, 4)] for each in bins],
    }


def _ask_set(data: BeirFolder, models: Models, names: Sequence[str]) -> Iterator[Sample]:
    dealt = sorted(data.articles, key=lambda article: hash_of(article.title or article.id))[:ARTICLES_PER_SET]
    known = {article.id for article in dealt}
    judged = {name: found for name, found in data.relevant.items() if found <= known}
    questions = sample(judged)

    def ask(articles: Sequence[Article], asked: Mapping[str, str]) -> Iterator[Sample]:
        with indexed(articles, models) as answerer:
            for name, case in asked.items():
                found = answerer.search(data.questions[name], k=K)
                relevant = data.relevant.get(name, frozenset())
                holds = any(passage.chunk.article_id in relevant for passage in found.passages)
                # Not found though there: no news for this question.
                if holds or case in ("moved", "near"):
                    yield Sample(name, case, tuple(found.signs[sign] for sign in names), holds)

    for half in (0, 1):
        articles = [article for article in dealt if part_of(article.title or article.id) == half]
        kept = {article.id for article in articles}
        yield from ask(
            articles, {name: "own" if data.relevant[name] & kept else "moved" for name in questions}
        )
    if data.unanswerable:
        near = sample(data.unanswerable)
        yield from ask(data.articles, {**dict.fromkeys(questions, "whole"), **dict.fromkeys(near, "near")})


def _logistic(samples: Sequence[Sample]) -> Curve:
    signs = np.array([sample.signs for sample in samples])
    truth = np.array([sample.holds for sample in samples])
    deviation = np.append(1.0, signs[:, 1:].std(axis=0))  # the constant stays what it is
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=1000).fit(signs / deviation, truth)
    return Curve(model.coef_[0] / deviation)


def _halves(samples: Sequence[Sample]) -> list[Curve]:
    """Return a curve for each half of the questions, fitted on the other."""
    return [_logistic([each for each in samples if part_of(each.question) != part]) for part in (0, 1)]


def _held_out(samples: Sequence[Sample], parts: Sequence[Curve]) -> Rows:
    """Return each question's probability by the curve that was fitted on the other half."""
    return np.array([float(parts[part_of(s.question)].probability(np.array(s.signs))) for s in samples])


def _figures(samples: Sequence[Sample], parts: Sequence[Curve]) -> dict[str, float]:
    """Measure each question with the curve that was fitted on the other half of the questions."""
    found = _held_out(samples, parts)
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
