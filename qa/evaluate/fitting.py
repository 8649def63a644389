"""What the fit of the quote and the fit of the confidence share."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.answer import Answerer, Weights, fitted
from qa.evaluate.indexing import index_articles
from qa.models import Embedder
from qa.reader import Reader
from qa.types import Article

QUESTIONS_PER_SET = 600
K = 5

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Models:
    """What answers are made with."""

    embedder: Embedder
    reader: Reader | None

    @property
    def weights(self) -> Weights:
        """Return the weights that are being fitted."""
        return fitted().weights(read=self.reader is not None)


@contextmanager
def indexed(articles: Sequence[Article], models: Models) -> Iterator[Answerer]:
    """Index articles in a temporary folder, to be asked inside the context."""
    with tempfile.TemporaryDirectory() as folder:
        yield index_articles(articles, Path(folder), models.embedder, models.reader)


def sample(names: Iterable[str]) -> list[str]:
    """Return the questions whose ids have the smallest hashes."""
    return sorted(names, key=hash_of)[:QUESTIONS_PER_SET]


def hash_of(name: str) -> bytes:
    """Return the digest of a name."""
    return hashlib.sha256(name.encode()).digest()


def part_of(name: str) -> int:
    """Return which half of the questions, or of the titles, a name belongs to."""
    return hash_of(name)[-1] & 1
