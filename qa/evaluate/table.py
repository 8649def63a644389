"""An evaluation as lines of plain text."""

from collections.abc import Iterator

from qa.evaluate.evaluation import Evaluation, Quotes, Ranking, Refusals
from qa.evaluate.measures import MEASURES, RESAMPLES, Estimate


def table_lines(evaluation: Evaluation) -> Iterator[str]:
    """Yield the lines; nothing in them is escaped."""
    unanswerable = evaluation.questions - evaluation.judged
    yield (
        f"{evaluation.folder}: {evaluation.articles:,} articles, {evaluation.chunks:,} chunks, "
        f"{evaluation.judged:,} judged questions, {unanswerable:,} unanswerable"
    )
    yield f"{evaluation.model}; in brackets 95 % intervals, from {RESAMPLES:,} resamples of the questions"
    yield ""
    yield from _rankings(evaluation.rankings)
    if evaluation.quotes:
        yield ""
        yield from _quotes(evaluation.quotes)
    yield ""
    yield from _refusals(evaluation.refusals)


def shown(estimate: Estimate, sign: str = "") -> str:
    """Return a mean with its interval."""
    # Adding 0 turns -0.0, which rounding makes of a difference that is nearly none, into 0.0.
    mean, low, high = (
        f"{round(value, 3) + 0.0:{sign}.3f}" for value in (estimate.mean, estimate.low, estimate.high)
    )
    return f"{mean} [{low}, {high}]"


def _rankings(rankings: tuple[Ranking, ...]) -> Iterator[str]:
    alone = len(rankings) == 1
    if not alone:
        yield f"{'':11}{'':10}{'':24}qa minus this"
    for measure in MEASURES:
        for number, ranking in enumerate(rankings):
            name = "" if alone else f"{ranking.name:10}"
            difference = (
                shown(ranking.qa_minus_this[measure], "+") if measure in ranking.qa_minus_this else ""
            )
            yield f"{measure if not number else '':11}{name}{shown(ranking.measures[measure]):24}{difference}".rstrip()


def _quotes(quotes: Quotes) -> Iterator[str]:
    for name, estimate in quotes.measures.items():
        yield f"{name:35}{shown(estimate)}"
    yield (
        f"over {quotes.questions:,} questions with a known answer; the mean quote has {quotes.sentences:.2f} sentences, "
        f"{quotes.characters:.0f} characters"
    )


def _refusals(refusals: Refusals) -> Iterator[str]:
    for name, value in refusal_figures(refusals):
        yield f"{name:35}{value:.3f}"


def refusal_figures(refusals: Refusals) -> Iterator[tuple[str, float]]:
    """Yield the figures of confidence with their names; those of unanswerable questions where there are any."""
    if refusals.auroc is not None:
        yield "AUROC of confidence", refusals.auroc
    yield "area under risk-coverage", refusals.area_under_risk_coverage
    yield "expected calibration error", refusals.calibration_error
    yield f"false refusals below {refusals.threshold:g}", refusals.false_refusals
    if refusals.refused_unanswerable is not None:
        yield f"refused unanswerable below {refusals.threshold:g}", refusals.refused_unanswerable
