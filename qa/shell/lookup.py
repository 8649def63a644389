"""Find an article by what a person typed, and cut a piece out of it."""

import difflib
import os
import shlex
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from qa.errors import ArticleNotFoundError, InputError
from qa.types import Article

if TYPE_CHECKING:
    from qa.index import Generation

_SUGGESTIONS = 3


def find_article(generation: "Generation", article_id: str) -> Article:
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


def file_in(folder: Path, article_id: str) -> Path | None:
    """Return the article's file in `folder`, None where there is none.

    An id may come from anyone: one that leads out of the folder counts as not found.
    """
    try:
        path = Path(os.path.realpath(folder / article_id))  # resolve() raises RuntimeError on a loop of links
        inside = path.is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, ValueError):  # a NUL, a name too long
        return None
    return path if inside else None


def file_links(folder: Path | None) -> Callable[[str], str]:
    """Return what gives the URL of an article's file in `folder`, "" for none.

    The URL names this machine, so that a terminal on another one does not look among its own files.
    """

    def link(article_id: str) -> str:
        path = file_in(folder, article_id) if folder is not None else None
        return f"file://{quote(socket.gethostname())}{quote(os.fsencode(path))}" if path else ""

    return link


def closest_ids(article_id: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the ids that someone who typed `article_id` may have meant, best first."""
    ids = list(known)
    wanted = article_id.casefold()
    inside = [other for other in ids if wanted and (wanted in other.casefold() or other.casefold() in wanted)]
    return tuple(inside[:_SUGGESTIONS] or difflib.get_close_matches(article_id, ids, n=_SUGGESTIONS))


def _some(ids: list[str]) -> str:
    more = len(ids) - _SUGGESTIONS
    return ", ".join(ids[:_SUGGESTIONS]) + (f" and {more} more" if more > 0 else "") if ids else "no article"
