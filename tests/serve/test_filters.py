"""Filters over HTTP: what they leave, and what is said to those who send others."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from qa.settings import Settings
from qa.wiring import make_app

HARBOUR = "Why was the harbour closed?"


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(make_app(settings), base_url="http://127.0.0.1:8000") as opened:
        yield opened


def _asked(filters: object) -> dict[str, Any]:
    return {"question": HARBOUR, "k": 50, "filters": filters}


def _documents(answer: dict[str, Any]) -> set[str]:
    return {passage["document_id"] for passage in answer["passages"]}


@pytest.mark.parametrize(
    ("filters", "documents"),
    [
        ({"source": ["the GAZETTE", "Reuters"]}, {"plain.md"}),
        ({"author": ["A. Writer"], "since": "2023-07"}, {"plain.md"}),
        ({"article": ["bom.txt", "plain.md"]}, {"bom.txt", "plain.md"}),
        ({"since": None, "until": "2022"}, set()),
        ({"as_of": "2022", "article": ["bom.txt", "plain.md"]}, {"bom.txt"}),
        ({"source": ["Reuters"]}, set()),
    ],
)
def test_only_what_fits_is_there_alone_and_in_a_batch(
    client: TestClient, filters: dict[str, object], documents: set[str]
) -> None:
    alone = client.post("/ask", json=_asked(filters)).json()
    assert _documents(alone) == documents
    assert alone["status"] == ("answered" if "plain.md" in documents else "no_evidence")
    [result] = client.post("/ask/batch", json={"questions": [_asked(filters)]}).json()["results"]
    assert {**result["answer"], "timing_ms": {}} == {**alone, "timing_ms": {}}


def test_facets_say_what_there_is_to_filter_by(client: TestClient) -> None:
    every = client.post("/ask", json={"question": HARBOUR}).json()
    assert client.post("/ask", json={"question": HARBOUR, "filters": {}}).json()["facets"] == every["facets"]
    assert every["facets"]["source"] == [{"value": "The Gazette", "articles": 1}]
    assert every["facets"]["author"] == [{"value": "A. Writer", "articles": 1}]
    assert every["facets"]["year"] == [{"value": "2023", "articles": 1}]
    for language in every["facets"]["language"]:
        some = client.post("/ask", json=_asked({"language": [language["value"]]})).json()
        assert len(_documents(some)) == language["articles"]
        assert some["facets"]["language"] == [language]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (
            {"sorce": ["Reuters"]},
            "Unknown field 'filters.sorce'; expected only since, until, as_of, source, author, language, article.",
        ),
        (
            {"since": "2023-02-30"},
            "filters.since: found a string of 10 characters. Expected a date like 2023, 2023-07 or 2023-07-11.",
        ),
        (
            {"since": "2024", "until": "2023"},
            "Found since 2024 until 2023, expected the earlier date first. See: qa ask --help",
        ),
        ({"until": 2023}, "filters.until: found 2023. Input should be a valid string."),
        (
            {"source": "Reuters"},
            "filters.source: found a string of 7 characters. Input should be a valid array.",
        ),
        ({"source": [1]}, "filters.source.0: found 1. Input should be a valid string."),
        ([], "filters: found a list. Input should be an object."),
    ],
)
def test_other_filters_are_refused_by_name(client: TestClient, filters: object, message: str) -> None:
    response = client.post("/ask", json=_asked(filters))
    assert (response.status_code, response.json()["error"]) == (
        422,
        {"code": "invalid_input", "message": message},
    )
    [result] = client.post("/ask/batch", json={"questions": [_asked(filters)]}).json()["results"]
    assert result["error"]["message"].partition(". ")[0] == message.partition(". ")[0]
