"""Whatever reaches the service, by HTTP or the command line: no failure of ours, no file of this machine, no secret."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import urllib3

from qa.settings import Settings
from qa.wiring import build_index
from tests.load import JSON
from tests.reliability.children import qa
from tests.reliability.conftest import MakeFigure
from tests.reliability.figures import dose
from tests.running import Running, running

pytestmark = pytest.mark.usefixtures("loopback")

CANARY = "canary-7f3a91"
KEY = f"{CANARY}-key-of-the-service"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with articles, an index of them, and files beside both that nobody may read."""
    place = tmp_path_factory.mktemp("place")
    articles = place / "articles"
    articles.mkdir()
    text = f"# The {CANARY} harbour\n\nThe {CANARY} harbour was closed on Monday because of a storm.\n"
    (articles / f"{CANARY}.md").write_text(text, encoding="utf-8")
    (articles / "plain.md").write_text("# Trains\n\nThe night train leaves at nine.\n", encoding="utf-8")
    build_index(articles, Settings(model="fake", index_dir=place / "index"))
    for folder in (place, place / "index", articles):  # the last after indexing: it is in no index
        (folder / "secret.txt").write_text(f"secret {CANARY} outside", encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Running]:
    with running(place / "index", QA_API_KEYS=KEY, QA_RATE_LIMIT="1000000/minute") as found:
        yield found


def test_what_the_schema_allows_is_answered_and_the_rest_is_refused(place: Path, figure: MakeFigure) -> None:
    tried = figure("schemathesis, all checks: requests")
    with running(place / "index") as server:
        found = subprocess.run(
            [
                *(Path(sys.executable).with_name("st"), "run", f"{server.url}/openapi.json"),
                *("--checks", "all", "--max-examples", str(dose(60, 800)), "--seed", "1"),
                *("--no-color", "--workers", "1"),
            ],
            capture_output=True,
            text=True,
            cwd=place,
            env={**os.environ, "SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("beyond_schema.py"))},
            check=False,
            timeout=1200,
        )
        statuses = Counter(int(line["status"]) for line in server.lines() if line["event"] == "request")
    generated = re.search(r"([\d,]+) generated", found.stdout)
    assert generated is not None, found.stdout + found.stderr
    tried.trials = int(generated[1].replace(",", ""))
    refused = re.search(r"^Filtered: (\d+)", found.stdout, re.MULTILINE)
    tried.details["refused for dates in the wrong order"] = int(refused[1]) if refused else 0
    tried.failures += re.findall(r"^- (ST\d+ .*)", found.stdout, re.MULTILINE)
    tried.details |= {f"status {status}": count for status, count in sorted(statuses.items())}
    assert found.returncode == 0, found.stdout
    assert "Warnings:" not in found.stdout, found.stdout
    assert tried.trials >= dose(500, 5000)
    assert max(statuses) < 500


def traversals() -> list[str]:
    """Return 200 ways to ask for a file beside the articles, among them the index's own files."""
    targets = ["secret.txt", "articles/secret.txt", "index/secret.txt", "index/CURRENT", "etc/passwd"]
    ups = ["../", "../../", "..%2f", "%2e%2e/", "%252e%252e%252f", "..\\", "....//", "/", "//", "./../"]
    ups += ["\u2025/", "\uff0e\uff0e/", "..\u2215", "..%c0%af", "\x00../", "a/../../", "~/", "file:///"]
    made = [f"{up * depth}{target}" for depth in (1, 3) for up in ups for target in targets]
    made += [f"plain.md/{name}" for name in ("../secret.txt", "..", ".", "\x00", "%00", "/etc/passwd")]
    made += ["..", ".", "/", "", "\\", "x" * 5000, "../" * 1000, "plain.md\x00", "plain.md%00", "PLAIN.MD"]
    made += ["C:\\secret.txt", "\\\\host\\share", "${HOME}", "$(cat secret.txt)"]
    return list(dict.fromkeys(made))[:200]


def test_no_id_reaches_a_file(place: Path, server: Running, figure: MakeFigure) -> None:
    tried = figure("ids of articles that name files, by HTTP")
    ids = traversals()
    assert len(ids) == 200
    headers = {"authorization": f"Bearer {KEY}"}
    pool = urllib3.PoolManager()
    for each in ids:
        for path in (quote(each, safe=""), quote(each, safe="/.%\\~:")):
            response = pool.request(
                "GET", f"{server.url}/articles/{path}", headers=headers, retries=False, redirect=False
            )
            tried.trials += 1
            # An empty id is the list of the articles.
            if b"outside" in response.data or b"root:" in response.data or response.status >= 500:
                tried.failures.append(each)
            elif response.status not in (400, 404, 422) and path.strip("/."):
                tried.failures.append(f"{each!r}: {response.status}")
    assert not tried.failures
    shown = figure("ids of articles that name files, by `qa show`")
    for each in [one for one in ids if "\x00" not in one][:: dose(10, 1)]:
        found = qa("show", "--index-dir", place / "index", "--", each)
        shown.trials += 1
        if found.returncode != 2 or found.stdout or "outside" in found.stderr:
            shown.failures.append(f"{each!r}: {found.returncode}")
    assert not shown.failures


def test_no_secret_is_in_the_log_and_every_question_is_one_line(place: Path, figure: MakeFigure) -> None:
    tried = figure("questions with line breaks, ANSI and bidi characters: lines of log")
    chance = random.Random(7)  # noqa: S311
    strange = [
        "\r\n",
        "\n",
        "\r",
        "\x1b[31m",
        "\x1b]8;;http://x\x07",
        "\u202e",
        "\u2066",
        "\u2028",
        "\x85",
        "\x00",
    ]
    headers = {**JSON, "authorization": f"Bearer {KEY}", "x-request-id": f"{CANARY}\x85", "x-note": CANARY}
    pool = urllib3.PoolManager()
    with running(place / "index", QA_API_KEYS=KEY, QA_RATE_LIMIT="1000000/minute") as server:
        before = len(server.lines())
        for number in range(1000):
            words = [CANARY, *chance.choices(strange, k=6), '{"event": "forged"}']
            chance.shuffle(words)
            body = json.dumps({"question": f"What of {number}? {' '.join(words)}"}).encode()
            assert pool.request("POST", f"{server.url}/ask", body=body, headers=headers).status == 200
        for path in (f"/articles/{CANARY}.md", f"/articles/{CANARY}", f"/{CANARY}?{CANARY}"):
            pool.request("GET", server.url + path, headers=headers)
        wrong = {**headers, "authorization": f"Bearer {CANARY}-wrong-key"}
        pool.request("POST", f"{server.url}/ask", body=f'{{"{CANARY}": 1}}'.encode(), headers=wrong)
        pool.request("POST", f"{server.url}/ask", body=f'{{"{CANARY}": 1}}'.encode(), headers=headers)
        # Even a failure of ours says nothing of what was asked.
        shutil.move(place / "index", place / "moved")
        try:
            failed = pool.request("POST", f"{server.url}/ask", body=body, headers=headers, retries=False)
        finally:
            shutil.move(place / "moved", place / "index")
        time.sleep(0.2)
        written = server.log.read_text(encoding="utf-8")
        lines = server.lines()[before:]
    tried.trials = sum(line.get("route") == "/ask" and line.get("status") == 200 for line in lines)
    tried.details |= {"lines": len(lines), "with the secret": written.count(CANARY)}
    assert failed.status in (200, 503)
    assert CANARY not in written
    assert [line for line in written.splitlines() if not line.startswith(("{", "Serving on"))] == []
    assert tried.trials - (failed.status == 200) == 1000
    assert "forged" not in {line["event"] for line in lines}
