"""The pool: at most so many at once, a short queue, a deadline, and nobody works for who has left."""

import contextlib
import threading
import time
from collections.abc import Awaitable, Callable

import anyio
import pytest

from qa.errors import InputError, OverloadedError
from qa.serve.pool import CALM, Pool

pytestmark = [pytest.mark.alone, pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def never() -> None:
    await anyio.sleep_forever()


def after(seconds: float) -> Callable[[], Awaitable[None]]:
    async def gone() -> None:
        await anyio.sleep(seconds)

    return gone


async def test_work_comes_back() -> None:
    pool = Pool(threads=2, queue=1, deadline_s=5)
    assert await pool.run(lambda given_up: given_up.is_set(), gone=never) is False


async def test_what_work_raises_comes_out_as_it_is() -> None:
    pool = Pool(threads=1, queue=1, deadline_s=5)

    def work(given_up: threading.Event) -> None:
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        await pool.run(work, gone=never)


async def test_more_than_the_queue_holds_is_refused_at_once() -> None:
    pool = Pool(threads=1, queue=1, deadline_s=5)
    go_on = threading.Event()
    refused: list[float] = []
    done: list[int] = []

    async def ask() -> None:
        begun = time.perf_counter()
        try:
            done.append(await pool.run(lambda given_up: int(go_on.wait(10)), gone=never))
        except OverloadedError:
            refused.append(time.perf_counter() - begun)

    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(ask)
        await anyio.sleep(0.2)
        assert (pool.working, pool.waiting) == (1, 1)
        for _ in range(20):
            group.start_soon(ask)
        await anyio.sleep(0.2)
        assert len(refused) == 20
        go_on.set()
    assert done == [1, 1]
    assert max(refused) < 0.1
    assert (pool.working, pool.waiting) == (0, 0)


async def test_a_burst_may_wait_and_nobody_does_under_load_that_goes_on() -> None:
    pool = Pool(threads=2, queue=8, deadline_s=30)
    accepted: list[int] = []

    async def ask(until: threading.Event) -> None:
        with contextlib.suppress(OverloadedError):
            await pool.run(lambda given_up: until.wait(20), gone=never)
            accepted.append(1)

    async def burst(pieces: int) -> tuple[int, int]:
        """Return how many worked and waited after a burst that nothing preceded."""
        until = threading.Event()
        async with anyio.create_task_group() as group:
            for _ in range(pieces):
                group.start_soon(ask, until)
            await anyio.sleep(0.1)
            found = pool.working, pool.waiting
            until.set()
        return found

    assert await burst(10) == (2, 8)
    assert len(accepted) == 10
    assert await burst(11) == (2, 8)  # the one that is refused begins the overload
    assert await burst(10) == (2, 0)
    await anyio.sleep(1)  # time alone does not end it
    assert await burst(10) == (2, 0)
    for _ in range(CALM - 1):
        await burst(1)
    assert await burst(10) == (2, 8)


async def test_without_a_queue_a_free_thread_takes_a_question() -> None:
    pool = Pool(threads=1, queue=0, deadline_s=5)
    for _ in range(3):
        assert await pool.run(lambda given_up: 1, gone=never) == 1


async def test_patient_work_waits_however_many_do() -> None:
    pool = Pool(threads=1, queue=0, deadline_s=5)
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(lambda: pool.run(lambda given_up: time.sleep(0.01), gone=never, patient=True))
    assert (pool.working, pool.waiting) == (0, 0)


async def test_the_deadline_covers_waiting_and_working() -> None:
    pool = Pool(threads=1, queue=5, deadline_s=0.2)
    stopped = threading.Event()

    def work(given_up: threading.Event) -> None:
        if given_up.wait(10):
            stopped.set()

    with pytest.raises(OverloadedError, match=r"within 0\.2 seconds"):
        await pool.run(work, gone=never)
    assert stopped.is_set()
    assert pool.working == 0


async def test_stopped_it_gives_up_what_runs_and_what_waits() -> None:
    pool = Pool(threads=1, queue=5, deadline_s=30)
    refused: list[str] = []

    async def ask() -> None:
        try:
            await pool.run(lambda given_up: given_up.wait(20), gone=never)
        except OverloadedError as error:
            refused.append(str(error))

    begun = time.monotonic()
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(ask)
        await anyio.sleep(0.1)
        pool.stop()
    await ask()
    assert len([message for message in refused if "Shutting down" in message]) == 4
    assert time.monotonic() - begun < 10
    assert (pool.working, pool.waiting) == (0, 0)


async def test_who_leaves_frees_a_place_in_the_queue_and_stops_the_work() -> None:
    pool = Pool(threads=1, queue=10, deadline_s=10)
    begun: list[int] = []
    stopped: list[bool] = []

    def work(given_up: threading.Event) -> None:
        begun.append(1)
        stopped.append(given_up.wait(10))

    async def ask() -> None:
        with pytest.raises(OverloadedError):
            await pool.run(work, gone=after(0.1))

    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(ask)
    assert len(begun) < 6
    assert all(stopped)
    assert (pool.working, pool.waiting) == (0, 0)
