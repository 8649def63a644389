"""`qa`, this repository, with its default model: the folder that the others are given.

A cold start is not asked of this script: it is `python -m qa ask`, as a user types it.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import protocol

from qa.answer import Answerer
from qa.corpus import CHUNKER_VERSION
from qa.index import build_generation, open_generation
from qa.models import DEFAULT_MODEL, find_model, open_embedder
from qa.types import Article, ChunkerSettings


def build(model: str, folder: Path) -> Callable[[Sequence[protocol.Article]], None]:
    """Chunk as `qa index` does, with the settings that it takes for this model."""
    embedder = open_embedder(find_model(DEFAULT_MODEL), threads=protocol.THREADS)
    embedder.embed_chunks(["Load the model."], [[(0, 15)]])
    tokens = min(embedder.fingerprint.max_tokens, 254)
    chunker = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=tokens, overlap_tokens=tokens // 6)

    def index(rows: Sequence[protocol.Article]) -> None:
        articles = [
            Article(**row, sha256=hashlib.sha256(row["text"].encode("utf-8")).hexdigest()) for row in rows
        ]
        build_generation(lambda: articles, folder, embedder=embedder, chunker=chunker)

    return index


def ask(model: str, folder: Path) -> Callable[[str], list[str]]:
    """Answer in full: passages, quote, confidence and citations."""
    embedder = open_embedder(find_model(DEFAULT_MODEL), threads=protocol.THREADS)
    answerer = Answerer(open_generation(folder, model=embedder.fingerprint), embedder)
    return lambda question: [
        passage.chunk.article_id for passage in answerer.ask(question, k=protocol.K).passages
    ]


if __name__ == "__main__":
    protocol.answer(build, ask)
