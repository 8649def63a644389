"""Open a published generation: every byte is checked before any parser sees it."""

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from qa.errors import ArticleNotFoundError, IndexDamagedError
from qa.filters import NO_FILTERS, Filters
from qa.index import manifest as manifests
from qa.index.arrays import StoredFile
from qa.index.copies import copy_groups
from qa.index.dense import DenseIndex, SentenceVectors
from qa.index.fields import Fields, FilteredRows
from qa.index.lexical import LexicalIndex
from qa.index.offer import Offer, Usual, top
from qa.index.publish import Pointer, read_pointer
from qa.index.store import Store
from qa.types import Article, ArticleSummary, Chunk, FileDigest, Manifest, ModelFingerprint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.index.seam import StoredVectors
    from qa.models import Vectors

MANIFEST = "manifest.json"
DENSE = "dense.faiss"
CODES = "codes.faiss"
STORE = "articles.sqlite"
LEXICAL = "lexical"
SENTENCES = "sentences.npy"
SENTENCE_STARTS = "sentence_starts.npy"


class Generation:
    """One verified, immutable state of an index; a reader keeps the one it opened."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Verify and open the files of `folder`.

        Raises IndexDamagedError naming the file that is not what the manifest says.
        """
        self.manifest = manifest
        self.built_at = folder.stat().st_mtime  # nothing is added to it once it is published
        missing = {STORE, DENSE, SENTENCES, SENTENCE_STARTS} - manifest.files.keys()
        if missing:
            raise IndexDamagedError(
                f"The manifest in {folder} does not name {sorted(missing)}. Run: qa index FOLDER"
            )
        files = {name: _verified(folder / name, digest) for name, digest in manifest.files.items()}
        rows, dim = manifest.chunks, manifest.model.dim
        self.dense = DenseIndex(files[DENSE], files.get(CODES), rows=rows, dim=dim)
        self.sentences = SentenceVectors(files[SENTENCES], files[SENTENCE_STARTS], rows=rows, dim=dim)
        lexical = {name.removeprefix(f"{LEXICAL}/"): data for name, data in files.items()}
        self.lexical = LexicalIndex(lexical, rows=rows)
        self._store = Store(folder / STORE)
        if (found := self._store.counts()) != (manifest.articles, manifest.chunks):
            raise IndexDamagedError(
                f"{STORE} holds {found} articles and chunks, the manifest says "
                f"{(manifest.articles, manifest.chunks)}. Build the index again: qa index FOLDER"
            )

        self._copies = copy_groups(self._store.originals())

    @property
    def number(self) -> int:
        """Return how many generations were published here before, counted from 1."""
        return int(self.manifest.generation.split("-")[1])

    @property
    def languages(self) -> Sequence[str]:
        """Return in which languages the chunks' terms are, ISO 639-1, sorted."""
        return self.lexical.languages

    def offer(self, question: str, vector: "Vectors", *, k: int, filters: Filters = NO_FILTERS) -> Offer:
        """Return the `k` best chunks of each leg among the articles that fit; `vector` (dim,) is the question's.

        What is usual is taken from an even sample of the chunks in the dense leg, and from all in the lexical one.
        """
        import numpy as np

        lexical = self.lexical.scores(question)
        allowed = self.filtered_rows(filters)
        nearest, _ = self.dense.search(vector, k, allowed=allowed)
        rows = np.union1d(nearest, top(lexical if allowed is None else lexical * allowed, k))
        sentences, starts = self.sentences.scores(vector, rows)
        sample = self.sentences.sample_scores(vector)
        mean, square = float(lexical.mean()), float(lexical @ lexical) / len(lexical)
        return Offer(
            rows=rows,
            sentences=sentences,
            starts=starts,
            lexical=lexical[rows],
            usual_dense=Usual(float(sample.mean()), float(sample.std())),
            usual_lexical=Usual(mean, math.sqrt(max(0.0, square - mean * mean))),
        )

    def idf(self, terms: Collection[str]) -> Mapping[str, float]:
        """Return the IDF of each term, see `LexicalIndex.idf`."""
        return {term: self.lexical.idf(term) for term in terms}

    def articles(self) -> Iterator[ArticleSummary]:
        """Yield a summary of every article, ordered by id."""
        return self._store.articles()

    def article(self, article_id: str) -> Article:
        """Return one article.

        Raises ArticleNotFoundError.
        """
        return self._store.article(article_id)

    def read_articles(self) -> Iterator[Article]:
        """Yield every article, in the order in which they were indexed."""
        return map(self._store.article, self._store.ids())

    def copies(self, article_id: str, *, filters: Filters = NO_FILTERS) -> tuple[str, ...]:
        """Return the ids of the articles that fit and are copies of this one, or it of them, in their order."""
        found = [each for each in self._copies.get(article_id, ()) if each != article_id]
        allowed = self.filtered_rows(filters) if found else None
        return tuple(each for each in found if allowed is None or self._fits(each, allowed))

    def _fits(self, article_id: str, allowed: "NDArray[np.bool_]") -> bool:
        with suppress(ArticleNotFoundError):  # it has no chunks
            return bool(allowed[self.rows_of_article(article_id).start])
        return False

    def chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """Return the chunks of these rows, in the order given."""
        return self._store.chunks(rows)

    def rows_of_article(self, article_id: str) -> range:
        """Return the rows of an article's chunks.

        Raises ArticleNotFoundError, also for an article without chunks.
        """
        return self._store.rows_of_article(article_id)

    def chunks_of(self, article_id: str) -> list[Chunk]:
        """Return the chunks of an article, in their order; raises as `rows_of_article` does."""
        return self.chunks(self.rows_of_article(article_id))

    def filtered_rows(self, filters: Filters) -> "NDArray[np.bool_] | None":
        """Return for every row whether its article fits, None where all do."""
        return None if filters == NO_FILTERS else self._filtered.rows(filters)

    def fields(self) -> list[Fields]:
        """Return the fields of every article that has chunks, ordered by id."""
        return self._store.fields()

    def fields_of_rows(self, rows: Sequence[int]) -> list[Fields]:
        """Return the fields of the articles that these rows are of, each article once, ordered by id."""
        return self._store.fields_of_rows(rows)

    @cached_property
    def _filtered(self) -> FilteredRows:
        return FilteredRows(self._store, rows=self.manifest.chunks)

    def vectors_of_keys(self, keys: Sequence[bytes]) -> Mapping[bytes, "StoredVectors"]:
        """Return what was embedded for each key of `qa.index.reuse` that is known."""
        import numpy as np

        rows = self._store.rows_of_keys(keys)
        vectors = self.dense.vectors(np.fromiter(rows.values(), dtype=np.int64, count=len(rows)))
        return {
            key: (vector, self.sentences.of_chunk(row))
            for (key, row), vector in zip(rows.items(), vectors, strict=True)
        }

    def close(self) -> None:
        """Close the files."""
        self._store.close()


def open_generation(index_dir: Path, *, model: ModelFingerprint | None = None) -> Generation:
    """Open the current generation, and refuse it when `model` is not the one that made it.

    Raises IndexMissingError, IndexDamagedError or IndexMismatchError.
    """
    pointer = read_pointer(index_dir)
    while True:
        try:
            manifest, folder = read_manifest(index_dir, pointer)
            if model is not None:
                manifests.check_matches(manifest, model)
            return Generation(folder, manifest)
        except IndexDamagedError:
            # A writer may have published, and collected what we were about to open: then CURRENT has moved on.
            before, pointer = pointer, read_pointer(index_dir)
            if pointer == before:
                raise


def read_manifest(index_dir: Path, pointer: Pointer | None = None) -> tuple[Manifest, Path]:
    """Return the current generation's verified manifest and its folder, without opening the rest."""
    pointer = pointer or read_pointer(index_dir)
    path = index_dir / pointer.generation / MANIFEST
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _damaged(path, f"cannot be read ({error.strerror})") from error
    if hashlib.sha256(data).hexdigest() != pointer.manifest_sha256:
        raise _damaged(path, "has changed since it was published")
    return manifests.parse_manifest(data), path.parent


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Check size and sha256 of every file.

    Raises IndexDamagedError naming the first that differs.
    """
    for name, digest in manifest.files.items():
        _verified(folder / name, digest)


def _verified(path: Path, expected: FileDigest) -> StoredFile:
    """Open a file if its bytes are those that were published; what is read later comes from the same file."""
    try:
        file = StoredFile(path)
        if file.size != expected.size:
            raise _damaged(path, f"has {file.size} bytes, expected {expected.size}")
        if file.sha256() != expected.sha256:
            raise _damaged(path, "has changed since it was published")
    except OSError as error:
        raise _damaged(path, f"cannot be read ({error.strerror})") from error
    return file


def _damaged(path: Path, what: str) -> IndexDamagedError:
    return IndexDamagedError(f"The index is damaged: {path} {what}. Build it again: qa index FOLDER")
