"""A running `qa serve` over 100,000 chunks: one client, then as many as it can bear.

    .venv/bin/python benchmarks/service.py ../shared/train/en.jsonl.xz

Starts the real server on two threads and asks it real questions over kept connections, from this process.
The yardstick is the `embed` time in the answers themselves: the bare forward pass of the embedder in the
server, in the same second. The load generator takes part of the two cores; its share is reported.
"""

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import record
import tiled

from qa.models import DEFAULT_MODEL, find_model, open_embedder

CHUNKS = 100_000
THREADS = 2
WARM_UP = 100
CLIENTS = (1, 2, 3, 4, 8, 16)
ARRIVALS = {
    "even": lambda chance: 1.0,  # as load generators of constant throughput send
    "random": lambda chance: chance.expovariate(1.0),  # as people do
}


class Client:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> "Client":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, question: str) -> dict:  # type: ignore[type-arg]
        """Return the answer's object; anything but 200 is an error."""
        body = json.dumps({"question": question}).encode()
        head = f"POST /ask HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nContent-Type: application/json\r\n"
        self._writer.write(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer_head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", answer_head, re.IGNORECASE)[1])  # type: ignore[index]
        data = await self._reader.readexactly(length)
        if not answer_head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{answer_head!r} {data!r}")
        return json.loads(data)  # type: ignore[no-any-return]


def main() -> None:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path, help="en.jsonl.xz of the training rows")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "qa-bench")
    parser.add_argument("--questions", type=int, default=1000)
    arguments = parser.parse_args()
    base = tiled.Base(
        arguments.train, arguments.cache, open_embedder(find_model(DEFAULT_MODEL), threads=THREADS)
    )
    index_dir = arguments.cache / f"index-{CHUNKS}"
    tiled.build(base, index_dir, CHUNKS)
    with server(index_dir) as port:
        figures = asyncio.run(measure(port, base.questions, arguments.questions))
    record.write(
        "service",
        what=f"POST /ask over {CHUNKS} chunks (text and vectors tiled from real ones), qa serve on {THREADS} threads, "
        "client on the same two cores; forward = the embed stage of the same answers",
        figures=figures,
        packages=("faiss-cpu", "fastapi", "uvicorn", "openvino", "numpy"),
    )
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


@contextmanager
def server(index_dir: Path) -> Iterator[int]:
    """Run `qa serve` on a free port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "qa", "serve", "--port", "0", "--index-dir", str(index_dir)],
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # Reading costs the same whatever the index; reading.py has it.
        # Nothing is turned away: how long all wait is what is measured.
        env={**os.environ, "QA_THREADS": str(THREADS), "QA_READER": "off", "QA_QUEUE": "10000"},
    )
    try:
        assert process.stderr is not None
        yield int(re.search(r"http://127\.0\.0\.1:(\d+)", process.stderr.readline())[1])  # type: ignore[index]
    finally:
        process.terminate()
        process.wait(30)


async def measure(port: int, questions: Sequence[str], count: int) -> dict[str, object]:
    """Return latency of one client, throughput by number of clients, and latency at 80 % of the best."""
    asked = [questions[i % len(questions)] for i in range(count)]
    async with Client(port) as client:
        for question in asked[:WARM_UP]:
            await client.ask(question)
        walls, stages = [], []
        for question in asked:
            begun = time.perf_counter()
            answer = await client.ask(question)
            walls.append(time.perf_counter() - begun)
            stages.append(answer["timing_ms"])
    one = percentiles(walls)
    forward = statistics.median(stage["embed"] for stage in stages)
    figures: dict[str, object] = {
        "one client": {
            **one,
            "forward p50 ms": round(forward, 2),
            "p50 - forward ms": round(one["p50 ms"] - forward, 2),
            "p99 / p50": round(one["p99 ms"] / one["p50 ms"], 2),
            **{
                f"{name} p50 ms": round(statistics.median(stage[name] for stage in stages), 2)
                for name in stages[0]
            },
        }
    }
    closed = {}
    for clients in CLIENTS:
        closed[clients] = await closed_loop(port, asked, clients)
        figures[f"{clients} clients"] = closed[clients]
    peak = max(row["questions/s"] for row in closed.values())
    figures["peak questions/s"] = peak
    for arrivals in ARRIVALS:
        loaded = await open_loop(port, asked, 0.8 * peak, ARRIVALS[arrivals])
        against = round(loaded["p99 ms"] / one["p50 ms"], 2)
        figures[f"at 80 % of the peak, {arrivals} arrivals"] = {**loaded, "p99 / p50 of one client": against}
    return figures


async def closed_loop(port: int, asked: Sequence[str], clients: int) -> dict[str, float]:
    """Ask everything with so many connections, each with its next question as soon as the last is answered."""
    waiting = iter(asked)
    walls: list[float] = []

    async def work() -> None:
        async with Client(port) as client:
            for question in waiting:
                begun = time.perf_counter()
                await client.ask(question)
                walls.append(time.perf_counter() - begun)

    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(clients)))
    wall = time.perf_counter() - begun
    return {
        "questions/s": round(len(walls) / wall, 1),
        **percentiles(walls),
        "client's share of one core": round((time.process_time() - cpu) / wall, 2),
    }


async def open_loop(
    port: int, asked: Sequence[str], rate: float, gap: Callable[[random.Random], float]
) -> dict[str, float]:
    """Ask `rate` a second, whether the last ones are answered or not; `gap` is the time between two, mean 1."""
    chance = random.Random(8)
    idle: asyncio.Queue[Client] = (
        asyncio.Queue()
    )  # the longest idle first: the server ends what idles for 5 s
    walls: list[float] = []

    async def one(question: str, due: float) -> None:
        client = await Client(port).__aenter__() if idle.empty() else idle.get_nowait()
        await client.ask(question)
        walls.append(time.perf_counter() - due)  # from when it should have been sent: no omission
        idle.put_nowait(client)

    due = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for question in asked:
            due += gap(chance) / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(one(question, due))
    while not idle.empty():
        await idle.get_nowait().__aexit__()
    return {"questions/s offered": round(rate, 1), **percentiles(walls)}


def percentiles(walls: Sequence[float]) -> dict[str, float]:
    """Return median and 99th percentile in ms."""
    cuts = statistics.quantiles(walls, n=100)
    return {"p50 ms": round(cuts[49] * 1000, 2), "p99 ms": round(cuts[98] * 1000, 2)}


if __name__ == "__main__":
    main()
