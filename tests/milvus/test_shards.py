"""Builds that are killed, and builds in shards: readers keep what is published, and nothing is embedded twice."""

import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qa.answer import Answerer
from qa.errors import IndexDamagedError, InputError, StorageError
from qa.index import FolderStore
from qa.milvus import MilvusStore, Shard, parse_address
from qa.milvus.records import count as rows_in
from qa.models import FakeEmbedder
from qa.settings import Settings
from qa.wiring import build_index, open_answerer, open_generation, publish_shards, write_shard
from tests.milvus.server import Server
from tests.milvus.test_contract import CHUNKER, QUESTION, build, corpus_of, essence
from tests.milvus.words import words
from tests.reliability.conftest import MakeFigure, figure  # noqa: F401 (the fixture)
from tests.reliability.figures import dose

ARTICLES = 60
SMALL_BYTES = 20_000

# A command that dies by itself, as if killed, at the n-th change that it makes in the store: before it or after it.
DYING = """
import os, signal, sys
from qa.milvus import connection, records

records.SENT_TOGETHER_BYTES = int(sys.argv[1])
die_at, after, changes = int(sys.argv[2]), sys.argv[3] == "after", 0
call = connection.Connection.call

def counted(self, method, *arguments, **named):
    global changes
    changes += method in {"create_collection", "create_index", "upsert", "flush", "create_alias", "alter_alias"}
    if changes == die_at and not after:
        os.kill(os.getpid(), signal.SIGKILL)
    found = call(self, method, *arguments, **named)
    if changes == die_at:
        os.kill(os.getpid(), signal.SIGKILL)
    return found

connection.Connection.call = counted
from qa.cli import app
app(sys.argv[4:])
"""


def articles(folder: Path, *, colour: str, number: int = ARTICLES) -> Path:
    """Write articles of several chunks, every one with the colour."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(5)
    for each in range(number):
        sentences = [f"The {colour} harbour {each} was closed {words(chance)} by a storm." for _ in range(60)]
        text = f"# Note {each}\n\n{' '.join(sentences)}\n"
        (folder / f"note-{each:03}.md").write_text(text, encoding="utf-8")
    return folder


def killed(settings: Settings, folder: Path, die_at: int, *more: str, after: bool = False) -> int:
    """Index in a process that dies; return how it ended, 0 when it came to its end before."""
    command = ["index", str(folder), "--store", str(settings.store), "--model", "fake", "--json", *more]
    dying = [sys.executable, "-c", DYING, str(SMALL_BYTES), str(die_at), "after" if after else "before"]
    variables = {"QA_INDEX_DIR": str(settings.index_dir), "QA_STORE_INDEX": "FLAT"}
    done = subprocess.run(
        [*dying, *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, **variables},
    )
    assert done.returncode in (0, -9), done.stderr
    return done.returncode


@pytest.fixture
def settings(milvus: Server, tmp_path: Path) -> Settings:
    """An index of red articles that is published."""
    made = Settings(
        model="fake",
        index_dir=tmp_path / "cache",
        store=milvus.address(),
        store_index="FLAT",
        store_timeout_s=60,
        refuse_below=0,
    )
    build_index(articles(tmp_path / "red", colour="red", number=6), made)
    return made


def rows(settings: Settings) -> int:
    """Return how many chunks are written of what is not published."""
    store = store_at(settings)
    names = [name for name in names_of(store) if name.endswith("_chunks") and name not in published(store)]
    found = sum(rows_in(store._writing, name) for name in names)
    store.close()
    return found


def store_at(settings: Settings) -> MilvusStore:
    return MilvusStore(parse_address(str(settings.store)), dense_kind="FLAT", timeout_s=60)


def check_old(settings: Settings, before: object) -> None:
    """Check that readers get what was published before."""
    assert essence(open_answerer(settings).ask(QUESTION)) == before
    assert open_generation(settings).number == 1


def test_a_killed_sharded_build_is_taken_up_again(
    settings: Settings,
    tmp_path: Path,
    figure: MakeFigure,  # noqa: F811
) -> None:
    tried = figure("builds into Milvus, in two shards, killed at a change of the store")
    folder = articles(tmp_path / "blue", colour="blue")
    expected = build_index(folder, Settings(model="fake", index_dir=tmp_path / "reference"))
    before = essence(open_answerer(settings).ask(QUESTION))
    written = 0
    for place, die_at in enumerate(range(12, dose(24, 60), dose(4, 2))):
        code = killed(settings, folder, die_at, "--shard", "1/2", after=bool(place % 2))
        check_old(settings, before)
        now = rows(settings)
        assert now >= written, "what was written is gone"
        written = now
        if code == 0:
            break
        tried.trials += 1
    assert tried.trials >= 3
    assert written, "no kill came between two batches"
    with pytest.raises(InputError, match=r"Write (the others|them) first"):
        publish_shards(folder, settings)
    first = write_shard(folder, settings, 1, 2)
    second = write_shard(folder, settings, 2, 2)
    tried.details = {"chunks": expected.manifest.chunks, "written before the last run": written}
    check_old(settings, before)
    assert first.chunks + second.chunks == expected.manifest.chunks
    assert first.chunks_embedded == max(0, first.chunks - written)
    assert second.chunks_embedded == second.chunks
    assert write_shard(folder, settings, 2, 2).chunks_embedded == 0
    report = publish_shards(folder, settings)
    assert report.manifest.chunks == expected.manifest.chunks
    assert report.manifest.articles == ARTICLES
    index = open_generation(settings)
    assert sum(each.chunks for each in index.articles()) == expected.manifest.chunks
    local = Settings(model="fake", index_dir=tmp_path / "reference", refuse_below=0)
    answer, there = open_answerer(settings).ask(QUESTION), open_answerer(local).ask(QUESTION)
    assert (answer.text, answer.citations) == (there.text, there.citations)


def test_a_build_killed_at_every_change_it_makes(
    settings: Settings,
    tmp_path: Path,
    figure: MakeFigure,  # noqa: F811
) -> None:
    tried = figure("builds into Milvus killed before a change of the store, publication included")
    folder = articles(tmp_path / "blue", colour="blue", number=4)
    before = essence(open_answerer(settings).ask(QUESTION))
    for die_at in range(1, 100, dose(3, 1)):
        if killed(settings, folder, die_at) == 0:
            break
        tried.trials += 1
        check_old(settings, before)
    assert tried.trials >= dose(3, 8)
    assert open_generation(settings).number == 2
    report = build_index(folder, settings)
    assert (report.published, report.chunks_embedded) == (False, 0)
    assert "blue" in (open_answerer(settings).ask(QUESTION).text or "")


def test_shards_of_other_articles_do_not_count(settings: Settings, tmp_path: Path) -> None:
    folder = articles(tmp_path / "blue", colour="blue", number=8)
    write_shard(folder, settings, 1, 2)
    (folder / "note-000.md").write_text("# Other\n\nOther words.\n", encoding="utf-8")
    with pytest.raises(InputError, match="No shard of these articles"):
        publish_shards(folder, settings)
    write_shard(folder, settings, 2, 2)
    with pytest.raises(InputError, match=r"1 of 2 shards are written.*--shard 1/2"):
        publish_shards(folder, settings)


def test_rows_that_are_lost_are_missed_before_anything_is_published(
    settings: Settings, tmp_path: Path
) -> None:
    folder = articles(tmp_path / "blue", colour="blue", number=8)
    before = essence(open_answerer(settings).ask(QUESTION))
    first = write_shard(folder, settings, 1, 1)
    store = store_at(settings)
    [chunks] = [name for name in names_of(store) if name.endswith("_chunks") and name not in published(store)]
    store._writing.call("delete", chunks, filter=f"row > {2**62}")
    left = rows_in(store._writing, chunks)
    assert 0 < left < first.chunks
    with pytest.raises(StorageError, match="chunks, its articles say"):
        publish_shards(folder, settings)
    check_old(settings, before)
    # What is lost is written again, and nothing else is embedded.
    lost = sum(each.chunks for each in [write_shard(folder, settings, 1, 1)]) - rows_in(
        store._writing, chunks
    )
    assert lost == 0
    assert publish_shards(folder, settings).published
    store.close()


def test_a_published_state_that_has_lost_rows_is_mended_by_indexing_again(
    settings: Settings, tmp_path: Path
) -> None:
    before, manifest = essence(open_answerer(settings).ask(QUESTION)), open_generation(settings).manifest
    store = store_at(settings)
    [chunks] = [name for name in published(store) if name.endswith("_chunks")]
    store._writing.call("delete", chunks, filter=f"row > {2**62}")
    left = rows_in(store._writing, chunks)
    assert 0 < left < manifest.chunks
    with pytest.raises(IndexDamagedError, match=f"holds {left} chunks, the manifest says {manifest.chunks}"):
        open_generation(settings)
    report = build_index(tmp_path / "red", settings)
    assert report.chunks_embedded == manifest.chunks - left
    found = essence(open_answerer(settings).ask(QUESTION))
    assert found == before
    store.close()


def test_names_of_others_are_left_alone(milvus: Server, tmp_path: Path) -> None:
    store = MilvusStore(parse_address(milvus.address()), dense_kind="FLAT", timeout_s=60)
    name = store._writing.address.collection
    store._writing.call("create_collection", f"{name}_theirs", dimension=4)
    store._writing.call("create_alias", f"{name}_theirs", name)
    for work in (store.open, store.pointer, lambda: build(store, corpus_of(2))):
        with pytest.raises(InputError, match="which is no index of ours"):
            work()
    other = MilvusStore(parse_address(f"milvus://127.0.0.1:{milvus.port}/{name}_theirs"), timeout_s=60)
    with pytest.raises(InputError, match="which is no index of ours"):
        build(other, corpus_of(2))
    assert store._writing.call("describe_alias", name)["collection_name"] == f"{name}_theirs"
    for each in (store, other):
        each.close()


def test_articles_that_change_while_they_are_read_stop_the_run(milvus: Server) -> None:
    store = MilvusStore(parse_address(milvus.address()), dense_kind="FLAT", timeout_s=60)
    readings = iter([corpus_of(5), corpus_of(4) + corpus_of(6)[5:]])
    with pytest.raises(InputError, match="has changed while it was indexed"):
        store.build(
            lambda: next(readings),
            embedder=FakeEmbedder(),
            chunker=CHUNKER,
            progress=lambda stage, done, total: None,
        )
    store.close()


def test_old_states_go_after_their_time_and_not_before(milvus: Server) -> None:
    address = parse_address(milvus.address())
    patient = MilvusStore(address, dense_kind="FLAT", timeout_s=60)
    for number in (3, 4):
        build(patient, corpus_of(number))
    assert len(names_of(patient)) == 4
    old = patient.open()
    hasty = MilvusStore(address, dense_kind="FLAT", timeout_s=60, grace_s=0)
    build(hasty, corpus_of(5))
    assert set(names_of(hasty)) == published(hasty)
    with pytest.raises(IndexDamagedError, match="Index again"):
        Answerer(old, FakeEmbedder(), refuse_below=0).ask(QUESTION)
    assert Answerer(hasty.open(), FakeEmbedder(), refuse_below=0).ask(QUESTION).status == "answered"
    for each in (patient, hasty):
        each.close()


def test_several_machines_write_their_shards_at_once(milvus: Server, tmp_path: Path) -> None:
    articles = corpus_of(30)
    expected = build(FolderStore(tmp_path / "index"), articles).manifest
    address = parse_address(milvus.address())
    stores = [MilvusStore(address, dense_kind="FLAT", timeout_s=60) for _ in range(3)]

    def write(number: int) -> int:
        return (
            stores[number]
            .write_shard(
                lambda: articles,
                Shard(number + 1, 3),
                embedder=FakeEmbedder(),
                chunker=CHUNKER,
                progress=lambda stage, done, total: None,
            )
            .chunks
        )

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(write, range(3))) == expected.chunks
    report = stores[0].publish(
        lambda: articles,
        embedder=FakeEmbedder(),
        chunker=CHUNKER,
        progress=lambda stage, done, total: None,
    )
    assert (report.manifest.chunks, report.manifest.digest) == (expected.chunks, expected.digest)
    for each in stores:
        each.close()


def names_of(store: MilvusStore) -> list[str]:
    """Return the collections that are the store's."""
    prefix = f"{store._writing.address.collection}_"
    return [name for name in store._writing.call("list_collections") if name.startswith(prefix)]


def published(store: MilvusStore) -> set[str]:
    """Return the collections of what is published."""
    records = store.pointer()
    return {records, records.replace("_records", "_chunks")}
