"""Open the quickest embedder that a model allows on this machine."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qa.models import cache
from qa.models.compiled import CompiledEmbedder, load_openvino, options
from qa.models.convert import LEAST_COSINE, convert, why_not
from qa.models.embedder import Embedder
from qa.models.folder import ModelFolder
from qa.models.sample import TEXTS
from qa.models.sentence_transformers import SentenceTransformersEmbedder
from qa.models.tokens import Tokens

if TYPE_CHECKING:
    from openvino import CompiledModel, Core

_PRECISIONS = {"BF16": "bf16", "FP16": "f16", "FP32": "f32"}  # what a processor has, and how to ask for it
_INSTEAD = "%s is not compiled but runs in sentence-transformers, several times slower: %s"
_log = logging.getLogger("qa.models")


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
        _log.info(_INSTEAD, name, reason)
        return reference
    try:
        core = load_openvino().Core()
        able = sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
        precisions = precisions or [word for flag, word in _PRECISIONS.items() if flag in able]
        machine = (_openvino_version(), core.get_property("CPU", "FULL_DEVICE_NAME"), *able)
        folder = cache_dir or _user_folder()
        path = cache.entry_path(folder, model, machine=machine, check=(str(least_cosine), *precisions))
        streams = streams or threads
        verdict, compiled = _cached(core, path, threads, streams)
        level = logging.INFO
        if verdict is None:
            verdict, compiled = _converted(reference, path, tokens, threads, least_cosine, precisions)
            level = logging.WARNING  # a refusal is news once
    # No build of OpenVINO for this machine; no room or no right to write; whatever OpenVINO could not do.
    except (ImportError, OSError, RuntimeError) as error:
        _log.warning(_INSTEAD, name, f"{type(error).__name__}: {error}")
        return reference
    if compiled is None:
        _log.log(level, _INSTEAD, name, verdict.reason)
        return reference
    runtime = f"openvino {verdict.openvino} {verdict.precision}"
    return CompiledEmbedder(model.fingerprint, compiled, tokens=tokens, threads=threads, runtime=runtime)


def _cached(
    core: "Core", path: Path, threads: int, streams: int
) -> "tuple[cache.Verdict | None, CompiledModel | None]":
    """Return what an earlier call found out; an entry that OpenVINO cannot read is as good as damaged."""
    found = cache.read_entry(path)
    if found is None:
        return None, None
    verdict, blob = found
    if verdict.precision is None:
        return verdict, None
    with suppress(RuntimeError):
        return verdict, core.import_model(blob, "CPU", options(threads, verdict.precision, streams=streams))
    return None, None


def _converted(
    reference: SentenceTransformersEmbedder,
    path: Path,
    tokens: Tokens,
    threads: int,
    least_cosine: float,
    precisions: Sequence[str],
) -> "tuple[cache.Verdict, CompiledModel | None]":
    """Convert the model, and keep what came of it."""
    _log.info("Compiling %s for this processor, once.", reference.fingerprint.name)
    with cache.scratch(path.parent) as scratch:
        found = convert(
            reference,
            tokens=tokens,
            threads=threads,
            scratch=scratch,
            least_cosine=least_cosine,
            precisions=precisions,
        )
    blob = b"" if found.compiled is None else found.compiled.export_model().getvalue()
    verdict = cache.Verdict(
        model=reference.fingerprint.name,
        precision=found.precision,
        reason=found.reason,
        least_cosine=found.least_cosine,
        sample=len(TEXTS),
        openvino=_openvino_version(),
        reference=reference.runtime,
        date=datetime.now(UTC).date().isoformat(),
    )
    try:
        cache.write_entry(path, verdict, blob)
    except OSError as error:  # this process at least has its model
        _log.warning("%s will be compiled again: %s", reference.fingerprint.name, error)
    return verdict, found.compiled


def _openvino_version() -> str:
    """Return the release, without the build."""
    return str(load_openvino().__version__).partition("-")[0]


def _user_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("qa") / "models"
