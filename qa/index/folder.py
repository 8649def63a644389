"""A folder of this machine as the place that holds an index."""

from collections.abc import Iterator
from pathlib import Path

from qa.index.generation import Generation, open_generation
from qa.index.publish import Pointer, read_pointer
from qa.index.seam import BuildProgress, OpenIndex, ReadArticles
from qa.models import Embedder
from qa.types import BuildReport, Check, ChunkerSettings, ModelFingerprint


class FolderStore:
    """Generations in a folder, see `qa.index.publish`."""

    shared = True

    def __init__(self, folder: Path) -> None:
        """Take the folder, which need not exist."""
        self.folder = folder

    def pointer(self) -> Pointer:
        """Return what CURRENT says.

        Raises IndexMissingError when nothing was ever published, IndexDamagedError when CURRENT is not ours.
        """
        return read_pointer(self.folder)

    def open(self, *, model: ModelFingerprint | None = None) -> Generation:
        """Open the current generation, as `open_generation` does."""
        return open_generation(self.folder, model=model)

    def build(
        self,
        read: ReadArticles,
        *,
        embedder: Embedder,
        chunker: ChunkerSettings,
        progress: BuildProgress,
        known: OpenIndex | None = None,
    ) -> BuildReport:
        """Index articles, as `build_generation` does."""
        from qa.index.build import build_generation  # which asking need not pay for

        return build_generation(
            read, self.folder, embedder=embedder, chunker=chunker, progress=progress, known=known
        )

    def examine(self, embedder: Embedder) -> Iterator[Check]:
        """Examine the folder and everything it stands on."""
        from qa.index.doctor import examine

        return examine(self.folder, embedder)
