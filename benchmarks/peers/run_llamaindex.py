"""LlamaIndex as its starter tutorial for local models sets it up: VectorStoreIndex with HuggingFaceEmbedding.

That is search by vectors only, in the default in-memory stores, split by the default SentenceSplitter (1,024 tokens,
200 of overlap); persisted and loaded as in "Storing". No language model is called: a retriever is asked.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import protocol
import torch
from llama_index.core import Document, Settings, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.embeddings.huggingface import HuggingFaceEmbedding


def build(model: str, folder: Path) -> Callable[[Sequence[protocol.Article]], None]:
    """Index and persist."""
    _load(model).get_text_embedding("Load the model.")

    def index(articles: Sequence[protocol.Article]) -> None:
        documents = [Document(id_=article["id"], text=protocol.full_text(article)) for article in articles]
        VectorStoreIndex.from_documents(documents).storage_context.persist(persist_dir=str(folder))

    return index


def ask(model: str, folder: Path) -> Callable[[str], list[str]]:
    """Load all stores."""
    _load(model)
    index = load_index_from_storage(StorageContext.from_defaults(persist_dir=str(folder)))
    retriever = index.as_retriever(similarity_top_k=protocol.K)
    return lambda question: [found.node.ref_doc_id for found in retriever.retrieve(question)]


def _load(model: str) -> HuggingFaceEmbedding:
    torch.set_num_threads(protocol.THREADS)
    Settings.embed_model = HuggingFaceEmbedding(model_name=model)
    return Settings.embed_model


if __name__ == "__main__":
    protocol.answer(build, ask)
