"""Where chunks and vectors live and are searched: what the rooms above ask of it, wherever that is."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from qa.filters import NO_FILTERS, Filters
from qa.index.fields import Fields
from qa.index.offer import Offer
from qa.models import Embedder
from qa.types import (
    Article,
    ArticleSummary,
    BuildReport,
    Check,
    Chunk,
    ChunkerSettings,
    Manifest,
    ModelFingerprint,
    Skipped,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.models import Vectors

    StoredVectors = tuple[Vectors, NDArray[np.float16]]
    """A chunk's vector, float32 (dim,), and those of its sentences, float16 (sentences, dim)."""

ReadArticles = Callable[[], Iterable[Article | Skipped]]
"""Called twice; between the two the articles may change."""

BuildProgress = Callable[[str, int, int], None]
"""Called with (stage, done, total or 0 while unknown); stages are "read", "split", "embed" and "write"."""


class VectorSource(Protocol):
    """Whatever knows vectors that need not be computed again."""

    def vectors_of_keys(self, keys: Sequence[bytes]) -> Mapping[bytes, "StoredVectors"]:
        """Return what was embedded for each key of `qa.index.vector_keys` that is known."""


class OpenIndex(VectorSource, Protocol):
    """One published state of an index, which never changes; safe to share between threads."""

    @property
    def manifest(self) -> Manifest:
        """What it is, and everything that shaped it."""

    @property
    def number(self) -> int:
        """How many states were published here before, counted from 1."""

    @property
    def built_at(self) -> float:
        """When it was published, in seconds since the epoch."""

    @property
    def languages(self) -> Sequence[str]:
        """In which the chunks' terms are, ISO 639-1, sorted."""

    def offer(self, question: str, vector: "Vectors", *, k: int, filters: Filters = NO_FILTERS) -> Offer:
        """Return the `k` best chunks of each leg among the articles that fit; `vector` (dim,) is the question's."""

    def idf(self, terms: Collection[str]) -> Mapping[str, float]:
        """Return ln(1 + (N - n + 0.5) / (n + 0.5)) of each term, which n of the N chunks hold (Lucene's BM25)."""

    def chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """Return the chunks of these rows, in the order given."""

    def chunks_of(self, article_id: str) -> list[Chunk]:
        """Return the chunks of an article, in their order.

        Raises ArticleNotFoundError, also for an article without chunks.
        """

    def article(self, article_id: str) -> Article:
        """Return one article.

        Raises ArticleNotFoundError.
        """

    def articles(self) -> Iterator[ArticleSummary]:
        """Yield a summary of every article, ordered by id."""

    def read_articles(self) -> Iterator[Article]:
        """Yield every article, in the order in which they were indexed."""

    def copies(self, article_id: str, *, filters: Filters = NO_FILTERS) -> Sequence[str]:
        """Return the ids of the articles that fit and are copies of this one, or it of them, in their order."""

    def fields(self) -> Sequence[Fields]:
        """Return the fields of every article that has chunks, ordered by id."""

    def fields_of_rows(self, rows: Sequence[int]) -> Sequence[Fields]:
        """Return the fields of the articles that these rows are of, each article once, ordered by id."""

    def close(self) -> None:
        """Let go of what is open."""


class IndexStore(Protocol):
    """A place that holds an index, where one state of it at a time is published."""

    @property
    def shared(self) -> bool:
        """Whether several processes may have it open at once."""

    def pointer(self) -> object:
        """Return something that is equal as long as the same state is published; costs one small read.

        Raises IndexMissingError when nothing was ever published, IndexDamagedError when what is there is not ours.
        """

    def open(self, *, model: ModelFingerprint | None = None) -> OpenIndex:
        """Open the published state, and refuse it when `model` is not the one that made it.

        Raises IndexMissingError, IndexDamagedError or IndexMismatchError.
        """

    def build(
        self,
        read: ReadArticles,
        *,
        embedder: Embedder,
        chunker: ChunkerSettings,
        progress: BuildProgress,
        known: OpenIndex | None = None,
    ) -> BuildReport:
        """Index the articles that `read` returns and publish them; publish nothing when nothing has changed.

        Chunks whose text has not changed keep their vectors, and so do those that `known` has. Raises InputError when
        there is no article, IndexBusyError when another process writes, StorageError when the index cannot be written.
        """

    def examine(self, embedder: Embedder) -> Iterator[Check]:
        """Yield one check after the other; those that a failed one makes impossible are left out."""
