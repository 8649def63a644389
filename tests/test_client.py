"""The Python client: what a server says comes back as records, and a busy server is asked again."""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from qa.client import Client
from qa.errors import InputError, ServerError
from qa.filters import Filters
from qa.settings import Settings
from qa.types import Answer
from qa.wire import WireAnswer, answer_of, wire_answer
from qa.wiring import open_answerer, open_asker
from tests.running import running

pytestmark = pytest.mark.usefixtures("loopback")

QUESTIONS = (
    "Why was the harbour closed?",
    "How do I bake sourdough bread?",
    "When does the night train leave?",
)


@contextmanager
def scripted(*replies: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[str, list[float]]]:
    """Serve these replies one after the other, the last one for ever, and note when each was asked for."""
    asked: list[float] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            status, headers, body = replies[min(len(asked), len(replies) - 1)]
            asked.append(time.monotonic())
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def body(answer: Answer) -> bytes:
    return wire_answer(answer).model_dump_json().encode()


def refusal(code: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": "no"}}).encode()


def test_a_real_server_answers_as_the_index_does(settings: Settings) -> None:
    here = open_answerer(settings)
    with running(settings.index_dir) as server, Client(server.url) as client:
        for question in QUESTIONS:
            ours, theirs = wire_answer(here.ask(question)), client.ask(question)
            assert theirs.model_copy(update={"timing_ms": ours.timing_ms}) == ours
        asked: Sequence[str] = [*QUESTIONS, ""] * 30
        results = list(client.ask_many(asked))
        assert len(results) == 120
        for question, result in zip(asked, results, strict=True):
            if question:
                assert result.answer is not None
                assert result.answer.question == question
            else:
                assert result.error is not None
                assert result.error.code == "invalid_input"
        with pytest.raises(InputError, match="question"):
            client.ask("")


def test_filters_travel(settings: Settings) -> None:
    here = open_answerer(settings)
    filters = Filters(
        since="2023", until="2023-07-11", source=("the gazette",), article=("plain.md", "no.md")
    )
    with running(settings.index_dir) as server, Client(server.url) as client:
        for given, documents in ((filters, {"plain.md"}), (Filters(language=("xx",)), set())):
            ours, theirs = (
                here.ask(QUESTIONS[0], k=50, filters=given),
                client.answer(QUESTIONS[0], k=50, filters=given),
            )
            assert {each.chunk.article_id for each in theirs.passages} == documents
            assert (theirs.text, theirs.facets) == (ours.text, ours.facets)
            [many] = client.ask_many(QUESTIONS[:1], k=50, filters=given)
            assert many.answer is not None
            assert {each.document_id for each in many.answer.passages} == documents


def test_a_key_is_sent(settings: Settings) -> None:
    key = "a-key-of-the-test-suite"
    with running(settings.index_dir, QA_API_KEYS=key) as server:
        assert Client(server.url, key).ask(QUESTIONS[0]).status == "answered"
        with pytest.raises(ServerError, match=r"answered 401 \(key_required\)"):
            Client(server.url).ask(QUESTIONS[0])


def test_the_answer_travels_whole(answer: Answer) -> None:
    there = answer_of(WireAnswer.model_validate_json(body(answer)))
    stripped = tuple(
        replace(passage, chunk=replace(passage.chunk, heading="", sentences=()))
        for passage in answer.passages
    )
    assert there == replace(answer, passages=stripped)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_when_it_says(answer: Answer, status: int) -> None:
    busy = (status, {"retry-after": "1"}, refusal("overloaded"))
    with scripted(busy, busy, (200, {}, body(answer))) as (url, asked):
        assert Client(url).ask("?").question == answer.question
    assert len(asked) == 3
    assert asked[2] - asked[0] >= 2


def test_in_the_end_a_busy_server_is_an_error(answer: Answer) -> None:
    said = pytest.raises(ServerError, match=r"answered 503 \(overloaded\): no")
    with scripted((503, {"retry-after": "0"}, refusal("overloaded"))) as (url, asked), said:
        Client(url, retries=2).ask("?")
    assert len(asked) == 3


def test_a_newer_server_may_say_more(answer: Answer) -> None:
    more = json.loads(body(answer)) | {"mood": "sunny"}
    with scripted((200, {}, json.dumps(more).encode())) as (url, _):
        assert Client(url).ask("?").answer == answer.text


@pytest.mark.parametrize(
    "reply", [(200, {}, b"<html>"), (404, {}, b"nothing"), (200, {}, b"{}"), (500, {}, b"")]
)
def test_something_else_than_our_server_is_said_so(reply: tuple[int, dict[str, str], bytes]) -> None:
    with scripted(reply) as (url, _), pytest.raises(ServerError, match="is it a qa server of this version"):
        Client(url).ask("?")


def test_nobody_there_is_said_so() -> None:
    with pytest.raises(ServerError, match="Is it running"):
        Client("http://127.0.0.1:9", retries=0).ask("?")


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://localhost", "http://", "/tmp", "http://[::1"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="expected a URL"):
        Client(url)


def test_the_settings_choose_between_here_and_there(settings: Settings) -> None:
    with running(settings.index_dir) as server:
        there = open_asker(
            settings.model_copy(update={"server": server.url, "index_dir": settings.index_dir / "no"})
        )
        here = open_asker(settings)
        ours, theirs = (
            asker(QUESTIONS[0], k=2, max_context_tokens=50, explained=True) for asker in (here, there)
        )
    assert theirs.citations == ours.citations
    assert theirs.context == ours.context
    assert theirs.explanation == ours.explanation


def test_asking_a_server_loads_nothing_that_answers() -> None:
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-m",
        "qa",
        "ask",
        "Why?",
        "--server",
        "http://127.0.0.1:1",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "Cannot ask http://127.0.0.1:1/ask" in done.stderr
    assert re.findall(r"\b(numpy|faiss|openvino|torch|transformers|fastapi|structlog)\n", done.stderr) == []
