"""The reference embedder: the sentence-transformers library itself."""

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qa.errors import ModelError
from qa.models.embedder import Embedded, Progress, Vectors
from qa.models.folder import ModelFolder
from qa.models.tokens import Tokens, checked, sentence_rows, unit
from qa.types import ModelFingerprint, Span

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 32


class SentenceTransformersEmbedder:
    """Embeds with any sentence-transformers model of a folder; the library is imported at the first text.

    Only safetensors are read and no code of the model's own is run.
    """

    def __init__(self, model: ModelFolder, *, threads: int, tokens: Tokens | None = None) -> None:
        self._folder = model
        self._threads = threads
        self._tokens = tokens or Tokens(model)

    @property
    def fingerprint(self) -> ModelFingerprint:
        """The folder's fingerprint."""
        return self._folder.fingerprint

    @cached_property
    def runtime(self) -> str:
        """The library and its version."""
        from importlib.metadata import version

        return f"sentence-transformers {version('sentence-transformers')}"

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count with the model's own tokenizer."""
        return self._tokens.count(texts)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Return one row a text."""
        import numpy as np

        if not texts:
            return np.empty((0, self.fingerprint.dim), dtype=np.float32)
        prefix = self.fingerprint.question_prefix
        vectors = self.library.encode(
            list(texts), prompt=prefix or None, normalize_embeddings=True, show_progress_bar=False
        )
        return checked(vectors, len(texts), self.fingerprint)

    def embed_chunks(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], progress: Progress | None = None
    ) -> Embedded:
        """Embed with one forward pass a text, which gives the vectors of its sentences too."""
        import numpy as np

        dim, prefix = self.fingerprint.dim, self.fingerprint.chunk_prefix
        starts = np.cumsum([0, *map(len, sentences)])
        rows = np.empty((len(texts), dim), dtype=np.float32)
        parts = np.empty((int(starts[-1]), dim), dtype=np.float32)
        # Neighbours in length share a batch, so that padding costs little.
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        for first in range(0, len(order), _BATCH):
            batch = order[first : first + _BATCH]
            vectors, found = self._forward([texts[place] for place in batch])
            rows[batch] = vectors
            encoded = self._tokens.encode([prefix + texts[place] for place in batch])
            for place, vector, tokens, states in zip(batch, vectors, encoded, found, strict=True):
                if states.shape != (len(tokens), dim):
                    raise ModelError(
                        f"{self.fingerprint.name} returned token states of shape {states.shape}, expected "
                        f"{(len(tokens), dim)}: its tokens cannot be matched with the text. Choose another "
                        "model: QA_MODEL=default"
                    )
                parts[starts[place] : starts[place + 1]] = sentence_rows(
                    states, vector, tokens.offsets, prefix_chars=len(prefix), sentences=sentences[place]
                )
            if progress is not None:
                progress(first + len(batch), len(texts))
        return Embedded(rows, parts)

    def _forward(self, texts: list[str]) -> tuple[Vectors, list[Vectors]]:
        """Return the texts' vectors and, for each text, its tokens' final states."""
        import numpy as np

        # Typed as vectors only; with output_value=None each row is a dict of tensors.
        found: Any = self.library.encode(
            texts,
            prompt=self.fingerprint.chunk_prefix or None,
            batch_size=_BATCH,
            output_value=None,
            show_progress_bar=False,
        )
        vectors = np.stack([row["sentence_embedding"].float().numpy() for row in found])
        states = [row["token_embeddings"][row["attention_mask"].bool()].float().numpy() for row in found]
        return checked(unit(vectors), len(texts), self.fingerprint), states

    @cached_property
    def library(self) -> "SentenceTransformer":
        """The library's own model, loaded once."""
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
