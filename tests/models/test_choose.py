"""A model is compiled once a machine; whatever goes wrong with that, there is an embedder."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qa.errors import ModelError
from qa.models import CompiledEmbedder, SentenceTransformersEmbedder, find_model, open_embedder
from qa.models.cache import read_entry, write_entry
from tests.models.conftest import Editor

ROOT = Path(__file__).resolve().parent.parent.parent
QUESTION = "Who closed the harbour?"
TRANSFORMER = {"path": "", "type": "sentence_transformers.models.Transformer"}
POOLING = {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}
DENSE = {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}

OPEN = f"""
import sys
from pathlib import Path
from qa.models import find_model, open_embedder
precisions = sys.argv[2:] or None
embedder = open_embedder(find_model("default"), threads=2, cache_dir=Path(sys.argv[1]), precisions=precisions)
rows = embedder.embed_questions([{QUESTION!r}])
"""


def run(
    script: str, *arguments: str | Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def entry(folder: Path) -> Path:
    """Return the one file of a cache folder."""
    (found,) = folder.iterdir()
    return found


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"modules.json": [TRANSFORMER, POOLING, DENSE]}, "made of Transformer, Pooling, Dense"),
        ({"modules.json": [POOLING, TRANSFORMER]}, "made of Pooling, Transformer"),
        ({"modules.json": [TRANSFORMER]}, "cannot be read"),
        ({"modules.json": {}}, "cannot be read"),
        ({"modules.json": None}, "cannot be read"),
        (
            {"1_Pooling/config.json": {"word_embedding_dimension": 384, "pooling_mode_max_tokens": True}},
            "pooling is max",
        ),
        (
            {
                "1_Pooling/config.json": {
                    "word_embedding_dimension": 384,
                    "pooling_mode_mean_tokens": True,
                    "include_prompt": False,
                }
            },
            "prompts are left out",
        ),
    ],
)
def test_a_model_of_another_make_is_not_compiled(
    tmp_path: Path, edited: Editor, caplog: pytest.LogCaptureFixture, files: dict[str, Any], reason: str
) -> None:
    caplog.set_level(logging.INFO, "qa.models")
    found = open_embedder(edited(files), threads=2, cache_dir=tmp_path / "cache")
    assert isinstance(found, SentenceTransformersEmbedder)
    assert [(record.name, record.levelname) for record in caplog.records] == [("qa.models", "INFO")]
    assert reason in caplog.text
    assert not (tmp_path / "cache").exists()


@pytest.mark.model
def test_what_is_kept(compiled_cache: Path) -> None:
    path = entry(compiled_cache)
    assert (path.stat().st_mode & 0o777, compiled_cache.stat().st_mode & 0o777) == (0o600, 0o700)
    with path.open("rb") as file:
        verdict = json.loads(file.readline())["verdict"]
    assert verdict["model"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert verdict["least_cosine"] >= 0.999
    assert verdict["sample"] >= 16


@pytest.mark.model
def test_from_the_cache_nothing_heavy_is_loaded(compiled_cache: Path) -> None:
    before = entry(compiled_cache).stat()
    script = f"{OPEN}\nheavy = {{'torch', 'transformers', 'sentence_transformers', 'openvino.tools.ovc'}}"
    done = run(f"{script}\nprint(embedder.runtime, *heavy & set(sys.modules), sep=':')", compiled_cache)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("openvino ")
    assert ":" not in done.stdout
    after = entry(compiled_cache).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.model
def test_nothing_is_sent_written_or_said(tmp_path: Path) -> None:
    audit = """
import sys
events = []
def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        events.append((event, arguments[1:]))
sys.addaudithook(note)
"""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "HF_"))}
    env |= {"HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    (tmp_path / "home").mkdir()
    script = OPEN.replace("cache_dir=Path(sys.argv[1])", "cache_dir=None")
    done = run(f"{audit}{script}\nprint(type(embedder).__name__, events)", "", "f32", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "CompiledEmbedder []\n"
    files = [path.relative_to(tmp_path / "home") for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert [path.parent for path in files] == [Path(".cache/qa/models")]


@pytest.mark.model
@pytest.mark.parametrize("damage", ["flipped", "signed"])
def test_a_damaged_model_is_made_again(
    tmp_path: Path,
    compiled_f32: tuple[Path, CompiledEmbedder],
    damage: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    data, path = compiled_f32[0].read_bytes(), tmp_path / compiled_f32[0].name
    if damage == "flipped":
        path.write_bytes(data[:5_000_000] + bytes([data[5_000_000] ^ 1]) + data[5_000_001:])
    else:  # what OpenVINO wrote, says the digest, but OpenVINO cannot read it
        found = read_entry(compiled_f32[0])
        assert found is not None
        write_entry(path, found[0], b"not a model" * 1000)
    caplog.set_level(logging.WARNING, "qa.models")
    again = open_embedder(find_model("default"), threads=2, cache_dir=tmp_path, precisions=["f32"])
    assert isinstance(again, CompiledEmbedder)
    assert caplog.text == ""
    assert entry(tmp_path) == path
    assert read_entry(path) is not None
    expected = compiled_f32[1].embed_questions([QUESTION])
    np.testing.assert_allclose(again.embed_questions([QUESTION]), expected, atol=1e-5)


@pytest.mark.model
def test_a_failed_check_is_remembered(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "qa.models")
    model = find_model("default")
    for level in ("WARNING", "INFO"):
        caplog.clear()
        found = open_embedder(model, threads=2, cache_dir=tmp_path, precisions=["f32"], least_cosine=1.1)
        assert isinstance(found, SentenceTransformersEmbedder)
        assert caplog.records[-1].levelname == level
        assert "f32 1.0000" in caplog.records[-1].getMessage()
        assert ("library" in vars(found)) == (level == "WARNING")  # torch was needed once
    assert entry(tmp_path).stat().st_size < 10_000


def test_no_folder_to_write_to(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("not a folder")
    found = open_embedder(find_model("default"), threads=2, cache_dir=tmp_path / "file" / "cache")
    assert isinstance(found, SentenceTransformersEmbedder)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Not a directory" in caplog.text


@pytest.mark.model
def test_a_full_disk(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))"
    done = run(f"{limit}\n{OPEN}\nprint(type(embedder).__name__, rows.shape)", tmp_path, "f32")
    assert (done.returncode, done.stdout) == (0, "SentenceTransformersEmbedder (1, 384)\n")
    assert "is not compiled but runs in PyTorch" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.model
def test_no_room_for_the_result(
    tmp_path: Path, compiled_f32: tuple[Path, CompiledEmbedder], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / compiled_f32[0].name).mkdir()  # nothing can be put in its place
    found = open_embedder(find_model("default"), threads=2, cache_dir=tmp_path, precisions=["f32"])
    assert isinstance(found, CompiledEmbedder)
    assert "will be compiled again" in caplog.text
    assert entry(tmp_path).is_dir()


@pytest.mark.model
def test_two_processes_at_once(tmp_path: Path, compiled: CompiledEmbedder) -> None:
    arguments = [sys.executable, "-c", f"{OPEN}\nprint(embedder.runtime)", str(tmp_path), "f32"]
    both = [
        subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        out, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (0, "")
        assert out.endswith(" f32\n")
    assert entry(tmp_path).suffix == ".compiled"
    found = open_embedder(find_model("default"), threads=2, cache_dir=tmp_path, precisions=["f32"])
    np.testing.assert_allclose(
        found.embed_questions([QUESTION]), compiled.embed_questions([QUESTION]), atol=0.01
    )


@pytest.mark.model
def test_weights_that_are_none(tmp_path: Path, edited: Editor) -> None:
    model = edited({})
    (model.path / "model.safetensors").unlink()
    (model.path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError, match=r"Cannot load the model in .*edited"):
        open_embedder(find_model(str(model.path)), threads=2, cache_dir=tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
