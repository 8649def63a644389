"""Find an article by what a person typed, and cut a piece out of it."""

import difflib
import os
import shlex
import socket
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from qa.corpus import article_file
from qa.errors import ArticleNotFoundError, InputError
from qa.filters import Filters, days_of
from qa.types import Article

if TYPE_CHECKING:
    from qa.index import Fields, OpenIndex

_SUGGESTIONS = 3


def find_article(generation: "OpenIndex", article_id: str) -> Article:
    """Return the article.

    Raises ArticleNotFoundError naming the ids that may have been meant.
    """
    try:
        return generation.article(article_id)
    except ArticleNotFoundError as error:
        known = [summary.id for summary in generation.articles()]
        meant = closest_ids(article_id, known)
        if meant:
            hint = f"Did you mean {' or '.join(meant)}? Try: qa show {shlex.quote(meant[0])}"
        else:
            hint = f"It holds {_some(known)}. List them: qa articles"
        raise ArticleNotFoundError(f"No article {article_id!r} in the index. {hint}") from error


def slice_text(article: Article, start: int | None, end: int | None) -> str:
    """Return the text from `start` up to `end`, where None means its very beginning or end.

    Raises InputError when the range does not lie in the text.
    """
    size = len(article.text)
    first, last = start or 0, size if end is None else end
    if not 0 <= first <= last <= size:
        raise InputError(
            f"Found --start {first} --end {last}, expected 0 <= start <= end <= {size}. Try: qa show {shlex.quote(article.id)}"
        )
    return article.text[first:last]


def file_links(folder: Path | None) -> Callable[[str], str]:
    """Return what gives the URL of an article's file in `folder`, "" for none.

    The URL names this machine, so that a terminal on another one does not look among its own files.
    """

    def link(article_id: str) -> str:
        path = article_file(folder, article_id) if folder is not None else None
        return f"file://{quote(socket.gethostname())}{quote(os.fsencode(path))}" if path else ""

    return link


def closest_ids(article_id: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the ids that someone who typed `article_id` may have meant, best first."""
    ids = list(known)
    wanted = article_id.casefold()
    inside = [other for other in ids if wanted and (wanted in other.casefold() or other.casefold() in wanted)]
    return tuple(inside[:_SUGGESTIONS] or difflib.get_close_matches(article_id, ids, n=_SUGGESTIONS))


def none_fits(filters: Filters, articles: Sequence["Fields"]) -> str:
    """Say that no article fits, and name what there is in the fields that were asked for."""
    from qa.answer import count_facets

    known = count_facets(articles)
    asked = {"source": filters.source, "author": filters.author, "language": filters.language}
    told = [f"{field} {', '.join(known[field])}" for field in known if asked.get(field) and known[field]]
    dates = sorted(each.published for each in articles if each.published and days_of(each.published))
    if dates and (filters.since or filters.until or filters.as_of):
        told.append(f"dates from {dates[0]} to {dates[-1]}")
    there = f" There are: {'; '.join(told)}." if told else ""
    where = "List all: qa articles" if articles else "GET /articles on the server lists all."
    return f"No article fits the filters.{there} {where}"


def _some(ids: list[str]) -> str:
    more = len(ids) - _SUGGESTIONS
    return ", ".join(ids[:_SUGGESTIONS]) + (f" and {more} more" if more > 0 else "") if ids else "no article"
