"""Read question-answering rows (one JSON object a line, xz) as judged collections, one a set."""

import hashlib
import json
import lzma
from collections.abc import Mapping, Sequence
from pathlib import Path

from qa.errors import InputError
from qa.evaluate.answers import Accepted
from qa.evaluate.beir import BeirFolder
from qa.types import Article


def read_training(path: Path, sets: Sequence[str], *, articles: int, questions: int) -> dict[str, BeirFolder]:
    """Return each set: its passages as articles, and the questions that they answer, at most so many of both.

    A row has question, context, title, set and answers, a list of objects with text. Those whose texts have the
    smallest hashes are taken. Raises InputError when the file cannot be read.
    """
    found: dict[str, dict[str, Article]] = {name: {} for name in sets}
    asked: dict[str, dict[str, tuple[str, str, Accepted]]] = {name: {} for name in sets}
    try:
        with lzma.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                if (name := row["set"]) in found:
                    article = _article(row)
                    found[name][article.id] = article
                    if texts := tuple(answer["text"] for answer in row["answers"]):
                        answers = Accepted(texts, sentences=False)
                        asked[name][row["id"]] = (row["question"], article.id, answers)
    except (OSError, lzma.LZMAError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"Cannot read {path}: {error!r}. Expected rows as its README describes them."
        ) from error
    return {name: _folder(name, found[name], asked[name], articles, questions) for name in sets}


def _folder(
    name: str,
    found: Mapping[str, Article],
    asked: Mapping[str, tuple[str, str, Accepted]],
    articles: int,
    questions: int,
) -> BeirFolder:
    kept = dict(sorted(found.items())[:articles])  # ids are hashes
    names = sorted((each for each in asked if asked[each][1] in kept), key=_hash)[:questions]
    return BeirFolder(
        name=name,
        digest="",
        articles=tuple(kept.values()),
        questions={each: asked[each][0] for each in names},
        relevant={each: frozenset({asked[each][1]}) for each in names},
        grades={each: {asked[each][1]: 1} for each in names},
        unanswerable=frozenset(),
        accepted={each: asked[each][2] for each in names},
    )


def _article(row: Mapping[str, str]) -> Article:
    digest = _hash(row["context"])
    return Article(id=digest, title=row["title"], text=row["context"], sha256=digest)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
