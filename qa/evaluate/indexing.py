"""Index articles that are in no folder."""

from collections.abc import Sequence
from pathlib import Path

from qa.answer import Answerer
from qa.corpus import CHUNKER_VERSION
from qa.index import build_generation, open_generation
from qa.models import Embedder
from qa.reader import Reader
from qa.types import Article, ChunkerSettings


def index_articles(
    articles: Sequence[Article], folder: Path, embedder: Embedder, reader: Reader | None = None
) -> Answerer:
    """Index articles into a folder, in chunks as `qa index` makes them, and return what asks them."""
    tokens = embedder.fingerprint.max_tokens
    chunker = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=tokens, overlap_tokens=tokens // 6)
    build_generation(lambda: articles, folder, embedder=embedder, chunker=chunker)
    return Answerer(open_generation(folder), embedder, reader=reader)
