"""The text of articles and the places of chunks, in one SQLite file that is never changed once written."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from qa.errors import ArticleNotFoundError, IndexDamagedError
from qa.index.fields import Fields
from qa.types import Article, ArticleSummary, Chunk

_SCHEMA = """
CREATE TABLE articles (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL, sha256 TEXT NOT NULL,
    source TEXT, author TEXT, published TEXT, url TEXT, language TEXT, provenance TEXT NOT NULL,
    characters INTEGER NOT NULL, copy_of TEXT REFERENCES articles(id)
);
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY, article_id TEXT NOT NULL REFERENCES articles(id),
    start INTEGER NOT NULL, end INTEGER NOT NULL, heading TEXT NOT NULL, sentences TEXT NOT NULL,
    key BLOB NOT NULL
);
"""
_INDEXES = """
CREATE INDEX chunks_by_article ON chunks(article_id);
CREATE INDEX chunks_by_key ON chunks(key);
CREATE INDEX articles_by_original ON articles(copy_of, id) WHERE copy_of IS NOT NULL;
CREATE INDEX article_fields ON articles(id, source, author, language, published);
"""
# The last one holds what filters and facets read, so that they need not pass by the texts.
_SELECT_FIELDS = f"SELECT {', '.join(Fields._fields)} FROM articles WHERE"  # noqa: S608 (constants)
_HAS_CHUNKS = "EXISTS (SELECT 1 FROM chunks WHERE article_id = articles.id)"
_CHUNK_FIELDS = "article_id, start, end, heading, sentences"
_FIELDS = ("id", "title", "text", "sha256", "source", "author", "published", "url", "language")


class Store:
    """Read-only access; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        """Open the file, which nobody may change while it is open."""
        # immutable: no lock files, no write-ahead log, so that a full or read-only disk never stops a question.
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise IndexDamagedError(
                f"Cannot open {path}: {error}. Build the index again: qa index FOLDER"
            ) from error
        known = {name for _, name, *_ in self._rows("PRAGMA table_info(articles)")}
        self._provenance = "provenance" if "provenance" in known else "'{}'"  # formats 1 and 2 do not say
        self._copy_of = "copy_of" if "copy_of" in known else "NULL"

    def article(self, article_id: str) -> Article:
        """Return one article.

        Raises ArticleNotFoundError.
        """
        _check_id(article_id)
        columns = ", ".join((*_FIELDS, self._provenance))
        found = self._rows(f"SELECT {columns} FROM articles WHERE id = ?", (article_id,))  # noqa: S608 (constants)
        if not found:
            raise _not_found(article_id)
        values = dict(zip(_FIELDS, found[0], strict=False))
        return Article(**values, provenance=json.loads(found[0][-1]))

    def articles(self) -> Iterator[ArticleSummary]:
        """Yield a summary of every article, ordered by id."""
        yield from (
            ArticleSummary(*row)
            for row in self._rows(
                "SELECT a.id, title, source, author, published, url, language, sha256, characters, "
                f"(SELECT count(*) FROM chunks WHERE article_id = a.id), {self._copy_of} "  # noqa: S608 (constants)
                "FROM articles a ORDER BY a.id"
            )
        )

    def ids(self) -> list[str]:
        """Return the ids of all articles in the order in which they were added."""
        return [article_id for (article_id,) in self._rows("SELECT id FROM articles ORDER BY rowid")]

    def originals(self) -> dict[str, str]:
        """Return the id of the original for every article that is a copy."""
        if self._copy_of == "NULL":
            return {}
        return dict(self._rows("SELECT id, copy_of FROM articles WHERE copy_of IS NOT NULL"))

    def chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """Return the chunks of these rows, in the order given."""
        marks = ",".join("?" * len(rows))
        found = {
            row: _chunk(*values)
            for row, *values in self._rows(
                f"SELECT row, {_CHUNK_FIELDS} FROM chunks WHERE row IN ({marks})",  # noqa: S608
                [int(row) for row in rows],
            )
        }
        if missing := [row for row in rows if row not in found]:
            raise IndexDamagedError(
                f"Chunks {missing[:3]} are not in the store. Build the index again: qa index FOLDER"
            )
        return [found[row] for row in rows]

    def rows_of_article(self, article_id: str) -> range:
        """Return the rows of an article's chunks, which follow one another.

        Raises ArticleNotFoundError.
        """
        _check_id(article_id)
        found = self._rows("SELECT min(row), count(*) FROM chunks WHERE article_id = ?", (article_id,))
        first, count = found[0]
        if not count:
            raise _not_found(article_id)
        return range(first, first + count)

    def rows_of_articles(self) -> list[tuple[int, int]]:
        """Return the first row of every article that has chunks, and how many it has, ordered by id."""
        return self._rows("SELECT min(row), count(*) FROM chunks GROUP BY article_id ORDER BY article_id")

    def column(self, field: str) -> list[str | None]:
        """Return one of the `Fields` of every article that has chunks, ordered by id."""
        place = Fields._fields.index(field)
        query = f"SELECT {Fields._fields[place]} FROM articles WHERE {_HAS_CHUNKS} ORDER BY id"  # noqa: S608 (constants)
        return [value for (value,) in self._rows(query)]

    def fields(self) -> list[Fields]:
        """Return the fields of every article that has chunks, ordered by id."""
        return [Fields(*each) for each in self._rows(f"{_SELECT_FIELDS} {_HAS_CHUNKS} ORDER BY id")]

    def fields_of_rows(self, rows: Sequence[int]) -> list[Fields]:
        """Return the fields of the articles that these rows are of, each article once, ordered by id."""
        marks = ",".join("?" * len(rows))
        of_rows = f"id IN (SELECT article_id FROM chunks WHERE row IN ({marks}))"
        return [Fields(*each) for each in self._rows(f"{_SELECT_FIELDS} {of_rows} ORDER BY id", rows)]

    def rows_of_keys(self, keys: Sequence[bytes]) -> dict[bytes, int]:
        """Return the first row of a chunk for each key that is known."""
        marks = ",".join("?" * len(keys))
        return dict(self._rows(f"SELECT key, min(row) FROM chunks WHERE key IN ({marks}) GROUP BY key", keys))  # noqa: S608 (marks only)

    def keyed_chunks(self, first: int, last: int) -> list[tuple[bytes, Chunk]]:
        """Return key and chunk of the rows in [first, last)."""
        return [
            (key, _chunk(*values))
            for key, *values in self._rows(
                f"SELECT key, {_CHUNK_FIELDS} FROM chunks WHERE row >= ? AND row < ? ORDER BY row",  # noqa: S608
                (first, last),
            )
        ]

    def counts(self) -> tuple[int, int]:
        """Return the numbers of articles and of chunks."""
        return self._rows("SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM chunks)")[0]

    def __del__(self) -> None:
        """Close the file when the last reader of a generation lets go of it."""
        if connection := getattr(self, "_connection", None):
            connection.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
        try:
            with self._lock:
                return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise IndexDamagedError(
                f"The article store cannot be read: {error}. Build it again: qa index FOLDER"
            ) from error


def _check_id(article_id: str) -> None:
    try:
        article_id.encode("utf-8")
    except UnicodeEncodeError:  # a file name or argument that is no text; no stored id looks like that
        raise ArticleNotFoundError(
            f"No article {article_id!r} in this index. Ids are valid Unicode."
        ) from None


def _not_found(article_id: str) -> ArticleNotFoundError:
    return ArticleNotFoundError(f"No article {article_id!r} in this index.")


def _chunk(article_id: str, start: int, end: int, heading: str, sentences: str) -> Chunk:
    return Chunk(article_id, start, end, heading, tuple((a, b) for a, b in json.loads(sentences)))


class StoreWriter:
    """Writes a new file, article by article; leaving the block without an error completes it."""

    def __init__(self, path: Path) -> None:
        """Create the file."""
        self._rows = 0
        self._connection = sqlite3.connect(path, isolation_level=None)
        # The generation is published as a whole or not at all, so SQLite's own journal would protect nothing.
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(_SCHEMA)
        self._connection.execute("BEGIN")

    def add(self, article: Article, chunks: Sequence[Chunk], keys: Sequence[bytes]) -> None:
        """Add an article with its chunks, whose rows count on from those before.

        `keys` say of each chunk what is embedded for it: equal keys have equal vectors.
        """
        self._connection.execute(
            "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                *(getattr(article, name) for name in _FIELDS),
                json.dumps(article.provenance, sort_keys=True),
                len(article.text),
            ),
        )
        self._connection.executemany(
            "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    row,
                    c.article_id,
                    c.start,
                    c.end,
                    c.heading,
                    json.dumps(c.sentences, separators=(",", ":")),
                    key,
                )
                for row, (c, key) in enumerate(zip(chunks, keys, strict=True), start=self._rows)
            ),
        )
        self._rows += len(chunks)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._connection.execute("COMMIT")
                self._connection.executescript(_INDEXES)
        finally:
            self._connection.close()


def mark_copies(path: Path, originals: Mapping[str, str]) -> None:
    """Note in a store that is written and not open what is a copy, and of which article."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        connection.executemany(
            "UPDATE articles SET copy_of = ? WHERE id = ?",
            [(original, copy) for copy, original in sorted(originals.items())],
        )
        connection.execute("COMMIT")
