"""The reference embedder: the sentence-transformers library itself."""

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from qa.errors import ModelError
from qa.models.embedder import Progress, Vectors
from qa.models.folder import ModelFolder, load_tokenizer
from qa.types import ModelFingerprint

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 32
_PROGRESS_BATCHES = 8


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

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count with the model's own tokenizer."""
        return [
            len(row.ids) for row in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ]

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Return one row a text."""
        return self._embed(texts, self.fingerprint.question_prefix)

    def embed_chunks(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Return one row a text."""
        import numpy as np

        step = _BATCH * _PROGRESS_BATCHES if progress else max(1, len(texts))
        rows = np.empty((len(texts), self.fingerprint.dim), dtype=np.float32)
        # Neighbours in length share a batch across steps, so that padding costs little.
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        for first in range(0, len(texts), step):
            places = order[first : first + step]
            rows[places] = self._embed([texts[place] for place in places], self.fingerprint.chunk_prefix)
            if progress is not None:
                progress(first + len(places), len(texts))
        return rows

    def _embed(self, texts: Sequence[str], prefix: str) -> Vectors:
        import numpy as np

        if not texts:
            return np.empty((0, self.fingerprint.dim), dtype=np.float32)
        rows = self._model.encode(
            list(texts),
            prompt=prefix or None,
            batch_size=_BATCH,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        if rows.shape != (len(texts), self.fingerprint.dim) or not np.isfinite(rows).all():
            raise ModelError(
                f"{self.fingerprint.name} returned vectors of shape {rows.shape} or with values that are no numbers; "
                f"expected {(len(texts), self.fingerprint.dim)}. Choose another model: QA_MODEL=default"
            )
        return rows

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
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"Cannot load the model in {self._folder.path}: {error}") from error
