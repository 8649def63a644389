"""Read question-answering rows (one JSON object a line, xz), as they are or as judged collections, one a set."""

import hashlib
import json
import lzma
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.errors import InputError
from qa.evaluate.answers import Accepted
from qa.evaluate.beir import BeirFolder
from qa.types import Article, Span

DEVELOPMENT_PERCENT = 4
"""Of the topics: enough to measure a reader on and to fit with it, and few enough to miss in its training."""


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A question about one passage; `answers` are half-open ranges of code points in `context`, none if it has none."""

    id: str
    set: str
    question: str
    title: str
    context: str
    answers: tuple[Span, ...]


def training_rows(path: Path) -> Iterator[TrainingRow]:
    """Yield the rows in the order of the file.

    A row has id, set, question, title, context and answers, a list of objects with text and start. Raises
    InputError when the file cannot be read, or when an answer is empty or does not stand where it says.
    """
    try:
        with lzma.open(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                try:
                    found = _training_row(json.loads(line))
                except (ValueError, KeyError, TypeError) as error:
                    raise _unreadable(f"{path}, line {number}", error) from error
                yield found
    except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise _unreadable(str(path), error) from error


def _unreadable(place: str, error: Exception) -> InputError:
    return InputError(f"Cannot read {place}: {error!r}. Expected rows as its README describes them.")


def _training_row(row: Any) -> TrainingRow:  # noqa: ANN401 (what JSON holds)
    """Return the row that an object holds. Raises ValueError, KeyError or TypeError when it holds none."""
    names = ("id", "set", "question", "title", "context")
    if wrong := [name for name in names if not isinstance(row[name], str)]:
        raise TypeError(f"{wrong[0]} is no text")
    answers = tuple((each["start"], each["start"] + len(each["text"])) for each in row["answers"])
    for (start, end), answer in zip(answers, row["answers"], strict=True):
        if start < 0 or start == end or row["context"][start:end] != answer["text"]:
            raise ValueError("an answer does not stand at its start, or is empty")
    return TrainingRow(row["id"], row["set"], row["question"], row["title"], row["context"], answers)


def topic_of(row: TrainingRow) -> str:
    """Return what the row is about: the title of its article, or its passage where there is no title."""
    return row.title or row.context


def is_development(topic: str) -> bool:
    """Return whether rows of this topic are held back when a reader is trained, to measure and to fit on."""
    return int(_hash(topic)[:16], 16) % 100 < DEVELOPMENT_PERCENT


def read_training(
    path: Path, sets: Sequence[str], *, articles: int, questions: int, development: bool = False
) -> dict[str, BeirFolder]:
    """Return each set: its passages as articles, and the questions that they answer, at most so many of both.

    Those whose texts have the smallest hashes are taken; with `development` only questions that no reader was trained
    on, and their articles before others. Raises InputError as `training_rows` does.
    """
    found: dict[str, dict[str, Article]] = {name: {} for name in sets}
    asked: dict[str, dict[str, tuple[str, str, Accepted]]] = {name: {} for name in sets}
    for row in training_rows(path):
        if row.set in found:
            article = passage_article(row)
            found[row.set][article.id] = article
            if row.answers and (not development or is_development(topic_of(row))):
                texts = tuple(row.context[start:end] for start, end in row.answers)
                asked[row.set][row.id] = (row.question, article.id, Accepted(texts, sentences=False))
    return {
        name: _folder(name, found[name], asked[name], articles, questions, first=development) for name in sets
    }


def _folder(
    name: str,
    found: Mapping[str, Article],
    asked: Mapping[str, tuple[str, str, Accepted]],
    articles: int,
    questions: int,
    *,
    first: bool,
) -> BeirFolder:
    """Make a folder of the articles with the smallest ids, with `first` those that are asked about before others."""
    wanted = {article for _, article, _ in asked.values()} if first else set()
    kept = dict(
        sorted(found.items(), key=lambda item: (item[0] not in wanted, item[0]))[:articles]
    )  # ids are hashes
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


def passage_article(row: TrainingRow) -> Article:
    """Return the row's passage as an article whose id is the sha256 of its text."""
    digest = _hash(row.context)
    return Article(id=digest, title=row.title, text=row.context, sha256=digest)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
