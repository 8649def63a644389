"""Vectors for a build: copied from the current generation or an interrupted build, else embedded."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from qa.cache import Cache
from qa.corpus import TokenCounter, embedding_text
from qa.index.seam import VectorSource
from qa.models import Embedder
from qa.types import Article, Chunk, ChunkerSettings, ModelFingerprint, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.index.seam import StoredVectors
    from qa.models import Vectors

LOOKED_UP_TOGETHER = 512
"""Keys a query; SQLite takes 999 everywhere."""


@dataclass(frozen=True, slots=True)
class Text:
    """What is embedded for a chunk: the text, and where its sentences stand in it."""

    text: str
    sentences: tuple[Span, ...]


def text_of(article: Article, chunk: Chunk, *, chunker: ChunkerSettings, count_tokens: TokenCounter) -> Text:
    """Return what is embedded for a chunk of an article."""
    text = embedding_text(article, chunk, settings=chunker, count_tokens=count_tokens)
    shift = len(text) - chunk.end  # the text ends with the chunk itself
    return Text(text, tuple((start + shift, end + shift) for start, end in chunk.sentences))


class Embedding(NamedTuple):
    """A chunk's row with its vector, float32 (dim,), and those of its sentences, float16 (sentences, dim)."""

    row: int
    chunk: "Vectors"
    sentences: "NDArray[np.float16]"
    is_new: bool


def vector_keys(texts: Sequence[Text], model: ModelFingerprint) -> list[bytes]:
    """Return 16 bytes a text that are equal exactly when model, text and sentences are: so are the vectors."""
    made_by = _digest(model)
    return [
        hashlib.blake2b(
            json.dumps([text.text, text.sentences]).encode(), key=made_by, digest_size=16
        ).digest()
        for text in texts
    ]


@lru_cache(maxsize=4)
def _digest(model: ModelFingerprint) -> bytes:
    return hashlib.sha256(json.dumps(dataclasses.asdict(model), sort_keys=True).encode()).digest()


def embed_or_copy(
    texts: Iterable[tuple[bytes, Text]],
    *,
    embedder: Embedder,
    sources: Sequence[VectorSource],
    cache: Cache | None,
    batch: int,
) -> Iterator[Embedding]:
    """Yield the vectors of texts that come with their keys, one for each, in no order.

    A row is the place among `texts`, of which no more are held than are looked up or embedded together. Vectors are
    copied from the first of `sources` or else the cache that has them. What had to be embedded, `batch` at a time, goes
    into the cache; of equal keys only one counts as new.
    """
    waiting: dict[bytes, tuple[list[int], Text]] = {}
    for window in _windows(enumerate(texts), LOOKED_UP_TOGETHER):
        asked = {name: text for _, (name, text) in window if name not in waiting}
        known = _known(asked, embedder.fingerprint.dim, sources, cache)
        for row, (name, text) in window:
            if name in known:
                yield Embedding(row, *known[name], is_new=False)
            else:
                waiting.setdefault(name, ([], text))[0].append(row)
        if len(waiting) >= batch:
            yield from _embedded(waiting, embedder, cache, batch)
            waiting = {}
    yield from _embedded(waiting, embedder, cache, batch)


def _windows(
    rows: Iterator[tuple[int, tuple[bytes, Text]]], size: int
) -> Iterator[list[tuple[int, tuple[bytes, Text]]]]:
    window: list[tuple[int, tuple[bytes, Text]]] = []
    for row in rows:
        window.append(row)
        if len(window) == size:
            yield window
            window = []
    yield window


def _known(
    asked: dict[bytes, Text], dim: int, sources: Sequence[VectorSource], cache: Cache | None
) -> dict[bytes, "StoredVectors"]:
    """Return the vectors that are on disk already."""
    import numpy as np

    known: dict[bytes, StoredVectors] = {}
    for source in sources:
        known.update(source.vectors_of_keys([name for name in asked if name not in known]))
    kept = cache.get([name for name in asked if name not in known]) if cache is not None else {}
    for name, data in kept.items():
        count = len(asked[name].sentences)
        if len(data) == dim * (4 + 2 * count):
            parts = np.frombuffer(data, dtype=np.float16, offset=4 * dim).reshape(count, dim)
            known[name] = (np.frombuffer(data, dtype=np.float32, count=dim), parts)
    return known


def _embedded(
    waiting: dict[bytes, tuple[list[int], Text]], embedder: Embedder, cache: Cache | None, batch: int
) -> Iterator[Embedding]:
    import numpy as np

    names = list(waiting)
    for first in range(0, len(names), batch):
        part = names[first : first + batch]
        texts = [waiting[name][1] for name in part]
        found = embedder.embed_chunks([text.text for text in texts], [text.sentences for text in texts])
        halves = np.split(
            found.sentences.astype(np.float16), np.cumsum([len(text.sentences) for text in texts])[:-1]
        )
        if cache is not None:
            cache.put(
                {n: v.tobytes() + p.tobytes() for n, v, p in zip(part, found.chunks, halves, strict=True)}
            )
        for name, vector, parts in zip(part, found.chunks, halves, strict=True):
            for place, row in enumerate(waiting[name][0]):
                yield Embedding(row, vector, parts, is_new=place == 0)
