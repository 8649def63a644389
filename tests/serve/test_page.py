"""The files of the page: what is served, as what, and nothing else. What the page does: tests/browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import qa.serve
from qa.answer import Answerer
from qa.gate import Keys, Rate
from qa.gate.front import SECURITY_HEADERS
from qa.index import Generation
from qa.models import FakeEmbedder
from qa.serve import Policy, create_app
from qa.serve.page import NAMES, PATHS

STATIC = Path(qa.serve.__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@pytest.fixture
def client(generation: Generation) -> Iterator[TestClient]:
    policy = Policy(keys=Keys(["key-number-one-of-the-test"]), rate=Rate("1/minute"))
    app = create_app(lambda: Answerer(generation, FakeEmbedder()), policy)
    with TestClient(app, base_url="http://localhost") as found:
        yield found


def test_the_table_is_the_folder() -> None:
    assert sorted(NAMES) == sorted(path.name for path in STATIC.iterdir())


def test_the_page_comes_without_a_key_and_counts_as_no_request(client: TestClient) -> None:
    for path in sorted(PATHS):
        name = path.rpartition("/")[2] or "index.html"
        response = client.get(path)
        assert response.status_code == 200
        assert response.content == (STATIC / name).read_bytes()
        assert response.headers["content-type"] == TYPES[Path(name).suffix]
        assert response.headers["cache-control"] == "no-cache"
        assert response.headers["content-security-policy"] == SECURITY_HEADERS["content-security-policy"]
        assert "ratelimit" not in response.headers


def test_what_a_browser_has_is_not_sent_again(client: TestClient) -> None:
    tag = client.get("/").headers["etag"]
    again = client.get("/", headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get("/", headers={"if-none-match": '"another"'}).status_code == 200
    assert client.get("/static/main.js").headers["etag"] != tag


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nothing.js",
        "MAIN.JS",
        "main.js/",
        "main.js%00",
        "../page.py",
        "..%2fpage.py",
        "%2e%2e/page.py",
        "..%5cpage.py",
        "%2e/main.js",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "x" * 5000,
    ],
)
def test_any_other_name_is_not_found(generation: Generation, name: str) -> None:
    app = create_app(lambda: Answerer(generation, FakeEmbedder()))
    with TestClient(app, base_url="http://localhost") as client:
        # The path as it stands: a client would resolve the dots itself.
        url = client.base_url.copy_with(raw_path=f"/static/{name}".encode())
        response = client.get(url)
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "not_found"


def test_the_page_is_no_part_of_the_api(client: TestClient) -> None:
    paths = client.app.openapi()["paths"]  # type: ignore[attr-defined]
    assert not [path for path in paths if path == "/" or path.startswith("/static")]


def test_no_script_parses_html_or_reaches_out() -> None:
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(", text)
        assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", text), path.name
        assert re.findall(r"https?://[^\s\"'`)]+", text.replace("http://www.w3.org/2000/svg", "")) == []
