"""Find an article by what a person typed, and cut a piece out of it."""

import difflib
from collections.abc import Iterable

from qa.errors import ArticleNotFoundError, InputError
from qa.index import Generation
from qa.types import Article

_SUGGESTIONS = 3


def find_article(generation: Generation, article_id: str) -> Article:
    """Return the article.

    Raises ArticleNotFoundError naming the ids that may have been meant.
    """
    try:
        return generation.article(article_id)
    except ArticleNotFoundError as error:
        known = [summary.id for summary in generation.articles()]
        meant = closest_ids(article_id, known)
        hint = f"Did you mean {' or '.join(meant)}?" if meant else f"It holds {_some(known)}."
        raise ArticleNotFoundError(
            f"No article {article_id!r} in the index. {hint} Try: qa show {(meant or (*known, 'ARTICLE_ID'))[0]}"
        ) from error


def slice_text(article: Article, start: int | None, end: int | None) -> str:
    """Return the text from `start` up to `end`, where None means its very beginning or end.

    Raises InputError when the range does not lie in the text.
    """
    size = len(article.text)
    first, last = start or 0, size if end is None else end
    if not 0 <= first <= last <= size:
        raise InputError(
            f"Found --start {first} --end {last}, expected 0 <= start <= end <= {size}. Try: qa show {article.id}"
        )
    return article.text[first:last]


def closest_ids(article_id: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the ids that someone who typed `article_id` may have meant, best first."""
    ids = list(known)
    wanted = article_id.casefold()
    inside = [other for other in ids if wanted and (wanted in other.casefold() or other.casefold() in wanted)]
    return tuple(inside[:_SUGGESTIONS] or difflib.get_close_matches(article_id, ids, n=_SUGGESTIONS))


def _some(ids: list[str]) -> str:
    more = len(ids) - _SUGGESTIONS
    return ", ".join(ids[:_SUGGESTIONS]) + (f" and {more} more" if more > 0 else "") if ids else "no article"
