"""`qa ask --server` says what `qa ask` says, and what is wrong when it cannot."""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import HARBOUR, NOWHERE, on_terminal, piped, plain, qa
from tests.cli.test_errors import expect_runnable
from tests.running import Running, running

pytestmark = pytest.mark.usefixtures("loopback")

KEY = "a-key-of-the-test-suite"


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Running]:
    """A server of the same index, which wants a key."""
    with running(place / "index", QA_API_KEYS=KEY) as found:
        yield found


def ask(folder: Path, url: str, *arguments: str, key: str = KEY) -> "subprocess.CompletedProcess[bytes]":
    variables = {"QA_API_KEY": key} if key else {}
    return qa(folder, "ask", *arguments, "--server", url, variables=variables)


@pytest.mark.parametrize(
    "arguments", [(HARBOUR,), (HARBOUR, "-k", "1"), (NOWHERE,), (HARBOUR, "--explain"), ("?" * 2001,), (" ",)]
)
def test_it_says_what_the_index_says(
    place: Path, tmp_path: Path, server: Running, arguments: tuple[str, ...]
) -> None:
    here, there = qa(place, "ask", *arguments), ask(tmp_path, server.url, *arguments)
    assert (there.returncode, there.stdout) == (here.returncode, here.stdout)
    assert bool(there.stderr) == bool(here.stderr)
    if there.stderr:
        expect_runnable(there.stderr.decode())


def test_the_objects_are_equal_but_for_the_time(place: Path, tmp_path: Path, server: Running) -> None:
    arguments = (HARBOUR, "--json", "--explain", "--max-context-tokens", "60")
    here, there = qa(place, "ask", *arguments), ask(tmp_path, server.url, *arguments)
    assert {**json.loads(there.stdout), "timing_ms": 0} == {**json.loads(here.stdout), "timing_ms": 0}


def test_a_terminal_shows_the_same_but_no_links(place: Path, tmp_path: Path, server: Running) -> None:
    here = on_terminal(place, "ask", HARBOUR)
    there = on_terminal(tmp_path, "ask", HARBOUR, "--server", server.url, variables={"QA_API_KEY": KEY})
    assert plain(there) == plain(here)
    assert "\x1b]8" in here
    assert "\x1b]8" not in there


def test_many_questions_go_to_the_server_too(tmp_path: Path, server: Running) -> None:
    done = qa(
        tmp_path,
        *("ask", "-", "--jsonl"),
        stdin=f"{HARBOUR}\n\n{NOWHERE}\n".encode(),
        variables={"QA_SERVER": server.url, "QA_API_KEY": KEY},
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert [line.get("status") or line["error"]["code"] for line in lines] == [
        "answered",
        "invalid_input",
        "no_evidence",
    ]


@pytest.mark.parametrize(("key", "code"), [("", "key_required"), ("another-key-than-the-one", "key_")])
def test_a_key_that_is_missing_or_wrong(tmp_path: Path, server: Running, key: str, code: str) -> None:
    done = ask(tmp_path, server.url, HARBOUR, key=key)
    assert (done.returncode, done.stdout) == (2, b"")
    assert f"answered 401 ({code}" in done.stderr.decode()
    expect_runnable(done.stderr.decode())


def test_another_service(tmp_path: Path, server: Running) -> None:
    done = ask(tmp_path, f"{server.url}/elsewhere", HARBOUR)
    assert (done.returncode, done.stdout) == (2, b"")
    assert "answered 404" in done.stderr.decode()
    expect_runnable(done.stderr.decode())


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound, but not listening
        taken.bind(("127.0.0.1", 0))
        done = ask(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}", HARBOUR)
    error = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b"")
    assert error.startswith("qa: Cannot ask http://127.0.0.1:")
    assert "Connection refused" in error
    assert "object at 0x" not in error
    assert error.endswith("Is it running? Start it: qa serve\n")


def test_a_server_that_goes_between_two_questions(place: Path, tmp_path: Path) -> None:
    with (
        running(place / "index") as server,
        piped(tmp_path, "ask", "-", "--jsonl", "--server", server.url) as process,
    ):
        assert process.stdin
        assert process.stdout
        process.stdin.write(HARBOUR.encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["status"] == "answered"
        server.process.terminate()
        server.process.wait(30)
        out, error = process.communicate(f"{HARBOUR}\n{HARBOUR}\n".encode(), timeout=60)
    assert (process.returncode, out) == (2, b"")
    expect_runnable(error.decode())
