"""Vectors for a build: copied from the current generation or an interrupted build, else embedded."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.index.cache import VectorCache
from qa.index.generation import Generation
from qa.models import Embedder
from qa.types import ModelFingerprint, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.models import Vectors

_LARGEST_BATCH = 512
_SMALLEST_BATCH = 32
_BATCHES = 20  # an interrupted build loses at most one in twenty of its chunks


@dataclass(frozen=True, slots=True)
class Text:
    """What is embedded for a chunk: the text, and where its sentences stand in it."""

    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Float32 rows (chunks, dim), half-precision rows (sentences, dim), and how many chunks were embedded anew."""

    chunks: "Vectors"
    sentences: "NDArray[np.float16]"
    embedded: int


def keys(texts: Sequence[Text], model: ModelFingerprint) -> list[bytes]:
    """Return 16 bytes a text that are equal exactly when model, text and sentences are: so are the vectors."""
    made_by = hashlib.sha256(json.dumps(dataclasses.asdict(model), sort_keys=True).encode()).digest()
    return [
        hashlib.blake2b(
            json.dumps([text.text, text.sentences]).encode(), key=made_by, digest_size=16
        ).digest()
        for text in texts
    ]


def embed(
    texts: Sequence[Text],
    names: Sequence[bytes],
    *,
    embedder: Embedder,
    current: Generation | None,
    cache: VectorCache,
    progress: Callable[[int, int], None],
) -> Embeddings:
    """Return the vectors of `texts`, whose keys are `names`; what had to be embedded goes into the cache."""
    import numpy as np

    dim = embedder.fingerprint.dim
    starts = np.cumsum([0, *(len(text.sentences) for text in texts)])
    chunks = np.empty((len(texts), dim), dtype=np.float32)
    sentences = np.empty((int(starts[-1]), dim), dtype=np.float16)
    places: dict[bytes, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)

    def fill(name: bytes, vector: "Vectors", parts: "NDArray[np.float16]") -> None:
        for place in places[name]:
            chunks[place] = vector
            sentences[starts[place] : starts[place + 1]] = parts

    missing = dict.fromkeys(places)
    if current is not None:
        rows = {name: row for name, row in current.rows_by_key().items() if name in missing}
        vectors = current.dense.vectors(np.fromiter(rows.values(), dtype=np.int64, count=len(rows)))
        for (name, row), vector in zip(rows.items(), vectors, strict=True):
            fill(name, vector, current.sentences.of_chunk(row))
            del missing[name]
    for name, data in cache.get(list(missing)).items():
        count = len(texts[places[name][0]].sentences)
        if len(data) == dim * (4 + 2 * count):
            parts = np.frombuffer(data, dtype=np.float16, offset=4 * dim).reshape(count, dim)
            fill(name, np.frombuffer(data, dtype=np.float32, count=dim), parts)
            del missing[name]
    todo = list(missing)
    step = max(_SMALLEST_BATCH, min(_LARGEST_BATCH, len(todo) // _BATCHES))
    for first in range(0, len(todo), step):
        batch = todo[first : first + step]
        asked = [texts[places[name][0]] for name in batch]
        found = embedder.embed_chunks([text.text for text in asked], [text.sentences for text in asked])
        halves = np.split(
            found.sentences.astype(np.float16), np.cumsum([len(text.sentences) for text in asked])[:-1]
        )
        for name, vector, parts in zip(batch, found.chunks, halves, strict=True):
            fill(name, vector, parts)
        cache.put({n: v.tobytes() + p.tobytes() for n, v, p in zip(batch, found.chunks, halves, strict=True)})
        progress(first + len(batch), len(todo))
    return Embeddings(chunks, sentences, len(todo))
