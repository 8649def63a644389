"""Convert a model from PyTorch to OpenVINO, and choose the precision that keeps its vectors."""

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from qa.errors import ModelError
from qa.models.compiled import POOLINGS, CompiledEmbedder
from qa.models.embedder import Embedded, Embedder, Vectors
from qa.models.folder import ModelFolder
from qa.models.once import Converted, Workshop, quickest, quiet, traced
from qa.models.sample import QUESTIONS, SENTENCES, TEXTS
from qa.models.sentence_transformers import SentenceTransformersEmbedder
from qa.models.tokens import Tokens

if TYPE_CHECKING:
    from openvino import CompiledModel, Model

_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])


def why_not(model: ModelFolder) -> str | None:
    """Say what about a model this conversion does not know, or return None."""
    try:
        modules = json.loads((model.path / "modules.json").read_text(encoding="utf-8"))
        names = [str(module["type"]).rpartition(".")[2] for module in modules]
        pooling = model.path / str(modules[1]["path"]) / "config.json"
        prompt = json.loads(pooling.read_text(encoding="utf-8")).get("include_prompt", True)
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        return f"its modules cannot be read ({type(error).__name__})"
    if names not in _MODULES:
        return f"it is made of {', '.join(names)}"
    if model.fingerprint.pooling not in POOLINGS:
        return f"its pooling is {model.fingerprint.pooling}"
    if prompt is not True:
        return "its prompts are left out of the pooling"
    return None


def convert(reference: SentenceTransformersEmbedder, work: Workshop, *, tokens: Tokens) -> Converted:
    """Compile the reference's model in the quickest precision that keeps its vectors.

    Raises ModelError when the reference cannot be loaded, OSError when the disk is full and RuntimeError when
    OpenVINO fails in a way that may pass.
    """
    fingerprint, threads = reference.fingerprint, work.threads
    with quiet():
        expected = reference.embed_questions(QUESTIONS), reference.embed_chunks(TEXTS, SENTENCES)
        try:
            graph = _graph(reference)
        except Exception as error:  # noqa: BLE001 (tracing raises whatever the model's code does)
            reason = f"OpenVINO cannot convert it ({type(error).__name__})"
            return Converted(reason, reference.runtime, len(TEXTS))

    def cosine(compiled: "CompiledModel", precision: str) -> tuple[float, Callable[[], object]]:
        candidate = CompiledEmbedder(fingerprint, compiled, tokens=tokens, threads=threads, runtime=precision)
        return _least_cosine(candidate, *expected), partial(candidate.embed_chunks, TEXTS, SENTENCES)

    return quickest(graph, work, cosine, reference=reference.runtime, sample=len(TEXTS))


def _graph(reference: SentenceTransformersEmbedder) -> "Model":
    """Return the transformer as OpenVINO's graph, from ids and mask to the tokens' final states."""
    import torch

    transformer: Any = reference.library[0]

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer.auto_model

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.transformer(input_ids=ids, attention_mask=mask).last_hidden_state
            return found

    ids = torch.ones((2, 7), dtype=torch.int64)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    return traced(States(), (ids, mask))


def _least_cosine(candidate: Embedder, questions: Vectors, chunks: Embedded) -> float:
    """Return the worst agreement of any vector with the reference's, -1 for values that are no numbers."""
    import numpy as np

    try:
        found = candidate.embed_chunks(TEXTS, SENTENCES)
        pairs = (
            (candidate.embed_questions(QUESTIONS), questions),
            (found.chunks, chunks.chunks),
            (found.sentences, chunks.sentences),
        )
    except ModelError:
        return -1.0
    return min(float((ours.astype(np.float64) * theirs).sum(axis=1).min()) for ours, theirs in pairs)
