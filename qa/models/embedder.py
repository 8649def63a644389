"""The seam between this package and an embedding model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from qa.types import ModelFingerprint, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
else:
    Vectors = object

Progress = Callable[[int, int], None]
"""Called with (texts done, texts in all)."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors of texts and of the sentences in them, all float32 rows of length 1.

    `chunks` has one row a text; `sentences` has one row a sentence, text after text.
    """

    chunks: Vectors
    sentences: Vectors


class Embedder(Protocol):
    """A model that maps texts to vectors whose inner product says how near they are in meaning.

    Questions and chunks are two methods since many models prefix them differently.
    """

    @property
    def fingerprint(self) -> ModelFingerprint:
        """Everything that shapes the vectors; `max_tokens` is what one text may hold, without special tokens."""

    @property
    def runtime(self) -> str:
        """What computes the vectors, with its version."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens and prefix."""

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Return float32 rows of length 1, shape (len(texts), dim)."""

    def embed_chunks(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], progress: Progress | None = None
    ) -> Embedded:
        """Embed texts, and their sentences (offsets into each text) in the context of the whole text."""
