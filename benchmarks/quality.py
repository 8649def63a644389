"""Measure the answers on every public set: as shipped, without the reader, and with one use of it at a time.

    .venv/bin/python benchmarks/quality.py ../shared/eval

The weights of quote and fusion were fitted elsewhere or cross-fitted (fusion.py, qa.evaluate.fit); the confidence
was fitted on some of these sets: its held-out figures are those that the fit prints, not these.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import record

from qa.answer import Answerer, Fitted, fitted
from qa.evaluate import SPAN_MEASURES, Evaluation, ask_all, evaluate, index_articles, read_beir
from qa.models import DEFAULT_MODEL, find_model, open_embedder
from qa.reader import Page, Reader, Reading, open_reader

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


class Remembering:
    """Reads a page once for all the ways that are compared."""

    def __init__(self, reader: Reader) -> None:
        """Take the reader that reads."""
        self.runtime = reader.runtime
        self._reader = reader
        self._known: dict[tuple[str, Page], Reading] = {}

    def read(self, question: str, pages: Sequence[Page], *, budget_ms: float | None = None) -> list[Reading]:
        """Read all pages: what is compared is depth, not time."""
        new = [page for page in pages if (question, page) not in self._known]
        found = self._reader.read(question, new) if new else []
        self._known |= {(question, page): reading for page, reading in zip(new, found, strict=True)}
        return [self._known[question, page] for page in pages]


def main() -> None:
    """Evaluate, print and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of BEIR folders")
    arguments = parser.parse_args()
    embedder = open_embedder(find_model(DEFAULT_MODEL), threads=2)
    reader = open_reader(threads=2)
    figures = {}
    for name in SETS:
        data = read_beir(arguments.folder / name)
        with tempfile.TemporaryDirectory() as folder:
            unread = index_articles(data.articles, Path(folder), embedder)
            remembering = Remembering(reader)
            for title, weights in ways(fitted()):
                answerer = unread
                if weights is not None:
                    answerer = Answerer(unread.generation, embedder, reader=remembering, weights=weights)
                figures[f"{name}{title}"] = row(evaluate(ask_all(data, answerer, sample=QUESTIONS)))
                print(name + title, json.dumps(figures[name + title]), file=sys.stderr, flush=True)
            unread.generation.close()
    record.write(
        "quality",
        what=f"at most {QUESTIONS} questions a set, as shipped, without the reader, and with one use of it; in brackets "
        "95 % intervals",
        figures=figures,
        packages=("faiss-cpu", "openvino", "ir-measures"),
    )


def ways(shipped: Fitted) -> Iterator[tuple[str, Fitted | None]]:
    """Yield the ways to answer that are compared, with their weights, None for no reader."""
    read, unread = shipped.read, shipped.unread
    yield "", shipped
    yield ", unread", None
    yield ", order only", replace(shipped, read=replace(unread, passage=read.passage))
    order: Mapping[str, float] = {**unread.passage, "relevant": 0.0}
    yield ", quote only", replace(shipped, read=replace(read, passage=order))


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
