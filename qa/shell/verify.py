"""Replay the citations of saved answers: is each quote still where the answer says it is."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from qa.corpus import article_file, load_article
from qa.errors import ArticleNotFoundError, InputError
from qa.formats import Sandbox
from qa.types import Article

Verdict = Literal["ok", "changed", "missing"]
FindArticle = Callable[[str], Article]


@dataclass(frozen=True, slots=True)
class Replay:
    """The outcome of one citation; `answer` and `citation` count from 1.

    "changed": the article is there but does not hold the quote at that place, or the answer does
    not hold it. "missing": there is no such article.
    """

    answer: int
    citation: int
    article_id: str
    start: int
    end: int
    verdict: Verdict
    note: str = ""


def parse_saved(text: str) -> tuple[object, ...]:
    """Parse what `qa ask --json` or the API wrote: one answer, a list of answers, or one answer a line.

    Raises InputError when the text is none of these.
    """
    if not text.strip():
        raise InputError(
            "Found an empty file, expected a saved answer. Save one: qa ask QUESTION --json > FILE"
        )
    try:
        return _answers(_loads(text))
    except json.JSONDecodeError as error:
        # "Extra data" is what one answer a line looks like to a parser of one value.
        if not error.msg.startswith("Extra data"):
            raise InputError(_not_json(error.lineno, error.msg)) from None
    # split, not splitlines: a quote may hold U+2028, which is no line break in JSON.
    lines = enumerate(text.split("\n"), start=1)
    return tuple(answer for number, line in lines if line.strip() for answer in _load_line(number, line))


def replay(answers: tuple[object, ...], find: FindArticle) -> Iterator[Replay]:
    """Compare every citation with the article that `find` returns now.

    `find` raises ArticleNotFoundError for an unknown id. Raises InputError when an answer or a
    citation has not the form that `qa ask --json` writes.
    """
    for number, answer in enumerate(answers, start=1):
        where = f"answer {number}"
        fields = _object(answer, where)
        if "citations" not in fields:
            raise InputError(f"In {where}: found no field 'citations'. Expected what qa ask --json writes.")
        citations = fields["citations"]
        if not isinstance(citations, list):
            raise InputError(f"In {where}: citations: found {_kind(citations)}, expected a list.")
        for index, citation in enumerate(citations, start=1):
            yield _replay_one(
                number, index, _object(citation, f"{where}, citation {index}"), fields.get("answer"), find
            )


@contextmanager
def folder_articles(folder: Path) -> Iterator[FindArticle]:
    """Look articles up in `folder` as its files are now, by the id they have in an index."""
    if not folder.is_dir():
        raise InputError(
            f"No folder at {folder}. Name the folder that was indexed: qa verify FILE --folder FOLDER"
        )

    @lru_cache(maxsize=16)  # an answer quotes an article more than once
    def find(article_id: str) -> Article:
        path = article_file(folder, article_id)
        if path is None:
            raise ArticleNotFoundError(f"no such file in {folder}")
        try:
            return load_article(path, article_id, sandbox)
        except InputError as error:
            raise ArticleNotFoundError(f"the file {error}") from error

    with Sandbox() as sandbox:
        yield find


def _replay_one(
    answer: int, number: int, citation: dict[str, Any], text: object, find: FindArticle
) -> Replay:
    where = f"answer {answer}, citation {number}"
    article_id = _string(citation, "document_id", where)
    start = _offset(citation, "start_char_index", where)
    end = _offset(citation, "end_char_index", where)
    quote = _string(citation, "cited_text", where)
    if not 0 <= start <= end:
        raise InputError(f"In {where}: found characters {start} to {end}, expected 0 <= start <= end.")

    def verdict(found: Verdict, note: str = "") -> Replay:
        return Replay(answer, number, article_id, start, end, found, note)

    try:
        article = find(article_id)
    except ArticleNotFoundError as error:
        return verdict("missing", str(error))
    if article.text[start:end] != quote:
        return verdict("changed", _moved(article.text, quote))
    if isinstance(text, str) and "start_index" in citation:
        first = _offset(citation, "start_index", where)
        last = _offset(citation, "end_index", where)
        if first < 0 or text[first:last] != quote:
            return verdict(
                "changed", "the article holds the quote, but the saved answer says something else there"
            )
    if citation.get("document_sha256") not in (None, article.sha256):
        return verdict("ok", "the article has changed elsewhere")
    return verdict("ok")


def _moved(text: str, quote: str) -> str:
    """Say what became of the quote: a hint for people, not a new citation."""
    if not quote:
        return "the saved quote is empty"
    places = text.count(quote)
    if not places:
        return "the article does not hold these words any more"
    return f"the same words now start at {text.index(quote)}" + (", and elsewhere" if places > 1 else "")


def _loads(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except (RecursionError, ValueError):
        raise InputError(
            "Found JSON nested too deep or a number too long. Expected what qa ask --json writes."
        ) from None


def _load_line(number: int, line: str) -> tuple[object, ...]:
    try:
        return _answers(_loads(line))
    except json.JSONDecodeError as error:
        raise InputError(_not_json(number, error.msg)) from None


def _not_json(line: int, message: str) -> str:
    return f"Found no JSON at line {line}: {message}. Expected what qa ask --json writes."


def _answers(parsed: object) -> tuple[object, ...]:
    return tuple(parsed) if isinstance(parsed, list) else (parsed,)


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"In {where}: found {_kind(value)}, expected an object as qa ask --json writes it.")
    return value


def _field(fields: dict[str, Any], name: str, where: str) -> object:
    if name not in fields:
        raise InputError(f"In {where}: found no field {name!r}. Expected what qa ask --json writes.")
    return fields[name]


def _string(fields: dict[str, Any], name: str, where: str) -> str:
    value = _field(fields, name, where)
    if not isinstance(value, str):
        raise InputError(f"In {where}: {name}: found {_kind(value)}, expected a string.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InputError(
            f"In {where}: {name}: found half a character (a lone surrogate), which no article holds."
        )
    return value


def _offset(fields: dict[str, Any], name: str, where: str) -> int:
    value = _field(fields, name, where)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"In {where}: {name}: found {_kind(value)}, expected a whole number.")
    return value


def _kind(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return "a string" if isinstance(value, str) else "a number"
