"""A folder's articles all at once, for tests that look at them."""

from pathlib import Path

from qa.corpus import load_folder
from qa.types import Article, Skipped


def load_all(folder: Path) -> tuple[tuple[Article, ...], tuple[Skipped, ...]]:
    """Return the articles, and what could not become one."""
    found = list(load_folder(folder))
    return tuple(i for i in found if isinstance(i, Article)), tuple(
        i for i in found if isinstance(i, Skipped)
    )
