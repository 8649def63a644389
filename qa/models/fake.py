"""An embedder without weights: hashed words, so that texts that share words are near each other."""

import hashlib
import re
from collections.abc import Sequence

from qa.models.embedder import Embedded, Progress, Vectors
from qa.models.folder import FAKE_MODEL
from qa.types import ModelFingerprint, Span

_TOKENS = re.compile(r"\w+|[^\w\s]")


class FakeEmbedder:
    """Deterministic on every machine. Words longer than `WORD_CHARS` count as several tokens, as in real models."""

    WORD_CHARS = 8
    runtime = "fake"

    def __init__(self, *, dim: int = 64, max_tokens: int = 62) -> None:
        self.fingerprint = ModelFingerprint(
            name=FAKE_MODEL,
            weights_sha256=hashlib.sha256(f"fake {dim}".encode()).hexdigest(),
            tokenizer_sha256=hashlib.sha256(_TOKENS.pattern.encode()).hexdigest(),
            dim=dim,
            max_tokens=max_tokens,
            pooling="mean",
            question_prefix="",
            chunk_prefix="",
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count words, in pieces of at most `WORD_CHARS`, and punctuation marks."""
        return [sum(-(-len(token) // self.WORD_CHARS) for token in _TOKENS.findall(text)) for text in texts]

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Return one row a text."""
        return self._embed(texts)

    def embed_chunks(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], progress: Progress | None = None
    ) -> Embedded:
        """Return one row a text, and one a sentence by itself: hashed words have no context."""
        parts = [
            text[start:end] for text, spans in zip(texts, sentences, strict=True) for start, end in spans
        ]
        rows = Embedded(self._embed(texts), self._embed(parts))
        if progress is not None:
            progress(len(texts), len(texts))
        return rows

    def _embed(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        dim = self.fingerprint.dim
        rows = np.zeros((len(texts), dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in _TOKENS.findall(text.lower()) or [""]:
                digest = hashlib.blake2b(word.encode("utf-8"), digest_size=8).digest()
                row[int.from_bytes(digest[:4], "little") % dim] += 1 if digest[4] & 1 else -1
            if not row.any():
                row[0] = 1
        return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
