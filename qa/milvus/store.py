"""Milvus as the place that holds an index."""

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic

from qa.errors import IndexMissingError, IndexUnavailableError, QAError, StoreUnavailableError
from qa.index import (
    BuildProgress,
    OpenIndex,
    ReadArticles,
    VectorSource,
    check_matches,
    compare,
    embedded_again,
    embedded_texts,
    versions_check,
)
from qa.milvus.address import Address
from qa.milvus.connection import Connection
from qa.milvus.index import MilvusIndex
from qa.milvus.layout import LAYOUT_VERSION, Build, build_of, create
from qa.milvus.publishing import GRACE_S, begin_again, drop_old, publish, published_build
from qa.milvus.records import Records
from qa.milvus.surveying import Survey, survey
from qa.milvus.writing import WHOLE, Shard, ShardReport, ShardWriter
from qa.models import Embedder
from qa.types import BuildReport, Check, ChunkerSettings, ModelFingerprint

WRITE_TIMEOUT_S = 120.0
"""For one batch to be written, which may have to wait until Milvus has sorted others away."""
POINTER_S = 1.0
"""So long nobody asks again what is published."""
_EXAMINED = 32


class MilvusStore:
    """One collection of a Milvus; see `qa.milvus.layout`. Safe to share between threads."""

    def __init__(
        self,
        address: Address,
        *,
        token: str | None = None,
        certificate: Path | None = None,
        timeout_s: float = 5.0,
        dense_kind: str = "HNSW",
        grace_s: float = GRACE_S,
    ) -> None:
        """Take where it is; nothing is reached before it is needed.

        `certificate`: of the authority of a server with a private one. `timeout_s` bounds each answer to a question.
        `dense_kind` is how a state to be built searches its vectors, `grace_s` how long one that was replaced stays.
        """
        self._reading = Connection(address, token=token, certificate=certificate, timeout_s=timeout_s)
        self._writing = Connection(
            address, token=token, certificate=certificate, timeout_s=max(timeout_s, WRITE_TIMEOUT_S)
        )
        self._dense_kind, self._grace_s = dense_kind, grace_s
        self._asked_at, self._pointer, self._away = float("-inf"), "", ""
        self._asking = threading.Lock()
        self.shared = address.lite is None

    def pointer(self) -> str:
        """Return the name of what is published, as it was at most a second ago.

        Raises IndexMissingError when nothing is, StoreUnavailableError when that cannot be found out.
        """
        # While one thread asks, the others go on with what is known, be it that the store is away.
        due = monotonic() - self._asked_at >= POINTER_S
        if (due or not self._pointer) and self._asking.acquire(blocking=not self._pointer):
            try:
                self._pointer, self._away = self._published(self._reading).records, ""
            except StoreUnavailableError as error:
                self._away = str(error)
            finally:
                self._asked_at = monotonic()
                self._asking.release()
        if self._away:
            raise StoreUnavailableError(self._away)
        return self._pointer

    def open(self, *, model: ModelFingerprint | None = None) -> MilvusIndex:
        """Open what is published, and refuse it when `model` is not the one that made it.

        Raises IndexMissingError, IndexDamagedError, IndexMismatchError or StoreUnavailableError.
        """
        while True:
            build = self._published(self._reading)
            try:
                index = MilvusIndex(self._reading, build)
            except IndexUnavailableError:
                # Another may have been published, and this one dropped: then the alias has moved on.
                if self._published(self._reading) == build:
                    raise
                continue
            if model is not None:
                check_matches(index.manifest, model)
            return index

    def build(
        self,
        read: ReadArticles,
        *,
        embedder: Embedder,
        chunker: ChunkerSettings,
        progress: BuildProgress,
        known: OpenIndex | None = None,
    ) -> BuildReport:
        """Index all articles and publish them; publish nothing when nothing has changed.

        Chunks whose text has not changed keep their vectors, and so do those that `known` has. Raises InputError when
        there is no article, StorageError when Milvus refuses, StoreUnavailableError when it cannot be reached.
        """
        published_build(self._reading)  # before anything is read: it answers soon, or is away
        found = survey(read, embedder=embedder, chunker=chunker, progress=progress)
        build, before = self._build_of(found), self._opened()
        if before is not None and published_build(self._writing) == build:
            # What the last publication replaced was too young to go then; both are loaded until one does.
            drop_old(self._writing, build, grace_s=self._grace_s)
            counts = (0, 0, 0, before.manifest.articles)
            return BuildReport(before.manifest, False, *counts, chunks_embedded=0, skipped=found.skipped)
        if published_build(self._writing) == build:  # and it cannot be opened
            begin_again(Records(self._writing, build.records))
        report = self._write(read, WHOLE, found, before, known, embedder, chunker, progress)
        return self._publish(found, before, report.chunks_embedded, embedder, chunker, progress)

    def write_shard(
        self,
        read: ReadArticles,
        shard: Shard,
        *,
        embedder: Embedder,
        chunker: ChunkerSettings,
        progress: BuildProgress,
    ) -> ShardReport:
        """Write one shard of the articles and publish nothing; raises what `build` raises."""
        published_build(self._reading)
        found = survey(read, embedder=embedder, chunker=chunker, progress=progress)
        return self._write(read, shard, found, self._opened(), None, embedder, chunker, progress)

    def publish(
        self, read: ReadArticles, *, embedder: Embedder, chunker: ChunkerSettings, progress: BuildProgress
    ) -> BuildReport:
        """Publish what shards have written of these articles.

        Raises InputError while shards are missing, StorageError when what they wrote is not what the articles say.
        """
        published_build(self._reading)
        found = survey(read, embedder=embedder, chunker=chunker, progress=progress)
        create(
            self._writing, self._build_of(found), dim=embedder.fingerprint.dim, dense_kind=self._dense_kind
        )
        return self._publish(found, self._opened(), 0, embedder, chunker, progress)

    def examine(self, embedder: Embedder) -> Iterator[Check]:
        """Yield one check after the other; those that a failed one makes impossible are left out."""
        yield versions_check("pymilvus")
        try:
            version = self._reading.call("get_server_version")
            yield Check("store", True, f"{self._reading.address.shown}, Milvus {version}")
            index = self.open()
            manifest = index.manifest
            yield Check("generation", True, f"{manifest.generation}, published as {self.pointer()}")
            yield Check(
                "manifest", True, f"format {manifest.format_version}, written by {manifest.created_by}"
            )
            articles = sum(1 for _ in index.articles())
            counted = (
                f"{articles:,} articles, {manifest.chunks:,} chunks; the manifest says {manifest.articles:,}"
            )
            yield Check("counts", articles == manifest.articles, counted)
            check_matches(manifest, embedder.fingerprint)
            yield Check("model", True, f"{manifest.model.name}, weights {manifest.model.weights_sha256[:12]}")
            yield Check("runtime", True, f"{embedder.runtime}; the index was made by {manifest.runtime}")
            rows = index.sample[:: max(1, len(index.sample) // _EXAMINED)][:_EXAMINED]
            texts = embedded_texts(index, rows, embedder.count_tokens)
            yield embedded_again(texts, index.vectors(rows), embedder)
        except QAError as error:
            yield Check("index", False, str(error))

    def close(self) -> None:
        """Close the connections."""
        self._reading.close()
        self._writing.close()

    def _published(self, connection: Connection) -> Build:
        build = published_build(connection)
        if build is None:
            shown = connection.address.shown
            raise IndexMissingError(f"No index in {shown}. Build one: qa index FOLDER --store {shown}")
        return build

    def _build_of(self, found: Survey) -> Build:
        """Return the collections of a state: of its articles and settings, and of how Milvus searches it."""
        shape = json.dumps([found.digest, self._dense_kind, LAYOUT_VERSION])
        return build_of(self._writing.address.collection, hashlib.sha256(shape.encode()).hexdigest())

    def _opened(self) -> MilvusIndex | None:
        """Open what is published to copy vectors from; what cannot be read must not stop its replacement."""
        build = published_build(self._writing)
        try:
            return None if build is None else MilvusIndex(self._writing, build)
        except IndexUnavailableError:
            return None

    def _write(
        self,
        read: ReadArticles,
        shard: Shard,
        found: Survey,
        before: MilvusIndex | None,
        known: VectorSource | None,
        embedder: Embedder,
        chunker: ChunkerSettings,
        progress: BuildProgress,
    ) -> ShardReport:
        build = self._build_of(found)
        create(self._writing, build, dim=embedder.fingerprint.dim, dense_kind=self._dense_kind)
        writer = ShardWriter(
            self._writing, build, found, shard, embedder=embedder, chunker=chunker, progress=progress
        )
        sources: Sequence[VectorSource] = [each for each in (before, known) if each is not None]
        return writer.write(read, sources)

    def _publish(
        self,
        found: Survey,
        before: MilvusIndex | None,
        embedded: int,
        embedder: Embedder,
        chunker: ChunkerSettings,
        progress: BuildProgress,
    ) -> BuildReport:
        build = self._build_of(found)
        known = {summary.id: summary.sha256 for summary in before.articles()} if before else {}
        progress("write", 0, 1)
        manifest = publish(
            self._writing,
            build,
            found,
            before,
            embedder=embedder,
            chunker=chunker,
            dense_kind=self._dense_kind,
        )
        progress("write", 1, 1)
        drop_old(self._writing, build, grace_s=self._grace_s)
        counts = compare(known, found.sha256)
        return BuildReport(manifest, True, *counts, chunks_embedded=embedded, skipped=found.skipped)
