"""What every request passes: hosts, origins, keys, rates; headers and a line of log on the way out."""

import itertools
import json
import re
from collections.abc import Iterator

import pytest
import structlog
from fastapi.testclient import TestClient

from qa.answer import Answerer
from qa.errors import InputError
from qa.gate import Keys, Rate
from qa.gate.front import SECURITY_HEADERS
from qa.index import Generation
from qa.models import FakeEmbedder
from qa.serve import Policy, create_app

KEY, OTHER = "key-number-one-of-the-test", "key-number-two-of-the-test"
HARBOUR = {"question": "Why was the harbour closed?"}


def opened(generation: Generation, policy: Policy | None = None) -> TestClient:
    app = create_app(lambda: Answerer(generation, FakeEmbedder()), policy)
    return TestClient(app, base_url="http://localhost")


@pytest.fixture
def client(generation: Generation) -> Iterator[TestClient]:
    with opened(generation) as found:
        yield found


# --- hosts and origins --------------------------------------------------------------------------------

HOSTS = ("localhost", "127.0.0.1:8000", "[::1]", "evil.example", "localhost.evil.example")
ORIGINS = (
    None,
    "same",
    "http://evil.example",
    "null",
    "https://localhost",
    "http://localhost:9999",
    "",
    "same twice",
)


@pytest.mark.parametrize(("host", "origin"), list(itertools.product(HOSTS, ORIGINS)))
def test_only_our_own_hosts_and_origins_pass(client: TestClient, host: str, origin: str | None) -> None:
    headers = [("host", host)]
    if origin is not None:
        value = f"http://{host}" if origin.startswith("same") else origin
        headers += [("origin", value)] * (2 if origin.endswith("twice") else 1)
    expected = 400 if "evil" in host else 200 if origin in (None, "same") else 403
    response = client.post("/ask", json=HARBOUR, headers=headers)
    assert response.status_code == expected
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_a_preflight_is_not_answered(client: TestClient) -> None:
    headers = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    assert client.options("/ask", headers=headers).status_code == 403
    assert client.options("/ask").status_code == 405


# --- keys ---------------------------------------------------------------------------------------------


def test_with_keys_nothing_but_the_probes_is_open(generation: Generation) -> None:
    with opened(generation, Policy(keys=Keys([KEY, OTHER]))) as client:
        for path in (
            "/ask",
            "/articles",
            "/articles/plain.md",
            "/info",
            "/metrics",
            "/openapi.json",
            "/nothing",
        ):
            response = client.get(path)
            assert response.status_code == 401, path
            assert response.headers["www-authenticate"] == "Bearer"
            assert response.json()["error"]["code"] == "key_required"
        for path in ("/healthz", "/readyz"):
            assert client.get(path).status_code == 200
        for key in (KEY, OTHER):
            answer = client.post("/ask", json=HARBOUR, headers={"authorization": f"Bearer {key}"})
            assert answer.status_code == 200


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["Bearer wrong-wrong-wrong-wrong"],
        ["Bearer " + "k" * 60_000],
        [f"Bearer {KEY}"] * 2,
        ["Bearer \xe9\xe9"],
    ],
    ids=["none", "wrong", "long", "two", "not ASCII"],
)
def test_any_other_authorization_is_a_401(generation: Generation, values: list[str]) -> None:
    with opened(generation, Policy(keys=Keys([KEY]))) as client:
        headers = [(b"authorization", value.encode("latin-1")) for value in values]
        assert client.get("/info", headers=headers).status_code == 401


# --- rates --------------------------------------------------------------------------------------------


def test_the_request_beyond_the_rate_is_a_429_that_says_when(generation: Generation) -> None:
    with opened(generation, Policy(keys=Keys([KEY, OTHER]), rate=Rate("60/minute"))) as client:
        one, two = ({"authorization": f"Bearer {key}"} for key in (KEY, OTHER))
        for left in reversed(range(60)):
            response = client.get("/info", headers=one)
            assert response.status_code == 200
            assert re.fullmatch(rf'"default";r={left};t=\d+', response.headers["ratelimit"])
        response = client.get("/info", headers=one)
        assert (response.status_code, response.json()["error"]["code"]) == (429, "too_many_requests")
        assert 1 <= int(response.headers["retry-after"]) <= 60
        assert response.headers["ratelimit-policy"] == '"default";q=60;w=60'
        assert client.get("/info", headers=two).status_code == 200, "two keys share a count"
        assert client.get("/healthz", headers=one).status_code == 200


def test_without_keys_a_client_is_counted_whatever_it_says_of_where_it_is_from(
    generation: Generation,
) -> None:
    with opened(generation, Policy(rate=Rate("3/minute"))) as client:
        statuses = [
            client.get("/info", headers={"x-forwarded-for": f"10.0.0.{number}"}).status_code
            for number in range(4)
        ]
    assert statuses == [200, 200, 200, 429]


@pytest.mark.parametrize("limit", ["", "many", "60", "60/fortnight", "-1/minute"])
def test_a_limit_that_is_none_is_refused(limit: str) -> None:
    with pytest.raises(InputError, match="expected one like 60/minute"):
        Rate(limit)


# --- what goes out ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/info"), ("GET", "/nothing"), ("DELETE", "/ask"), ("POST", "/ask")]
)
def test_every_response_has_the_security_headers_and_names_no_server(
    client: TestClient, method: str, path: str
) -> None:
    response = client.request(method, path)
    for name, value in SECURITY_HEADERS.items():
        assert response.headers[name] == value
    assert "server" not in response.headers


def test_a_request_id_is_echoed_if_it_is_harmless(client: TestClient) -> None:
    assert client.get("/info", headers={"x-request-id": "abc-1.2_Z"}).headers["x-request-id"] == "abc-1.2_Z"
    for bad in ("", "a b", "x" * 65, 'a"b', "ä".encode().decode("latin-1"), "a\tb"):
        given = client.get("/info", headers=[(b"x-request-id", bad.encode("latin-1"))])
        assert re.fullmatch("[0-9a-f]{32}", given.headers["x-request-id"]), bad


def test_a_request_leaves_one_line_without_its_question(generation: Generation) -> None:
    with structlog.testing.capture_logs() as lines, opened(generation, Policy(keys=Keys([KEY]))) as client:
        client.post("/ask", json=HARBOUR, headers={"authorization": f"Bearer {KEY}", "x-request-id": "one"})
        client.get("/articles/secret-name.md")
    asked, refused = lines
    assert asked["request_id"] == "one"
    assert (asked["method"], asked["route"], asked["status"]) == ("POST", "/ask", 200)
    assert asked["ms"] > 0
    assert (refused["route"], refused["status"], refused["key"]) == ("none", 401, None)
    written = json.dumps(lines)
    assert not [secret for secret in ("harbour", KEY, "secret-name") if secret in written]


def test_questions_are_in_the_log_only_where_the_operator_wants_them(generation: Generation) -> None:
    with structlog.testing.capture_logs() as lines, opened(generation, Policy(log_questions=True)) as client:
        client.post("/ask", json=HARBOUR)
        client.post("/ask/batch", json={"questions": [HARBOUR, {"question": ""}]})
        client.get("/info")
    assert [line.get("questions") for line in lines] == [[HARBOUR["question"]]] * 2 + [None]


# --- operations ---------------------------------------------------------------------------------------


def test_readiness_fails_before_the_rest_does(generation: Generation) -> None:
    app = create_app(lambda: Answerer(generation, FakeEmbedder()))
    with TestClient(app, base_url="http://localhost") as client:
        app.state.draining = True
        assert (client.get("/readyz").status_code, client.get("/healthz").status_code) == (503, 200)
        assert client.post("/ask", json=HARBOUR).status_code == 200


def test_metrics_count_what_happened(client: TestClient, generation: Generation) -> None:
    client.post("/ask", json=HARBOUR)
    client.post("/ask", json={"question": ""})
    client.get("/nothing/at/all?secret=1")
    text = client.get("/metrics").text
    for line in (
        'qa_requests_total{route="/ask",status="200"} 1.0',
        'qa_requests_total{route="/ask",status="422"} 1.0',
        'qa_requests_total{route="none",status="404"} 1.0',
        'qa_request_seconds_count{route="/ask"} 2.0',
        'qa_stage_seconds_count{stage="retrieve"} 1.0',
        "qa_questions_in_flight 0.0",
        f"qa_index_generation {float(generation.number)}",
    ):
        assert line in text, line
    assert (
        sum(float(line.split()[1]) for line in text.splitlines() if line.startswith("qa_answers_total")) == 1
    )
    assert "secret" not in text


# --- batches ------------------------------------------------------------------------------------------


def test_a_batch_is_answered_in_order_and_a_bad_question_keeps_nobody_from_an_answer(
    client: TestClient,
) -> None:
    questions: list[object] = [
        HARBOUR,
        {"question": ""},
        {"question": "When does the night train leave?", "k": 1},
        "no object",
        {"question": "x", "k": 99},
        {"question": HARBOUR["question"], "wrong": 1},
    ]
    response = client.post("/ask/batch", json={"questions": questions})
    assert response.status_code == 200
    results = response.json()["results"]
    assert [result["error"] is None for result in results] == [True, False, True, False, False, False]
    assert [result["error"]["code"] for result in results if result["error"]] == ["invalid_input"] * 4
    alone = client.post("/ask", json=HARBOUR).json()
    for side in (alone, results[0]["answer"]):
        side.pop("timing_ms")
    assert results[0]["answer"] == alone
    assert len(results[2]["answer"]["passages"]) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"questions": []}', 422),
        (json.dumps({"questions": [HARBOUR] * 101}).encode(), 422),
        (b'{"questions": {}}', 422),
        (b'{"questions": [NaN]}', 200),
        (b'{"questions": [1e999]}', 200),
        (b'{"questions": ["\\ud800"]}', 422),
        (b'{"questions": [{"question": "\\ud800"}]}', 422),
        (b'{"questions": [' + b"[" * 2000 + b"]" * 2000 + b"]}", 422),
        (b'{"questions": ["' + b"x" * 1_200_000 + b'"]}', 413),
    ],
    ids=lambda value: str(value)[:40],
)
def test_hostile_batches_are_refused_in_one_shape(client: TestClient, body: bytes, status: int) -> None:
    response = client.post("/ask/batch", content=body, headers={"content-type": "application/json"})
    assert response.status_code == status, response.text
    if status != 200:
        assert set(response.json()) == {"error"}


def test_a_hundred_questions_are_answered_together(client: TestClient) -> None:
    response = client.post("/ask/batch", json={"questions": [HARBOUR] * 100})
    assert [result["error"] for result in response.json()["results"]] == [None] * 100
