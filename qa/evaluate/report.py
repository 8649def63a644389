"""An evaluation as one HTML page: no script, nothing from elsewhere, every text escaped."""

import html
import unicodedata
from collections.abc import Iterable, Iterator

from qa.evaluate.charts import charts
from qa.evaluate.evaluation import Evaluation, Excerpt, Quotes, Ranking, WorstQuestion
from qa.evaluate.measures import MEASURES, RESAMPLES
from qa.evaluate.table import refusal_figures, shown

_CSS = """
:root { color-scheme: light dark; --ink: #1c1c1a; --soft: #62625c; --paper: #fdfdfb; --panel: #f4f4ef; --rule: #dddcd4;
  --line-1: #0a6e8a; --line-2: #c05a00; --line-3: #6a51a3; --line-4: #3a7d34; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9e8e3; --soft: #a3a29a; --paper: #171716; --panel: #21211f;
  --rule: #3b3b37; --line-1: #5fc0dc; --line-2: #f0a35e; --line-3: #b9a4ee; --line-4: #8ecf86; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 66rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .8rem; }
h3 { font-size: 1rem; margin: 0 0 .5rem; }
p { margin: 0 0 .5rem; max-width: 44rem; }
.soft, figcaption, dt, th { color: var(--soft); font-weight: normal; font-size: .9rem; }
.wide { overflow-x: auto; margin-bottom: .7rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .3rem 1.2rem .3rem 0; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--rule); }
td small { color: var(--soft); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1.5rem; }
figure { margin: 0; }
svg { display: block; width: 100%; height: auto; }
svg text, svg tspan { font-family: inherit !important; }
article { background: var(--panel); border-radius: .5rem; padding: 1rem 1.2rem; margin: 0 0 1rem; }
dl { margin: 0; display: grid; grid-template-columns: minmax(5rem, auto) 1fr; gap: .4rem 1rem; }
dd { margin: 0; white-space: pre-line; }
@media (max-width: 34rem) { td small { display: block; } th, td { padding-right: .8rem; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; } }
"""


def html_report(evaluation: Evaluation) -> str:
    """Return the whole page."""
    return "\n".join(_page(evaluation)) + "\n"


def _page(evaluation: Evaluation) -> Iterator[str]:
    name = _text(evaluation.folder)
    unanswerable = evaluation.questions - evaluation.judged
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield (
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    )
    yield f"<title>Evaluation: {name}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n<main>"
    yield f"<h1>Evaluation: {name}</h1>"
    yield (
        f"<p>{evaluation.articles:,} articles in {evaluation.chunks:,} chunks; {evaluation.judged:,} judged questions, "
        f"{unanswerable:,} unanswerable.</p>"
    )
    yield (
        f'<p class="soft">{_text(evaluation.created_by)}, model {_text(evaluation.model)}. In brackets 95&nbsp;% intervals, '
        f"from {RESAMPLES:,} resamples of the questions.</p>"
    )
    yield "<h2>Retrieval</h2>"
    yield from _rankings(evaluation.rankings)
    if evaluation.quotes:
        yield "<h2>Quotes</h2>"
        yield from _quotes(evaluation.quotes)
    yield "<h2>Confidence</h2>"
    yield from _table((), ((label, f"{value:.3f}") for label, value in refusal_figures(evaluation.refusals)))
    yield '<h2>Charts</h2>\n<div class="charts">'
    for caption, svg in charts(evaluation):
        yield f"<figure>\n{svg}\n<figcaption>{html.escape(caption)}</figcaption>\n</figure>"
    yield "</div>\n<h2>The questions that went worst</h2>"
    yield '<p class="soft">By nDCG@10; of equal ones first those with a wrong quote, then the surest.</p>'
    for question in evaluation.worst:
        yield from _worst(question)
    yield "</main>\n</body>\n</html>"


def _rankings(rankings: tuple[Ranking, ...]) -> Iterator[str]:
    heads = ["", *(_text(ranking.name) for ranking in rankings)]
    rows = (
        (measure, *(_interval(shown(ranking.measures[measure])) for ranking in rankings))
        for measure in MEASURES
    )
    yield from _table(heads if len(rankings) > 1 else (), rows)
    if len(rankings) > 1:
        yield '<p class="soft">The difference, qa minus the other, over the same resampled questions:</p>'
        others = rankings[1:]
        yield from _table(
            ["", *(f"minus {_text(ranking.name)}" for ranking in others)],
            (
                (measure, *(_interval(shown(ranking.qa_minus_this[measure], "+")) for ranking in others))
                for measure in MEASURES
            ),
        )


def _quotes(quotes: Quotes) -> Iterator[str]:
    yield from _table((), ((name, _interval(shown(estimate))) for name, estimate in quotes.measures.items()))
    yield (
        f'<p class="soft">Over {quotes.questions:,} questions with a known answer; the mean quote has '
        f"{quotes.sentences:.2f} sentences, {quotes.characters:.0f} characters.</p>"
    )


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield a table; the cells are HTML already."""
    yield '<div class="wide"><table>'
    line = "".join(f'<th scope="col">{head}</th>' for head in heads)
    if line:
        yield f"<thead><tr>{line}</tr></thead>"
    yield "<tbody>"
    for name, *cells in rows:
        yield f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
    yield "</tbody></table></div>"


def _interval(estimate: str) -> str:
    mean, _, interval = estimate.partition(" ")
    return f"{mean} <small>{interval}</small>"


def _worst(question: WorstQuestion) -> Iterator[str]:
    rank = f"at rank {question.rank}" if question.rank else "not found"
    returned = _excerpt(question.returned) if question.returned else "nothing"
    yield f"<article>\n<h3><bdi>{_text(question.question)}</bdi></h3>"
    yield (
        f'<p class="soft">nDCG@10 {question.ndcg_10:.3f}; relevant article {rank}; confidence {question.confidence:.2f}; '
        f"question <bdi>{_text(question.id)}</bdi></p>"
    )
    yield f"<dl><dt>returned</dt><dd>{returned}</dd>"
    for excerpt in question.expected:
        yield f"<dt>expected</dt><dd>{_excerpt(excerpt)}</dd>"
    yield "</dl>\n</article>"


def _excerpt(excerpt: Excerpt) -> str:
    title = f"{_text(excerpt.title)}, " if excerpt.title else ""
    return f'<bdi>{_text(excerpt.text)}</bdi>\n<span class="soft"><bdi>{title}{_text(excerpt.article_id)}</bdi></span>'


def _text(text: str) -> str:
    """Escape; what HTML may not hold becomes U+FFFD. Marks that reorder text end with the `bdi` around it."""
    kept = (
        "\ufffd" if unicodedata.category(each) in {"Cc", "Cs"} and each not in "\n\t" else each
        for each in text
    )
    return html.escape("".join(kept))
