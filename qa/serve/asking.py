"""From a checked question to the object on the wire, by the pool's threads."""

from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.requests import ClientDisconnect, Request

from qa.answer import Answerer
from qa.errors import OverloadedError, QAError
from qa.gate import Metrics, Refusal, told
from qa.models import Vectors
from qa.serve.pool import Pool
from qa.wire import AskRequest, WireAnswer, WireBatch, WireError, WireResult, wire_answer

T = TypeVar("T")


class Asking:
    """Asks the articles; `current` returns the answerer to use, and each question calls it once."""

    def __init__(self, current: Callable[[], Answerer], pool: Pool, metrics: Metrics) -> None:
        """Take who answers, who computes, and who counts."""
        self._current = current
        self._pool = pool
        self._metrics = metrics
        # Who only looks at the index does not queue behind questions.
        self._looking = anyio.CapacityLimiter(1)

    async def look(self, work: Callable[[Answerer], T]) -> T:
        """Return what `work` finds in the open index."""
        # Opening a generation takes a moment: never on the event loop.
        return await anyio.to_thread.run_sync(lambda: work(self._opened()), limiter=self._looking)

    async def answer(
        self, request: Request, asked: AskRequest, vector: Vectors | None = None, *, patient: bool = False
    ) -> WireAnswer:
        """Return the answer to one question. Raises what `Pool.run` and `Answerer.ask` do."""

        def work(given_up: Event) -> WireAnswer:
            found = self._opened().ask(
                asked.question,
                k=asked.k,
                max_context_tokens=asked.max_context_tokens,
                explained=asked.explain,
                filters=asked.filters.record,
                vector=vector,
                given_up=given_up.is_set,
            )
            self._metrics.answered(found.status, found.timings_ms)
            return wire_answer(found)

        return await self._compute(request, work, patient=patient)

    async def batch(self, request: Request, asked: Sequence[AskRequest | Refusal]) -> WireBatch:
        """Return the answers in their order; one that fails does not keep the others from theirs."""
        questions = [one.question for one in asked if isinstance(one, AskRequest)]
        vectors: Iterator[Vectors] = iter(())
        if questions:
            vectors = iter(await self._compute(request, lambda given_up: self._opened().embed(questions)))
        return WireBatch(results=[await self._result(request, one, vectors) for one in asked])

    async def _result(
        self, request: Request, asked: AskRequest | Refusal, vectors: Iterator[Vectors]
    ) -> WireResult:
        if isinstance(asked, Refusal):
            return WireResult(answer=None, error=WireError(code="invalid_input", message=asked.detail))
        try:
            # One after the other, so that single questions get their turn in between.
            found = await self.answer(request, asked, next(vectors), patient=True)
        except QAError as error:
            _, code, message = told(error)
            return WireResult(answer=None, error=WireError(code=code, message=message))
        return WireResult(answer=found, error=None)

    async def _compute(self, request: Request, work: Callable[[Event], T], *, patient: bool = False) -> T:
        left = Event()

        async def gone() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            left.set()

        try:
            with self._metrics.in_flight.track_inprogress():
                return await self._pool.run(work, gone=gone, patient=patient)
        except OverloadedError:
            if left.is_set():
                raise ClientDisconnect from None
            raise

    def _opened(self) -> Answerer:
        answerer = self._current()
        self._metrics.opened(answerer.generation)
        return answerer
