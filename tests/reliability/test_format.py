"""An index that was once written opens for ever, and a newer one is refused with a way out."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from qa.answer import Answerer
from qa.errors import IndexMismatchError
from qa.index import open_generation, read_pointer
from qa.index.manifest import FORMAT_VERSION, OLDEST_READABLE
from qa.models import FakeEmbedder
from qa.settings import Settings
from qa.wiring import build_index
from tests.data.make_index import ARTICLES
from tests.reliability.children import ROOT, qa

FORMATS = range(OLDEST_READABLE, FORMAT_VERSION + 1)
MAX_BYTES = 200_000


def golden_index(number: int) -> Path:
    return ROOT / "tests" / "data" / f"index-format-{number}"


@pytest.fixture(params=FORMATS)
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(golden_index(request.param), tmp_path / "golden"))


def re_sign(index_dir: Path, **values: object) -> None:
    """Change the manifest and let CURRENT vouch for it."""
    name = read_pointer(index_dir).generation
    path = index_dir / name / "manifest.json"
    data = json.dumps(json.loads(path.read_bytes()) | values).encode()
    path.write_bytes(data)
    (index_dir / "CURRENT").write_text(f"{name} {hashlib.sha256(data).hexdigest()}\n", encoding="ascii")


def test_the_golden_index_answers(golden: Path) -> None:
    generation = open_generation(golden)
    answer = Answerer(generation, FakeEmbedder(), refuse_below=0).ask(
        "When was the lighthouse of Skerry lit?"
    )
    first = answer.citations[0]
    assert first.quote == "The lighthouse of Skerry was lit in 1811."
    assert generation.article("lighthouse.md").text[first.start : first.end] == first.quote
    assert (first.article_id, first.author, first.start_line) == ("lighthouse.md", "A. Keeper", 7)
    assert [summary.id for summary in generation.articles()] == ["lighthouse.md", "orchard.txt"]


@pytest.mark.parametrize("number", FORMATS)
def test_the_golden_index_is_small_and_complete(number: int) -> None:
    golden = golden_index(number)
    files = [path for path in golden.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MAX_BYTES
    named = json.loads((golden / read_pointer(golden).generation / "manifest.json").read_bytes())["files"]
    assert len(files) == len(named) + 2


def test_a_newer_format_is_refused_with_the_command_to_run(golden: Path) -> None:
    newer = FORMAT_VERSION + 1
    re_sign(golden, format_version=newer, min_reader_version=newer)
    with pytest.raises(IndexMismatchError, match=re.escape("qa index FOLDER")):
        open_generation(golden)
    done = qa("ask", "When was the lighthouse lit?", "--index-dir", golden)
    assert done.returncode == 3
    assert f"format {newer}" in done.stderr
    assert "qa index FOLDER" in done.stderr


def test_a_newer_format_that_still_suits_us_opens(golden: Path) -> None:
    newer = FORMAT_VERSION + 1
    re_sign(golden, format_version=newer, min_reader_version=FORMAT_VERSION, said_later=1)
    assert open_generation(golden).manifest.format_version == newer


def test_indexing_again_brings_the_format_up_to_date_without_embedding(golden: Path, tmp_path: Path) -> None:
    for name, text in ARTICLES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    report = build_index(tmp_path, Settings(model="fake", index_dir=golden))
    assert report.manifest.format_version == FORMAT_VERSION
    assert (report.chunks_embedded, report.unchanged) == (0, len(ARTICLES))


@pytest.mark.parametrize("name", ["articles.sqlite", "sentences.npy", "dense.faiss", "lexical/terms.json"])
def test_a_generation_that_no_reader_understands_is_replaced(name: str, golden: Path, tmp_path: Path) -> None:
    manifest = json.loads((golden / read_pointer(golden).generation / "manifest.json").read_bytes())
    path = golden / read_pointer(golden).generation / name
    path.write_bytes(b"[]")
    digest = {"size": 2, "sha256": hashlib.sha256(b"[]").hexdigest()}
    re_sign(golden, files=manifest["files"] | {name: digest})
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "new.md").write_text("# New\n\nThe new one is here.\n", encoding="utf-8")
    assert qa("ask", "Where is it?", "--index-dir", golden).returncode == 3
    done = qa("index", tmp_path / "articles", "--index-dir", golden)
    assert done.returncode == 0, done.stderr
    assert qa("ask", "Where is the new one?", "--index-dir", golden).returncode in (0, 1)
