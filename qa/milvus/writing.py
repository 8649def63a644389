"""The second reading: one shard of the articles, embedded and written, and nothing embedded twice."""

import json
import time
from base64 import b64encode
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from qa.corpus import split_article
from qa.errors import InputError
from qa.index import (
    BuildProgress,
    Fields,
    ReadArticles,
    Text,
    VectorSource,
    article_digest,
    embed_or_copy,
    only_articles,
    signature_of,
    term_language,
    terms,
    text_of,
    vector_keys,
)
from qa.milvus.articles import article_text, summary_text
from qa.milvus.chunks import Chunks, NewChunk
from qa.milvus.connection import Connection
from qa.milvus.layout import Build, key_of
from qa.milvus.lexicon import Vocabulary, table_text, weights_of
from qa.milvus.packing import StoredChunk
from qa.milvus.records import READ_TOGETHER, Record, Records
from qa.milvus.surveying import Survey
from qa.models import Embedder
from qa.types import Article, ArticleSummary, Chunk, ChunkerSettings, Skipped

TERMS_A_BLOCK = 1 << 15
_SMALLEST_BATCH, _LARGEST_BATCH = 32, 512
_BATCHES = 20  # an interrupted build loses at most one in twenty of its chunks, besides what was on its way


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `of` equal parts of the articles; `number` counts from 1."""

    number: int
    of: int

    @property
    def name(self) -> str:
        """Return the name of its record."""
        return f"{self.number}of{self.of}"

    def has(self, article_id: str) -> bool:
        """Tell whether an article is in it: the same on every machine."""
        return int(key_of(article_id), 16) % self.of == self.number - 1


WHOLE = Shard(1, 1)


@dataclass(frozen=True, slots=True)
class ShardReport:
    """What writing one of `of` equal parts of the articles did; `number` counts from 1, and nothing is published."""

    number: int
    of: int
    articles: int
    chunks: int
    chunks_embedded: int
    skipped: tuple[Skipped, ...]


@dataclass(slots=True)
class _Article:
    """An article on its way; `left` counts the chunks that are not written."""

    article: Article
    place: int
    chunks: int
    left: int


@dataclass(slots=True)
class _Chunk:
    """A chunk on its way."""

    owner: _Article
    place: int
    chunk: Chunk
    key: bytes
    weights: dict[int, float] = field(repr=False)


class ShardWriter:
    """Writes one shard of a state; what an interrupted run has written is left as it is."""

    def __init__(
        self,
        connection: Connection,
        build: Build,
        found: Survey,
        shard: Shard,
        *,
        embedder: Embedder,
        chunker: ChunkerSettings,
        progress: BuildProgress,
    ) -> None:
        """Take where to write, what the first reading found and which shard of it is ours."""
        self._records = Records(connection, build.records)
        self._chunks = Chunks(connection, build, dim=embedder.fingerprint.dim)
        self._found, self._shard, self._progress = found, shard, progress
        self._embedder, self._chunker = embedder, chunker
        self._text_of = partial(text_of, chunker=chunker, count_tokens=embedder.count_tokens)
        self._vocabulary = Vocabulary()
        self._languages: Counter[str] = Counter()
        self._waiting: dict[int, _Chunk] = {}  # by the order in which they were handed out to be embedded
        self._handed_out = 0
        self._without_chunks: list[_Article] = []
        self._done = self._embedded = self._articles = 0
        self._expected = round(found.chunks_an_article * sum(map(shard.has, found.sha256)))

    def write(self, read: ReadArticles, sources: Sequence[VectorSource]) -> ShardReport:
        """Write every chunk and article of the shard that is not written yet.

        Vectors are copied from the first of `sources` that has them, or from an interrupted run. Raises InputError when
        an article has changed since the first reading.
        """
        touch(self._records)
        on_their_way: deque[_Article] = deque()
        for count in self._chunks.put(self._new_chunks(read, sources, on_their_way)):
            finished = []
            for _ in range(count):
                owner = on_their_way.popleft()
                owner.left -= 1
                if not owner.left:
                    finished.append(owner)
            self._finish(finished)
            self._done += count
            self._progress("embed", self._done, max(self._done, self._expected))
        self._finish([])
        self._write_terms()
        return ShardReport(
            self._shard.number,
            self._shard.of,
            self._articles,
            self._done,
            self._embedded,
            skipped=self._found.skipped,
        )

    def _new_chunks(
        self, read: ReadArticles, sources: Sequence[VectorSource], on_their_way: deque[_Article]
    ) -> Iterator[NewChunk]:
        import numpy as np

        batch = max(_SMALLEST_BATCH, min(_LARGEST_BATCH, self._expected // _BATCHES))
        for embedding in embed_or_copy(
            self._texts(read),
            embedder=self._embedder,
            sources=[*sources, self._chunks],
            cache=None,
            batch=batch,
        ):
            new = self._waiting.pop(embedding.row)
            article = new.owner.article
            self._embedded += embedding.is_new
            on_their_way.append(new.owner)
            yield NewChunk(
                StoredChunk(
                    (new.owner.place, new.place),
                    new.chunk,
                    Fields(article.id, article.source, article.author, article.language, article.published),
                    np.array(list(new.weights), dtype=np.uint32),
                    np.array(list(new.weights.values()), dtype=np.float32),
                    embedding.sentences,
                ),
                embedding.chunk,
                new.key,
            )

    def _texts(self, read: ReadArticles) -> Iterator[tuple[bytes, Text]]:
        """Yield key and text of every chunk that is not written, and count in all of them."""
        group: list[tuple[int, Article]] = []
        for place, article in enumerate(only_articles(read, [])):
            if self._found.digests.get(article.id) != article_digest(article):
                raise InputError(
                    f"{article.id} has changed while it was indexed. Nothing was published, and what was embedded is "
                    "kept. Run it again: qa index FOLDER"
                )
            if self._shard.has(article.id):
                group.append((place, article))
            if len(group) == READ_TOGETHER:
                yield from self._texts_of(group)
                group = []
        yield from self._texts_of(group)

    def _texts_of(self, group: Sequence[tuple[int, Article]]) -> Iterator[tuple[bytes, Text]]:
        written = self._records.known("summary", [key_of(article.id) for _, article in group])
        for place, article in group:
            chunks = split_article(article, settings=self._chunker, count_tokens=self._embedder.count_tokens)
            texts = [self._text_of(article, chunk) for chunk in chunks]
            weights = [
                weights_of(terms(text.text, article.language), usual_length=self._found.usual_length)
                for text in texts
            ]
            language = term_language(article.language)
            for each in weights:
                self._vocabulary.add(each, language)
            self._languages[language] += len(chunks)
            self._articles += 1
            if key_of(article.id) in written:
                self._done += len(chunks)
                continue
            owner = _Article(article, place, len(chunks), len(chunks))
            if not chunks:
                self._without_chunks.append(owner)
            keys = vector_keys(texts, self._embedder.fingerprint)
            for number, (chunk, key, weight, text) in enumerate(
                zip(chunks, keys, weights, texts, strict=True)
            ):
                self._waiting[self._handed_out] = _Chunk(owner, number, chunk, key, weight)
                self._handed_out += 1
                yield key, text

    def _finish(self, articles: Sequence[_Article]) -> None:
        """Write the articles whose chunks are written; the summary comes last and says that all is there."""
        finished = [*articles, *self._without_chunks]
        self._without_chunks = []
        first, last = [], []
        for owner in finished:
            article, key = owner.article, key_of(owner.article.id)
            first.append(Record("article", key, article_text(article)))
            if (signature := signature_of(article)) is not None:
                text = json.dumps([article.id, signature.shingles, b64encode(signature.hashes).decode()])
                first.append(Record("signature", key, text))
            last.append(Record("summary", key, summary_text(owner.place, _summary(article, owner.chunks))))
        if finished:
            self._records.put(first)
            self._records.put(last)
            touch(self._records)

    def _write_terms(self) -> None:
        """Write what the shard says of terms, and that it is done."""
        table = self._vocabulary.table()
        starts = range(0, len(table), TERMS_A_BLOCK)
        self._records.put(
            Record(
                "shardterms", f"{self._shard.name}x{number}", table_text(table[start : start + TERMS_A_BLOCK])
            )
            for number, start in enumerate(starts)
        )
        done = {"blocks": len(starts), "languages": self._languages}
        self._records.put([Record("shard", self._shard.name, json.dumps(done))])


def touch(records: Records) -> None:
    """Note that somebody works on a state, or answered from it until now."""
    records.put([Record("touched", "touched", json.dumps(time.time()))])


def _summary(article: Article, chunks: int) -> ArticleSummary:
    return ArticleSummary(
        id=article.id,
        title=article.title,
        source=article.source,
        author=article.author,
        published=article.published,
        url=article.url,
        language=article.language,
        sha256=article.sha256,
        characters=len(article.text),
        chunks=chunks,
    )
