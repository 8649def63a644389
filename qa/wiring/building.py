"""Index a folder, follow it, examine what came of it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from math import inf
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from qa.errors import IndexBusyError, InputError, QAError, StorageError, StoreUnavailableError
from qa.settings import Settings
from qa.types import Article, BuildReport, Check, Skipped
from qa.wiring.models import chunker_of, embedder_of
from qa.wiring.stores import milvus_at, store_at, store_of

if TYPE_CHECKING:
    from qa.index import BuildProgress, ReadArticles
    from qa.milvus import MilvusStore, ShardReport
    from qa.models import Embedder

RETRY_S = 5.0


def build_index(
    folder: Path, settings: Settings, *, progress: "BuildProgress" = lambda stage, done, total: None
) -> BuildReport:
    """Index a folder as the settings say."""
    return _build_folder(folder, settings, embedder_of(settings), progress)


def watch_index(
    folder: Path, settings: Settings, *, progress: Callable[[], AbstractContextManager["BuildProgress"]]
) -> Iterator[BuildReport | QAError]:
    """Index a folder now, and again whenever it has changed, for ever; yield what came of it each time.

    The model stays loaded. A writer that is in the way, or a disk that is full, is tried again by and by. Raises what
    `build_index` does the first time.
    """
    from qa.corpus import watch_folder

    embedder = embedder_of(settings)
    built, due_at = False, 0.0
    for changed in watch_folder(folder, without=settings.index_dir):
        if not changed and monotonic() < due_at:
            continue
        due_at = inf
        outcome: BuildReport | QAError
        try:
            with progress() as told:
                outcome = _build_folder(folder, settings, embedder, told)
        except QAError as error:
            if not built:
                raise
            if isinstance(error, IndexBusyError | StorageError | StoreUnavailableError):
                due_at = monotonic() + RETRY_S
            outcome = error
        built = True
        yield outcome


def write_shard(
    folder: Path,
    settings: Settings,
    number: int,
    of: int,
    *,
    progress: "BuildProgress" = lambda stage, done, total: None,
) -> "ShardReport":
    """Write one of `of` parts of a folder to the store; `number` counts from 1. Nothing is published."""
    from qa.milvus import Shard

    embedder = embedder_of(settings)
    return _milvus(settings).write_shard(
        _reading(folder, settings),
        Shard(number, of),
        embedder=embedder,
        chunker=chunker_of(settings, embedder.fingerprint),
        progress=progress,
    )


def publish_shards(
    folder: Path, settings: Settings, *, progress: "BuildProgress" = lambda stage, done, total: None
) -> BuildReport:
    """Publish what all shards of a folder have written to the store."""
    embedder = embedder_of(settings)
    return _milvus(settings).publish(
        _reading(folder, settings),
        embedder=embedder,
        chunker=chunker_of(settings, embedder.fingerprint),
        progress=progress,
    )


def copy_index(
    source: str,
    target: str,
    settings: Settings,
    *,
    progress: "BuildProgress" = lambda stage, done, total: None,
) -> BuildReport:
    """Copy an index from one place to another, each a folder or the address of a store, vectors and all."""
    embedder = embedder_of(settings)
    found = store_at(source, settings).open(model=embedder.fingerprint)
    return store_at(target, settings).build(
        found.read_articles,
        embedder=embedder,
        chunker=found.manifest.chunker,
        progress=progress,
        known=found,
    )


def examine_index(settings: Settings) -> Iterator[Check]:
    """Examine the index and what it stands on."""
    return store_of(settings).examine(embedder_of(settings))


def build_articles(
    read: Callable[[], Iterable[Article | Skipped]],
    settings: Settings,
    embedder: "Embedder",
    progress: "BuildProgress",
) -> BuildReport:
    """Index articles as the settings say."""
    chunker = chunker_of(settings, embedder.fingerprint)
    return store_of(settings).build(read, embedder=embedder, chunker=chunker, progress=progress)


def _build_folder(
    folder: Path, settings: Settings, embedder: "Embedder", progress: "BuildProgress"
) -> BuildReport:
    from qa.index import remember_folder

    report = build_articles(_reading(folder, settings), settings, embedder, progress)
    if settings.store is None:
        remember_folder(settings.index_dir, folder)
    return report


def _reading(folder: Path, settings: Settings) -> "ReadArticles":
    from qa.corpus import load_folder

    kept = settings.index_dir / "texts.cache"
    return lambda: load_folder(folder, kept=kept)


def _milvus(settings: Settings) -> "MilvusStore":
    if settings.store is None:
        raise InputError(
            "Shards are written to a store, found none. Name it: --store milvus://HOST:19530/NAME"
        )
    return milvus_at(settings.store, settings)
