"""The real service with the real model: attacked, overloaded, left, stopped, and asked for a long time."""

import contextlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import urllib3

from qa.settings import Settings
from qa.wiring import build_index
from tests.load import HEAD, REQUEST, ask, is_closed, load, p95, p95_ms
from tests.reliability.conftest import MakeFigure
from tests.reliability.figures import FULL, dose
from tests.running import Running, running

pytestmark = [pytest.mark.alone, pytest.mark.model, pytest.mark.usefixtures("loopback")]

ATTACKERS = 350  # 300 heads that never end, 50 bodies that trickle


@pytest.fixture(scope="module")
def articles(tmp_path_factory: pytest.TempPathFactory, seeds_dir: Path) -> Path:
    """A folder of articles that may be edited."""
    folder = tmp_path_factory.mktemp("edited")
    return shutil.copytree(seeds_dir, folder, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, articles: Path) -> Path:
    settings = Settings(index_dir=tmp_path_factory.mktemp("service"))
    build_index(articles, settings)
    return settings.index_dir


@pytest.fixture
def server(index: Path) -> Iterator[Running]:
    with running(index, model="default") as found:
        load(found.url, clients=2, seconds=2)
        yield found


def test_connections_that_dawdle_are_closed_and_hold_nobody_up(server: Running, figure: MakeFigure) -> None:
    tried = figure(f"{ATTACKERS - 50} half-open heads and 50 slow bodies beside normal questions: questions")
    ratios, longest = [], 0.0
    for _ in range(dose(1, 5)):
        before = load(server.url, clients=1, seconds=dose(3, 6))
        with contextlib.ExitStack() as stack:
            attackers = [
                stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
                for _ in range(ATTACKERS)
            ]
            for number, attacker in enumerate(attackers):
                attacker.sendall(
                    HEAD[: 20 + number % 60] if number < 300 else HEAD + b"content-length: 1000\r\n\r\n{"
                )
            begun = time.monotonic()
            during = load(server.url, clients=1, seconds=dose(3, 6))
            while time.monotonic() - begun < 20 and not all(map(is_closed, attackers)):
                for attacker in attackers[300:]:
                    with contextlib.suppress(OSError):
                        attacker.sendall(b" ")
                time.sleep(0.25)
            longest = max(longest, time.monotonic() - begun)
        ratios.append(p95_ms(during) / p95_ms(before))
        tried.trials += len(before) + len(during)
        tried.failures += [str(one.status) for one in before + during if one.status != 200]
    tried.details |= {
        "p95 with them to p95 without": round(statistics.median(ratios), 2),
        "longest until all were closed in s": round(longest, 1),
    }
    assert not tried.failures
    assert longest < 15
    if FULL:  # two short runs on a shared machine waver by more, attack or no attack
        assert statistics.median(ratios) < 1.5


def test_overload_is_turned_away_and_what_is_accepted_is_not_late(
    server: Running, figure: MakeFigure
) -> None:
    calm = load(server.url, clients=1, seconds=dose(4, 15))
    calm_ms = answers_ms(server, 200)[-len(calm) :]
    capacity = len(load(server.url, clients=2, seconds=dose(4, 15))) / dose(4, 15)
    seconds, clients = dose(10, 60), 48
    tried = figure(f"questions at 10 times the capacity for {seconds} s")
    memory, before = server.resident_mib(), len(answers_ms(server, 200))
    begun = time.monotonic()
    wild = load(server.url, clients=clients, seconds=seconds, pace_s=clients / (10 * capacity))
    ended = time.monotonic()
    grown = server.resident_mib() / memory
    recovered = None
    with contextlib.suppress(StopIteration):
        pool = urllib3.PoolManager()
        recovered = next(
            one.at - ended
            for one in iter(lambda: ask(pool, server.url), None)
            if one.seconds * 1000 < 1.5 * p95_ms(calm) or one.at - ended > 10
        )
    wild_ms, refused_ms = answers_ms(server, 200)[before:], answers_ms(server, 503)
    tried.trials = len(wild)
    tried.failures += [str(one.status) for one in wild if one.status not in (200, 429, 503)]
    counted = Counter(one.status for one in wild)
    ratio = p95_ms(one for one in wild if one.at - begun > 3) / p95_ms(calm)
    tried.details |= {
        "capacity per s": round(capacity, 1),
        **{f"status {status}": count for status, count in sorted(counted.items())},
        "p95 of the accepted, all, to unloaded": round(p95_ms(wild) / p95_ms(calm), 2),
        "after 3 s": round(ratio, 2),
        "in the server": round(p95(wild_ms) / p95(calm_ms), 2),
        "ms to a 503 in the server, p50": statistics.median(refused_ms),
        "p95": round(p95(refused_ms), 1),
        "memory after to before": round(grown, 3),
        "normal after s": round(recovered or 0, 1),
    }
    assert not tried.failures
    assert counted[200] > 0.3 * capacity * seconds
    assert counted[503] > counted[200]
    assert grown < 1.1
    assert recovered is not None
    assert recovered < 5
    if FULL:  # two questions at a time take twice as long as one, and the clients use the same two cores
        assert ratio < 2.5
    assert server.metric("qa_questions_in_flight") == 0


def test_clients_that_leave_free_their_places(server: Running, figure: MakeFigure) -> None:
    tried = figure("clients that hang up after 50 ms")
    longest = 0.0
    for _ in range(dose(4, 20)):
        with contextlib.ExitStack() as stack:
            leaving = [
                stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(50)
            ]
            for connection in leaving:
                connection.sendall(REQUEST)
            tried.trials += len(leaving)
            time.sleep(0.05)
        begun = time.monotonic()
        while server.metric("qa_questions_in_flight") and time.monotonic() - begun < 5:
            time.sleep(0.02)
        longest = max(longest, time.monotonic() - begun)
    tried.details["longest until none was in flight in s"] = round(longest, 2)
    assert longest < 2
    assert ask(urllib3.PoolManager(), server.url).status == 200


@pytest.mark.parametrize("workers", ["1", "2"])
def test_told_to_stop_it_answers_what_is_there_and_is_unready_first(
    index: Path, workers: str, figure: MakeFigure
) -> None:
    tried = figure(f"SIGTERM during 50 questions, {workers} worker{'s' * (workers != '1')}: questions")
    longest = 0.0
    for _ in range(dose(1, 10)):
        with running(index, "--workers", workers, model="default") as server, contextlib.ExitStack() as stack:
            asking = [
                stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
                for _ in range(50)
            ]
            for connection in asking:
                connection.sendall(REQUEST)
            time.sleep(0.1)
            begun = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            unready = []
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                while time.monotonic() - begun < 3:
                    probe = urllib3.request("GET", f"{server.url}/readyz", retries=False, timeout=2)
                    unready.append(probe.status)
                    time.sleep(0.02)
            found = Counter(status_of(connection) for connection in asking)
            code = server.process.wait(timeout=10)
            longest = max(longest, time.monotonic() - begun)
        tried.trials += 50
        for status, count in found.items():
            tried.details[status] = int(tried.details.get(status, 0)) + count
            tried.failures += [status] * (count if status not in ("200", "503") else 0)
        tried.failures += [f"exit {code}"] * (code != 0) + ["never unready"] * (503 not in unready)
    tried.details["longest until the process had ended in s"] = round(longest, 1)
    assert not tried.failures
    assert longest < 10


def test_it_goes_on_for_a_long_time_while_articles_change(
    server: Running, index: Path, articles: Path, figure: MakeFigure
) -> None:
    minutes, every_s = dose(30, 1800) / 60, dose(15, 30)
    tried = figure(
        f"questions in {minutes:g} min at 70 % of capacity, articles indexed again every {every_s} s"
    )
    capacity = len(load(server.url, clients=2, seconds=5)) / 5
    samples: list[tuple[float, float, int]] = []
    begun, rounds = time.monotonic(), 0
    edited = articles / "small-alliances-for-ukraine.md"
    text = edited.read_text(encoding="utf-8")
    try:
        while time.monotonic() - begun < 60 * minutes:
            rounds += 1
            edited.write_text(f"{text}\n\nEdition {rounds} was printed on day {rounds}.\n", encoding="utf-8")
            command = [sys.executable, "-m", "qa", "index", str(articles), "--index-dir", str(index), "-q"]
            with subprocess.Popen(command) as build:
                replies = load(server.url, clients=2, seconds=every_s, pace_s=2 / (0.7 * capacity))
                assert build.wait(timeout=60) == 0
            tried.trials += len(replies)
            tried.failures += [str(one.status) for one in replies if one.status != 200]
            samples.append((time.monotonic() - begun, server.resident_mib(), server.descriptors()))
    finally:
        edited.write_text(text, encoding="utf-8")
    at, memory, files = zip(*samples, strict=True)
    tried.details |= {
        "capacity per s": round(capacity, 1),
        "generations": rounds,
        "MiB first": round(memory[0]),
        "last": round(memory[-1]),
        "descriptors first": files[0],
        "last descriptors": files[-1],
    }
    assert server.metric("qa_index_generation") > rounds
    assert not tried.failures
    assert abs(files[-1] - files[0]) <= 8
    if FULL:
        late = len(samples) // 3  # the first third warms up
        slope = float(np.polyfit(np.array(at[late:]) / 60, memory[late:], 1)[0])
        tried.details["MiB a minute after the first third"] = round(slope, 2)
        assert slope < 1
    else:
        assert memory[-1] < 1.1 * memory[0]


def status_of(connection: socket.socket) -> str:
    """Return the status of the response on a connection, "none" if there is none."""
    try:
        head = connection.recv(12)
    except OSError:
        return "none"
    return head.removeprefix(b"HTTP/1.1 ").decode() or "none"


def answers_ms(server: Running, status: int) -> list[float]:
    """Return how long the server took for each question that got this status, in milliseconds."""
    lines = [line for line in server.lines() if line.get("route") == "/ask"]
    return [line["ms"] for line in lines if line["status"] == status]
