"""The models that the settings name, and the chunks that suit them."""

from typing import TYPE_CHECKING

from qa.errors import InputError
from qa.settings import Settings
from qa.types import ChunkerSettings, ModelFingerprint

if TYPE_CHECKING:
    from qa.models import Embedder
    from qa.reader import Reader

MAX_CHUNK_TOKENS = 254
OVERLAP_SHARE = 6  # neighbouring chunks share at most a sixth of their tokens


def embedder_of(settings: Settings, *, streams: int | None = None) -> "Embedder":
    """Open the embedding model."""
    from qa.models import FAKE_MODEL, FakeEmbedder, find_model, open_embedder

    if settings.model == FAKE_MODEL:
        return FakeEmbedder()
    return open_embedder(find_model(settings.model), threads=settings.threads, streams=streams)


def reader_of(settings: Settings) -> "Reader | None":
    """Open what reads the best passages, None where nothing does."""
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


def chunker_of(settings: Settings, model: ModelFingerprint) -> ChunkerSettings:
    """Return how a model's articles are split. Raises InputError for chunks that it could not read whole."""
    from qa.corpus import CHUNKER_VERSION

    if settings.chunk_tokens is not None and settings.chunk_tokens > model.max_tokens:
        raise InputError(
            f"chunk_tokens is {settings.chunk_tokens}, but {model.name} reads {model.max_tokens} tokens. "
            f"Expected a number from 16 to {model.max_tokens}."
        )
    tokens = settings.chunk_tokens or min(model.max_tokens, MAX_CHUNK_TOKENS)
    return ChunkerSettings(version=CHUNKER_VERSION, max_tokens=tokens, overlap_tokens=tokens // OVERLAP_SHARE)
