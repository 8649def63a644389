"""The figures of one evaluation, and the JSON that `qa eval --json` prints."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from qa.evaluate import measures
from qa.evaluate.ask import LEGS, OURS, PASSAGES, Asked, AskedFolder
from qa.evaluate.measures import CUTOFFS, MEASURES, Bin, CurvePoint, Estimate

SCHEMA_VERSION = 1
WORST = 10
_SHOWN_CHARS = 300


SPAN_MEASURES = ("answer-span F1 given the article", "answer-span equal given the article")


@dataclass(frozen=True, slots=True)
class Ranking:
    """One way to rank the articles.

    `measures` by their names in ir-measures, over the judged questions; `qa_minus_this` the paired differences,
    empty for the way that `qa ask` ranks; `recall` is R@k by k.
    """

    name: str
    measures: Mapping[str, Estimate]
    qa_minus_this: Mapping[str, Estimate]
    recall: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Quotes:
    """Answers found in quotes and passages, over the questions of which an accepted answer stands in a relevant article.

    `measures`: "answer-in-quote@1" (the first quote, whatever article it is from), "answer-in-quote given the article"
    (the first quote when a relevant article is asked alone), "answer-in-passage@1", "@3", "@5". `sentences` and
    `characters` are the mean length of the first quote.
    """

    questions: int
    measures: Mapping[str, Estimate]
    sentences: float
    characters: float


@dataclass(frozen=True, slots=True)
class Refusals:
    """What confidence is worth.

    A question is refused when its confidence is below `threshold`. `auroc` and `refused_unanswerable` are None
    where no question is marked as unanswerable. `calibration_error` compares confidence with the share of
    questions whose first five passages hold an answer; in `risk_coverage` an answer is wrong when its first
    quote is, or the question has none.
    """

    answerable: int
    unanswerable: int
    threshold: float
    auroc: float | None
    false_refusals: float
    refused_unanswerable: float | None
    calibration_error: float
    area_under_risk_coverage: float
    bins: tuple[Bin, ...]
    risk_coverage: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of an article's text."""

    article_id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class WorstQuestion:
    """A judged question that went badly: `rank` is that of the first relevant article, None when it is not found.

    `returned` is the first quote; `expected` one excerpt a relevant article: an accepted answer, else its beginning.
    """

    id: str
    question: str
    ndcg_10: float
    rank: int | None
    confidence: float
    returned: Excerpt | None
    expected: tuple[Excerpt, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures of one folder; `to_json` writes these fields, and those of the records in them, by their names.

    `schema_version` rises when a field changes its meaning or goes. `corpus_sha256` is that of corpus.jsonl.
    `questions` were asked, of which `judged` have a relevant article and the others are marked as unanswerable.
    An estimate is `{"mean", "low", "high"}`. `quotes` is null without accepted answers. Shares and measures are
    between 0 and 1, differences between -1 and 1; keys of `recall` are numbers as text.
    """

    schema_version: int
    folder: str
    corpus_sha256: str
    model: str
    created_by: str
    articles: int
    chunks: int
    questions: int
    judged: int
    rankings: tuple[Ranking, ...]
    quotes: Quotes | None
    refusals: Refusals
    worst: tuple[WorstQuestion, ...]


def evaluate(folder: AskedFolder, *, legs: bool = False) -> Evaluation:
    """Measure what was asked; `legs` adds each leg alone and their fusion by ranks."""
    judged = [asked for asked in folder.asked if asked.answerable]
    grades = {asked.id: folder.data.grades[asked.id] for asked in judged}
    values = {
        name: measures.ranking_measures({asked.id: asked.rankings[name] for asked in judged}, grades)
        for name in ((OURS, *LEGS) if legs else (OURS,))
    }
    manifest = folder.manifest
    return Evaluation(
        schema_version=SCHEMA_VERSION,
        folder=folder.data.name,
        corpus_sha256=folder.data.digest,
        model=manifest.model.name,
        created_by=manifest.created_by,
        articles=manifest.articles,
        chunks=manifest.chunks,
        questions=len(folder.asked),
        judged=len(judged),
        rankings=tuple(_ranking(name, found, values[OURS]) for name, found in values.items()),
        quotes=_quotes(judged),
        refusals=_refusals(folder),
        worst=_worst(folder, judged, values[OURS]["nDCG@10"].tolist()),
    )


def to_json(evaluation: Evaluation) -> str:
    """Return one line of JSON, described at `Evaluation`."""
    return json.dumps(asdict(evaluation), ensure_ascii=False, allow_nan=False) + "\n"


def _ranking(name: str, found: Mapping[str, measures.Values], ours: Mapping[str, measures.Values]) -> Ranking:
    columns = [found[measure] for measure in MEASURES]
    if name != OURS:
        columns += [ours[measure] - found[measure] for measure in MEASURES]
    estimates = measures.bootstrap(np.stack(columns, axis=1))
    return Ranking(
        name=name,
        measures=dict(zip(MEASURES, estimates, strict=False)),
        qa_minus_this=dict(zip(MEASURES, estimates[len(MEASURES) :], strict=False)),
        recall={cutoff: float(found[f"R@{cutoff}"].mean()) for cutoff in CUTOFFS},
    )


def _quotes(judged: Sequence[Asked]) -> Quotes | None:
    checked = [(asked.checked, asked.quote) for asked in judged if asked.checked is not None]
    if not checked:
        return None
    names = [
        "answer-in-quote@1",
        "answer-in-quote given the article",
        *(f"answer-in-passage@{k}" for k in PASSAGES),
    ]
    rows: list[Sequence[float]] = [
        [check.in_quote, check.in_quote_given, *check.in_passages] for check, _ in checked
    ]
    spans = [check.span_given for check, _ in checked]
    if any(spans):  # a reader has read
        names += SPAN_MEASURES
        rows = [[*row, *(span or (0.0, 0.0))] for row, span in zip(rows, spans, strict=True)]
    estimates = measures.bootstrap(np.array(rows, dtype=np.float64))
    quotes = [quote for _, quote in checked if quote is not None]
    return Quotes(
        questions=len(checked),
        measures=dict(zip(names, estimates, strict=True)),
        sentences=sum(quote.sentences for quote in quotes) / max(1, len(quotes)),
        characters=sum(len(quote.text) for quote in quotes) / max(1, len(quotes)),
    )


def _refusals(folder: AskedFolder) -> Refusals:
    confidence = np.array([asked.confidence for asked in folder.asked])
    answerable = np.array([asked.answerable for asked in folder.asked])
    refused = confidence < folder.refuse_below
    bins = measures.reliability(confidence, np.array([asked.holds for asked in folder.asked]))
    risks = measures.risks(confidence, np.array([asked.right for asked in folder.asked]))
    marked = not answerable.all()
    return Refusals(
        answerable=int(answerable.sum()),
        unanswerable=int((~answerable).sum()),
        threshold=folder.refuse_below,
        auroc=measures.auroc(confidence, answerable) if marked else None,
        false_refusals=float(refused[answerable].mean()),
        refused_unanswerable=float(refused[~answerable].mean()) if marked else None,
        calibration_error=measures.calibration_error(bins),
        area_under_risk_coverage=float(risks.mean()),
        bins=bins,
        risk_coverage=measures.curve(risks),
    )


def _worst(folder: AskedFolder, judged: Sequence[Asked], ndcg: Sequence[float]) -> tuple[WorstQuestion, ...]:
    """Return the questions ranked worst; of equal ones those with a wrong quote, then the surest, come first."""
    data = folder.data
    articles = {article.id: article for article in data.articles}

    def excerpt(name: str, text: str | None = None) -> Excerpt:
        article = articles.get(name)  # one without text is not among them, and may be judged all the same
        title, whole = (article.title, article.text) if article else ("", "")
        return Excerpt(name, title, _shortened(whole if text is None else text))

    def expected(asked: Asked, name: str) -> Excerpt:
        accepted = data.accepted.get(asked.id)
        held = accepted.within(articles[name].text) if accepted and name in articles else ()
        return excerpt(name, " / ".join(held) if held else None)

    order = sorted(
        zip(ndcg, judged, strict=True),
        key=lambda pair: (pair[0], pair[1].right, -pair[1].confidence, pair[1].id),
    )
    return tuple(
        WorstQuestion(
            id=asked.id,
            question=data.questions[asked.id],
            ndcg_10=score,
            rank=next(
                (
                    rank
                    for rank, name in enumerate(asked.rankings[OURS], start=1)
                    if name in data.relevant[asked.id]
                ),
                None,
            ),
            confidence=asked.confidence,
            returned=excerpt(asked.quote.article_id, asked.quote.text) if asked.quote else None,
            expected=tuple(expected(asked, name) for name in sorted(data.relevant[asked.id])),
        )
        for score, asked in order[:WORST]
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS].rsplit(" ", 1)[0] + " …"
