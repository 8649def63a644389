"""A store that refuses, hangs, resets or answers late: an error in bounded time, and recovery without a restart."""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
import urllib3

from qa.answer import Answerer
from qa.errors import InputError, StoreUnavailableError
from qa.index import OpenIndex
from qa.milvus import MilvusStore, parse_address
from qa.models import FakeEmbedder
from tests.load import JSON
from tests.milvus.proxy import Mode, Proxy, proxied, sealed
from tests.milvus.server import Server, free_port, start, stop
from tests.milvus.test_contract import QUESTION, build, corpus_of, essence
from tests.running import running

TIMEOUT_S = 3.0
SLACK_S = 4.0  # a machine that is busy with other tests
LEGS = 2  # calls one after the other that may each wait for so long before one fails
FAULTS: tuple[Mode, ...] = ("refuse", "hang", "reset")


@pytest.fixture
def proxy(milvus: Server) -> Iterator[Proxy]:
    with proxied(milvus.port) as proxy:
        yield proxy


@pytest.fixture
def store(milvus: Server, proxy: Proxy) -> Iterator[MilvusStore]:
    """A store behind the proxy, with an index in it."""
    address = milvus.address()
    direct = MilvusStore(parse_address(address), dense_kind="FLAT")
    build(direct, corpus_of(8))
    direct.close()
    made = MilvusStore(parse_address(address.replace(str(milvus.port), str(proxy.port))), timeout_s=TIMEOUT_S)
    yield made
    made.close()


def asked(index: OpenIndex) -> object:
    """Ask without what may be known already."""
    return essence(Answerer(index, FakeEmbedder(), refuse_below=0).ask(QUESTION))


def recovered(store: MilvusStore, *, within_s: float = 20) -> object:
    """Ask until there is an answer."""
    end = time.monotonic() + within_s
    while True:
        try:
            return asked(store.open())
        except StoreUnavailableError:
            if time.monotonic() > end:
                raise


@pytest.mark.parametrize("fault", FAULTS)
def test_an_open_index_fails_in_time_and_recovers(store: MilvusStore, proxy: Proxy, fault: Mode) -> None:
    index = store.open()
    answer = asked(index)
    proxy.become(fault)
    for _ in range(2):
        start = time.monotonic()
        with pytest.raises(StoreUnavailableError, match=r"cannot be reached.*qa doctor --store"):
            asked(index)
        assert time.monotonic() - start < LEGS * TIMEOUT_S + SLACK_S
    proxy.become("pass")
    assert recovered(store) == answer
    assert asked(index) == answer  # the one that was open all along


@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_that_is_away_at_first_is_said_to_be_and_found_later(
    store: MilvusStore, proxy: Proxy, fault: Mode
) -> None:
    proxy.become(fault)
    for call in (store.pointer, store.open):
        start = time.monotonic()
        with pytest.raises(StoreUnavailableError, match="cannot be reached"):
            call()
        assert time.monotonic() - start < LEGS * TIMEOUT_S + SLACK_S
    proxy.become("pass")
    recovered(store)


def test_a_late_answer_is_waited_for_and_one_too_late_is_not(store: MilvusStore, proxy: Proxy) -> None:
    index = store.open()
    answer = asked(index)
    proxy.become("late", late_s=0.1)
    assert asked(index) == answer
    proxy.become("late", late_s=2 * TIMEOUT_S)
    start = time.monotonic()
    with pytest.raises(StoreUnavailableError, match=r"no answer within 3 s"):
        asked(index)
    assert time.monotonic() - start < LEGS * TIMEOUT_S + SLACK_S
    proxy.become("pass")
    assert recovered(store) == answer


def test_a_short_reset_is_not_even_noticed(store: MilvusStore, proxy: Proxy) -> None:
    index = store.open()
    answer = asked(index)
    for _ in range(3):
        proxy.become("reset")
        threading.Timer(0.2, proxy.become, ("pass",)).start()
        assert asked(index) == answer


def test_many_threads_fail_together_and_not_one_after_the_other(store: MilvusStore, proxy: Proxy) -> None:
    index = store.open()
    asked(index)
    proxy.become("hang")
    begin = time.monotonic()
    with futures.ThreadPoolExecutor(8) as pool:
        errors = [each.exception() for each in [pool.submit(asked, index) for _ in range(8)]]
    assert {type(error) for error in errors} == {StoreUnavailableError}
    assert time.monotonic() - begin < LEGS * TIMEOUT_S + SLACK_S


def test_a_build_that_loses_its_store_says_so_and_goes_on_later(milvus: Server, proxy: Proxy) -> None:
    address = milvus.address()
    articles = corpus_of(40)
    behind = address.replace(str(milvus.port), str(proxy.port))
    store = MilvusStore(parse_address(behind), dense_kind="FLAT")
    store._writing.timeout_s = TIMEOUT_S
    embedder = Cutting(proxy)
    with pytest.raises(StoreUnavailableError):
        build(store, articles, embedder)
    proxy.become("pass")
    direct = MilvusStore(parse_address(address), dense_kind="FLAT")
    report = build(direct, articles)
    assert report.published
    assert report.manifest.chunks == sum(each.chunks for each in direct.open().articles())
    direct.close()
    store.close()


class Cutting(FakeEmbedder):
    """A model during whose work the line to the store is cut."""

    def __init__(self, proxy: Proxy) -> None:
        super().__init__()
        self._proxy = proxy

    def embed_chunks(self, texts: Any, sentences: Any, progress: Any = None) -> Any:
        self._proxy.become("refuse")
        return super().embed_chunks(texts, sentences)


def post(url: str, question: str) -> tuple[int, dict[str, Any], Any]:
    response = urllib3.request(
        "POST", f"{url}/ask", body=json.dumps({"question": question}), headers=JSON, retries=False, timeout=30
    )
    return response.status, json.loads(response.data), response.headers


@pytest.mark.parametrize("fault", FAULTS)
def test_the_service_says_503_and_recovers(milvus: Server, proxy: Proxy, fault: Mode) -> None:
    address = milvus.address()
    direct = MilvusStore(parse_address(address), dense_kind="FLAT")
    build(direct, corpus_of(8))
    direct.close()
    behind = address.replace(str(milvus.port), str(proxy.port))
    with running(None, QA_STORE=behind, QA_STORE_TIMEOUT_S=str(TIMEOUT_S), QA_REFUSE_BELOW="0") as server:
        status, answer, _ = post(server.url, QUESTION)
        assert (status, answer["status"]) == (200, "answered")
        proxy.become(fault)
        for question in (QUESTION, "Which bridge was closed?", "Who spoke in Cairo?"):
            begin = time.monotonic()
            status, body, headers = post(server.url, question)
            assert (status, body["error"]["code"]) == (503, "store_unavailable")
            assert headers["retry-after"]
            assert "127.0.0.1" not in body["error"]["message"]
            assert time.monotonic() - begin < TIMEOUT_S + SLACK_S
        ready = urllib3.request("GET", f"{server.url}/readyz", retries=False, timeout=30)
        assert ready.status == 503
        alive = urllib3.request("GET", f"{server.url}/healthz", retries=False, timeout=30)
        assert alive.status == 200
        proxy.become("pass")
        end = time.monotonic() + 20
        while (found := post(server.url, QUESTION))[0] == 503 and time.monotonic() < end:
            time.sleep(0.2)
        assert found[0] == 200
        assert found[1]["citations"] == answer["citations"]


def test_a_server_that_was_restarted_is_found_again(tmp_path: Path, loopback: None) -> None:
    port = free_port()
    process = start(tmp_path / "data", port)
    try:
        store = MilvusStore(parse_address(f"milvus://127.0.0.1:{port}/news"), timeout_s=TIMEOUT_S)
        build(store, corpus_of(8))
        answer = asked(store.open())
        stop(process)
        with pytest.raises(StoreUnavailableError):
            asked(store.open())
        process = start(tmp_path / "data", port)
        assert recovered(store) == answer
        store.close()
    finally:
        stop(process)


class Refusing(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A server that takes no token, and keeps those it was shown."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code
        self.seen: list[dict[str, str]] = []

    def service(self, call: Any) -> Any:
        self.seen.append(dict(call.invocation_metadata))
        return grpc.unary_unary_rpc_method_handler(self._refuse)

    def _refuse(self, request: bytes, context: Any) -> bytes:
        context.abort(self._code, "auth check failure")
        return b""


def test_a_token_is_sent_and_its_refusal_is_explained(loopback: None) -> None:
    handler = Refusing(grpc.StatusCode.UNAUTHENTICATED)
    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=(handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        store = MilvusStore(
            parse_address(f"milvus://127.0.0.1:{port}/news"), token="user:secret", timeout_s=TIMEOUT_S
        )
        with pytest.raises(StoreUnavailableError, match="QA_STORE_TOKEN") as caught:
            store.open()
        assert "secret" not in str(caught.value)
        assert any("authorization" in each for each in handler.seen)
        store.close()
    finally:
        server.stop(None).wait()


def test_a_server_with_a_certificate_of_ones_own(milvus: Server, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate, which is not there")
    certificate, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(
        [*command, *name, "-out", str(certificate), "-keyout", str(key)], check=True, capture_output=True
    )
    address = milvus.address()
    direct = MilvusStore(parse_address(address), dense_kind="FLAT")
    build(direct, corpus_of(8))
    expected = asked(direct.open())
    direct.close()
    with sealed(milvus.port, certificate, key) as port:
        sealed_address = f"https://localhost:{port}/{address.rsplit('/', 1)[1]}"
        trusting = MilvusStore(
            parse_address(sealed_address), certificate=certificate, token="user:secret", timeout_s=10
        )
        assert asked(trusting.open()) == expected
        trusting.close()
        wary = MilvusStore(parse_address(sealed_address), timeout_s=TIMEOUT_S)
        with pytest.raises(StoreUnavailableError, match="cannot be reached"):
            wary.open()
        wary.close()


def test_a_certificate_that_is_not_there_is_named(milvus: Server, tmp_path: Path) -> None:
    address = milvus.address().replace("milvus://", "https://")
    store = MilvusStore(parse_address(address), certificate=tmp_path / "none.pem", timeout_s=TIMEOUT_S)
    with pytest.raises(InputError, match=r"none\.pem.*QA_STORE_CA"):
        store.open()
