"""Haystack as tutorial 33, "Creating a Hybrid Retrieval Pipeline", sets it up: BM25 and vectors in memory, joined.

Two departures. The tutorial joins by concatenation because a cross-encoder, a second and larger model, ranks
afterwards; without that one the joiner has to rank, so it fuses by reciprocal rank (concatenation would put BM25's
scores, which are larger, above all cosines). And it says to split by the model's limit: the splitter's own default,
200 words, suits the 256 tokens of MiniLM where the tutorial's 512 words do not.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import protocol
import torch
from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

STORE = "store.json"


def build(model: str, folder: Path) -> Callable[[Sequence[protocol.Article]], None]:
    """Connect the indexing pipeline."""
    torch.set_num_threads(protocol.THREADS)
    store = InMemoryDocumentStore()
    embedder = SentenceTransformersDocumentEmbedder(model=model, progress_bar=False)
    pipeline = Pipeline()
    pipeline.add_component("splitter", DocumentSplitter())
    pipeline.add_component("embedder", embedder)
    pipeline.add_component("writer", DocumentWriter(store))
    pipeline.connect("splitter", "embedder")
    pipeline.connect("embedder", "writer")
    pipeline.warm_up()
    embedder.run([Document(content="Load the model.")])

    def index(articles: Sequence[protocol.Article]) -> None:
        documents = [
            Document(content=protocol.full_text(article), meta={"article": article["id"]})
            for article in articles
        ]
        pipeline.run({"splitter": {"documents": documents}})
        folder.mkdir()
        store.save_to_disk(str(folder / STORE))

    return index


def ask(model: str, folder: Path) -> Callable[[str], list[str]]:
    """Load the store and connect the query pipeline."""
    torch.set_num_threads(protocol.THREADS)
    store = InMemoryDocumentStore.load_from_disk(str(folder / STORE))
    pipeline = Pipeline()
    pipeline.add_component("text_embedder", SentenceTransformersTextEmbedder(model=model, progress_bar=False))
    pipeline.add_component("embedding_retriever", InMemoryEmbeddingRetriever(store))
    pipeline.add_component("bm25_retriever", InMemoryBM25Retriever(store))
    pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=protocol.K))
    pipeline.connect("text_embedder", "embedding_retriever")
    pipeline.connect("bm25_retriever", "joiner")
    pipeline.connect("embedding_retriever", "joiner")
    pipeline.warm_up()

    def search(question: str) -> list[str]:
        found = pipeline.run({"text_embedder": {"text": question}, "bm25_retriever": {"query": question}})
        return [document.meta["article"] for document in found["joiner"]["documents"]]

    return search


if __name__ == "__main__":
    protocol.answer(build, ask)
