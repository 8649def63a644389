"""Follow an index while a writer publishes new generations of it."""

import logging
import math
import threading
from functools import partial
from time import monotonic

from qa.answer.ask import Answerer
from qa.errors import IndexUnavailableError, StoreUnavailableError
from qa.index import IndexStore
from qa.models import Embedder
from qa.reader import Reader

RETRY_S = 5.0
_log = logging.getLogger("qa.answer")


class LiveAnswerer:
    """Hands out the answerer of the newest generation that can be opened; safe to share between threads.

    Who was handed one keeps it, and its generation, to the end of the request, so no answer mixes two.
    """

    def __init__(
        self,
        store: IndexStore,
        embedder: Embedder,
        *,
        reader: Reader | None = None,
        read_budget_ms: float | None = None,
        refuse_below: float | None = None,
    ) -> None:
        """Open what `store` has published; the other arguments are those of `Answerer`.

        Raises IndexMissingError, IndexDamagedError or IndexMismatchError.
        """
        self._store, self._embedder = store, embedder
        self._answerer = partial(
            Answerer,
            embedder=embedder,
            reader=reader,
            read_budget_ms=read_budget_ms,
            refuse_below=refuse_below,
        )
        self._opening = threading.Lock()
        self._seen = store.pointer()
        self._retry_at = math.inf
        self._current = self._open()

    def current(self) -> Answerer:
        """Return the newest answerer; looking whether there is a newer generation costs one small read.

        Raises StoreUnavailableError when the store cannot be reached: then nothing that is open could answer either.
        """
        try:
            pointer = self._store.pointer()
        except IndexUnavailableError:
            return self._current  # the folder is gone, or damaged: what is open still answers
        # While one request opens the new generation the others go on with the old one.
        due = pointer != self._seen or monotonic() >= self._retry_at
        if due and self._opening.acquire(blocking=False):
            try:
                self._follow(pointer)
            finally:
                self._opening.release()
        return self._current

    def _follow(self, pointer: object) -> None:
        self._seen, self._retry_at = pointer, math.inf
        try:
            self._current = self._open()
            _log.info("now answering from %s", self._current.generation.manifest.generation)
        except (IndexUnavailableError, StoreUnavailableError) as error:
            # Perhaps only a disk that was away, or too many open files: look again, but not at every request.
            self._retry_at = monotonic() + RETRY_S
            kept = self._current.generation.manifest.generation
            _log.error("staying with %s, since the new generation cannot be opened: %s", kept, error)

    def _open(self) -> Answerer:
        return self._answerer(self._store.open(model=self._embedder.fingerprint))
