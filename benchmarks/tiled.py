"""Indexes of any size out of real text and real embeddings, tiled with noise.

Nobody has a million embedded passages at hand, and embedding them takes hours. So the passages of the
training rows are embedded once; a chunk of the large index is made of sentences of three of them, and its
vector is that of one of them plus noise of half its length. Search sees what it would see: real words in
real frequencies, vectors in real clusters. What it cannot show is recall on a real corpus of that size.
"""

import hashlib
import json
import lzma
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.corpus import CHUNKER_VERSION
from qa.index import build_generation
from qa.models import Embedded, Embedder
from qa.types import Article, BuildReport, ChunkerSettings, Span

PASSAGES = 20_000
QUESTIONS = 500
NOISE = 0.5

Rows = NDArray[np.float32]


class Base:
    """Real passages and questions with their vectors; embedded once and kept in `cache`."""

    def __init__(self, train: Path, cache: Path, embedder: Embedder) -> None:
        passages: dict[str, None] = {}
        questions: dict[str, None] = {}
        with lzma.open(train, "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                passages.setdefault(row["context"])
                questions.setdefault(row["question"])
        self.passages = sorted(passages, key=_hash)[:PASSAGES]
        self.questions = sorted(questions, key=_hash)[:QUESTIONS]
        self.fingerprint = embedder.fingerprint
        name = hashlib.sha256(f"{embedder.fingerprint} {self.passages} {self.questions}".encode()).hexdigest()
        kept = cache / f"base-{name[:16]}.npz"
        if not kept.exists():
            cache.mkdir(parents=True, exist_ok=True)
            vectors = embedder.embed_chunks(self.passages, [()] * len(self.passages)).chunks
            np.savez(kept, passages=vectors, questions=embedder.embed_questions(self.questions))
        arrays = np.load(kept)
        self.vectors: Rows = arrays["passages"]
        self.question_vectors: Rows = arrays["questions"]

    def tile(self, places: NDArray[np.int64], seed: int) -> Rows:
        """Return the vectors of these passages, each with noise of its own, float32 rows of length 1."""
        noise = np.random.default_rng(seed).standard_normal(
            (len(places), self.vectors.shape[1]), dtype=np.float32
        )
        rows = self.vectors[places] + NOISE / np.sqrt(self.vectors.shape[1], dtype=np.float32) * noise
        tiled: Rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return tiled


class TiledEmbedder:
    """Gives a text the tiled vector of the passage that its digest names: the speed of a table, not of a model."""

    runtime = "tiled"

    def __init__(self, base: Base) -> None:
        self._base, self.fingerprint = base, base.fingerprint

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count about as many as the model would."""
        return [len(text) * 2 // 9 for text in texts]

    def embed_questions(self, texts: Sequence[str]) -> Rows:
        """Return one row a text."""
        return self._rows([text for text in texts])

    def embed_chunks(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], progress: object = None
    ) -> Embedded:
        """Return one row a text and one a sentence."""
        parts = [text[a:b] for text, spans in zip(texts, sentences, strict=True) for a, b in spans]
        return Embedded(self._rows(texts), self._rows(parts))

    def _rows(self, texts: Sequence[str]) -> Rows:
        places = [int.from_bytes(_hash(text)[:4], "little") % len(self._base.vectors) for text in texts]
        seed = int.from_bytes(_hash(texts[0])[:8], "little") if texts else 0
        return self._base.tile(np.array(places, dtype=np.int64), seed)


def build(base: Base, index_dir: Path, chunks: int) -> BuildReport:
    """Index so many articles of one chunk each; publishes nothing when it is there already."""
    sentences = [part for passage in base.passages for part in _sentences(passage)]

    def articles() -> Iterator[Article]:
        chance = random.Random(chunks)
        for number in range(chunks):
            text = " ".join(chance.choices(sentences, k=6))
            digest = hashlib.sha256(text.encode()).hexdigest()
            yield Article(f"{number:07d}.txt", f"Article {number}", text, digest)

    chunker = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=2000, overlap_tokens=0)
    return build_generation(articles, index_dir, embedder=TiledEmbedder(base), chunker=chunker)


def _sentences(passage: str) -> list[str]:
    parts = [part.strip() for part in passage.split(". ")]
    return [part.rstrip(".") + "." for part in parts if 30 < len(part) < 300]


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
