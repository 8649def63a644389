"""The place that holds the index, as the settings name it."""

from pathlib import Path
from typing import TYPE_CHECKING

from qa.settings import Settings

if TYPE_CHECKING:
    from qa.index import IndexStore
    from qa.milvus import MilvusStore


def store_of(settings: Settings) -> "IndexStore":
    """Return where the index is: a folder of this machine, or Milvus.

    Raises InputError for an address that cannot be used.
    """
    return _folder(settings.index_dir) if settings.store is None else milvus_at(settings.store, settings)


def store_at(place: str, settings: Settings) -> "IndexStore":
    """Return the store at an address, or in a folder.

    Raises InputError for an address that cannot be used.
    """
    return milvus_at(place, settings) if "://" in place else _folder(Path(place))


def _folder(path: Path) -> "IndexStore":
    from qa.index import FolderStore

    return FolderStore(path)


def milvus_at(address: str, settings: Settings) -> "MilvusStore":
    """Return the store at an address, which is reached the first time that it is used.

    Raises InputError for an address that cannot be used.
    """
    from qa.milvus import MilvusStore, parse_address

    return MilvusStore(
        parse_address(address),
        token=settings.store_token,
        certificate=settings.store_ca,
        timeout_s=settings.store_timeout_s,
        dense_kind=settings.store_index,
    )
