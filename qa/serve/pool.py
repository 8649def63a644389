"""The threads that compute answers, and the short queue in front of them."""

import asyncio
from collections.abc import Awaitable, Callable
from threading import Event
from typing import TypeVar

import anyio
import anyio.to_thread

from qa.errors import OverloadedError

T = TypeVar("T")


CALM = 5
"""Overload is over when so many pieces in a row found a free thread."""


class Pool:
    """Runs blocking work in at most `threads` threads; at most `queue` further pieces wait for one.

    A burst may fill the queue. Load that goes on would keep it full, and all would wait its whole length; so from a
    refusal on, until `CALM` pieces in a row found a free thread, no piece waits. Counted in pieces rather than
    seconds, that is soon over where the load is below the capacity (at 70 % of it, with two threads and arrivals at
    random, seven in ten find one free), lasts where it is above (at ten times, one in ten), and is not over
    because the machine stood still and refused nothing. (After "Fail at Scale", ACM Queue 13(8), 2015: queue long
    only where the queue empties. The shares are Erlang's loss formula.)
    """

    def __init__(self, *, threads: int, queue: int, deadline_s: float) -> None:
        """Take the limits; `deadline_s` covers waiting and working."""
        self._limiter = anyio.CapacityLimiter(threads)
        self._queue = queue
        self._in_a_row = CALM  # pieces that found a free thread since the last refusal
        self._here = 0  # the limiter counts a piece only some turns of the event loop after it was let in
        self._deadline_s = deadline_s
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Give up all work, that of now and that to come."""
        self._stopped.set()

    @property
    def waiting(self) -> int:
        """Return how many pieces of work wait for a thread."""
        return self._limiter.statistics().tasks_waiting

    @property
    def working(self) -> int:
        """Return how many threads compute."""
        return self._limiter.statistics().borrowed_tokens

    async def run(
        self, work: Callable[[Event], T], *, gone: Callable[[], Awaitable[object]], patient: bool = False
    ) -> T:
        """Return what `work` returns; the event it gets is set when nobody waits for that any more.

        `gone` is awaited beside it, and its return means that the client has left: work that waits for a thread is
        dropped then, and work that has begun keeps its thread until it looks at the event. `patient` work queues
        however many wait already. Raises OverloadedError when the queue is full, the deadline has passed or the pool
        is stopped, and what `work` raises.
        """
        if not patient:
            self._refuse_beyond_the_queue()
        self._here += 1
        try:
            return await self._run(work, gone)
        finally:
            self._here -= 1

    async def _run(self, work: Callable[[Event], T], gone: Callable[[], Awaitable[object]]) -> T:
        given_up = Event()
        found: list[T] = []
        failed: list[Exception] = []
        async with anyio.create_task_group() as group:

            async def give_up(when: Callable[[], Awaitable[object]]) -> None:
                await when()
                given_up.set()
                group.cancel_scope.cancel()

            group.start_soon(give_up, gone)
            group.start_soon(give_up, lambda: anyio.sleep(self._deadline_s))
            group.start_soon(give_up, self._stopped.wait)
            try:
                found.append(await anyio.to_thread.run_sync(work, given_up, limiter=self._limiter))
            except Exception as error:  # noqa: BLE001 (raised below, where no group wraps it)
                failed.append(error)
            group.cancel_scope.cancel()
        if given_up.is_set():
            if self._stopped.is_set():
                raise OverloadedError("Shutting down. Ask another server, or again in a moment.")
            raise OverloadedError(f"No answer within {self._deadline_s:g} seconds. Ask again in a moment.")
        if failed:
            raise failed[0]
        return found[0]

    def _refuse_beyond_the_queue(self) -> None:
        queued = self._here - self._limiter.total_tokens
        if queued >= (self._queue if self._in_a_row >= CALM else 0):
            self._in_a_row = 0
            raise OverloadedError("Too many questions are here already. Ask again in a moment.")
        self._in_a_row += queued < 0
