"""Read a folder in the layout of the BEIR benchmark: corpus.jsonl, queries.jsonl, qrels/test.tsv."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.errors import InputError
from qa.types import Article


@dataclass(frozen=True, slots=True)
class BeirFolder:
    """A judged collection: articles, questions by id, and for each judged question its relevant articles."""

    name: str
    articles: tuple[Article, ...]
    questions: Mapping[str, str]
    relevant: Mapping[str, frozenset[str]]


def read_beir(folder: Path) -> BeirFolder:
    """Read the three files.

    Raises InputError naming the file that is missing or broken.
    """
    articles = tuple(
        Article(id=row["_id"], title=row["title"], text=row["text"], sha256=_sha256(row["text"]))
        for row in _rows(folder / "corpus.jsonl")
        if row["text"].strip()
    )
    relevant: dict[str, set[str]] = {}
    # split("\n"): str.splitlines would also cut at characters that may stand inside an id
    for line in _read(folder / "qrels" / "test.tsv").split("\n")[1:]:
        if line:
            question, article, score = line.split("\t")
            if int(score) > 0:
                relevant.setdefault(question, set()).add(article)
    return BeirFolder(
        name=folder.name,
        articles=tuple(sorted(articles, key=lambda article: article.id)),
        questions={row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl")},
        relevant={question: frozenset(found) for question, found in relevant.items()},
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_read(path).split("\n"), start=1):
        if line:
            try:
                yield json.loads(line)
            except ValueError as error:
                raise InputError(
                    f"{path}, line {number}: {error}. Expected one JSON object a line."
                ) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {path}: {error}. Expected a folder in the layout of BEIR.") from error


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
