"""Read with the trained network, compiled for this machine's processor: the ask path needs no torch."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING, Any

from qa.models import DEFAULT_MODEL, Converted, Workshop, compiled_once, find_model, quickest, quiet, traced
from qa.reader.encode import EncodedPair, Ids, PairEncoder, padded_arrays
from qa.reader.reading import Logits, Page, Reading, best_spans
from qa.reader.sample import PAGES, QUESTION
from qa.reader.weights import WEIGHTS, checked_sha256

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from openvino import CompiledModel, InferRequest

    from qa.reader.network import ReaderNetwork

    Forward = Callable[[Ids, Ids, Ids], tuple[Logits, Logits]]

_ROUND = 16  # tokens: each new shape costs a compilation, and a tile of AMX has 16 rows
_PAGES_A_BATCH = 2


class NetworkReader:
    """Reads a few pages a thread at a time; any number of threads may call it at once."""

    def __init__(self, forward: "Forward", *, encoder: PairEncoder, threads: int, runtime: str) -> None:
        """Take the network: ids, kinds and mask in; logits of spans, (rows, tokens, 2), and of rows, (rows, 2), out."""
        self.runtime = runtime
        self._forward = forward
        self._encoder = encoder
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="qa-read")

    def read(self, question: str, pages: Sequence[Page], *, budget_ms: float | None = None) -> list[Reading]:
        """Read in rounds; a round begins if another one like the last still fits into the budget."""
        begun = perf_counter()
        pairs = self._encoder.encode(question, [page.header for page in pages], [page.text for page in pages])
        found: list[Reading] = []
        while len(found) < len(pages):
            started = perf_counter()
            some = slice(len(found), len(found) + self._threads * _PAGES_A_BATCH)
            found += self._round(pages[some], pairs[some])
            now = perf_counter()
            if budget_ms is not None and (now - begun + now - started) * 1000 > budget_ms:
                break
        return found

    def _round(self, pages: Sequence[Page], pairs: Sequence[EncodedPair]) -> list[Reading]:
        """Read pages of about one length together."""
        order = sorted(range(len(pages)), key=lambda place: len(pairs[place].ids))
        size = -(-len(pages) // self._threads)
        batches = [order[first : first + size] for first in range(0, len(order), size)]
        read = partial(self._batch, pages, pairs)
        # Alone, a batch need not wake another thread.
        found = map(read, batches) if len(batches) == 1 else self._pool.map(read, batches)
        readings = dict(
            zip((place for batch in batches for place in batch), (r for b in found for r in b), strict=True)
        )
        return [readings[place] for place in range(len(pages))]

    def _batch(
        self, pages: Sequence[Page], pairs: Sequence[EncodedPair], places: Sequence[int]
    ) -> list[Reading]:
        some = [pairs[place] for place in places]
        spans, wholes = self._forward(*arrays(some))
        readings = []
        for row, (place, pair) in enumerate(zip(places, some, strict=True)):
            text = slice(pair.text, pair.text + len(pair.offsets))
            starts, ends = spans[row, :, 0], spans[row, :, 1]
            nothing = float(starts[0] + ends[0])
            best = best_spans(starts[text], ends[text], pair.offsets, pages[place].sentences, nothing)
            readings.append(Reading(float(wholes[row, 0]), float(wholes[row, 1]), best))
        return readings


def arrays(pairs: Sequence[EncodedPair]) -> tuple[Ids, Ids, Ids]:
    """Return ids, kinds and mask of rows padded to one length."""
    longest = max(len(pair.ids) for pair in pairs)
    length = -(-longest // _ROUND) * _ROUND
    return padded_arrays([pair.ids for pair in pairs], [pair.passage for pair in pairs], length=length)


def open_reader(*, threads: int, weights: Path = WEIGHTS, cache_dir: Path | None = None) -> NetworkReader:
    """Return the reader with these weights, compiled where that is possible, in PyTorch elsewhere.

    It is converted at its first use on a machine. Raises ModelError when its weights are not what they should be.
    """
    model = find_model(DEFAULT_MODEL)
    encoder = PairEncoder(model)
    shape = {"reader": checked_sha256(weights), "tokenizer": model.fingerprint.tokenizer_sha256}
    load = partial(load_network, model.path, weights)
    convert = partial(_convert, load=load, encoder=encoder)
    found = compiled_once("the reader", shape, convert, threads=threads, cache_dir=cache_dir)
    if found is not None:
        compiled, runtime = found
        return NetworkReader(_compiled(compiled, threads), encoder=encoder, threads=threads, runtime=runtime)
    return NetworkReader(uncompiled(load(), threads), encoder=encoder, threads=threads, runtime="torch")


def load_network(folder: Path, weights: Path) -> "ReaderNetwork":
    """Return the network with trained weights, in float32."""
    from safetensors.torch import load_file

    from qa.reader.network import ReaderNetwork

    network = ReaderNetwork(folder)
    network.load_state_dict({name: weight.float() for name, weight in load_file(weights).items()})
    return network.eval()


def _convert(work: Workshop, *, load: "Callable[[], ReaderNetwork]", encoder: PairEncoder) -> Converted:
    import torch

    rows = arrays(encoder.encode(QUESTION, [page.header for page in PAGES], [page.text for page in PAGES]))
    with quiet():
        network = load()
        graph = traced(network, tuple(torch.from_numpy(part) for part in rows))
    expected = _logits(uncompiled(network, work.threads)(*rows), rows[2])

    def check(compiled: "CompiledModel", precision: str) -> tuple[float, Callable[[], object]]:
        run = partial(_compiled(compiled, 1), *rows)
        return _least_cosine(_logits(run(), rows[2]), expected), run

    return quickest(graph, work, check, reference=f"torch {torch.__version__}", sample=len(PAGES))


def _logits(found: tuple[Logits, Logits], mask: Ids) -> "list[NDArray[np.float64]]":
    """Return all logits of each row; padding has none."""
    import numpy as np

    return [
        np.concatenate([spans[seen > 0].ravel(), whole]).astype(np.float64)
        for spans, whole, seen in zip(*found, mask, strict=True)
    ]


def _least_cosine(ours: "Sequence[NDArray[np.float64]]", theirs: "Sequence[NDArray[np.float64]]") -> float:
    """Return the worst agreement of any row, -1 for values that are no numbers."""
    import numpy as np

    cosines = [float(x @ y / np.sqrt((x @ x) * (y @ y))) for x, y in zip(ours, theirs, strict=True)]
    return min(cosines) if np.isfinite(cosines).all() else -1.0


def _compiled(compiled: "CompiledModel", streams: int) -> "Forward":
    idle: SimpleQueue[InferRequest] = SimpleQueue()
    for _ in range(streams):
        idle.put(compiled.create_infer_request())

    def forward(ids: Ids, kinds: Ids, mask: Ids) -> tuple[Logits, Logits]:
        request = idle.get()
        try:
            found = request.infer([ids, kinds, mask], share_inputs=True)
            return found[0], found[1]
        finally:
            idle.put(request)

    return forward


def uncompiled(network: "ReaderNetwork", threads: int) -> "Forward":
    """Return the network as PyTorch runs it."""
    import torch

    def forward(*rows: Any) -> tuple[Logits, Logits]:  # noqa: ANN401 (arrays of ids)
        torch.set_num_threads(threads)
        with torch.inference_mode():
            spans, wholes = network(*(torch.from_numpy(part) for part in rows))
        return spans.numpy(), wholes.numpy()

    return forward
