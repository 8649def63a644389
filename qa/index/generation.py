"""Open a published generation: every byte is checked before any parser sees it."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from qa.errors import IndexDamagedError
from qa.index import manifest as manifests
from qa.index.arrays import StoredFile
from qa.index.dense import DenseIndex, SentenceVectors
from qa.index.lexical import LexicalIndex
from qa.index.publish import Pointer, read_pointer
from qa.index.store import Store
from qa.types import Article, ArticleSummary, Chunk, FileDigest, Manifest, ModelFingerprint

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

    @property
    def number(self) -> int:
        """Return how many generations were published here before, counted from 1."""
        return int(self.manifest.generation.split("-")[1])

    def articles(self) -> Iterator[ArticleSummary]:
        """Yield a summary of every article, ordered by id."""
        return self._store.articles()

    def article(self, article_id: str) -> Article:
        """Return one article.

        Raises ArticleNotFoundError.
        """
        return self._store.article(article_id)

    def chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """Return the chunks of these rows, in the order given."""
        return self._store.chunks(rows)

    def rows_of_article(self, article_id: str) -> range:
        """Return the rows of an article's chunks.

        Raises ArticleNotFoundError.
        """
        return self._store.rows_of_article(article_id)

    def rows_of_keys(self, keys: Sequence[bytes]) -> dict[bytes, int]:
        """Return, for each key of `qa.index.reuse` that is known, the row of a chunk with its vectors."""
        return self._store.rows_of_keys(keys)

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
    return manifests.from_json(data), path.parent


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
