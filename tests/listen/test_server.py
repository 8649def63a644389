"""A real server: connections that dawdle, what is no HTTP, and several processes. Under load: tests/reliability."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from qa.settings import Settings
from qa.wiring import build_index
from tests.load import BODIES, HEAD, JSON, REQUEST, Reply, is_closed, load
from tests.running import Running, running

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def server(settings: Settings) -> Iterator[Running]:
    with running(settings.index_dir) as found:
        yield found


def test_a_head_that_trickles_in_is_given_no_more_time(server: Running) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        begun = time.monotonic()
        for byte in HEAD * 3:
            if is_closed(slow):
                break
            with contextlib.suppress(OSError):
                slow.setblocking(True)
                slow.sendall(bytes([byte]))
            time.sleep(0.1)
        assert 4 < time.monotonic() - begun < 8


def test_a_second_request_has_its_own_time(server: Running) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as kept:
        for _ in range(3):
            kept.sendall(REQUEST)
            kept.settimeout(10)
            assert kept.recv(65536).startswith(b"HTTP/1.1 200")
            time.sleep(2.5)
            with contextlib.suppress(TimeoutError):
                kept.settimeout(0.2)
                while kept.recv(65536):
                    pass
        kept.sendall(HEAD[:30])
        time.sleep(3)
        assert not is_closed(kept)
        time.sleep(4)
        assert is_closed(kept)


def closed_after(connection: socket.socket, longest_s: float, *, trickling: bool = False) -> float:
    """Return after how many seconds the other side closes."""
    begun = time.monotonic()
    while not is_closed(connection) and time.monotonic() - begun < longest_s:
        if trickling:
            with contextlib.suppress(OSError):
                connection.sendall(b" ")
        time.sleep(0.05)
    return time.monotonic() - begun


@pytest.mark.parametrize("trickling", [False, True])
def test_a_refused_request_whose_body_never_ends_is_not_waited_for(server: Running, trickling: bool) -> None:
    for head in (HEAD.replace(b"localhost", b"evil.example"), HEAD.replace(b"/ask", b"/nothing")):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
            slow.sendall(head + b"content-length: 100000\r\n\r\n{")
            assert slow.recv(9).startswith(b"HTTP/1.1")
            assert closed_after(slow, 10, trickling=trickling) < 4


def test_a_refused_request_is_told_so_when_its_body_comes_late_and_the_connection_goes_on(
    server: Running,
) -> None:
    body = f"content-length: {len(BODIES[0])}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as kept:
        for _ in range(3):
            kept.sendall(HEAD.replace(b"/ask", b"/nothing") + body)
            time.sleep(0.2)
            kept.sendall(BODIES[0])
            assert kept.recv(65536).startswith(b"HTTP/1.1 404")
        time.sleep(2)
        kept.sendall(REQUEST)
        assert kept.recv(65536).startswith(b"HTTP/1.1 200")


def test_who_does_not_take_the_response_is_not_waited_for(tmp_path: Path) -> None:
    empty_lines = "\n" * 6_000_000  # a long response, and no work to index
    (tmp_path / "long.txt").write_text(f"Long{empty_lines}A sentence at the end.", encoding="utf-8")
    settings = Settings(model="fake", index_dir=tmp_path / "index")
    build_index(tmp_path, settings)
    with running(settings.index_dir) as server, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", server.port))
        slow.sendall(b"GET /articles/long.txt HTTP/1.1\r\nhost: localhost\r\n\r\n")
        began = time.monotonic()
        time.sleep(2)
        open_before = server.descriptors()
        while server.descriptors() == open_before and time.monotonic() - began < 30:
            time.sleep(0.2)
        assert 5 < time.monotonic() - began < 20


def test_what_is_no_http_is_refused_in_the_shape_of_all_errors(server: Running) -> None:
    for nonsense in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(nonsense)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400")
        assert json.loads(body)["error"]["code"] == "bad_request"


def test_workers_share_an_index_and_count_together_and_one_that_dies_is_replaced(settings: Settings) -> None:
    with running(settings.index_dir, "--workers", "2") as server:
        assert {one.status for one in load(server.url, clients=4, seconds=2)} == {200}
        asked = server.metric('qa_requests_total{route="/ask",status="200"}')
        lines = [line for line in server.lines() if line.get("route") == "/ask"]
        assert asked == len(lines)
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        workers = [pid for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]
        assert len(workers) == 2
        os.kill(int(workers[0]), signal.SIGKILL)
        deadline = time.monotonic() + 30
        while not [line for line in server.lines() if "starting another" in str(line.get("event"))]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(3)
        assert {one.status for one in load(server.url, clients=4, seconds=1)} == {200}


def test_workers_that_cannot_start_end_it_with_their_reason(settings: Settings) -> None:
    command = [sys.executable, "-m", "qa", "serve", "--port", "0", "--workers", "2", "--index-dir"]
    found = subprocess.run(
        [*command, str(settings.index_dir)], capture_output=True, text=True, check=False, timeout=120
    )
    assert found.returncode == 3
    lines = [json.loads(line) for line in found.stderr.splitlines() if line.startswith("{")]
    assert lines
    assert all("made with model" in line["event"] for line in lines)
    assert "Traceback" not in found.stderr


MOMENTS = {
    "before uvicorn listens to signals": (
        1,
        "uvicorn",
        "Server",
        "run",
        "{signal}; return before(*args, **named)",
    ),
    "between two workers": (
        2,
        "multiprocessing.context",
        "SpawnProcess",
        "start",
        "before(*args, **named); {signal}",
    ),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_told_to_stop_while_it_starts_it_stops(settings: Settings, moment: str) -> None:
    workers, module, owner, method, body = MOMENTS[moment]
    script = f"""
import signal
from {module} import {owner}
from qa.__main__ import main
before = {owner}.{method}
def told(*args, **named):
    {body.format(signal="signal.raise_signal(signal.SIGTERM)")}
{owner}.{method} = told
main()
"""
    flags = [
        "--port",
        "0",
        "--model",
        "fake",
        "--index-dir",
        str(settings.index_dir),
        "--workers",
        str(workers),
    ]
    found = subprocess.run(
        [sys.executable, "-c", script, "serve", *flags],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert found.returncode == 0, found.stderr
    assert "Traceback" not in found.stderr


def test_an_interrupt_stops_all_workers(settings: Settings) -> None:
    with running(settings.index_dir, "--workers", "2") as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=20) == 130
        assert "Traceback" not in server.log.read_text(encoding="utf-8")


def test_behind_a_proxy_that_is_trusted_its_word_counts_and_nobody_elses(settings: Settings) -> None:
    def asked(server: Running, client: str, scheme: str = "https") -> int:
        headers = {
            **JSON,
            "host": "qa.example.org",
            "origin": f"{scheme}://qa.example.org",
            "x-forwarded-proto": "https",
            "x-forwarded-for": client,
        }
        response = urllib3.request(
            "POST", f"{server.url}/ask", body=BODIES[0], headers=headers, retries=False, timeout=30
        )
        return response.status

    given = {"QA_ALLOWED_HOSTS": "qa.example.org", "QA_RATE_LIMIT": "2/minute"}
    with running(settings.index_dir, **given, QA_TRUSTED_PROXIES="127.0.0.1") as server:
        assert [asked(server, "10.0.0.1") for _ in range(3)] == [200, 200, 429]
        assert asked(server, "10.0.0.2") == 200
        assert asked(server, "10.0.0.3", "http") == 403
    with running(settings.index_dir, **given) as server:
        assert asked(server, "10.0.0.1") == 403
        assert [asked(server, f"10.0.0.{n}", "http") for n in range(3)] == [200, 200, 429]


def test_who_stops_reading_the_log_stops_no_answer(settings: Settings) -> None:
    command = [sys.executable, "-m", "qa", "serve", "--port", "0", "--model", "fake", "--index-dir"]
    with subprocess.Popen([*command, str(settings.index_dir)], stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            url = server.stderr.readline().split()[2]
            found: list[Reply] = []
            while len(found) < 600:  # a pipe holds 64 KiB, a line of the log some 250 bytes
                found += load(url, clients=2, seconds=1)
            assert {one.status for one in found} == {200}
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=20) == 0
