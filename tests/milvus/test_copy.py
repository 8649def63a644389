"""`qa copy` moves an index both ways: nothing is embedded, and the answers stay."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from qa.corpus import CHUNKER_VERSION
from qa.evaluate import read_beir
from qa.index import FolderStore
from qa.models import DEFAULT_MODEL, find_model, open_embedder
from qa.settings import Settings
from qa.types import Answer, ChunkerSettings
from qa.wiring import build_index, copy_index, open_answerer, open_generation
from tests.milvus.server import Server
from tests.milvus.words import words
from tests.reliability.children import qa
from tests.reliability.conftest import MakeFigure, figure  # noqa: F401 (the fixture)
from tests.reliability.figures import dose

SETS = ("squad_v1_dev", "nq_oracle", "clapnq_dev", "multihop_rag_sample", "cookbook_docs")
CHUNKS_AN_ARTICLE = 40
CHUNK_TOKENS = 40  # short ones: these sets make 20,000 of them


def write(folder: Path, chunks: int) -> Path:
    """Write articles that make about so many chunks, a JSON object a line."""
    chance = random.Random(11)
    folder.mkdir()
    with (folder / "roads.jsonl").open("w", encoding="utf-8") as file:
        for number in range(chunks // CHUNKS_AN_ARTICLE):
            text = " ".join(f"The road {words(chance, 5)} was opened {words(chance, 1)}." for _ in range(40))
            row = {"_id": f"road-{number}", "title": f"Road {words(chance, 2)}", "text": text}
            file.write(json.dumps(row) + "\n")
    return folder


@pytest.mark.model
def test_an_index_goes_to_milvus_and_back(
    milvus: Server,
    shared_dir: Path,
    tmp_path: Path,
    figure: MakeFigure,  # noqa: F811
) -> None:
    tried = figure("questions asked of an index in a folder and of its copy in Milvus: other answers")
    data = [read_beir(shared_dir / "eval" / name) for name in SETS]
    articles = [
        replace(each, id=f"{name}/{each.id}")
        for name, one in zip(SETS, data, strict=True)
        for each in one.articles
    ]
    # Three of four: from 25,000 chunks on a folder looks for the nearest by codes of one bit, and no longer at all.
    articles = [each for place, each in enumerate(articles) if place % 4][:: dose(30, 1)]
    embedder = open_embedder(find_model(DEFAULT_MODEL), threads=2)
    chunker = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=CHUNK_TOKENS, overlap_tokens=8)
    local = Settings(index_dir=tmp_path / "index", reader="off")
    report = FolderStore(local.index_dir).build(
        lambda: articles, embedder=embedder, chunker=chunker, progress=lambda stage, done, total: None
    )
    assert report.manifest.chunks >= dose(500, 20_000)
    remote = Settings(store=milvus.address(), store_index="FLAT", store_timeout_s=60, reader="off")
    there = copy_index(str(local.index_dir), str(remote.store), remote)
    back = copy_index(str(remote.store), str(tmp_path / "back"), remote)
    assert (there.chunks_embedded, back.chunks_embedded) == (0, 0)
    assert there.manifest.digest == back.manifest.digest == report.manifest.digest
    # What came back is the same file by file: nothing was lost on the way, not one bit of a vector.
    assert back.manifest.files == report.manifest.files
    askers = [open_answerer(each) for each in (local, remote)]
    texts = passages = 0
    for text in (text for one in data for text in list(one.questions.values())[:20]):
        expected, found = (each.ask(text) for each in askers)
        tried.trials += 1
        if expected.status != found.status or quote(expected) != quote(found):
            tried.failures.append(text)
        texts += expected.text == found.text
        passages += [each.chunk for each in expected.passages] == [each.chunk for each in found.passages]
    tried.details = {
        "chunks": report.manifest.chunks,
        "embedded": 0,
        "same text": texts,
        "same passages": passages,
    }
    assert not tried.failures
    # A second quote, or the order of two that are as good, may hang on the last digits of what is usual.
    assert min(texts, passages) >= 0.9 * tried.trials


def quote(answer: Answer) -> tuple[str, int, int] | None:
    """Return where the first quote of an answer stands."""
    return next(((each.article_id, each.start, each.end) for each in answer.citations), None)


def test_the_command_copies_both_ways(milvus: Server, tmp_path: Path) -> None:
    articles = write(tmp_path / "articles", 200)
    assert qa("index", articles, "--index-dir", tmp_path / "index", "--model", "fake").returncode == 0
    store = milvus.address()
    for source, target in ((tmp_path / "index", store), (store, tmp_path / "back")):
        done = qa("copy", source, target, "--model", "fake", "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["published"]
        assert found["chunks_embedded"] == 0
    again = qa("copy", tmp_path / "index", store, "--model", "fake")
    assert again.stdout.startswith("Up to date")
    for where in (("--store", store), ("--index-dir", tmp_path / "back")):
        listed = qa("articles", *where)
        assert listed.returncode == 0, listed.stderr
        assert len(listed.stdout.splitlines()) == 5


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("nowhere", "milvus://HERE/x", "No index at nowhere"),
        ("milvus://HERE/none", "index", "No index in milvus://"),
        ("milvus://", "index", "Expected milvus://HOST:PORT/COLLECTION"),
    ],
)
def test_what_cannot_be_copied_is_said(
    milvus: Server, tmp_path: Path, source: str, target: str, said: str
) -> None:
    here = f"127.0.0.1:{milvus.port}"
    done = qa("copy", source.replace("HERE", here), target.replace("HERE", here), "--model", "fake")
    assert done.returncode in (2, 3)
    assert said in done.stderr
    assert done.stdout == ""


def test_another_model_does_not_copy(milvus: Server, tmp_path: Path) -> None:
    articles = write(tmp_path / "articles", 200)
    local = Settings(model="fake", index_dir=tmp_path / "index")
    build_index(articles, local)
    done = qa("copy", local.index_dir, milvus.address(), "--model", "default")
    assert done.returncode == 3
    assert "made with model" in done.stderr
    assert open_generation(local).manifest.chunks
