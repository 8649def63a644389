"""The seam between this package and an embedding model."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from qa.types import ModelFingerprint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
else:
    Vectors = object

Progress = Callable[[int, int], None]
"""Called with (texts done, texts in all)."""


class Embedder(Protocol):
    """A model that maps texts to vectors whose inner product says how near they are in meaning.

    Rows are float32 of length 1. Questions and chunks are two methods since many models prefix them
    differently.
    """

    @property
    def fingerprint(self) -> ModelFingerprint:
        """Everything that shapes the vectors; `max_tokens` is what one text may hold, without special tokens."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens and prefix."""

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Return float32 rows of shape (len(texts), dim)."""

    def embed_chunks(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Return float32 rows of shape (len(texts), dim)."""
