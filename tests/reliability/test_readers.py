"""Readers never notice a writer: no error, and no answer that mixes two generations."""

import http.client
import json
import re
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from qa.answer import LiveAnswerer
from qa.index import FolderStore, read_pointer
from qa.models import FakeEmbedder
from qa.wiring import open_answerer
from tests.reliability.children import Child, Repeating, qa, start_qa
from tests.reliability.conftest import MakeFigure
from tests.reliability.figures import dose
from tests.reliability.states import (
    QUESTION,
    State,
    build,
    check_answer,
    check_opens,
    check_tidy,
    fake,
    state_of,
)

pytestmark = pytest.mark.alone

States = tuple[State, State]
READERS = 4


def read_on(connection: Connection, index_dir: Path, states: States, reopen: bool, seconds: float) -> None:
    """Ask without a pause; send how many answers, how many generations and which errors were seen."""
    live = LiveAnswerer(FolderStore(index_dir), FakeEmbedder(), refuse_below=0)
    connection.send("ready")
    errors: list[str] = []
    asked, generations = 0, set()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            answerer = open_answerer(fake(index_dir)) if reopen else live.current()
            answer = answerer.ask(QUESTION)
            check_answer(answer, state_of(answer.index.generation, states))
        except Exception as error:  # noqa: BLE001 (every one is a figure)
            errors.append(repr(error))
        else:
            generations.add(answer.index.generation)
        asked += 1
    connection.send((asked, len(generations), errors))


def write_on(connection: Connection, index_dir: Path, states: States, seconds: float) -> None:
    """Publish one state after the other without a pause; send how many."""
    published = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        build(states[published % 2], index_dir)
        published += 1
    connection.send(published)


def test_readers_see_one_generation_at_a_time(index_dir: Path, states: States, figure: MakeFigure) -> None:
    seconds = dose(20, 60)
    tried = figure(
        f"{READERS} readers for {seconds} s against a writer that publishes without a pause: answers"
    )
    build(states[1], index_dir)
    readers = [Child(read_on, index_dir, states, number % 2 == 1, seconds) for number in range(READERS)]
    for reader in readers:
        reader.receive()
    writer = Child(write_on, index_dir, states, seconds)
    tried.details["published"] = writer.receive()
    for reader in readers:
        asked, generations, errors = reader.receive()
        tried.trials += asked
        tried.failures += errors
        assert generations > 5
    for child in (writer, *readers):
        assert child.join() == 0
    assert not tried.failures
    check_tidy(index_dir)


@pytest.mark.usefixtures("loopback")
def test_the_server_follows_without_dropping_a_request(
    index_dir: Path, states: States, figure: MakeFigure
) -> None:
    tried = figure("requests to `qa serve` while `qa index` publishes")
    build(states[1], index_dir)
    server = start_qa("serve", "--port", "0", "--index-dir", index_dir, variables={"QA_REFUSE_BELOW": "0"})
    assert server.stderr is not None
    try:
        started = re.search(r"http://127\.0\.0\.1:(\d+)", server.stderr.readline())
        assert started
        port = int(started[1])
        generations: set[str] = set()

        def ask() -> None:
            answer = request(port, "POST", "/ask", {"question": QUESTION})
            generation = answer["index"]["generation"]
            state = state_of(generation, states)
            found = {citation["document_sha256"] for citation in answer["citations"]}
            if not found or not found <= state.texts or state.colour not in answer["answer"]:
                raise ValueError(f"{generation} answered {answer['answer']!r}")
            generations.add(generation)

        wait_until_ready(port)
        client = Repeating(ask)
        client.start()
        runs = dose(5, 20)
        for number in range(runs):
            assert qa("index", states[number % 2].folder, "--index-dir", index_dir).returncode == 0
        client.stop()
        tried.trials = client.done + len(client.errors)
        tried.failures += [repr(error) for error in client.errors]
        tried.details["generations answered"] = len(generations)
        newest = read_pointer(index_dir).generation
        assert request(port, "GET", "/readyz")["generation"] == newest
        assert request(port, "GET", "/info")["generation"] == newest
        assert not tried.failures
        assert len(generations) > runs / 2
        check_opens(index_dir, states[(runs - 1) % 2])
    finally:
        server.terminate()
        server.communicate(timeout=30)
    assert server.returncode == 0


def request(port: int, method: str, path: str, body: object = None) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(
            method, path, json.dumps(body) if body else None, {"content-type": "application/json"}
        )
        response = connection.getresponse()
        data = response.read()
        if response.status != 200:
            raise ValueError(f"{method} {path}: {response.status} {data[:300]!r}")
        return json.loads(data)
    finally:
        connection.close()


def wait_until_ready(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(OSError, ValueError):
            request(port, "GET", "/readyz")
            return
        time.sleep(0.1)
    raise TimeoutError("the server never became ready")
