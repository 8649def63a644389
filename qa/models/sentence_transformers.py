"""The reference embedder: the sentence-transformers library itself."""

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qa.errors import ModelError
from qa.models.embedder import Embedded, Progress, Vectors
from qa.models.folder import ModelFolder, load_tokenizer
from qa.types import ModelFingerprint, Span

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 32


class SentenceTransformersEmbedder:
    """Embeds with any sentence-transformers model of a folder; the library is imported at the first text.

    Only safetensors are read and no code of the model's own is run.
    """

    def __init__(self, model: ModelFolder, *, threads: int) -> None:
        self._folder = model
        self._threads = threads
        self._tokenizer = load_tokenizer(model.path / "tokenizer.json")

    @property
    def fingerprint(self) -> ModelFingerprint:
        """The folder's fingerprint."""
        return self._folder.fingerprint

    @property
    def runtime(self) -> str:
        """The library with its version."""
        from importlib.metadata import version

        return f"sentence-transformers {version('sentence-transformers')}"

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count with the model's own tokenizer."""
        return [
            len(row.ids) for row in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ]

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Return one row a text."""
        import numpy as np

        if not texts:
            return np.empty((0, self.fingerprint.dim), dtype=np.float32)
        prefix = self.fingerprint.question_prefix
        vectors = self._model.encode(
            list(texts), prompt=prefix or None, normalize_embeddings=True, show_progress_bar=False
        )
        return self._checked(vectors, len(texts))

    def embed_chunks(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], progress: Progress | None = None
    ) -> Embedded:
        """Embed with one forward pass a text.

        A sentence's vector is the mean of its tokens' final states in that pass (late pooling): it knows
        what "he" and "the plan" are, costs nothing, and ranks better than the sentence embedded alone.
        """
        import numpy as np

        dim = self.fingerprint.dim
        starts = np.cumsum([0, *map(len, sentences)])
        rows = np.empty((len(texts), dim), dtype=np.float32)
        parts = np.empty((int(starts[-1]), dim), dtype=np.float32)
        # Neighbours in length share a batch, so that padding costs little.
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        for first in range(0, len(order), _BATCH):
            batch = order[first : first + _BATCH]
            vectors, states = self._forward([texts[place] for place in batch])
            rows[batch] = vectors
            for place, vector, tokens in zip(batch, vectors, states, strict=True):
                pooled = self._pool(texts[place], sentences[place], vector, tokens)
                parts[starts[place] : starts[place + 1]] = pooled
            if progress is not None:
                progress(first + len(batch), len(texts))
        return Embedded(rows, parts)

    def _forward(self, texts: list[str]) -> tuple[Vectors, list[Vectors]]:
        """Return the texts' vectors and, for each text, its tokens' final states."""
        import numpy as np

        # Typed as vectors only; with output_value=None each row is a dict of tensors.
        found: Any = self._model.encode(
            texts,
            prompt=self.fingerprint.chunk_prefix or None,
            batch_size=_BATCH,
            output_value=None,
            show_progress_bar=False,
        )
        vectors = np.stack([row["sentence_embedding"].float().numpy() for row in found])
        states = [row["token_embeddings"][row["attention_mask"].bool()].float().numpy() for row in found]
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return self._checked(vectors, len(texts)), states

    def _pool(self, text: str, sentences: Sequence[Span], vector: Vectors, states: Vectors) -> Vectors:
        import numpy as np

        prefix = self.fingerprint.chunk_prefix
        offsets = np.array(self._tokenizer.encode(prefix + text).offsets)
        if states.shape != (len(offsets), len(vector)):
            raise ModelError(
                f"{self.fingerprint.name} returned token states of shape {states.shape}, expected "
                f"{(len(offsets), len(vector))}: its tokens cannot be matched with the text. Choose another "
                "model: QA_MODEL=default"
            )
        starts, ends = offsets[:, 0] - len(prefix), offsets[:, 1] - len(prefix)
        rows: Vectors = np.empty((len(sentences), len(vector)), dtype=np.float32)
        for row, (start, end) in zip(rows, sentences, strict=True):
            inside = (starts < ends) & (starts < end) & (ends > start)
            row[:] = states[inside].mean(axis=0) if inside.any() else vector
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return rows

    def _checked(self, vectors: Vectors, count: int) -> Vectors:
        import numpy as np

        vectors = np.ascontiguousarray(vectors, dtype=np.float32).reshape(count, -1)
        if vectors.shape != (count, self.fingerprint.dim) or not np.isfinite(vectors).all():
            raise ModelError(
                f"{self.fingerprint.name} returned vectors of shape {vectors.shape} or with values that are "
                f"no numbers; expected {(count, self.fingerprint.dim)}. Choose another model: QA_MODEL=default"
            )
        return vectors

    @cached_property
    def _model(self) -> "SentenceTransformer":
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        # Both talk on stderr while loading, in the middle of our own progress bar.
        logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        torch.set_num_threads(self._threads)
        try:
            return SentenceTransformer(
                str(self._folder.path),
                device="cpu",
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
        except Exception as error:  # noqa: BLE001 (broken weights raise errors of several libraries)
            raise ModelError(
                f"Cannot load the model in {self._folder.path}: {error}. Repair it, or use QA_MODEL=default"
            ) from error
