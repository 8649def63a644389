"""Run `qa eval` on every public set and keep the figures that matter.

    .venv/bin/python benchmarks/quality.py ../shared/eval

The weights of quote and fusion were fitted elsewhere or cross-fitted (fusion.py, qa.evaluate.fit); the confidence
was fitted on some of these sets: its held-out figures are those that the fit prints, not these.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import record

from qa.evaluate import SPAN_MEASURES, Evaluation, evaluate
from qa.settings import load_settings
from qa.wiring import ask_judged_folder

SETS = (
    "squad_v1_dev",
    "nq_oracle",
    "clapnq_dev",
    "multihop_rag_sample",
    "cookbook_docs",
    "chunking_evaluation",
    "xquad/de",
    "xquad/es",
)
QUESTIONS = 600


def main() -> None:
    """Evaluate, print and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of BEIR folders")
    arguments = parser.parse_args()
    figures = {}
    for name in SETS:
        for title, reader in (("", "default"), (", unread", "off")):
            # Depth, not time: on a slower machine the same passages are read.
            settings = load_settings({"reader": reader, "read_budget_ms": 60_000})
            found = evaluate(ask_judged_folder(arguments.folder / name, settings, sample=QUESTIONS))
            figures[name + title] = row(found)
            print(name + title, json.dumps(figures[name + title]), file=sys.stderr, flush=True)
    record.write(
        "quality",
        what=f"`qa eval`, at most {QUESTIONS} questions a set, as shipped; in brackets 95 % intervals",
        figures=figures,
        packages=("faiss-cpu", "openvino", "ir-measures"),
    )


def row(found: Evaluation) -> dict[str, Any]:
    """Return one line of the table."""
    ours, quotes = found.rankings[0].measures, found.quotes
    figures = {name: _interval(ours[name]) for name in ("nDCG@10", "Success@1", "R@5")}
    names = ("answer-in-quote@1", "answer-in-quote given the article", "answer-in-passage@5", *SPAN_MEASURES)
    known = quotes.measures if quotes else {}
    figures |= {name: _interval(known[name]) if name in known else "" for name in names}
    figures["sentences a quote"] = f"{quotes.sentences:.2f}" if quotes else ""
    figures["false refusals"] = f"{found.refusals.false_refusals:.3f}"
    return figures


def _interval(estimate: Any) -> str:  # noqa: ANN401
    return f"{estimate.mean:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


if __name__ == "__main__":
    main()
