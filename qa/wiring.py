"""The one place that reads settings and puts the parts together."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from qa.answer import Answerer, LiveAnswerer
from qa.corpus import CHUNKER_VERSION
from qa.errors import InputError
from qa.index import open_generation as open_current
from qa.models import FAKE_MODEL, Embedder, FakeEmbedder, find_model, open_embedder
from qa.reader import Reader, open_reader, open_reranker
from qa.settings import Settings
from qa.types import Article, BuildReport, Check, ChunkerSettings, ModelFingerprint, Skipped

if TYPE_CHECKING:
    from fastapi import FastAPI

    from qa.evaluate import AskedFolder
    from qa.index import BuildProgress, Generation

MAX_CHUNK_TOKENS = 254
OVERLAP_SHARE = 6  # neighbouring chunks share at most a sixth of their tokens


def build_index(
    folder: Path, settings: Settings, *, progress: "BuildProgress" = lambda stage, done, total: None
) -> BuildReport:
    """Index a folder as the settings say."""
    from qa.corpus import load_folder

    return _build(lambda: load_folder(folder), settings, progress)


def open_generation(settings: Settings) -> "Generation":
    """Open the current generation without a model: enough to list, show and verify."""
    return open_current(settings.index_dir)


def open_answerer(settings: Settings) -> Answerer:
    """Open the current generation with the model that made it."""
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(_reader, settings)  # takes as long as the rest, and most of it is not Python
        embedder = _embedder(settings, streams=1)
        generation = open_current(settings.index_dir, model=embedder.fingerprint)
    return Answerer(
        generation,
        embedder,
        reader=reader.result(),
        read_budget_ms=settings.read_budget_ms,
        refuse_below=settings.refuse_below,
    )


def ask_judged_folder(
    folder: Path,
    settings: Settings,
    *,
    sample: int | None = None,
    progress: "BuildProgress" = lambda stage, done, total: None,
) -> "AskedFolder":
    """Index a judged folder in the user's cache as `build_index` does, unless it is there, and ask its questions."""
    from platformdirs import user_cache_path

    from qa.evaluate import ask_all, read_beir

    data = read_beir(folder)
    settings = settings.model_copy(update={"index_dir": user_cache_path("qa") / "eval" / data.digest})
    _build(lambda: data.articles, settings, progress)
    answerer = open_answerer(settings)
    return ask_all(data, answerer, refuse_below=settings.refuse_below, sample=sample, progress=progress)


def make_app(settings: Settings) -> "FastAPI":
    """Return the HTTP service over the index; it follows when a new generation is published."""
    from qa.serve import create_app

    live = LiveAnswerer(
        settings.index_dir,
        _embedder(settings, streams=1),
        reader=_reader(settings),
        read_budget_ms=settings.read_budget_ms,
        refuse_below=settings.refuse_below,
    )
    return create_app(live.current, workers=settings.threads)


def examine_index(settings: Settings) -> Iterator[Check]:
    """Examine the index and what it stands on."""
    from qa.index import examine

    return examine(settings.index_dir, _embedder(settings))


def _build(
    read: Callable[[], Iterable[Article | Skipped]], settings: Settings, progress: "BuildProgress"
) -> BuildReport:
    from qa.index import build_generation

    embedder = _embedder(settings)
    chunker = _chunker(settings, embedder.fingerprint)
    return build_generation(read, settings.index_dir, embedder=embedder, chunker=chunker, progress=progress)


def _reader(settings: Settings) -> Reader | None:
    # The fake model is for trying things out without weights.
    if settings.reader == "off" or settings.model == FAKE_MODEL:
        if settings.reranker is not None:
            raise InputError(
                f"QA_RERANKER is {settings.reranker!r}, but nothing reads here: it takes a part of the reader's work. "
                "Set QA_READER=default, with a real model, or unset QA_RERANKER."
            )
        return None
    reader = open_reader(threads=settings.threads)
    if settings.reranker is None:
        return reader
    return open_reranker(settings.reranker, reader, threads=settings.threads)


def _embedder(settings: Settings, *, streams: int | None = None) -> Embedder:
    if settings.model == FAKE_MODEL:
        return FakeEmbedder()
    return open_embedder(find_model(settings.model), threads=settings.threads, streams=streams)


def _chunker(settings: Settings, model: ModelFingerprint) -> ChunkerSettings:
    if settings.chunk_tokens is not None and settings.chunk_tokens > model.max_tokens:
        raise InputError(
            f"chunk_tokens is {settings.chunk_tokens}, but {model.name} reads {model.max_tokens} tokens. "
            f"Expected a number from 16 to {model.max_tokens}."
        )
    tokens = settings.chunk_tokens or min(model.max_tokens, MAX_CHUNK_TOKENS)
    return ChunkerSettings(version=CHUNKER_VERSION, max_tokens=tokens, overlap_tokens=tokens // OVERLAP_SHARE)
