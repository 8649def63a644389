"""The default model, converted once a session, and the reference that it must agree with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qa.models import (
    CompiledEmbedder,
    ModelFolder,
    SentenceTransformersEmbedder,
    find_model,
    open_embedder,
)

Editor = Callable[..., ModelFolder]


@pytest.fixture(scope="session")
def compiled_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that holds the compiled default model."""
    folder = tmp_path_factory.mktemp("cache") / "qa"
    assert isinstance(open_embedder(find_model("default"), threads=2, cache_dir=folder), CompiledEmbedder)
    return folder


@pytest.fixture(scope="session")
def compiled(compiled_cache: Path) -> CompiledEmbedder:
    found = open_embedder(find_model("default"), threads=2, cache_dir=compiled_cache)
    assert isinstance(found, CompiledEmbedder)
    return found


@pytest.fixture(scope="session")
def compiled_f32(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CompiledEmbedder]:
    """The default model in the precision that every processor has, and the entry it is kept in."""
    folder = tmp_path_factory.mktemp("f32")
    found = open_embedder(find_model("default"), threads=2, cache_dir=folder, precisions=["f32"])
    assert isinstance(found, CompiledEmbedder)
    (path,) = folder.iterdir()
    return path, found


@pytest.fixture(scope="session")
def reference() -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder(find_model("default"), threads=2)


@pytest.fixture
def edited(tmp_path: Path) -> Editor:
    """Return a function that copies the default model with other settings: `{path: JSON}`."""

    def edit(files: dict[str, Any]) -> ModelFolder:
        source, folder = find_model("default").path, tmp_path / "edited"
        for path in (path for path in source.rglob("*") if path.is_file()):
            copy = folder / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(path)
        for name, content in files.items():
            (folder / name).unlink(missing_ok=True)
            if content is not None:
                (folder / name).write_text(json.dumps(content), encoding="utf-8")
        return find_model(str(folder))

    return edit
