"""Open the quickest embedder that a model allows on this machine."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from qa.models import cache
from qa.models.compiled import CompiledEmbedder
from qa.models.convert import convert, why_not
from qa.models.embedder import Embedder
from qa.models.folder import ModelFolder
from qa.models.once import LEAST_COSINE, compiled_once, refuse
from qa.models.sentence_transformers import SentenceTransformersEmbedder
from qa.models.tokens import Tokens


def open_embedder(
    model: ModelFolder,
    *,
    threads: int,
    streams: int | None = None,
    cache_dir: Path | None = None,
    least_cosine: float = LEAST_COSINE,
    precisions: Sequence[str] | None = None,
) -> Embedder:
    """Return the compiled embedder of a model, or sentence-transformers where there is none.

    `streams` batches are computed at a time, by default one a thread, which suits many chunks; with one stream
    all threads share a text, and a lone question is answered soonest.

    A model is converted at its first use on a machine, which takes about twice as long as loading it. The result
    is kept in `cache_dir`, by default the user's cache folder, and so is a refusal. `precisions` are those to
    try, by default all that the processor has. Raises ModelError when the model itself cannot be loaded.
    """
    name, tokens = model.fingerprint.name, Tokens(model)
    reference = SentenceTransformersEmbedder(model, threads=threads, tokens=tokens)
    if (reason := why_not(model)) is not None:
        refuse(name, reason)
        return reference
    found = compiled_once(
        name,
        cache.shape_of(model),
        partial(convert, reference, tokens=tokens),
        threads=threads,
        streams=streams,
        cache_dir=cache_dir,
        least_cosine=least_cosine,
        precisions=precisions,
    )
    if found is None:
        return reference
    compiled, runtime = found
    return CompiledEmbedder(model.fingerprint, compiled, tokens=tokens, threads=threads, runtime=runtime)
