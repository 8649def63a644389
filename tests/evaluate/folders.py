"""A small judged folder, written anew for each test that needs to change it."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HOSTILE = "Who sold the <script>alert('paint')</script> in \u202ered & green bottles?"
CORPUS: tuple[dict[str, Any], ...] = (
    {
        "_id": "harbour",
        "title": "The harbour",
        "text": "The harbour was closed on Monday because of a storm. Ships waited outside the bay.",
    },
    {
        "_id": "bridge",
        "title": "The bridge",
        "text": "The bridge carries forty thousand cars each day. It was built in 1932.",
    },
    {
        "_id": "paint",
        "title": "<b>Paint</b>",
        "text": "A merchant sold red paint in bottles. It dried fast.",
    },
    {"_id": "train", "title": "", "text": "The night train leaves at nine. It arrives in the morning."},
    {"_id": "blank", "title": "Nothing", "text": " \n"},
)
QUERIES: tuple[dict[str, Any], ...] = (
    {"_id": "q1", "text": "Why was the harbour closed on Monday?"},
    {"_id": "q2", "text": "How many cars does the bridge carry each day?", "answerable": True},
    {"_id": "q3", "text": HOSTILE},
    {"_id": "q4", "text": "When does the night train leave?"},
    {"_id": "q5", "text": "Which quantum chromodynamics lattice converged?", "answerable": False},
    {"_id": "q6", "text": "What is nobody sure about?"},
)
QRELS = (
    ("q1", "harbour", 1),
    ("q2", "bridge", 1),
    ("q3", "paint", 2),
    ("q3", "bridge", 1),
    ("q4", "blank", 1),
)
ANSWERS: tuple[dict[str, Any], ...] = (
    {"query_id": "q1", "answers": [{"text": "a storm", "starts": [41]}]},
    {"query_id": "q2", "answers": [{"text": "1932"}, {"text": "no such words"}]},
    {"query_id": "q3", "answers": ["Somebody in a written answer that is nowhere."]},
    {"query_id": "q5", "answers": []},
)


def write_folder(
    folder: Path,
    *,
    corpus: Iterable[Mapping[str, Any]] = CORPUS,
    queries: Iterable[Mapping[str, Any]] = QUERIES,
    qrels: Iterable[tuple[str, str, object]] = QRELS,
    answers: Iterable[Mapping[str, Any]] | None = ANSWERS,
) -> Path:
    """Write a judged folder and return it."""
    (folder / "qrels").mkdir(parents=True)
    _write_rows(folder / "corpus.jsonl", corpus)
    _write_rows(folder / "queries.jsonl", queries)
    if answers is not None:
        _write_rows(folder / "answers.jsonl", answers)
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in qrels)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
