"""From texts to vectors: the embedder protocol, its adapters and a deterministic fake."""

from qa.models.choose import open_embedder
from qa.models.compiled import CompiledEmbedder
from qa.models.embedder import Embedded, Embedder, Vectors
from qa.models.fake import FakeEmbedder
from qa.models.folder import DEFAULT_MODEL, FAKE_MODEL, ModelFolder, find_model
from qa.models.sentence_transformers import SentenceTransformersEmbedder

__all__ = [
    "DEFAULT_MODEL",
    "FAKE_MODEL",
    "CompiledEmbedder",
    "Embedded",
    "Embedder",
    "FakeEmbedder",
    "ModelFolder",
    "SentenceTransformersEmbedder",
    "Vectors",
    "find_model",
    "open_embedder",
]
