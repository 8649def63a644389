"""What an answer could be narrowed by: whose, of which year and in which language the ranked articles are."""

from collections.abc import Iterable

from qa.filters import authors_of, days_of, folded
from qa.index import Fields

MAX_VALUES = 10


def count_facets(articles: Iterable[Fields]) -> dict[str, dict[str, int]]:
    """Return the number of articles by source, author, language and year, most frequent first, at most `MAX_VALUES`.

    Values that a filter takes for the same are counted together, under the first of their spellings.
    """
    by_article = [_values(article) for article in articles]
    return {
        field: _counted(values[field] for values in by_article)
        for field in ("source", "author", "language", "year")
    }


def _values(article: Fields) -> dict[str, list[str]]:
    published = article.published or ""
    return {
        "source": [article.source] if article.source else [],
        "author": authors_of(article.author or ""),
        "language": [article.language] if article.language else [],
        "year": [published[:4]] if days_of(published) else [],
    }


def _counted(values: Iterable[list[str]]) -> dict[str, int]:
    spellings: dict[str, str] = {}
    counts: dict[str, int] = {}
    for each in values:
        for key, value in {folded(value): value for value in each}.items():
            spellings[key] = min(value, spellings.get(key, value))
            counts[key] = counts.get(key, 0) + 1
    best = sorted(counts, key=lambda key: (-counts[key], key))[:MAX_VALUES]
    return {spellings[key]: counts[key] for key in best}
