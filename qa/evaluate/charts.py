"""Charts as SVG that takes its colours from the page around it, so that one file serves light and dark."""

import io
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qa.evaluate.evaluation import Evaluation, Ranking
from qa.evaluate.measures import CUTOFFS, Bin, CurvePoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.typing import RcKeyType

# Stand-ins that no other colour equals, each replaced by what the page defines.
_INK, _RULE = "#010101", "#020202"
_LINES = ("#030301", "#030302", "#030303", "#030304")
_PAGE_COLOURS = {
    _INK: "currentColor",
    _RULE: "var(--rule)",
    **{colour: f"var(--line-{number})" for number, colour in enumerate(_LINES, start=1)},
}
_MARKERS = ("o", "s", "^", "D")
_STYLE: "dict[RcKeyType, Any]" = {
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's font
    "svg.hashsalt": "qa",  # the same figures make the same file
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _RULE,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "font.size": 11,
}


def charts(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    """Yield (caption, SVG element) for recall by k, reliability, and risk by coverage."""
    drawings: tuple[tuple[str, Callable[[Axes], None]], ...] = (
        (
            "Recall: share of the relevant articles among the first k",
            lambda axes: _recall(axes, evaluation.rankings),
        ),
        (
            "Reliability: how often the passages hold an answer, by confidence",
            lambda axes: _reliability(axes, evaluation.refusals.bins),
        ),
        (
            "Risk: share of wrong answers when only the surest questions are answered",
            lambda axes: _risk(axes, evaluation.refusals.risk_coverage),
        ),
    )
    with _quiet():
        for number, (caption, draw) in enumerate(drawings, start=1):
            yield caption, _svg(f"chart{number}", caption, draw)


def _recall(axes: "Axes", rankings: Sequence[Ranking]) -> None:
    for ranking, colour, marker in zip(rankings, _LINES, _MARKERS, strict=False):
        axes.plot(
            [str(cutoff) for cutoff in CUTOFFS],
            [ranking.recall[cutoff] for cutoff in CUTOFFS],
            color=colour,
            marker=marker,
            markersize=5,
            zorder=3 if ranking.qa_minus_this else 4,  # ours lies above what equals it
            label=ranking.name,
        )
    axes.set(xlabel="k", ylabel="recall", ylim=(None, 1.01))
    if len(rankings) > 1:
        axes.legend()


def _reliability(axes: "Axes", bins: Sequence[Bin]) -> None:
    axes.plot([0, 1], [0, 1], color=_INK, linewidth=1, linestyle=":", label="as sure as right")
    axes.plot([each.confidence for each in bins], [each.share for each in bins], color=_LINES[0])
    total = sum(each.questions for each in bins)
    # The area of a point says how many questions it stands for.
    axes.scatter(
        [each.confidence for each in bins],
        [each.share for each in bins],
        s=[20 + 300 * each.questions / total for each in bins],
        color=_LINES[0],
    )
    axes.set(xlabel="confidence", ylabel="share with an answer", xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
    axes.legend(loc="upper left")


def _risk(axes: "Axes", points: Sequence[CurvePoint]) -> None:
    axes.plot([point.coverage for point in points], [point.risk for point in points], color=_LINES[0])
    axes.set(xlabel="coverage", ylabel="risk", xlim=(-0.02, 1.02), ylim=(0, None))


def _svg(name: str, label: str, draw: "Callable[[Axes], None]") -> str:
    import matplotlib
    from matplotlib.figure import Figure

    written = io.StringIO()
    with matplotlib.rc_context(_STYLE):
        figure = Figure(
            figsize=(4.4, 3.2), layout="constrained"
        )  # no pyplot: nothing is kept, no display is sought
        draw(figure.subplots())
        unknown = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(written, format="svg", transparent=True, metadata=unknown)
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    # Three charts share one page: an id must not stand there twice.
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r'width="[^"]*" height="[^"]*"', f'role="img" aria-label="{label}"', svg, count=1)
    for colour, page_colour in _PAGE_COLOURS.items():
        svg = svg.replace(colour, page_colour)
    return svg


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep matplotlib from logging that it looks for fonts, or that it has nowhere to keep what it found."""
    logger = logging.getLogger("matplotlib")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
