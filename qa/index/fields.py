"""From filters to the chunks that may answer."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from qa.errors import ArticleNotFoundError
from qa.filters import Filters, authors_of, days_of, folded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.index.store import Store


class Fields(NamedTuple):
    """What filters and facets look at in an article."""

    id: str
    source: str | None
    author: str | None
    language: str | None
    published: str | None


class FilteredRows:
    """Finds the rows whose articles fit; a field is read when a filter first asks for it, and then kept."""

    def __init__(self, store: "Store", *, rows: int) -> None:
        """Take where the articles are, and how many rows their chunks have."""
        self._store, self._rows = store, rows
        self._columns: dict[str, _Column] = {}

    def rows(self, filters: Filters) -> "NDArray[np.bool_]":
        """Return for every row whether its article fits."""
        import numpy as np

        fit = np.ones(self._rows, dtype=np.bool_)
        for field in ("source", "author", "language"):
            if wanted := getattr(filters, field):
                fit &= self._spread(self._column(field).names(wanted))
        if filters.since is not None or filters.until is not None:
            fit &= self._spread(self._column("published").within(filters.since, filters.until))
        if filters.as_of is not None:
            fit &= self._spread(self._column("published").within(None, filters.as_of, undated=True))
        if filters.article:
            fit &= self._of_articles(filters.article)
        return fit

    def _spread(self, articles: "NDArray[np.bool_]") -> "NDArray[np.bool_]":
        """Turn what holds for articles, ordered by id, into what holds for the rows of their chunks."""
        import numpy as np

        order, chunks = self._places
        spread: NDArray[np.bool_] = np.repeat(articles[order], chunks[order])
        return spread

    @cached_property
    def _places(self) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
        import numpy as np

        first, chunks = np.array(self._store.rows_of_articles(), dtype=np.int64).reshape(-1, 2).T
        return np.argsort(first), chunks

    def _column(self, field: str) -> "_Column":
        if field not in self._columns:
            self._columns[field] = _Column(self._store.column(field), several=field == "author")
        return self._columns[field]

    def _of_articles(self, article_ids: Iterable[str]) -> "NDArray[np.bool_]":
        import numpy as np

        found = np.zeros(self._rows, dtype=np.bool_)
        for article_id in article_ids:
            with suppress(ArticleNotFoundError):
                own = self._store.rows_of_article(article_id)
                found[own.start : own.stop] = True
        return found


class _Column:
    """One field of all articles: each distinct value has a number, and each article that of its value."""

    def __init__(self, values: Sequence[str | None], *, several: bool) -> None:
        """Take the values; `several`: one value may name several people."""
        import numpy as np

        numbers: dict[str | None, int] = {}
        given = (numbers.setdefault(value, len(numbers)) for value in values)
        self._given = np.fromiter(given, dtype=np.int32, count=len(values))
        self._values = [value or "" for value in numbers]
        self._named: dict[str, list[int]] = defaultdict(list)
        for number, value in enumerate(self._values):
            # The whole counts as well: "Smith, John" may be one.
            for name in {folded(each) for each in (value, *(authors_of(value) if several else ()))}:
                self._named[name].append(number)

    def names(self, wanted: Iterable[str]) -> "NDArray[np.bool_]":
        """Return for every article whether its value is one of these."""
        import numpy as np

        fit = np.zeros(len(self._values), dtype=np.bool_)
        for each in map(folded, wanted):
            if each:  # what is not known is no name
                fit[self._named.get(each, [])] = True
        return fit[self._given]

    def within(self, since: str | None, until: str | None, *, undated: bool = False) -> "NDArray[np.bool_]":
        """Return for every article whether one of the days that its date may mean lies within; `undated` without one."""
        import numpy as np

        earliest, latest = days_of(since or ""), days_of(until or "")
        known = [days_of(value) for value in self._values]
        fit = [
            undated
            if days is None
            else (earliest is None or days[1] >= earliest[0]) and (latest is None or days[0] <= latest[1])
            for days in known
        ]
        return np.array(fit, dtype=np.bool_)[self._given]
