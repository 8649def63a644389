"""Convert a model from PyTorch to OpenVINO, and choose the precision that keeps its vectors."""

import json
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.errors import ModelError
from qa.models.compiled import POOLINGS, CompiledEmbedder, load_openvino, options
from qa.models.embedder import Embedded, Embedder, Vectors
from qa.models.folder import ModelFolder
from qa.models.sample import QUESTIONS, SENTENCES, TEXTS
from qa.models.sentence_transformers import SentenceTransformersEmbedder
from qa.models.tokens import Tokens

if TYPE_CHECKING:
    from openvino import CompiledModel, Model

LEAST_COSINE = 0.999

_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
_RUNS = 3


@dataclass(frozen=True, slots=True)
class Converted:
    """The quickest form that passed, if any did; `reason` says how each form did."""

    reason: str
    compiled: "CompiledModel | None" = None
    precision: str | None = None
    least_cosine: float | None = None


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


def convert(
    reference: SentenceTransformersEmbedder,
    *,
    tokens: Tokens,
    threads: int,
    scratch: Path,
    least_cosine: float,
    precisions: Sequence[str],
) -> Converted:
    """Compile the reference's model in the quickest precision that keeps its vectors.

    `scratch` is an empty folder. Raises ModelError when the reference cannot be loaded, OSError when the disk
    is full and RuntimeError when OpenVINO fails in a way that may pass.
    """
    openvino, fingerprint = load_openvino(), reference.fingerprint
    core = openvino.Core()
    with _quiet():
        expected = reference.embed_questions(QUESTIONS), reference.embed_chunks(TEXTS, SENTENCES)
        try:
            graph = _graph(reference)
        except Exception as error:  # noqa: BLE001 (tracing raises whatever the model's code does)
            return Converted(f"OpenVINO cannot convert it ({type(error).__name__})")
    passed: list[tuple[float, Converted]] = []
    found: list[str] = []
    for precision in precisions:
        # Half the bytes to read at each start, and more digits still than the precision that computes with them.
        path = scratch / f"{precision}.xml"
        openvino.save_model(graph, path, compress_to_fp16=precision != "f32")
        compiled = core.compile_model(path, "CPU", options(threads, precision, streams=threads))
        candidate = CompiledEmbedder(fingerprint, compiled, tokens=tokens, threads=threads, runtime=precision)
        cosine = _least_cosine(candidate, *expected)
        found.append(f"{precision} {cosine:.6f}")
        if cosine >= least_cosine:
            form = Converted("", compiled, precision, cosine)
            if precision == "bf16":  # where a processor has it, nothing is quicker: save the others' time
                return replace(form, reason=_reason(found, least_cosine))
            passed.append((_seconds(candidate), form))
    reason = _reason(found, least_cosine)
    if not passed:
        return Converted(reason)
    return replace(min(passed, key=lambda each: each[0])[1], reason=reason)


def _reason(found: Sequence[str], least_cosine: float) -> str:
    return f"least cosine with the reference {', '.join(found)}; expected {least_cosine}"


def _graph(reference: SentenceTransformersEmbedder) -> "Model":
    """Return the transformer as OpenVINO's graph, from ids and mask to the tokens' final states."""
    import torch
    from openvino.tools.ovc import convert_model

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
    # Tracing's own check runs the model twice more; ours says more.
    traced = torch.jit.trace(States().eval(), (ids, mask), check_trace=False)  # type: ignore[no-untyped-call]
    return convert_model(traced, example_input=(ids, mask))


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what tracing says about code that is not ours."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)


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


def _seconds(candidate: Embedder) -> float:
    """Return the median time to embed the sample."""
    times: list[float] = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        candidate.embed_chunks(TEXTS, SENTENCES)
        times.append(time.perf_counter() - start)
    return sorted(times)[_RUNS // 2]
