"""Measures of rankings, by ir-measures; of confidence; and the bootstrap that says how sure a mean is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MEASURES = ("nDCG@10", "R@5", "R@20", "R@100", "RR@10", "Success@1")
"""As ir-measures names them: R is recall, RR@10 is MRR@10, Success@1 is hit@1."""

CUTOFFS = (1, 2, 3, 5, 10, 20, 50, 100)
RESAMPLES = 10_000
BINS = 10
_SEED = 20_240_229
_TOGETHER = 250  # resamples at a time: with 5,000 questions they take 10 MB
_CURVE_POINTS = 100

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over questions, and the interval that holds 95 % of the means of resampled questions."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions of like confidence: the mean of it, and the share whose passages do hold an answer."""

    questions: int
    confidence: float
    share: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Answering only the surest `coverage` of all questions, the share `risk` of the answers is wrong."""

    coverage: float
    risk: float


def ranking_measures(
    rankings: Mapping[str, Sequence[str]], grades: Mapping[str, Mapping[str, int]]
) -> dict[str, Values]:
    """Return every measure, and recall at every cutoff, for each question of `grades` in their order.

    A judged question without any result has 0. ir-measures takes trec_eval (pytrec_eval-terrier) for all but
    RR@10: asked for by name, that backend would ignore the cutoff without a word.
    """
    from ir_measures import RR, R, Success, evaluator, nDCG

    measures = {nDCG @ 10, RR @ 10, Success @ 1, *(R @ cutoff for cutoff in CUTOFFS)}
    place = {question: number for number, question in enumerate(grades)}
    values = {str(measure): np.zeros(len(grades)) for measure in measures}
    # Falling whole numbers: trec_eval keeps scores in single precision, and would reorder what is equal there.
    run = {
        question: {article: float(len(ranking) - rank) for rank, article in enumerate(ranking)}
        for question in grades
        if (ranking := rankings.get(question, ()))
    }
    judged = {question: dict(found) for question, found in grades.items()}
    for found in evaluator(measures, judged).iter_calc(run):
        values[str(found.measure)][place[found.query_id]] = found.value
    return values


def bootstrap(values: Values) -> list[Estimate]:
    """Return an estimate for each column of `values`, shape (questions, columns).

    The percentile bootstrap, paired: every column sees the same resampled questions, and so does every call
    with as many questions. Of a column of differences it gives the interval of the paired difference.
    """
    questions = len(values)
    generator = np.random.default_rng(_SEED)
    means = np.empty((RESAMPLES, values.shape[1]))
    offsets = np.arange(_TOGETHER)[:, np.newaxis] * questions
    for first in range(0, RESAMPLES, _TOGETHER):
        drawn = generator.integers(0, questions, (_TOGETHER, questions)) + offsets
        counts = np.bincount(drawn.ravel(), minlength=_TOGETHER * questions).reshape(_TOGETHER, questions)
        means[first : first + _TOGETHER] = counts @ values / questions
    low, high = np.percentile(means, (2.5, 97.5), axis=0)
    return [Estimate(*map(float, column)) for column in zip(values.mean(axis=0), low, high, strict=True)]


def auroc(confidence: Values, answerable: Flags) -> float:
    """Return how often an answerable question has more confidence than an unanswerable one; ties count half."""
    unanswerable = np.sort(confidence[~answerable])
    below, not_above = (
        np.searchsorted(unanswerable, confidence[answerable], side).mean() for side in ("left", "right")
    )
    return float(below + not_above) / 2 / len(unanswerable)


def reliability(confidence: Values, holds: Flags) -> tuple[Bin, ...]:
    """Return the bins, of equal width, that hold any question."""
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(int(inside.sum()), float(confidence[inside].mean()), float(holds[inside].mean()))
        for number in range(BINS)
        if (inside := place == number).any()
    )


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error: |mean confidence - share that holds|, by size of the bins."""
    gaps = sum(each.questions * abs(each.confidence - each.share) for each in bins)
    return gaps / sum(each.questions for each in bins)


def risks(confidence: Values, right: Flags) -> Values:
    """Return the share of wrong answers among the n surest questions, for n from 1 to all of them.

    Their mean is the area under the risk-coverage curve (Geifman and El-Yaniv 2017). Questions of equal
    confidence come in no order, so each of them counts as wrong as they are on average.
    """
    levels, level = np.unique(-confidence, return_inverse=True)
    wrong = np.bincount(level, weights=~right) / np.bincount(level, minlength=len(levels))
    result: Values = np.cumsum(wrong[np.sort(level)]) / np.arange(1, len(right) + 1)
    return result


def curve(risks: Values) -> tuple[CurvePoint, ...]:
    """Return at most a hundred points of the risk-coverage curve, evenly spaced and the last one among them."""
    total = len(risks)
    points = np.unique(np.ceil(np.linspace(0, total, _CURVE_POINTS + 1)[1:]).astype(int))
    return tuple(CurvePoint(float(point / total), float(risks[point - 1])) for point in points)
