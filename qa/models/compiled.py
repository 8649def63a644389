"""An embedder compiled for this machine's processor: the same vectors, several times sooner, without torch."""

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Any

from qa.errors import ModelError
from qa.models.embedder import Embedded, Progress, Vectors
from qa.models.tokens import Tokens, checked, sentence_rows, unit
from qa.types import ModelFingerprint, Span

if TYPE_CHECKING:
    from types import ModuleType

    from openvino import CompiledModel, InferRequest

POOLINGS = {"mean": False, "mean_tokens": False, "cls": True, "cls_token": True}
"""The poolings that are understood, and whether each takes the first token's state."""

_BATCH_TOKENS = 1024  # more, and the last batch leaves a core idle for long
_WINDOW = 2048  # texts tokenised at a time, so that a large folder's tokens never lie in memory together
_ROUND = 16  # tokens: each new shape costs a compilation, and a tile of AMX has 16 rows
_IMPORT = Lock()


def load_openvino() -> "ModuleType":
    """Import OpenVINO, the only way this package does it: `import openvino` alone would phone home.

    Its converter reports each import to a server through the package openvino_telemetry, unless a file in the
    user's home forbids it. OpenVINO does without that package when there is none, so here there is none.

    Its first array is handed over here, by one thread: two that do it at once may wait for each other for ever, the
    one for Python's lock, the other, which holds that, for the guard of a variable of pybind11.
    """
    with _IMPORT:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # how Python spells "there is none"
        if (loaded := sys.modules.get("openvino")) is not None:
            return loaded
        # Its converter takes a quarter of the import and is needed once a model; OpenVINO imports it if it can.
        sys.modules["openvino.tools.ovc"] = None  # type: ignore[assignment]
        try:
            loaded = importlib.import_module("openvino")
        finally:
            del sys.modules["openvino.tools.ovc"]
        import numpy as np

        loaded.Tensor(np.zeros(1, dtype=np.int64))
        return loaded


def options(threads: int, precision: str, *, streams: int) -> dict[str, Any]:
    """Return OpenVINO's options: `streams` texts or batches at a time, each on its share of the threads."""
    return {
        "INFERENCE_PRECISION_HINT": precision,
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": threads,
        # Pinned, two processes would sit on the same core.
        "ENABLE_CPU_PINNING": False,
    }


class CompiledEmbedder:
    """Embeds with a compiled transformer: token ids and mask in, the tokens' final states out.

    Any number of threads may call it at once; together they use the streams the model was compiled with.
    """

    def __init__(
        self,
        fingerprint: ModelFingerprint,
        compiled: "CompiledModel",
        *,
        tokens: Tokens,
        threads: int,
        runtime: str,
    ) -> None:
        self.fingerprint = fingerprint
        self.runtime = runtime
        self._tokens = tokens
        self._first_token = POOLINGS[fingerprint.pooling]
        self._idle: SimpleQueue[InferRequest] = SimpleQueue()
        for _ in range(threads):
            self._idle.put(compiled.create_infer_request())
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="qa-embed")

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count with the model's own tokenizer."""
        return self._tokens.count(texts)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Return one row a text."""
        return self._embed(texts, self.fingerprint.question_prefix, [()] * len(texts), None).chunks

    def embed_chunks(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], progress: Progress | None = None
    ) -> Embedded:
        """Embed with one forward pass a text, which gives the vectors of its sentences too."""
        return self._embed(texts, self.fingerprint.chunk_prefix, sentences, progress)

    def _embed(
        self,
        texts: Sequence[str],
        prefix: str,
        sentences: Sequence[Sequence[Span]],
        progress: Progress | None,
    ) -> Embedded:
        import numpy as np

        dim = self.fingerprint.dim
        starts = np.cumsum([0, *map(len, sentences)])
        rows = np.empty((len(texts), dim), dtype=np.float32)
        parts = np.empty((int(starts[-1]), dim), dtype=np.float32)
        encoded: dict[int, Any] = {}

        def embed(batch: list[int]) -> None:
            with self._states([encoded[place].ids for place in batch]) as found:
                for place, states in zip(batch, found, strict=True):
                    vector = unit((states[:1] if self._first_token else states).mean(axis=0))
                    rows[place] = vector
                    if sentences[place]:
                        parts[starts[place] : starts[place + 1]] = sentence_rows(
                            states,
                            vector,
                            encoded[place].offsets,
                            prefix_chars=len(prefix),
                            sentences=sentences[place],
                        )

        done = 0
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        for first in range(0, len(order), _WINDOW):
            window = order[first : first + _WINDOW]
            tokens = self._tokens.encode([prefix + texts[place] for place in window])
            encoded = dict(zip(window, tokens, strict=True))
            lengths = {place: len(row) for place, row in encoded.items()}
            for batch in self._each(embed, list(_batches(lengths, self._rounded))):
                done += len(batch)
                if progress is not None:
                    progress(done, len(texts))
        return Embedded(
            checked(rows, len(texts), self.fingerprint), checked(parts, len(parts), self.fingerprint)
        )

    def _each(self, work: Callable[[list[int]], None], batches: Sequence[list[int]]) -> Iterator[list[int]]:
        """Do the work for every batch, and yield each that is done."""
        if len(batches) == 1:  # a question: no need to wake another thread
            work(batches[0])
            yield batches[0]
            return
        futures: list[Future[None]] = [self._pool.submit(work, batch) for batch in batches]
        try:
            for batch, future in zip(batches, futures, strict=True):
                future.result()
                yield batch
        finally:  # after an error or Ctrl-C nobody wants the rest
            for future in futures:
                future.cancel()

    @contextmanager
    def _states(self, texts: Sequence[Sequence[int]]) -> Iterator[list[Vectors]]:
        """Run one forward pass; the tokens' final states of each text are readable inside the context only."""
        import numpy as np

        ids = np.zeros((len(texts), self._rounded(max(map(len, texts)))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for place, text in enumerate(texts):
            ids[place, : len(text)] = text
            mask[place, : len(text)] = 1
        request = self._idle.get()
        try:
            # Shared: nothing is copied, so the result is the request's own memory.
            found = request.infer([ids, mask], share_inputs=True, share_outputs=True)
            states: Vectors = found[0]
            if states.shape != (*ids.shape, self.fingerprint.dim):
                raise ModelError(
                    f"{self.fingerprint.name} returned token states of shape {states.shape}, expected "
                    f"{(*ids.shape, self.fingerprint.dim)}. Choose another model: QA_MODEL=default"
                )
            yield [row[: len(text)] for row, text in zip(states, texts, strict=True)]
        finally:
            self._idle.put(request)

    def _rounded(self, tokens: int) -> int:
        """Return the length to pad to; past the limit the model has no positions."""
        padded = -(-tokens // _ROUND) * _ROUND
        return min(padded, self._tokens.limit)


def _batches(lengths: Mapping[int, int], rounded: Callable[[int], int]) -> Iterator[list[int]]:
    """Yield the places of texts of about one length, padding included at most `_BATCH_TOKENS` together."""
    batch: list[int] = []
    for place in sorted(lengths, key=lambda place: -lengths[place]):
        if batch and (len(batch) + 1) * rounded(lengths[batch[0]]) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
