"""From texts to vectors: the embedder protocol, its adapters and a deterministic fake."""

from qa.models.choose import open_embedder
from qa.models.compiled import CompiledEmbedder
from qa.models.embedder import Embedded, Embedder, Vectors
from qa.models.fake import FakeEmbedder
from qa.models.folder import DEFAULT_MODEL, FAKE_MODEL, ModelFolder, find_model, load_tokenizer, model_folder
from qa.models.once import Converted, Workshop, compiled_once, quickest, quiet, traced
from qa.models.sentence_transformers import SentenceTransformersEmbedder

__all__ = [
    "DEFAULT_MODEL",
    "FAKE_MODEL",
    "CompiledEmbedder",
    "Converted",
    "Embedded",
    "Embedder",
    "FakeEmbedder",
    "ModelFolder",
    "SentenceTransformersEmbedder",
    "Vectors",
    "Workshop",
    "compiled_once",
    "find_model",
    "load_tokenizer",
    "model_folder",
    "open_embedder",
    "quickest",
    "quiet",
    "traced",
]
