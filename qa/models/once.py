"""Compile a network for this machine once, and find it compiled ever after."""

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qa.models import cache
from qa.models.compiled import load_openvino, options

if TYPE_CHECKING:
    import torch
    from openvino import CompiledModel, Core, Model

LEAST_COSINE = 0.999

_PRECISIONS = {"BF16": "bf16", "FP16": "f16", "FP32": "f32"}  # what a processor has, and how to ask for it
_RUNS = 3
_INSTEAD = "%s is not compiled but runs in PyTorch, several times slower: %s"
_log = logging.getLogger("qa.models")


@dataclass(frozen=True, slots=True)
class Converted:
    """The quickest form that passed, if any did; `reason` says how each form did.

    `reference` is what its results were compared with, on so many texts.
    """

    reason: str
    reference: str
    sample: int
    compiled: "CompiledModel | None" = None
    precision: str | None = None
    least_cosine: float | None = None


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a conversion works with; `scratch` is an empty folder."""

    core: "Core"
    scratch: Path
    threads: int
    precisions: Sequence[str]
    least_cosine: float


def compiled_once(
    name: str,
    shape: Mapping[str, object],
    convert: Callable[[Workshop], Converted],
    *,
    threads: int,
    streams: int | None = None,
    cache_dir: Path | None = None,
    least_cosine: float = LEAST_COSINE,
    precisions: Sequence[str] | None = None,
) -> "tuple[CompiledModel, str] | None":
    """Return a network compiled for this machine and its runtime's name, or None, and say why, if it cannot be.

    `shape` is everything that shapes the network. `convert` is called at its first use on a machine; what comes of
    it is kept in `cache_dir`, by default the user's cache folder, and so is a refusal. `streams` inputs are computed
    at a time, by default one a thread; `precisions` are those to try, by default all that the processor has.
    """
    try:
        core = load_openvino().Core()
        able = sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
        precisions = precisions or [word for flag, word in _PRECISIONS.items() if flag in able]
        machine = (_openvino_version(), core.get_property("CPU", "FULL_DEVICE_NAME"), *able)
        check = (str(least_cosine), *precisions)
        path = cache.entry_path(cache_dir or _user_folder(), shape, machine=machine, check=check)
        verdict, compiled = _cached(core, path, threads, streams or threads)
        level = logging.INFO
        if verdict is None:
            _log.info("Compiling %s for this processor, once.", name)
            with cache.scratch(path.parent) as scratch:
                found = convert(Workshop(core, scratch, threads, precisions, least_cosine))
            verdict, compiled = _keep(name, path, found), found.compiled
            level = logging.WARNING  # a refusal is news once
    # No build of OpenVINO for this machine; no room or no right to write; whatever OpenVINO could not do.
    except (ImportError, OSError, RuntimeError) as error:
        _log.warning(_INSTEAD, name, f"{type(error).__name__}: {error}")
        return None
    if compiled is None:
        _log.log(level, _INSTEAD, name, verdict.reason)
        return None
    return compiled, f"openvino {verdict.openvino} {verdict.precision}"


def quickest(
    graph: "Model",
    work: Workshop,
    check: "Callable[[CompiledModel, str], tuple[float, Callable[[], object]]]",
    *,
    reference: str,
    sample: int,
) -> Converted:
    """Compile a graph in the quickest precision that keeps its results.

    `check` gets each compiled form and its precision, and returns the least cosine of any result with the
    reference's, and a call to time.
    """
    passed: list[tuple[float, Converted]] = []
    found: list[str] = []
    for precision in work.precisions:
        # Half the bytes to read at each start, and more digits still than the precision that computes with them.
        path = work.scratch / f"{precision}.xml"
        load_openvino().save_model(graph, path, compress_to_fp16=precision != "f32")
        compiled = work.core.compile_model(
            path, "CPU", options(work.threads, precision, streams=work.threads)
        )
        cosine, run = check(compiled, precision)
        found.append(f"{precision} {cosine:.6f}")
        if cosine >= work.least_cosine:
            form = Converted("", reference, sample, compiled, precision, cosine)
            if precision == "bf16":  # where a processor has it, nothing is quicker: save the others' time
                passed = [(0.0, form)]
                break
            passed.append((_seconds(run), form))
    reason = f"least cosine with the reference {', '.join(found)}; expected {work.least_cosine}"
    if not passed:
        return Converted(reason, reference, sample)
    return replace(min(passed, key=lambda each: each[0])[1], reason=reason)


def traced(module: "torch.nn.Module", example: "tuple[torch.Tensor, ...]") -> "Model":
    """Return a PyTorch module as OpenVINO's graph."""
    import torch
    from openvino.tools.ovc import convert_model

    # Tracing's own check runs the model twice more; ours says more.
    script = torch.jit.trace(module.eval(), example, check_trace=False)  # type: ignore[no-untyped-call]
    return convert_model(script, example_input=example)


def _seconds(run: Callable[[], object]) -> float:
    """Return the median time of a call."""
    times: list[float] = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return sorted(times)[_RUNS // 2]


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what loading and tracing say about code that is not ours."""
    from transformers.utils import logging as library

    level, bar = library.get_verbosity(), library.is_progress_bar_enabled()
    library.set_verbosity_error()  # type: ignore[no-untyped-call]
    library.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        library.set_verbosity(level)
        if bar:
            library.enable_progress_bar()  # type: ignore[no-untyped-call]


def refuse(name: str, reason: str) -> None:
    """Say why a network is not even tried."""
    _log.info(_INSTEAD, name, reason)


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


def _keep(name: str, path: Path, found: Converted) -> cache.Verdict:
    """Keep what came of a conversion."""
    blob = b"" if found.compiled is None else found.compiled.export_model().getvalue()
    verdict = cache.Verdict(
        model=name,
        precision=found.precision,
        reason=found.reason,
        least_cosine=found.least_cosine,
        sample=found.sample,
        openvino=_openvino_version(),
        reference=found.reference,
        date=datetime.now(UTC).date().isoformat(),
    )
    try:
        cache.write_entry(path, verdict, blob)
    except OSError as error:  # this process at least has its model
        _log.warning("%s will be compiled again: %s", name, error)
    return verdict


def _openvino_version() -> str:
    """Return the release, without the build."""
    return str(load_openvino().__version__).partition("-")[0]


def _user_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("qa") / "models"
