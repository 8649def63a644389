"""Clients that ask a server, as quickly as they can or at a pace, and what they were told."""

import json
import socket
import statistics
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import urllib3

QUESTIONS = ("Why was the harbour closed?", "Why won't NATO admit Ukraine?", "Which drones did Turkey sell?")
BODIES = tuple(json.dumps({"question": question}).encode() for question in QUESTIONS)
HEAD = b"POST /ask HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
REQUEST = HEAD + f"content-length: {len(BODIES[0])}\r\n\r\n".encode() + BODIES[0]
JSON = {"content-type": "application/json"}


class Reply(NamedTuple):
    """What came of a question: its status, how long that took, and when it was there."""

    status: int
    seconds: float
    at: float


def ask(pool: urllib3.PoolManager, url: str, number: int = 0) -> Reply:
    """Ask one of the questions."""
    begun = time.monotonic()
    body = BODIES[number % len(BODIES)]
    response = pool.request("POST", f"{url}/ask", body=body, headers=JSON, retries=False, timeout=60)
    return Reply(response.status, time.monotonic() - begun, time.monotonic())


def load(url: str, *, clients: int, seconds: float, pace_s: float = 0) -> list[Reply]:
    """Ask with so many clients, each at most once in `pace_s`, and return what each question got."""
    until = time.monotonic() + seconds

    def client(number: int) -> list[Reply]:
        pool = urllib3.PoolManager(maxsize=1)
        found: list[Reply] = []
        time.sleep(pace_s * number / clients)
        while time.monotonic() < until:
            found.append(ask(pool, url, len(found)))
            time.sleep(max(0.0, pace_s - found[-1].seconds))
        return found

    with ThreadPoolExecutor(clients) as threads:
        return [each for found in threads.map(client, range(clients)) for each in found]


def is_closed(connection: socket.socket) -> bool:
    """Return whether the other side has closed, whatever it said before."""
    connection.settimeout(0)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def p95(values: Iterable[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


def p95_ms(replies: Iterable[Reply]) -> float:
    """Return the 95th percentile of the time of those that were answered, in milliseconds."""
    return 1000 * p95(one.seconds for one in replies if one.status == 200)
