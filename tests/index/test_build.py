"""A folder becomes a generation whole, once, and every byte of it counts."""

import dataclasses
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from qa.corpus import CHUNKER_VERSION, load_folder
from qa.errors import IndexDamagedError, IndexMissingError, InputError
from qa.index import build_generation, open_generation
from qa.index.manifest import manifest_json
from qa.index.publish import KEPT_GENERATIONS, generations, read_pointer
from qa.models import FakeEmbedder
from qa.types import Article, BuildReport, ChunkerSettings, Skipped
from tests.articles import load_all

CHUNKER = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=24, overlap_tokens=4)
ARTICLES = {
    "harbour.md": "---\ntitle: The harbour\nsource: The Gazette\n---\n\nThe harbour was closed on Monday because of a storm. "
    "Ships waited outside the bay. The pilots went home. It opened again on Tuesday morning.\n",
    "news/bridge.txt": "The bridge\n\nThe bridge carries forty thousand cars a day. It was built in 1932.\n",
    "paint.txt": "The paint\r\n\r\nThe paint in the bottle was red\x00 and “dry” 😀.\r\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in ARTICLES.items():
        write(tmp_path / "articles" / name, text)
    return tmp_path / "articles"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def build(folder: Path, index: Path, dim: int = 32, chunker: ChunkerSettings = CHUNKER) -> BuildReport:
    return build_generation(
        lambda: load_folder(folder), index, embedder=FakeEmbedder(dim=dim), chunker=chunker
    )


def counts(report: BuildReport) -> tuple[bool, int, int, int, int]:
    return report.published, report.added, report.changed, report.removed, report.unchanged


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_first_build(folder: Path, index: Path) -> None:
    report = build(folder, index)
    assert counts(report) == (True, 3, 0, 0, 0)
    assert report.skipped == ()
    assert report.chunks_embedded == report.manifest.chunks == 4
    assert report.manifest.articles == 3
    assert report.manifest.generation == f"gen-000001-{report.manifest.digest[:12]}"
    generation = open_generation(index, model=FakeEmbedder(dim=32).fingerprint)
    assert generation.manifest == report.manifest
    lines = "".join(f"{article.sha256} {article.id}\n" for article in load_all(folder)[0])
    assert report.manifest.corpus_sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert [generation.article(summary.id) for summary in generation.articles()] == list(load_all(folder)[0])
    generation.close()


def test_rows_mean_the_same_in_every_leg(folder: Path, index: Path) -> None:
    build(folder, index)
    generation = open_generation(index)
    fake = FakeEmbedder(dim=32)
    chunks = generation.chunks(range(4))
    assert [chunk.article_id for chunk in chunks] == [
        "harbour.md",
        "harbour.md",
        "news/bridge.txt",
        "paint.txt",
    ]
    titles = {"harbour.md": "The harbour", "news/bridge.txt": "The bridge", "paint.txt": "The paint"}
    texts = [
        f"{titles[chunk.article_id]}\n{generation.article(chunk.article_id).text[chunk.start : chunk.end]}"
        for chunk in chunks
    ]
    np.testing.assert_array_equal(generation.dense.vectors(np.arange(4)), fake.embed_questions(texts))
    assert np.flatnonzero(generation.lexical.scores("bottle")).tolist() == [3]
    for row, chunk in enumerate(chunks):
        text = generation.article(chunk.article_id).text
        sentences = fake.embed_questions([text[start:end] for start, end in chunk.sentences])
        np.testing.assert_allclose(generation.sentences.of_chunk(row), sentences, atol=1e-3)
    generation.close()


def test_the_second_build_publishes_nothing(folder: Path, index: Path) -> None:
    first = build(folder, index)
    before = everything(index)
    del before["LOCK"]
    second = build(folder, index)
    assert counts(second) == (False, 0, 0, 0, 3)
    assert second.chunks_embedded == 0
    assert second.manifest == first.manifest
    after = everything(index)
    del after["LOCK"]
    assert after == before


def test_only_what_changed_is_counted(folder: Path, index: Path) -> None:
    build(folder, index)
    write(folder / "paint.txt", "The paint\n\nThe paint was blue.\n")
    write(folder / "new.md", "The new one\n\nIt is new.\n")
    (folder / "news" / "bridge.txt").unlink()
    report = build(folder, index)
    assert counts(report) == (True, 1, 1, 1, 1)
    assert report.chunks_embedded == 2
    assert report.manifest.generation.startswith("gen-000002-")


def test_an_update_gives_the_same_files_as_a_fresh_build(folder: Path, index: Path, tmp_path: Path) -> None:
    build(folder, index)
    write(folder / "a new.md", "The new one\n\nIt is new, and comes first.\n")
    updated = build(folder, index).manifest
    fresh = build(folder, tmp_path / "fresh").manifest
    assert (updated.digest, updated.corpus_sha256) == (fresh.digest, fresh.corpus_sha256)
    assert updated.files == fresh.files


def test_two_builds_of_one_folder_are_equal(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    one, two = build(folder, tmp_path / "one"), build(copy, tmp_path / "two")
    assert one == two
    assert manifest_json(one.manifest) == manifest_json(two.manifest)
    assert (tmp_path / "one" / "CURRENT").read_bytes() == (tmp_path / "two" / "CURRENT").read_bytes()


def test_another_model_or_chunker_is_a_new_generation(folder: Path, index: Path) -> None:
    build(folder, index)
    other_model = build(folder, index, dim=16)
    assert counts(other_model) == (True, 0, 0, 0, 3)
    assert other_model.chunks_embedded == 4
    chunker = dataclasses.replace(CHUNKER, overlap_tokens=0)
    assert build(folder, index, dim=16, chunker=chunker).published
    assert len(generations(index)) == 3


@pytest.mark.parametrize("what", ["empty", "only other files", "only empty articles"])
def test_a_folder_without_articles_leaves_the_index_alone(
    folder: Path, index: Path, tmp_path: Path, what: str
) -> None:
    build(folder, index)
    before = {name: data for name, data in everything(index).items() if name != "LOCK"}
    other = tmp_path / "other"
    other.mkdir()
    if what == "only other files":
        write(other / "a.pdf", "no article")
    if what == "only empty articles":
        write(other / "a.md", " \n")
    with pytest.raises(
        InputError, match=r"No articles.*untouched\. Name another folder: qa index FOLDER"
    ) as caught:
        build(other, index)
    assert ("a.md is empty" in str(caught.value)) == (what == "only empty articles")
    assert {name: data for name, data in everything(index).items() if name != "LOCK"} == before


def test_articles_of_furniture_only(tmp_path: Path, index: Path) -> None:
    write(tmp_path / "articles" / "a.md", "---\ntitle: T\n---\nShare:\n\nAdvertisement\n")
    with pytest.raises(InputError, match="no text besides page furniture"):
        build(tmp_path / "articles", index)
    with pytest.raises(IndexMissingError):
        open_generation(index)
    assert sorted(path.name for path in index.iterdir()) == ["LOCK"]


def test_an_index_inside_the_folder_it_indexes_holds_no_article(folder: Path) -> None:
    build(folder, folder / "index")
    assert counts(build(folder, folder / "index")) == (False, 0, 0, 0, 3)


def test_an_article_that_changes_between_the_two_readings_counts_as_it_is_later(
    folder: Path, index: Path
) -> None:
    readings = 0

    def read() -> Iterator[Article | Skipped]:
        nonlocal readings
        readings += 1
        if readings == 2:
            write(folder / "paint.txt", "The paint\n\nThe paint was blue.\n")
            write(folder / "new.md", "The new one\n\nIt is new.\n")
        return load_folder(folder)

    report = build_generation(read, index, embedder=FakeEmbedder(dim=32), chunker=CHUNKER)
    assert report.manifest.articles == report.added == 4
    assert not build(folder, index).published
    assert "blue" in open_generation(index).article("paint.txt").text


def test_what_was_skipped_is_reported(folder: Path, index: Path) -> None:
    write(folder / "empty.md", "")
    report = build(folder, index)
    assert [(row.path, row.reason) for row in report.skipped] == [("empty.md", "is empty")]
    assert report.manifest.articles == 3


def test_the_newest_generations_are_kept_and_nothing_else(folder: Path, index: Path) -> None:
    for number in range(KEPT_GENERATIONS + 2):
        write(folder / "counter.md", f"The counter\n\nIt stands at {number}.\n")
        build(folder, index)
    kept = generations(index)
    assert [name[:10] for name in kept] == ["gen-000003", "gen-000004", "gen-000005"]
    assert read_pointer(index).generation == kept[-1]
    assert sorted(path.name for path in index.iterdir()) == sorted(["CURRENT", "LOCK", *kept])
    assert not list(index.rglob("*.tmp"))
    assert all(path.stat().st_mode & 0o077 == 0 for path in index.rglob("gen-*/**/*"))
    assert index.stat().st_mode & 0o077 == 0


def test_what_other_people_keep_in_the_folder_stays(folder: Path, index: Path) -> None:
    write(index / "notes.tmp", "mine")
    write(index / "gen-000001-holiday.tmp" / "photo", "mine too")
    write(index / "CURRENT.tmp", "left by a writer that was killed")
    build(folder, index)
    assert (index / "notes.tmp").read_text() == "mine"
    assert (index / "gen-000001-holiday.tmp" / "photo").exists()
    assert not (index / "CURRENT.tmp").exists()


def test_an_index_that_cannot_be_read_is_built_anew(folder: Path, index: Path) -> None:
    build(folder, index)
    (index / "CURRENT").write_text("nonsense\n")
    with pytest.raises(IndexDamagedError, match=r"holds 'nonsense\\n', not a generation"):
        open_generation(index)
    assert counts(build(folder, index)) == (True, 3, 0, 0, 0)
    open_generation(index).close()


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match=r"No index at .*nowhere\. Build it: qa index FOLDER"):
        open_generation(tmp_path / "nowhere")


def test_progress_is_told(folder: Path, index: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    build_generation(
        lambda: load_folder(folder),
        index,
        embedder=FakeEmbedder(dim=32),
        chunker=CHUNKER,
        progress=lambda *call: calls.append(call),
    )
    assert calls == [
        ("read", 1, 0),
        ("read", 2, 0),
        ("read", 3, 0),
        ("split", 1, 3),
        ("split", 2, 3),
        ("split", 3, 3),
        *(("embed", done, 4) for done in range(1, 5)),
        ("write", 0, 1),
        ("write", 1, 1),
    ]


def test_every_byte_counts(folder: Path, index: Path) -> None:
    manifest = build(folder, index).manifest
    generation = index / manifest.generation
    files = everything(generation)
    assert files.keys() == {*manifest.files, "manifest.json"}
    for name, digest in manifest.files.items():
        assert (digest.size, digest.sha256) == (len(files[name]), hashlib.sha256(files[name]).hexdigest())
    for name, data in files.items():
        path = generation / name
        for place in {0, len(data) // 2, len(data) - 1}:
            flipped = bytearray(data)
            flipped[place] ^= 1
            for damaged in (bytes(flipped), data[:place], data + b"\x00"):
                path.write_bytes(damaged)
                with pytest.raises(IndexDamagedError) as caught:
                    open_generation(index)
                assert str(path) in str(caught.value)
        path.unlink()
        with pytest.raises(IndexDamagedError, match="cannot be read") as caught:
            open_generation(index)
        assert str(path) in str(caught.value)
        path.write_bytes(data)
    open_generation(index).close()


def test_two_swapped_files_are_noticed(folder: Path, index: Path) -> None:
    first = build(folder, index).manifest
    write(folder / "paint.txt", "The paint\n\nThe paint was blue.\n")
    second = build(folder, index).manifest
    for name in second.files:
        if first.files[name] != second.files[name]:
            data = (index / second.generation / name).read_bytes()
            shutil.copy(index / first.generation / name, index / second.generation / name)
            with pytest.raises(IndexDamagedError):
                open_generation(index)
            (index / second.generation / name).write_bytes(data)
    open_generation(index).close()


def test_a_large_index_is_reached_through_codes(
    folder: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = build(folder, index).manifest
    monkeypatch.setattr("qa.index.dense.QUANTISED_FROM", 3)
    write(folder / "new.md", "The new one\n\nIt is new.\n")
    report = build(folder, index)
    assert (exact.dense_kind, report.manifest.dense_kind) == ("flat_ip", "flat_ip+rabitq")
    assert report.chunks_embedded == 1
    assert "codes.faiss" in report.manifest.files
    generation = open_generation(index)
    rows = np.arange(5)
    for row, vector in zip(rows, generation.dense.vectors(rows), strict=True):
        assert generation.dense.search(vector, 1)[0].tolist() == [row]


SCRIPT = """
import hashlib, resource, sys
from pathlib import Path
import numpy
from qa.corpus import CHUNKER_VERSION
from qa.index import build_generation, draft, lexical
from qa.models import FakeEmbedder
from qa.types import Article, ChunkerSettings

lexical.POSTINGS_IN_MEMORY, draft._LARGEST_BATCH = 1 << 14, 64
def articles():
    for number in range(int(sys.argv[2])):
        text = " ".join(f"Sentence {n} of note {number} is about harbour {n * number % 997}." for n in range(200))
        yield Article(f"{number}.md", f"Note {number}", text, hashlib.sha256(text.encode()).hexdigest())
chunker = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=400, overlap_tokens=0)
report = build_generation(articles, Path(sys.argv[1]), embedder=FakeEmbedder(dim=384, max_tokens=400), chunker=chunker)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, sum(f.size for f in report.manifest.files.values()))
"""


def test_memory_while_building_does_not_follow_the_size(tmp_path: Path) -> None:
    # The peak of a process is that of its parent when it starts, so a small one starts both.
    launcher = "import subprocess, sys; print(subprocess.check_output(sys.argv[1:], text=True), end='')"
    found = []
    for count in (100, 500):
        command = [
            sys.executable,
            "-c",
            launcher,
            sys.executable,
            "-c",
            SCRIPT,
            str(tmp_path / str(count)),
            str(count),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append([int(number) for number in done.stdout.split()])
    (peak, size), (larger_peak, larger_size) = found
    assert larger_size - size > 20e6
    assert larger_peak - peak < 0.25 * (larger_size - size)
