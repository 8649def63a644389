"""The HTTP interface over a real index: what it returns, and what it says to those who send nonsense."""

import contextlib
import json
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from qa.answer import Answerer
from qa.index import Generation
from qa.listen import bind
from qa.models import FakeEmbedder
from qa.serve import LOOPBACK_HOSTS, Policy, create_app
from qa.serve.requests import MAX_BODY_BYTES
from qa.settings import Settings
from qa.wire import WireAnswer, wire_answer
from qa.wiring import make_app
from tests.articles import ARTICLES, QUESTIONS
from tests.reliability.children import qa
from tests.running import running

JSON = {"content-type": "application/json"}
HARBOUR = "Why was the harbour closed?"


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(make_app(settings), base_url="http://127.0.0.1:8000") as opened:
        yield opened


def _ask(client: TestClient, question: str, **fields: object) -> dict[str, Any]:
    response = client.post("/ask", json={"question": question, **fields})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def _error(status: int, body: bytes) -> tuple[str, str]:
    """Check the one shape of error and return its code and message."""
    parsed = json.loads(body.decode("utf-8"))
    assert parsed.keys() == {"error"}
    assert parsed["error"].keys() == {"code", "message"}
    assert 400 <= status < 600
    return parsed["error"]["code"], parsed["error"]["message"]


# --- answers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS, ids=ascii)
def test_every_offset_replays_against_the_stored_article(client: TestClient, question: str) -> None:
    answer = _ask(client, question, k=50)
    assert answer["offset_unit"] == "unicode_code_points"
    assert len(answer["passages"]) >= 10

    def text_of(place: dict[str, Any]) -> str:
        article = client.get(f"/articles/{quote(place['document_id'])}").json()
        assert article["offset_unit"] == "unicode_code_points"
        stored: str = article["text"]
        return stored

    for citation in answer["citations"]:
        stored = text_of(citation)
        assert stored[citation["start_char_index"] : citation["end_char_index"]] == citation["cited_text"]
        assert answer["answer"][citation["start_index"] : citation["end_index"]] == citation["cited_text"]
        assert citation["start_line"] == stored.count("\n", 0, citation["start_char_index"]) + 1
    for passage in answer["passages"]:
        assert text_of(passage)[passage["start_char_index"] : passage["end_char_index"]] == passage["text"]
        for start, end in passage["highlights"]:
            assert passage["start_char_index"] <= start < end <= passage["end_char_index"]


def test_an_answer_quotes_the_article_that_holds_it(client: TestClient) -> None:
    answer = _ask(client, HARBOUR)
    assert answer["status"] == "answered"
    assert answer["answer"].startswith("The harbour was closed on Monday because of a storm.")
    citation = answer["citations"][0]
    assert (citation["document_id"], citation["source"], citation["author"], citation["published"]) == (
        "plain.md",
        "The Gazette",
        "A. Writer",
        "2023-07-11",
    )
    assert (citation["start_line"], citation["end_line"], citation["passage"]) == (10, 10, 1)


def test_no_evidence_is_an_answer(client: TestClient) -> None:
    answer = _ask(client, "quantum chromodynamics lattice")
    assert (answer["status"], answer["answer"], answer["citations"]) == ("no_evidence", None, [])
    assert len(answer["passages"]) == 5


def test_whole_numbers_may_be_written_with_a_point(client: TestClient) -> None:
    assert len(_ask(client, HARBOUR, k=2.0, max_context_tokens=2e2)["passages"]) == 2


def test_k_and_the_context_are_obeyed(client: TestClient) -> None:
    assert _ask(client, HARBOUR)["context"] is None
    answer = _ask(client, HARBOUR, k=2, max_context_tokens=200)
    assert len(answer["passages"]) == 2
    assert 0 < answer["context"]["tokens"] <= 200


def test_the_command_line_and_the_api_return_the_same_object(
    generation: Generation, client: TestClient
) -> None:
    local = json.loads(wire_answer(Answerer(generation, FakeEmbedder()).ask(HARBOUR)).model_dump_json())
    sent = _ask(client, HARBOUR)
    for answer in (local, sent):
        answer["timing_ms"] = sorted(answer["timing_ms"])
    assert local == sent
    assert list(local) == list(sent) == list(WireAnswer.model_fields)


def test_every_article_is_listed_and_found_by_its_id(client: TestClient) -> None:
    listed = client.get("/articles").json()["articles"]
    assert [summary["document_id"] for summary in listed] == sorted(ARTICLES)
    for summary in listed:
        article = client.get(f"/articles/{quote(summary['document_id'])}").json()
        assert article["document_sha256"] == summary["document_sha256"]
        assert len(article["text"]) == article["characters"] == summary["characters"]
        assert summary["chunks"] >= 1


def test_health_readiness_and_manifest(client: TestClient, generation: Generation) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "generation": generation.manifest.generation}
    info = client.get("/info").json()
    assert (info["digest"], info["articles"]) == (generation.manifest.digest, len(ARTICLES))


# --- hostile requests ---------------------------------------------------------------------------------


def _body(**fields: object) -> bytes:
    return json.dumps({"question": HARBOUR, **fields}).encode()


def _raw(question: bytes) -> bytes:
    return b'{"question": ' + question + b"}"


HOSTILE_BODIES: dict[str, bytes] = {
    "nothing": b"",
    "whitespace": b"  \n ",
    "null": b"null",
    "true": b"true",
    "number": b"1",
    "string": b'"Why?"',
    "list": b"[]",
    "list of requests": b'[{"question": "Why?"}]',
    "empty object": b"{}",
    "not JSON": b"question=Why?",
    "cut off": b'{"question": "Why',
    "trailing comma": b'{"question": "Why?",}',
    "trailing text": b'{"question": "Why?"} x',
    "two objects": b'{"question": "Why?"}{"question": "Why?"}',
    "single quotes": b"{'question': 'Why?'}",
    "comment": b'{"question": "Why?" /* x */}',
    "UTF-8 BOM": b"\xef\xbb\xbf" + _raw(b'"Why?"'),
    "UTF-16": '{"question": "Why?"}'.encode("utf-16"),
    "UTF-16 without BOM": '{"question": "Why?"}'.encode("utf-16-le"),
    "UTF-32": '{"question": "Why?"}'.encode("utf-32"),
    "Latin-1": _raw('"café"'.encode("latin-1")),
    "overlong NUL": _raw(b'"\xc0\x80"'),
    "encoded surrogate": _raw(b'"\xed\xa0\x80"'),
    "raw NUL": _raw(b'"a\x00b"'),
    "raw control character": _raw(b'"a\x1bb"'),
    "raw line break": _raw(b'"a\nb"'),
    "lone high surrogate": _raw(rb'"\ud800"'),
    "lone low surrogate": _raw(rb'"\udfff"'),
    "surrogates reversed": _raw(rb'"\udc00\ud800"'),
    "surrogate in a name": rb'{"question": "Why?", "\ud800": 1}',
    "bad escape": _raw(rb'"\x41"'),
    "short escape": _raw(rb'"\u12"'),
    "question null": _raw(b"null"),
    "question number": _raw(b"5"),
    "question true": _raw(b"true"),
    "question list": _raw(b'["Why?"]'),
    "question object": _raw(b'{"text": "Why?"}'),
    "question empty": _raw(b'""'),
    "question of spaces": _raw(b'" \\n\\t  "'),
    "question of no-break spaces": _raw('"\u00a0\u2003\u2028"'.encode()),
    "question of separators": _raw(rb'"\u001c\u001d\u001e\u001f"'),
    "question of 2,001 characters": _raw(b'"' + b"a" * 2001 + b'"'),
    "question of 10,000 characters": _raw(b'"' + b"a" * 10_000 + b'"'),
    "question of 10,000 emoji": _raw(b'"' + "😀".encode() * 10_000 + b'"'),
    "question NaN": _raw(b"NaN"),
    "k zero": _body(k=0),
    "k negative": _body(k=-1),
    "k 51": _body(k=51),
    "k null": _body(k=None),
    "k true": _body(k=True),
    "k string": _body(k="5"),
    "k fraction": _body(k=5.5),
    "k almost whole": b'{"question": "Why?", "k": 5.0001}',
    "k below whole": b'{"question": "Why?", "k": 5e-1}',
    "k NaN": _body(k=float("nan")),
    "k infinity": _body(k=float("inf")),
    "k minus infinity": _body(k=float("-inf")),
    "k 1e999": b'{"question": "Why?", "k": 1e999}',
    "k 2**63": _body(k=2**63),
    "k of 4,000 digits": b'{"question": "Why?", "k": ' + b"1" * 4000 + b"}",
    "k of 5,000 digits": b'{"question": "Why?", "k": ' + b"1" * 5000 + b"}",
    "k leading zero": b'{"question": "Why?", "k": 05}',
    "k plus sign": b'{"question": "Why?", "k": +5}',
    "k hexadecimal": b'{"question": "Why?", "k": 0x5}',
    "k list": _body(k=[5]),
    "k object": _body(k={}),
    "context zero": _body(max_context_tokens=0),
    "context negative": _body(max_context_tokens=-5),
    "context 32,001": _body(max_context_tokens=32_001),
    "context string": _body(max_context_tokens="2000"),
    "context false": _body(max_context_tokens=False),
    "context NaN": _body(max_context_tokens=float("nan")),
    "unknown field": _body(limit=5),
    "unknown field of another case": _body(K=5),
    "unknown field __proto__": b'{"question": "Why?", "__proto__": {}}',
    "unknown field with an empty name": b'{"question": "Why?", "": 1}',
    "unknown field with a long name": b'{"question": "Why?", "' + b"x" * 30_000 + b'": 1}',
    "unknown field with a NUL": rb'{"question": "Why?", "\u0000": 1}',
    "unknown fields, a thousand": json.dumps(
        {"question": "Why?"} | {f"f{n}": n for n in range(1000)}
    ).encode(),
    "question twice": b'{"question": "Why?", "question": "Who?"}',
    "k twice, the first deep": b'{"k": ' + b"[" * 150 + b"]" * 150 + b', "k": 5, "question": "Why?"}',
    "k twice, the first of 4,000 digits": b'{"k": ' + b"1" * 4000 + b', "k": 5, "question": "Why?"}',
    "question twice, once escaped": rb'{"question": "Why?", "questio\u006e": "Who?"}',
    "deep lists": b"[" * 60_000,
    "deep lists, closed": b"[" * 30_000 + b"]" * 30_000,
    "deep objects": b'{"question":' * 5_000,
    "deep value": b'{"question": "Why?", "k": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "one byte too many": _raw(b'"Why?"') + b" " * (MAX_BODY_BYTES - 19),
    "a string of 1 MB": _raw(b'"' + b"a" * 2**20 + b'"'),
}


@pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES.keys())
def test_a_hostile_body_is_refused_in_one_shape(client: TestClient, body: bytes) -> None:
    response = client.post("/ask", content=body, headers=JSON)
    code, message = _error(response.status_code, response.content)
    assert (response.status_code, code) == (
        (413, "body_too_large") if len(body) > MAX_BODY_BYTES else (422, "invalid_input")
    )
    assert len(message) < 500


def test_there_are_at_least_sixty_hostile_bodies() -> None:
    assert len(HOSTILE_BODIES) >= 60


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (_body(k=51), "k: found 51. Input should be less than or equal to 50."),
        (_body(k="5"), "k: found a string of 1 character. Input should be a valid integer."),
        (_body(k=float("nan")), "k: found a number that is not whole. Input should be a valid integer."),
        (_body(k=2**63), "k: found a very large number. Input should be less than or equal to 50."),
        (
            _body(max_context_tokens=0),
            "max_context_tokens: found 0. Input should be greater than or equal to 1.",
        ),
        (_raw(b"null"), "question: found null. Input should be a valid string."),
        (_raw(b'" "'), "question: found a string of 1 character. String should have at least 1 character."),
        (
            _raw(b'"' + b"a" * 10_000 + b'"'),
            "question: found a string of 10000 characters. String should have at most 2000 characters.",
        ),
        (b"{}", "question is missing."),
        (b"[]", "The body: found a list. Input should be an object."),
        (
            _body(limit=5),
            "Unknown field 'limit'; expected only question, k, max_context_tokens, explain, filters.",
        ),
        (
            b'{"question": "Why?", "question": ""}',
            "question: found a string of 0 characters. String should have at least 1 character.",
        ),
        (
            b'{"question": "", "question": "Why?"}',
            "Found a field that is given twice, expected each field once.",
        ),
        (
            b"{",
            "The body is not JSON in UTF-8. Invalid JSON: EOF while parsing an object at line 1 column 1.",
        ),
        (
            _body(k=0, limit=1, max_context_tokens=0),
            "k: found 0. Input should be greater than or equal to 1. max_context_tokens: found 0. Input should be greater than or equal to 1. Unknown field 'limit'; expected only question, k, max_context_tokens, explain, filters.",
        ),
    ],
)
def test_a_refusal_names_the_field_what_was_found_and_what_was_expected(
    client: TestClient, body: bytes, message: str
) -> None:
    response = client.post("/ask", content=body, headers=JSON)
    assert _error(response.status_code, response.content) == ("invalid_input", message)


def test_a_refusal_repeats_nothing_of_the_question(client: TestClient) -> None:
    body = _raw(b'"my secret plan ' + b"a" * 3000 + b'"')
    assert b"secret" not in client.post("/ask", content=body, headers=JSON).content


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("a" * 2000, 200),
        (" " * 3000 + "Why?" + " " * 3000, 200),
        ("😀" * 2000, 200),
        ("a\u0000b\u001b[31m\u202e", 200),
        ("e\u0301" * 1000, 200),
        ("<script>alert(1)</script>", 200),
        ("\ufeff", 200),
    ],
    ids=ascii,
)
def test_odd_but_valid_questions_are_answered(client: TestClient, question: str, status: int) -> None:
    assert client.post("/ask", json={"question": question}).status_code == status


@pytest.mark.parametrize(
    "value",
    [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json-patch+json",
        "application/ld+json",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/json, text/plain",
        "",
    ],
)
def test_another_content_type_is_refused(client: TestClient, value: str) -> None:
    response = client.post("/ask", content=_body(), headers={"content-type": value})
    assert response.status_code == 415
    assert _error(415, response.content) == (
        "unsupported_media_type",
        "Found another content-type, expected application/json in UTF-8.",
    )


def test_no_content_type_is_refused(client: TestClient) -> None:
    response = client.post("/ask", content=_body())
    assert "content-type" not in response.request.headers
    assert _error(response.status_code, response.content)[1].startswith("Found no content-type")


@pytest.mark.parametrize(
    "value", ["application/json;charset=utf-8", 'Application/JSON ; charset="UTF-8"', "application/json "]
)
def test_spellings_of_json_are_accepted(client: TestClient, value: str) -> None:
    assert client.post("/ask", content=_body(), headers={"content-type": value}).status_code == 200


def test_a_long_body_in_pieces_is_refused_too(client: TestClient) -> None:
    pieces = (b" " * 1024 for _ in range(65))
    response = client.post("/ask", content=pieces, headers=JSON)
    assert "content-length" not in response.request.headers
    assert _error(response.status_code, response.content) == (
        "body_too_large",
        "Found a body of more than 65536 bytes, expected at most that.",
    )


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/docs", 404, "not_found"),
        ("GET", "/ask/", 404, "not_found"),
        ("POST", "/ask/", 404, "not_found"),
        ("GET", "/%ff%fe", 404, "not_found"),
        ("GET", "/" + "x" * 5000, 404, "not_found"),
        ("GET", "/ask", 405, "method_not_allowed"),
        ("PUT", "/ask", 405, "method_not_allowed"),
        ("OPTIONS", "/ask", 405, "method_not_allowed"),
        ("DELETE", "/articles/plain.md", 405, "method_not_allowed"),
        ("POST", "/info", 405, "method_not_allowed"),
        ("BREW", "/healthz", 405, "method_not_allowed"),
        ("GET", "/articles/", 404, "article_not_found"),
        ("GET", "/articles/nothing.md", 404, "article_not_found"),
        ("GET", "/articles/PLAIN.MD", 404, "article_not_found"),
        ("GET", "/articles/plain.md/", 404, "article_not_found"),
        ("GET", "/articles/%2e%2e/%2e%2e/etc/passwd", 404, "article_not_found"),
        ("GET", "/articles/..%2f..%2fetc%2fpasswd", 404, "article_not_found"),
        ("GET", "/articles/%2Fetc%2Fpasswd", 404, "article_not_found"),
        ("GET", "/articles/plain.md%00", 404, "article_not_found"),
        ("GET", "/articles/%ed%a0%80", 404, "article_not_found"),
        ("GET", "/articles/%25", 404, "article_not_found"),
        ("GET", "/articles/' OR 1=1 --", 404, "article_not_found"),
        ("GET", "/articles/" + "x" * 5000, 404, "article_not_found"),
    ],
)
def test_what_is_not_there_has_the_same_shape(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    assert _error(status, response.content)[0] == code


def test_an_unknown_article_says_where_the_known_ones_are(client: TestClient) -> None:
    error = _error(404, client.get("/articles/x/y.md").content)
    assert error == ("article_not_found", "No article 'x/y.md' here. List them: GET /articles")


def test_a_wrong_method_names_the_right_one(client: TestClient) -> None:
    response = client.get("/ask")
    assert response.headers["allow"] == "POST"
    assert _error(405, response.content)[1] == "Found 'GET', expected POST."


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example#localhost",
        "localhost@evil.example",
        "evil.example/localhost",
        "127.0.0.2",
        "2130706433",
        "[::2]",
        "[::1",
        "::1",
        "localhost:port",
        "localhost:",
        "localhost localhost",
        "lo\u212aalhost".encode("utf-8").decode("latin-1"),
        "*",
        "",
    ],
)
def test_a_foreign_host_is_refused(client: TestClient, host: str) -> None:
    response = client.get("/info", headers={b"host": host.encode("latin-1")})
    assert response.status_code == 400
    assert _error(400, response.content) == (
        "host_not_allowed",
        "Host header not allowed; expected one of 127.0.0.1, [::1], localhost.",
    )


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8000"]
)
def test_loopback_names_are_hosts(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_two_hosts_are_refused(client: TestClient) -> None:
    headers = [("host", "localhost"), ("host", "evil.example")]
    assert client.get("/healthz", headers=headers).status_code == 400


def test_no_cors_header_is_ever_sent(client: TestClient) -> None:
    response = client.post("/ask", json={"question": HARBOUR}, headers={"origin": "http://evil.example"})
    assert not [name for name in response.headers if name.startswith("access-control")]


# --- failures inside ----------------------------------------------------------------------------------


class _BrokenEmbedder(FakeEmbedder):
    def embed_questions(self, texts: Any) -> Any:
        raise RuntimeError("the password is hunter2 \ud800")


def test_an_unexpected_error_leaks_nothing_and_is_logged(
    generation: Generation, caplog: pytest.LogCaptureFixture
) -> None:
    with TestClient(
        create_app(lambda: Answerer(generation, _BrokenEmbedder())), base_url="http://localhost"
    ) as client:
        response = client.post("/ask", json={"question": HARBOUR})
        assert response.status_code == 500
        assert _error(500, response.content) == (
            "internal_error",
            "Something went wrong here. The server's log has it.",
        )
        assert client.get("/healthz").status_code == 200
    [record] = [record for record in caplog.records if record.name == "qa.serve"]
    assert record.getMessage() == f"unexpected error in request {response.headers['x-request-id']}"
    assert record.exc_info is not None
    assert record.exc_info[0] is RuntimeError


def test_an_index_that_breaks_while_serving_is_a_503(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    from qa.wiring import open_generation

    opened = open_generation(settings)
    with TestClient(
        create_app(lambda: Answerer(opened, FakeEmbedder())), base_url="http://localhost"
    ) as client:
        opened.close()
        response = client.get("/articles")
    assert (response.status_code, _error(503, response.content)[0]) == (503, "index_damaged")
    assert [record.levelname for record in caplog.records if record.name == "qa.serve"] == ["ERROR"]


class _SlowEmbedder(FakeEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.running = 0
        self.go_on = threading.Event()
        self._lock = threading.Lock()

    def embed_questions(self, texts: Any) -> Any:
        with self._lock:
            self.running += 1
        if not self.go_on.wait(timeout=30):
            raise TimeoutError
        return super().embed_questions(texts)


def test_at_most_so_many_questions_at_a_time_and_the_server_stays_awake(generation: Generation) -> None:
    embedder = _SlowEmbedder()
    statuses: list[int] = []
    with TestClient(
        create_app(lambda: Answerer(generation, embedder), Policy(threads=2)), base_url="http://localhost"
    ) as client:

        def ask() -> None:
            statuses.append(client.post("/ask", json={"question": HARBOUR}).status_code)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 20
        while embedder.running < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
        assert embedder.running == 2
        embedder.go_on.set()
        for thread in threads:
            thread.join(timeout=30)
    assert statuses == [200] * 4


def test_other_hosts_can_be_allowed(generation: Generation) -> None:
    policy = Policy(allowed_hosts=(*LOOPBACK_HOSTS, "testserver"))
    app = create_app(lambda: Answerer(generation, FakeEmbedder()), policy)
    with TestClient(app) as client:
        assert client.get("/healthz").status_code == 200


# --- documentation ------------------------------------------------------------------------------------


ALWAYS = {"200", "400", "401", "403", "429", "500"}


def test_openapi_documents_every_route_with_its_errors(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    documented = {
        f"{method.upper()} {path}": set(operation["responses"])
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    }
    assert documented == {
        "POST /ask": ALWAYS | {"408", "413", "415", "422", "503"},
        "POST /ask/batch": ALWAYS | {"408", "413", "415", "422", "503"},
        "GET /articles": ALWAYS | {"503"},
        "GET /articles/{document_id}": ALWAYS | {"404", "422", "503"},
        "GET /healthz": ALWAYS,
        "GET /readyz": ALWAYS | {"503"},
        "GET /info": ALWAYS | {"503"},
        "GET /metrics": ALWAYS | {"503"},
    }
    for path, operations in described["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if (path, status) == ("/metrics", "200"):
                    continue  # text
                schema = response["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
                assert (schema == "WireErrorBody") == (int(status) >= 400)
    request = described["paths"]["/ask"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert request["examples"][0]["max_context_tokens"] == 2000
    assert described["components"]["schemas"]["WireAnswer"]["examples"][0]["status"] == "answered"


def test_the_examples_of_the_documentation_are_answered(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    request = described["paths"]["/ask"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    for example in request["examples"]:
        assert client.post("/ask", json=example).status_code == 200


# --- a real server ------------------------------------------------------------------------------------


def _fetch(url: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def _flood(port: int) -> int:
    """Announce a body of a gigabyte, and return how many bytes the server let us send."""
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(
            b"POST /ask HTTP/1.1\r\nhost: localhost\r\n"
            b"content-type: application/json\r\ncontent-length: 1000000000\r\n\r\n"
        )
        with contextlib.suppress(OSError):
            while sent < 10**9:
                sent += connection.send(b" " * 65536)
    return sent


@pytest.mark.parametrize(("stop", "exit_code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
@pytest.mark.usefixtures("loopback")
def test_a_real_server_answers_and_stops(settings: Settings, stop: signal.Signals, exit_code: int) -> None:
    with running(settings.index_dir) as server:
        status, body = _fetch(f"{server.url}/ask", _body())
        assert (status, json.loads(body).get("status")) == (200, "answered"), body
        for hostile in ("lone high surrogate", "deep lists", "k NaN", "a string of 1 MB"):
            status, body = _fetch(f"{server.url}/ask", HOSTILE_BODIES[hostile])
            assert status in {413, 422}
            _error(status, body)
        assert _flood(server.port) < 50_000_000
        status, body = _fetch(f"{server.url}/info", host="evil.example")
        assert (status, _error(status, body)[0]) == (400, "host_not_allowed")
        server.process.send_signal(stop)
        assert server.process.wait(timeout=30) == exit_code
        # Nothing but one line for each request, all of them JSON.
        first, *lines = server.log.read_text(encoding="utf-8").splitlines()
        assert first == f"Serving on {server.url} (Ctrl-C stops)"
        assert {json.loads(line)["event"] for line in lines} == {"request"}


@pytest.mark.usefixtures("loopback")
def test_a_port_that_is_taken_is_refused(settings: Settings) -> None:
    with bind("127.0.0.1", 0) as listener:
        port = str(listener.getsockname()[1])
        taken = qa("serve", "--port", port, "--index-dir", settings.index_dir)
    assert (taken.returncode, taken.stdout) == (2, "")
    assert "it is in use. Choose another: qa serve --port 0" in taken.stderr


@pytest.mark.usefixtures("loopback")
def test_answers_are_sent_without_waiting_for_an_acknowledgement() -> None:
    """asyncio turns Nagle's algorithm off only where the protocol is named; else every answer takes 40 ms more."""
    with bind("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
