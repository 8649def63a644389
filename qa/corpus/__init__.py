"""From a folder of files to articles, and from an article to the chunks that are embedded."""

from qa.corpus.clean import Block, BlockKind, blocks
from qa.corpus.load import SUFFIXES, load_article, load_folder
from qa.corpus.split import CHUNKER_VERSION, TokenCounter, embedding_text, split_article

__all__ = [
    "CHUNKER_VERSION",
    "SUFFIXES",
    "Block",
    "BlockKind",
    "TokenCounter",
    "blocks",
    "embedding_text",
    "load_article",
    "load_folder",
    "split_article",
]
