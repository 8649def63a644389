"""The place that holds the index, as the settings name it."""

from typing import TYPE_CHECKING

from qa.settings import Settings

if TYPE_CHECKING:
    from qa.index import IndexStore


def store_of(settings: Settings) -> "IndexStore":
    """Return where the index is."""
    from qa.index import FolderStore

    return FolderStore(settings.index_dir)
