"""Fill the folder of a new generation, stage by stage, holding a few hundred chunks in memory at a time."""

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import qa
from qa.cache import Cache
from qa.corpus import split_article
from qa.errors import InputError
from qa.index import lexical, publish, reuse
from qa.index import manifest as manifests
from qa.index.arrays import RowFile, StoredFile, write_array
from qa.index.copies import CopyFinder, signature_of
from qa.index.dense import QUANTISED, DenseIndex, SentenceVectors, dense_kind
from qa.index.generation import (
    CODES,
    DENSE,
    LEXICAL,
    MANIFEST,
    SENTENCE_STARTS,
    SENTENCES,
    STORE,
    Generation,
)
from qa.index.lexical import LexicalWriter
from qa.index.reuse import Text
from qa.index.seam import BuildProgress, OpenIndex
from qa.index.store import Store, StoreWriter, mark_copies
from qa.models import Embedder
from qa.types import Article, ChunkerSettings, FileDigest, Manifest

if TYPE_CHECKING:
    from qa.models import Vectors

_LARGEST_BATCH = 512
_SMALLEST_BATCH = 32
_BATCHES = 20  # an interrupted build loses at most one in twenty of its chunks
_ROWS_READ_TOGETHER = 512
_ROWS_CODED_TOGETHER = 1 << 16


class DraftIndex:
    """An index being written: `split`, then `embed`, then `finish`; each reads what the one before has written."""

    def __init__(
        self,
        draft: publish.Draft,
        *,
        embedder: Embedder,
        chunker: ChunkerSettings,
        progress: BuildProgress,
    ) -> None:
        self._draft, self._folder = draft, draft.folder
        self._embedder, self._chunker, self._progress = embedder, chunker, progress
        self._dim = embedder.fingerprint.dim
        self._text_of = partial(reuse.text_of, chunker=chunker, count_tokens=embedder.count_tokens)
        self._starts = array("q", [0])  # where each chunk's sentences begin, and where the last ones end
        self.digest = manifests.IndexDigest(model=embedder.fingerprint, chunker=chunker)
        """Of the articles that `split` was given."""
        self._copies = 0

    def split(self, articles: Iterator[Article], *, expected: int) -> None:
        """Write articles, chunks and the lexical index; `expected` articles are likely to come.

        Raises InputError when they hold nothing to index, OSError when the disk has no room for the rest.
        """
        import numpy as np

        (self._folder / LEXICAL).mkdir(mode=0o700)
        words = LexicalWriter(self._folder / LEXICAL)
        copies = CopyFinder()
        with StoreWriter(self._folder / STORE) as store:
            for done, article in enumerate(articles, start=1):
                chunks = split_article(
                    article, settings=self._chunker, count_tokens=self._embedder.count_tokens
                )
                texts = [self._text_of(article, chunk) for chunk in chunks]
                store.add(article, chunks, reuse.vector_keys(texts, self._embedder.fingerprint))
                for text in texts:
                    words.add(text.text, article.language)
                    self._starts.append(self._starts[-1] + len(text.sentences))
                copies.add(article.id, signature_of(article))
                self.digest.add(article)
                self._progress("split", done, max(done, expected))
        if not self._chunks:
            raise InputError(
                "The articles hold no text besides page furniture. Name another folder: qa index FOLDER"
            )
        self._mark(copies)
        starts = write_array(np.array(self._starts, dtype=np.int64))
        vectors = self._chunks * self._dim * 4 + self._starts[-1] * self._dim * 2
        codes = self._chunks * (self._dim // 8 + 16) if self._kind == QUANTISED else 0
        self._draft.needs(words.final_bytes + len(starts) + vectors + codes + 2**14)
        words.finish()
        publish.write_file(self._folder / SENTENCE_STARTS, starts)
        publish.reached("split")

    def _mark(self, copies: CopyFinder) -> None:
        """Write which articles are copies, now that all of them can be read again."""
        with closing(Store(self._folder / STORE)) as store:
            originals = copies.originals(store.article)
        if originals:
            mark_copies(self._folder / STORE, originals)
        self._copies = len(originals)

    def embed(self, sources: Sequence[OpenIndex], cache: Cache) -> int:
        """Write the vectors, those that `sources` know copied; return how many chunks had to be embedded."""
        done = new = 0
        rows, parts = self._chunks, self._starts[-1]
        head, parts_head = DenseIndex.header(rows, self._dim), SentenceVectors.header(parts, self._dim)
        with (
            RowFile(self._folder / DENSE, header=head, rows=rows, row_bytes=4 * self._dim) as chunks,
            RowFile(
                self._folder / SENTENCES, header=parts_head, rows=parts, row_bytes=2 * self._dim
            ) as sentences,
            closing(Store(self._folder / STORE)) as store,
        ):
            for embedding in reuse.embed_or_copy(
                self._texts(store),
                embedder=self._embedder,
                sources=sources,
                cache=cache,
                batch=max(_SMALLEST_BATCH, min(_LARGEST_BATCH, self._chunks // _BATCHES)),
            ):
                chunks.write(embedding.row, embedding.chunk.tobytes())
                sentences.write(self._starts[embedding.row], embedding.sentences.tobytes())
                done, new = done + 1, new + embedding.is_new
                self._progress("embed", done, self._chunks)
        if self._kind == QUANTISED:
            publish.write_file(self._folder / CODES, DenseIndex.codes(lambda: self._vectors(len(head))))
        publish.reached("embedded")
        return new

    def _vectors(self, start: int) -> Iterator["Vectors"]:
        """Yield the written vectors, read and not mapped: what is mapped stays in memory while there is room."""
        import numpy as np

        with (self._folder / DENSE).open("rb") as file:
            file.seek(start)
            while len(block := np.fromfile(file, np.float32, _ROWS_CODED_TOGETHER * self._dim)):
                yield block.reshape(-1, self._dim)

    def finish(self) -> tuple[Manifest, publish.Pointer]:
        """Write the manifest and check everything: what the disk holds is what readers will get."""
        self._progress("write", 0, 1)
        manifest = Manifest(
            format_version=manifests.FORMAT_VERSION,
            min_reader_version=manifests.MIN_READER_VERSION,
            generation=self._draft.name,
            digest=self.digest.whole(),
            corpus_sha256=self.digest.corpus(),
            model=self._embedder.fingerprint,
            runtime=self._embedder.runtime,
            chunker=self._chunker,
            lexical=lexical.LEXICAL_SETTINGS,
            dense_kind=self._kind,
            articles=len(self.digest.articles),
            chunks=self._chunks,
            copies=self._copies,
            created_by=f"qa {qa.__version__}",
            files={
                path.relative_to(self._folder).as_posix(): _digest(path)
                for path in sorted(self._folder.rglob("*"))
                if path.is_file()
            },
        )
        data = manifests.manifest_json(manifest)
        publish.write_file(self._folder / MANIFEST, data)
        publish.reached("written")
        Generation(self._folder, manifest).close()
        return manifest, publish.Pointer(manifest.generation, hashlib.sha256(data).hexdigest())

    @property
    def _chunks(self) -> int:
        return len(self._starts) - 1

    @property
    def _kind(self) -> str:
        return dense_kind(self._chunks)

    def _texts(self, store: Store) -> Iterator[tuple[bytes, Text]]:
        """Yield key and text of every chunk in the order of rows."""
        for first in range(0, self._chunks, _ROWS_READ_TOGETHER):
            rows = store.keyed_chunks(first, first + _ROWS_READ_TOGETHER)
            for article_id, group in groupby(rows, key=lambda row: row[1].article_id):
                article = store.article(article_id)
                for key, chunk in group:
                    yield key, self._text_of(article, chunk)


def _digest(path: Path) -> FileDigest:
    file = StoredFile(path)
    return FileDigest(file.size, file.sha256())
