"""From a folder of files to articles, and from an article to the chunks that are embedded.

The names below are loaded on first use: asking needs none of them but the version.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.corpus.clean import Block, BlockKind, blocks
    from qa.corpus.language import detect_language
    from qa.corpus.load import article_file, load_article, load_folder
    from qa.corpus.split import TokenCounter, embedding_text, split_article
    from qa.corpus.watch import watch_folder

__all__ = [
    "CHUNKER_VERSION",
    "Block",
    "BlockKind",
    "TokenCounter",
    "article_file",
    "blocks",
    "detect_language",
    "embedding_text",
    "load_article",
    "load_folder",
    "split_article",
    "watch_folder",
]

CHUNKER_VERSION = 1
"""Raise it with every change of this room that moves a chunk: indexes of another version are refused."""

__getattr__ = lazy_door(
    __name__,
    {
        "clean": ("Block", "BlockKind", "blocks"),
        "language": ("detect_language",),
        "load": ("article_file", "load_article", "load_folder"),
        "split": ("TokenCounter", "embedding_text", "split_article"),
        "watch": ("watch_folder",),
    },
)
