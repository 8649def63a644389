"""The commands and the service with Milvus behind them: a folder of Milvus Lite, and a server for several processes."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import urllib3

from tests.articles import write_articles
from tests.load import JSON
from tests.milvus.server import Server
from tests.reliability.children import environment, qa
from tests.running import running

QUESTION = "Why was the harbour closed?"


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    return write_articles(tmp_path / "articles")


def test_a_laptop_needs_a_folder_and_nothing_else(tmp_path: Path, articles: Path) -> None:
    store = ("--store", f"milvus://{tmp_path}/lite")
    done = qa("index", articles, *store)
    assert done.returncode == 0, done.stderr
    assert "Indexed 10 articles: 10 added" in done.stdout
    asked = qa("ask", QUESTION, "--json", *store, QA_REFUSE_BELOW="0")
    assert asked.returncode == 0, asked.stderr
    answer = json.loads(asked.stdout)
    assert "storm" in answer["answer"]
    saved = tmp_path / "answer.json"
    saved.write_text(asked.stdout, encoding="utf-8")
    verified = qa("verify", saved, *store)
    assert verified.returncode == 0, verified.stdout
    shown = qa("show", "plain.md", *store)
    assert "Ships waited outside." in shown.stdout
    assert len(qa("articles", *store).stdout.splitlines()) == 10
    examined = qa("doctor", *store)
    assert examined.returncode == 0, examined.stdout
    assert "Milvus" in examined.stdout
    none = qa("ask", QUESTION, "--source", "Nobody", *store)
    assert none.returncode == 1
    assert "The Gazette" in none.stderr
    assert not (tmp_path / "index").exists()


def test_two_processes_in_one_folder_are_one_too_many(tmp_path: Path, articles: Path) -> None:
    store = f"milvus://{tmp_path}/lite"
    assert qa("index", articles, "--store", store).returncode == 0
    with running(None, QA_STORE=store, QA_REFUSE_BELOW="0") as server:
        response = urllib3.request(
            "POST", f"{server.url}/ask", body=json.dumps({"question": QUESTION}), headers=JSON, retries=False
        )
        assert response.status == 200
        second = qa("ask", QUESTION, "--store", store)
        assert second.returncode == 2
        assert "Milvus Lite allows one" in second.stderr
    refused = qa("serve", "--workers", "2", "--store", store, "--port", "0")
    assert refused.returncode == 2
    assert "qa serve --workers 1" in refused.stderr


def test_several_processes_answer_from_one_server_and_follow_it(
    milvus: Server, tmp_path: Path, articles: Path
) -> None:
    store = milvus.address()
    assert qa("index", articles, "--store", store).returncode == 0

    def generations(url: str) -> set[str]:
        bodies = [
            json.loads(
                urllib3.request(
                    "POST",
                    f"{url}/ask",
                    body=json.dumps({"question": QUESTION}),
                    headers=JSON | {"connection": "close"},
                    retries=False,
                ).data
            )
            for _ in range(8)
        ]
        assert {body["answer"] for body in bodies} != {None}, bodies
        return {body["index"]["generation"][:10] for body in bodies}

    with (
        running(None, "--workers", "2", QA_STORE=store, QA_REFUSE_BELOW="0") as one,
        running(None, QA_STORE=store, QA_REFUSE_BELOW="0") as other,
    ):
        assert generations(one.url) == generations(other.url) == {"gen-000001"}
        (articles / "new.md").write_text("# New\n\nA new bridge was opened in Vienna.\n", encoding="utf-8")
        assert qa("index", articles, "--store", store).returncode == 0
        end = time.monotonic() + 30
        while time.monotonic() < end and generations(one.url) | generations(other.url) != {"gen-000002"}:
            time.sleep(0.2)
        assert generations(one.url) == generations(other.url) == {"gen-000002"}


def test_shards_on_the_command_line(milvus: Server, articles: Path) -> None:
    store = ("--store", milvus.address())
    early = qa("index", articles, "--publish", *store)
    assert early.returncode == 2
    assert "--shard 1/2" in early.stderr
    for shard in ("1/2", "2/2"):
        done = qa("index", articles, "--shard", shard, *store)
        assert done.returncode == 0, done.stderr
        assert f"Shard {shard[0]} of 2: " in done.stdout
        assert "--publish" in done.stdout
    assert qa("ask", QUESTION, *store).returncode == 3
    done = qa("index", articles, "--publish", "--json", *store)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["added"] == 10
    again = qa("index", articles, "--shard", "1/2", "--json", *store)
    assert json.loads(again.stdout)["chunks_embedded"] == 0
    assert qa("ask", QUESTION, *store, QA_REFUSE_BELOW="0").returncode == 0


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--shard", "0/2"), "Found shard '0/2', expected I/N such as 2/8"),
        (("--shard", "3/2"), "expected I/N such as 2/8"),
        (("--shard", "two"), "expected I/N such as 2/8"),
        (("--shard", "1/99999"), "N at most 4096"),
        (("--shard", "1/2"), "Shards are written to a store, found none"),
        (("--publish",), "Shards are written to a store, found none"),
        (("--shard", "1/2", "--publish"), "are three runs"),
        (("--watch", "--publish"), "are three runs"),
        (("--store", "milvus://db/x", "--index-dir", "y"), "expected one place that holds the index"),
        (("--store", "db:19530"), "Found store"),
    ],
)
def test_what_cannot_be_meant_is_refused(articles: Path, flags: tuple[str, ...], said: str) -> None:
    done = qa("index", articles, *flags)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_server_that_is_away_is_said_to_be(articles: Path) -> None:
    for command in (("ask", QUESTION), ("index", articles), ("articles",), ("serve",)):
        done = qa(*command, "--store", "milvus://127.0.0.1:1/news", QA_STORE_TIMEOUT_S="0.5")
        assert done.returncode == 2, command
        assert "milvus://127.0.0.1:1/news cannot be reached" in done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) == 1
    examined = qa("doctor", "--store", "milvus://127.0.0.1:1/news", QA_STORE_TIMEOUT_S="0.5")
    assert examined.returncode == 3
    assert "cannot be reached" in examined.stdout


@pytest.mark.parametrize("missing", ["pymilvus", "milvus_lite"])
def test_the_packages_of_milvus_are_asked_for_when_they_are_wanted(tmp_path: Path, missing: str) -> None:
    script = f"import sys; sys.modules[{missing!r}] = None; from qa.__main__ import main; main()"
    command = [sys.executable, "-c", script, "ask", "Why?", "--store", f"milvus://{tmp_path}/lite"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment(), timeout=120
    )
    assert done.returncode == 2, done.stderr
    assert "pip install" in done.stderr
    assert "Traceback" not in done.stderr
