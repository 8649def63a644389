"""The commands that every run_*.py answers, with the clock and the measure of memory that are the same for all.

    python run_X.py build MODEL INDEX ARTICLES REPLY     index the articles; reply times and memory
    python run_X.py query MODEL INDEX QUESTIONS REPLY    ask every question; reply rankings, times and memory
    python run_X.py cold MODEL INDEX QUESTION            open the index, ask one question, print the ranking

Standard library only: each run_*.py runs in an environment of its own and knows nothing of the others.
"""

import argparse
import json
import resource
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

K = 10
THREADS = 2
WARM_UP = 20  # questions asked before the clock runs

Article = dict[str, str]
"""id, title and text."""

Build = Callable[[str, Path], Callable[[Sequence[Article]], None]]
"""Import everything, load the model and run it once; return what splits, embeds and writes. Only that is timed."""

Ask = Callable[[str, Path], Callable[[str], list[str]]]
"""Open the index; return what gives the article ids of the best K results for a question, best first."""


def full_text(article: Article) -> str:
    """Return the article as its file would have it, for systems to which the title is part of the text."""
    return f"{article['title']}\n{article['text']}"


def answer(build: Build, ask: Ask) -> None:
    """Carry out the command on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("build", "query", "cold"))
    parser.add_argument("model", help="folder of the model")
    parser.add_argument("index", type=Path, help="folder of the index")
    parser.add_argument("input", help="file of JSON lines, or the question itself")
    parser.add_argument("reply", type=Path, nargs="?", help="file for the figures, in JSON")
    given = parser.parse_args()
    if given.command == "cold":
        print(json.dumps(ask(given.model, given.index)(given.input)))
        return
    rows = [json.loads(line) for line in Path(given.input).read_text(encoding="utf-8").split("\n") if line]
    figures = (
        _build(build(given.model, given.index), rows)
        if given.command == "build"
        else _query(ask(given.model, given.index), [row["text"] for row in rows])
    )
    # Linux counts in KiB
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    given.reply.write_text(json.dumps(figures), encoding="utf-8")


def _build(build: Callable[[Sequence[Article]], None], articles: Sequence[Article]) -> dict[str, Any]:
    wall, cpu = perf_counter(), process_time()
    build(articles)
    return {"wall_s": perf_counter() - wall, "cpu_s": process_time() - cpu}


def _query(search: Callable[[str], list[str]], questions: Sequence[str]) -> dict[str, Any]:
    for question in questions[:WARM_UP]:
        search(question)
    ranked, laps = [], []
    for question in questions:
        start = perf_counter()
        found = search(question)
        laps.append((perf_counter() - start) * 1000)
        ranked.append(found)
    return {"ranked": ranked, "laps_ms": laps}
