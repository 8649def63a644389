"""Articles and their summaries, as records of Milvus hold them."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from hashlib import sha256

from qa.errors import IndexDamagedError
from qa.milvus.layout import key_of
from qa.milvus.records import Records
from qa.types import Article, ArticleSummary


def read_articles(records: Records, ids: Sequence[str]) -> dict[str, Article | None]:
    """Return the articles with these ids, None for those that are not there.

    Raises IndexDamagedError for a text that is not what was indexed.
    """
    found = records.get("article", [key_of(each) for each in ids])
    return {each: _article(found.get(key_of(each))) for each in ids}


def read_summaries(records: Records) -> Iterator[tuple[int, ArticleSummary]]:
    """Yield the place of every article among all, and its summary without what it is a copy of."""
    for _, text in records.all("summary"):
        yield read_summary(text)


def article_text(article: Article) -> str:
    """Return an article as JSON."""
    return json.dumps(dataclasses.asdict(article), ensure_ascii=False)


def summary_text(place: int, summary: ArticleSummary) -> str:
    """Return an article's place among all and its summary as JSON."""
    return json.dumps([place, dataclasses.asdict(summary)], ensure_ascii=False)


def _article(text: str | None) -> Article | None:
    if text is None:
        return None
    try:
        article = Article(**json.loads(text))
        found = sha256(article.text.encode()).hexdigest()
    except (ValueError, TypeError, AttributeError) as error:
        raise IndexDamagedError(
            f"An article in Milvus cannot be read: {error!r}. Run: qa index FOLDER"
        ) from error
    if found != article.sha256:
        raise IndexDamagedError(
            f"The text of {article.id!r} in Milvus is not what was indexed. Index again: qa index FOLDER"
        )
    return article


def read_summary(text: str) -> tuple[int, ArticleSummary]:
    """Return an article's place among all and its summary. Raises IndexDamagedError for another text."""
    try:
        place, values = json.loads(text)
        return int(place), ArticleSummary(**values)
    except (ValueError, TypeError) as error:
        raise IndexDamagedError(
            f"A summary in Milvus cannot be read: {error!r}. Run: qa index FOLDER"
        ) from error
