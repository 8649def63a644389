"""One published state in Milvus, asked as a generation on disk is."""

import dataclasses
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from qa.errors import ArticleNotFoundError, IndexDamagedError, InputError
from qa.filters import NO_FILTERS, Filters
from qa.index import Fields, Offer, Usual, inner_products, parse_manifest, question_terms, term_language
from qa.milvus.articles import read_articles, read_summaries, read_summary
from qa.milvus.chunks import Chunks, fields_of
from qa.milvus.connection import Connection
from qa.milvus.kept import Kept
from qa.milvus.layout import Build, expression, is_text, key_of, row_of
from qa.milvus.lexicon import (
    TermStatistics,
    asked_dimensions,
    bucket_name,
    dimension,
    idf,
    read_table,
    scores,
    statistics_of,
    usual,
)
from qa.milvus.records import READ_TOGETHER, Records, count
from qa.types import Article, ArticleSummary, Chunk, Manifest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.milvus.lexicon import Table
    from qa.models import Vectors

_ARTICLES_KEPT = 256
_BUCKETS_KEPT = 4096


@dataclasses.dataclass(frozen=True, slots=True)
class SearchFacts:
    """What searching has to know of a state besides its manifest.

    `languages`: how many chunks have terms of each. `bits`: how many number a bucket of terms. `sample`: the rows of an even sample of the chunks.
    """

    published_at: float
    languages: Mapping[str, int]
    bits: int
    sample: tuple[int, ...]


class MilvusIndex:
    """One state that was published, read piece by piece as it is asked for; safe to share between threads."""

    def __init__(self, connection: Connection, build: Build) -> None:
        """Read what it is.

        Raises IndexDamagedError when it is not all there, IndexMismatchError for a format this code cannot read.
        """
        self._records = Records(connection, build.records)
        manifest = self._records.get("manifest", ["manifest"], strong=True).get("manifest")
        facts = self._records.get("search", ["search"], strong=True).get("search")
        if manifest is None or facts is None:
            raise IndexDamagedError(f"{build.records} was never finished. Index again: qa index FOLDER")
        self.manifest: Manifest = parse_manifest(manifest.encode())
        try:
            values = json.loads(facts)
            self._facts = SearchFacts(**values | {"sample": tuple(values["sample"])})
        except (ValueError, TypeError, KeyError) as error:
            raise IndexDamagedError(
                f"{build.records} cannot be read: {error!r}. Run: qa index FOLDER"
            ) from error
        if (found := count(connection, build.chunks)) != self.manifest.chunks:
            raise IndexDamagedError(
                f"{build.chunks} holds {found} chunks, the manifest says {self.manifest.chunks}. Index again: "
                "qa index FOLDER"
            )
        self._chunks = Chunks(connection, build, dim=self.manifest.model.dim)
        self._articles = Kept(self._read_articles, most=_ARTICLES_KEPT)
        self._groups = Kept(self._read_groups, most=_ARTICLES_KEPT)
        self._buckets = Kept(self._read_buckets, most=_BUCKETS_KEPT)

    @property
    def number(self) -> int:
        """Return how many states were published here before, counted from 1."""
        return int(self.manifest.generation.split("-")[1])

    @property
    def built_at(self) -> float:
        """Return when it was published, in seconds since the epoch."""
        return self._facts.published_at

    @property
    def languages(self) -> Sequence[str]:
        """Return in which languages the chunks' terms are, ISO 639-1, sorted."""
        return sorted(self._facts.languages)

    def offer(self, question: str, vector: "Vectors", *, k: int, filters: Filters = NO_FILTERS) -> Offer:
        """Return the `k` best chunks of each leg among the articles that fit; `vector` (dim,) is the question's.

        Raises InputError when the vector has another width or values that are no numbers.
        """
        import numpy as np

        if vector.shape != (self.manifest.model.dim,) or not np.isfinite(vector).all():
            raise InputError(
                f"Question vector of shape {vector.shape}; expected {self.manifest.model.dim} finite numbers."
            )
        asked = set(chain.from_iterable(question_terms(question, self.languages).values()))
        known = self._statistics(asked)
        idfs = {each: idf(self.manifest.chunks, _holding(found)) for each, found in known.items()}
        where = expression(filters)
        nearest = self._chunks.search(
            "vector", vector, k, where, ef=self.manifest.dense_kind.endswith("HNSW")
        )
        # What is usual does not depend on filters, so neither do the chunks that it is taken from.
        best = self._chunks.search("terms", idfs, k, "") if idfs else []
        lexical = self._chunks.search("terms", idfs, k, where) if idfs and where else best
        stored = self._chunks.get(sorted({*nearest, *best, *lexical}))
        rows = sorted({*nearest, *lexical}, key=lambda row: stored[row].order)
        vectors = [stored[row].sentences for row in rows]
        lengths = np.array([len(each) for each in vectors], dtype=np.int64)
        found, _ = scores(idfs, [(stored[row].dimensions, stored[row].weights) for row in rows])
        _, parts = scores(idfs, [(stored[row].dimensions, stored[row].weights) for row in best])
        return Offer(
            rows=np.array(rows, dtype=np.int64),
            sentences=inner_products(np.concatenate(vectors), vector) if rows else np.empty(0, np.float32),
            starts=np.cumsum(lengths) - lengths,
            lexical=found,
            usual_dense=self._usual_dense(vector),
            usual_lexical=usual(
                idfs,
                known,
                parts,
                [term_language(stored[row].fields.language) for row in best],
                chunks=self._facts.languages,
            ),
        )

    def idf(self, terms: Collection[str]) -> Mapping[str, float]:
        """Return the IDF of each term."""
        known = self._statistics(terms)
        return {term: idf(self.manifest.chunks, _holding(known.get(dimension(term), {}))) for term in terms}

    def chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """Return the chunks of these rows, in the order given."""
        stored = self._chunks.get([int(row) for row in rows])
        # Whoever reads chunks reads their articles next, one by one.
        ids = list(dict.fromkeys(each.chunk.article_id for each in stored.values()))
        self._articles.get(ids)
        self._groups.get(ids)
        return [stored[int(row)].chunk for row in rows]

    def chunks_of(self, article_id: str) -> list[Chunk]:
        """Return the chunks of an article, in their order.

        Raises ArticleNotFoundError, also for an article without chunks.
        """
        key = _key(article_id)
        found = self._records.get("summary", [key])
        chunks = read_summary(found[key])[1].chunks if key in found else 0
        if not chunks:
            raise _not_found(article_id)
        rows = [row_of(article_id, place) for place in range(chunks)]
        return [
            self._chunks.get(some)[row].chunk
            for start in range(0, chunks, READ_TOGETHER)
            for some in [rows[start : start + READ_TOGETHER]]
            for row in some
        ]

    def article(self, article_id: str) -> Article:
        """Return one article.

        Raises ArticleNotFoundError, and IndexDamagedError when its text is not what was indexed.
        """
        _key(article_id)
        found = self._articles.get([article_id])[article_id]
        if found is None:
            raise _not_found(article_id)
        return found

    def articles(self) -> Iterator[ArticleSummary]:
        """Yield a summary of every article, ordered by id."""
        originals: dict[str, str] = {}
        for _, text in self._records.all("copies"):
            first, *_ = members = json.loads(text)
            originals |= {member: first for member in members if member != first}
        found = (summary for _, summary in read_summaries(self._records))
        for summary in sorted(found, key=lambda each: each.id):
            yield dataclasses.replace(summary, copy_of=originals.get(summary.id))

    def read_articles(self) -> Iterator[Article]:
        """Yield every article, in the order in which they were indexed."""
        found = sorted((place, summary.id) for place, summary in read_summaries(self._records))
        for start in range(0, len(found), READ_TOGETHER):
            ids = [article_id for _, article_id in found[start : start + READ_TOGETHER]]
            read = self._read_articles(ids)
            for article_id in ids:
                article = read[article_id]
                if article is None:
                    raise IndexDamagedError(f"Article {article_id!r} is gone. Index again: qa index FOLDER")
                yield article

    def copies(self, article_id: str, *, filters: Filters = NO_FILTERS) -> Sequence[str]:
        """Return the ids of the articles that fit and are copies of this one, or it of them, in their order."""
        found = [each for each in self._groups.get([article_id])[article_id] if each != article_id]
        where = expression(filters)
        if found and where:
            fitting = self._chunks.articles(found, where)
            found = [each for each in found if each in fitting]
        return tuple(found)

    def fields(self) -> list[Fields]:
        """Return the fields of every article that has chunks, ordered by id."""
        found = (summary for _, summary in read_summaries(self._records) if summary.chunks)
        return sorted(Fields(s.id, s.source, s.author, s.language, s.published) for s in found)

    def fields_of_rows(self, rows: Sequence[int]) -> list[Fields]:
        """Return the fields of the articles that these rows are of, each article once, ordered by id."""
        return fields_of(self._chunks.get([int(row) for row in rows]).values())

    def vectors_of_keys(self, keys: Sequence[bytes]) -> "Mapping[bytes, tuple[Vectors, NDArray[np.float16]]]":
        """Return what was embedded for each key of `qa.index.vector_keys` that is known."""
        return self._chunks.vectors_of_keys(keys)

    def vectors(self, rows: Sequence[int]) -> "Vectors":
        """Return the vectors of these rows, float32 (len(rows), dim)."""
        return self._chunks.vectors(rows)

    @property
    def sample(self) -> Sequence[int]:
        """Return the rows of an even sample of the chunks, in their order."""
        return self._facts.sample

    def close(self) -> None:
        """Leave the connection open, which other states share."""

    def _usual_dense(self, vector: "Vectors") -> Usual:
        import numpy as np

        vectors, starts = self._sample
        best = np.maximum.reduceat(vectors @ vector, starts)
        return Usual(float(best.mean()), float(best.std()))

    @cached_property
    def _sample(self) -> "tuple[Vectors, NDArray[np.int64]]":
        import numpy as np

        stored = self._chunks.get(self._facts.sample)
        vectors = [stored[row].sentences for row in self._facts.sample]
        lengths = np.array([len(each) for each in vectors], dtype=np.int64)
        return np.concatenate(vectors).astype(np.float32), np.cumsum(lengths) - lengths

    def _statistics(self, terms: Collection[str]) -> dict[int, dict[str, TermStatistics]]:
        """Return what is known of each dimension that these terms have, by language."""
        asked = asked_dimensions(terms)
        names = {each: bucket_name(each, self._facts.bits) for each in asked}
        tables = self._buckets.get(sorted(set(names.values())))
        found = {each: statistics_of(tables[name], each) for each, name in names.items()}
        return {each: statistics for each, statistics in found.items() if statistics}

    def _read_buckets(self, names: Sequence[str]) -> "dict[str, Table]":
        found = self._records.get("terms", names)
        return {name: read_table(found.get(name, "")) for name in names}

    def _read_articles(self, ids: Sequence[str]) -> dict[str, Article | None]:
        return read_articles(self._records, ids)

    def _read_groups(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        keys = {each: key_of(each) for each in ids if is_text(each)}
        found = self._records.get("copies", list(keys.values()))
        return {each: tuple(json.loads(found.get(keys.get(each, ""), "[]"))) for each in ids}


def _holding(found: Mapping[str, TermStatistics]) -> int:
    """Return how many chunks hold a term, in all languages."""
    return sum(each.chunks for each in found.values())


def _key(article_id: str) -> str:
    if not is_text(article_id):  # a file name or an argument; no stored id looks like that
        raise _not_found(article_id)
    return key_of(article_id)


def _not_found(article_id: str) -> ArticleNotFoundError:
    return ArticleNotFoundError(f"No article {article_id!r} in this index.")
