"""The one place that reads settings and puts the parts together.

Rooms are entered where they are needed: a question to a server must not pay for those that answer one.
"""

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Protocol

from qa.errors import InputError
from qa.settings import Settings
from qa.types import Answer, Article, BuildReport, Check, ChunkerSettings, ModelFingerprint, Skipped

if TYPE_CHECKING:
    from fastapi import FastAPI

    from qa.answer import Answerer
    from qa.evaluate import AskedFolder
    from qa.index import BuildProgress, Generation
    from qa.models import Embedder
    from qa.reader import Reader
    from qa.serve import Policy


class Asker(Protocol):
    """Answers a question as `Answerer.ask` does, here or elsewhere."""

    def __call__(self, question: str, *, k: int, max_context_tokens: int | None, explained: bool) -> Answer:
        """Return the answer."""


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
    from qa.index import open_generation

    return open_generation(settings.index_dir)


def open_answerer(settings: Settings) -> "Answerer":
    """Open the current generation with the model that made it."""
    from qa.answer import Answerer
    from qa.index import open_generation

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(_reader, settings)  # takes as long as the rest, and most of it is not Python
        embedder = _embedder(settings, streams=1)
        generation = open_generation(settings.index_dir, model=embedder.fingerprint)
    return Answerer(
        generation,
        embedder,
        reader=reader.result(),
        read_budget_ms=settings.read_budget_ms,
        refuse_below=settings.refuse_below,
    )


def open_asker(settings: Settings) -> "Asker":
    """Return what answers questions: the server that the settings name, else the current generation."""
    if settings.server is None:
        return open_answerer(settings).ask
    from qa.client import Client

    return Client(settings.server, settings.api_key).answer


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
    from qa.answer import LiveAnswerer
    from qa.serve import create_app

    live = LiveAnswerer(
        settings.index_dir,
        _embedder(settings, streams=1),
        reader=_reader(settings),
        read_budget_ms=settings.read_budget_ms,
        refuse_below=settings.refuse_below,
    )
    return create_app(live.current, serve_policy(settings))


def check_service(settings: Settings) -> None:
    """Refuse what cannot be served, before anything listens: raises as `serve_policy` and `read_pointer` do."""
    from qa.index import read_pointer

    serve_policy(settings)
    read_pointer(settings.index_dir)


def serve_policy(settings: Settings) -> "Policy":
    """Return who may ask the service.

    Raises InputError when keys or rate cannot be read, or when other machines could ask and there are no keys.
    """
    from qa.serve import LOOPBACK_HOSTS, Keys, Policy, Rate, is_loopback

    keys = Keys(_api_keys(settings))
    rate = settings.rate_limit or ("120/minute" if keys else None)
    hosts = _words(settings.allowed_hosts)
    if not is_loopback(settings.host):
        if not keys:
            raise InputError(
                f"Found host {settings.host!r}, which other machines reach, and no API key. Set one first: "
                "QA_API_KEYS=$(openssl rand -hex 24) qa serve --host ADDRESS"
            )
        if not hosts and ipaddress.ip_address(settings.host).is_unspecified:
            raise InputError(
                f"Found host {settings.host!r}, every address of this machine, and no names. Say by which names clients "
                "reach it: QA_ALLOWED_HOSTS=qa.example.org qa serve --host 0.0.0.0"
            )
    return Policy(
        threads=settings.threads,
        queue=settings.queue,
        deadline_s=settings.deadline_s,
        allowed_hosts=(
            *LOOPBACK_HOSTS,
            f"[{settings.host}]" if ":" in settings.host else settings.host,
            *hosts,
        ),
        keys=keys,
        rate=Rate(rate) if rate else None,
        log_questions=settings.log_questions,
    )


def serve_worker(settings: Settings, listener: socket) -> None:
    """Serve in this process, one of `settings.workers` that share the threads, until it is told to stop."""
    from qa.serve import configure_logs, run

    settings = settings.model_copy(update={"threads": max(1, settings.threads // settings.workers)})
    configure_logs()
    run(make_app(settings), listener, trusted_proxies=_words(settings.trusted_proxies))


def _api_keys(settings: Settings) -> list[str]:
    found = _words(settings.api_keys)
    if settings.api_keys_file is not None:
        try:
            found += settings.api_keys_file.read_text(encoding="ascii").split()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"Cannot read {settings.api_keys_file}: {error}. Expected a key a line. See: qa serve --help"
            ) from error
    return found


def _words(text: str) -> list[str]:
    return [word for word in (part.strip() for part in text.split(",")) if word]


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


def _reader(settings: Settings) -> "Reader | None":
    from qa.models import FAKE_MODEL
    from qa.reader import open_reader, open_reranker

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


def _embedder(settings: Settings, *, streams: int | None = None) -> "Embedder":
    from qa.models import FAKE_MODEL, FakeEmbedder, find_model, open_embedder

    if settings.model == FAKE_MODEL:
        return FakeEmbedder()
    return open_embedder(find_model(settings.model), threads=settings.threads, streams=streams)


def _chunker(settings: Settings, model: ModelFingerprint) -> ChunkerSettings:
    from qa.corpus import CHUNKER_VERSION

    if settings.chunk_tokens is not None and settings.chunk_tokens > model.max_tokens:
        raise InputError(
            f"chunk_tokens is {settings.chunk_tokens}, but {model.name} reads {model.max_tokens} tokens. "
            f"Expected a number from 16 to {model.max_tokens}."
        )
    tokens = settings.chunk_tokens or min(model.max_tokens, MAX_CHUNK_TOKENS)
    return ChunkerSettings(version=CHUNKER_VERSION, max_tokens=tokens, overlap_tokens=tokens // OVERLAP_SHARE)
