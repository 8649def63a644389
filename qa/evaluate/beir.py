"""Read a folder in the layout of the BEIR benchmark: corpus.jsonl, queries.jsonl, qrels/test.tsv, answers.jsonl."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qa.corpus import detect_language
from qa.errors import InputError
from qa.evaluate.answers import Accepted, read_accepted
from qa.evaluate.files import NEXT, Row, read_file, read_lines, read_rows, wrong
from qa.types import Article

_HEADER = "query-id\tcorpus-id\tscore"
_SCORE = re.compile(r"-?[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class BeirFolder:
    """A judged collection: articles, questions by id, and for each judged question its relevant articles.

    `grades` are the positive scores behind `relevant`. `unanswerable` are the questions that the data say no
    article answers; a question that is neither judged nor marked is in neither. `accepted` is what
    answers.jsonl says of an answer's words. `digest` is the sha256 of corpus.jsonl.
    """

    name: str
    digest: str
    articles: tuple[Article, ...]
    questions: Mapping[str, str]
    relevant: Mapping[str, frozenset[str]]
    grades: Mapping[str, Mapping[str, int]]
    unanswerable: frozenset[str]
    accepted: Mapping[str, Accepted]


def read_beir(folder: Path) -> BeirFolder:
    """Read the files; answers.jsonl may be missing.

    An article without text cannot be indexed: it is left out, and a judgement may still name it. Raises
    InputError naming the file, and the line, that is missing or broken.
    """
    path = folder / "corpus.jsonl"
    data = read_file(path)
    corpus = _by_id(path, data, "_id")
    articles = [_article(name, row) for name, row in corpus.items()]
    if not any(article.text.strip() for article in articles):
        raise InputError(f"{path}: found no article with text, expected at least one. {NEXT}")
    path = folder / "queries.jsonl"
    questions = _by_id(path, read_file(path), "_id")
    texts = {name: _question(row) for name, row in questions.items()}
    answers = _answers(folder / "answers.jsonl", texts)
    unanswerable = frozenset(
        name
        for name, row in questions.items()
        if (row if "answerable" in row.values else answers.get(name, row)).values.get("answerable") is False
    )
    grades = _grades(folder / "qrels" / "test.tsv", corpus, texts, unanswerable)
    return BeirFolder(
        name=folder.resolve().name,
        digest=hashlib.sha256(data).hexdigest(),
        articles=tuple(
            sorted((article for article in articles if article.text.strip()), key=lambda article: article.id)
        ),
        questions=texts,
        relevant={name: frozenset(found) for name, found in grades.items()},
        grades=grades,
        unanswerable=unanswerable,
        accepted={name: found for name, row in answers.items() if (found := read_accepted(row))},
    )


def _by_id(path: Path, data: bytes, field: str) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in read_rows(path, data):
        name = row.id(field)
        if name in found:
            raise row.wrong(
                f"found {field} {name!r}, which line {found[name].number} has too", "each id once"
            )
        found[name] = row
    return found


def _article(name: str, row: Row) -> Article:
    text = row.text("text")
    sha256 = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return Article(
        id=name, title=row.text("title", ""), text=text, sha256=sha256, language=detect_language(text)
    )


def _question(row: Row) -> str:
    text = row.text("text").strip()
    if not text:
        raise row.wrong("found a question without text", "a question")
    return text


def _answers(path: Path, questions: Mapping[str, str]) -> dict[str, Row]:
    if not path.exists():
        return {}
    answers = _by_id(path, read_file(path), "query_id")
    for name, row in answers.items():
        if name not in questions:
            raise row.wrong(f"found an answer to {name!r}", "a question of queries.jsonl")
    return answers


def _grades(
    path: Path, corpus: Mapping[str, Row], questions: Mapping[str, str], unanswerable: frozenset[str]
) -> dict[str, dict[str, int]]:
    """Return the positive scores by question and article."""
    lines = read_lines(path, read_file(path))
    number, header = next(lines, (1, ""))
    if header != _HEADER:
        raise wrong(path, number, f"found the header {header!r:.60}", f"{_HEADER!r}")
    seen: set[tuple[str, str]] = set()
    grades: dict[str, dict[str, int]] = {}
    for number, line in lines:
        question, article, score = _columns(path, number, line)
        if question not in questions:
            raise wrong(path, number, f"found the question {question!r}", "one of queries.jsonl")
        if article not in corpus:
            raise wrong(path, number, f"found the article {article!r}", "one of corpus.jsonl")
        if (question, article) in seen:
            raise wrong(path, number, f"found {question!r} with {article!r} again", "each pair once")
        seen.add((question, article))
        if score > 0:
            if question in unanswerable:
                raise wrong(
                    path, number, f"found an article for {question!r}", "none for an unanswerable question"
                )
            grades.setdefault(question, {})[article] = score
    if not grades:
        raise InputError(f"{path}: found no judged question, expected a score above 0. {NEXT}")
    return grades


def _columns(path: Path, number: int, line: str) -> tuple[str, str, int]:
    columns = line.split("\t")
    if len(columns) != 3:
        raise wrong(path, number, f"found {len(columns)} columns", "3 with tabs between them")
    if not _SCORE.fullmatch(columns[2]):
        raise wrong(path, number, f"found the score {columns[2]!r:.60}", "a whole number")
    return columns[0], columns[1], int(columns[2])
