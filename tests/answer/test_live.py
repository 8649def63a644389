"""Following an index: new generations are taken up, unusable ones are not, and a passing failure passes."""

from pathlib import Path

import pytest

from qa.answer import LiveAnswerer, live
from qa.index import FolderStore
from qa.models import FakeEmbedder
from qa.settings import Settings
from qa.wiring import build_index


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "articles").mkdir()
    return Settings(model="fake", index_dir=tmp_path / "index")


def _publish(settings: Settings, text: str) -> str:
    folder = settings.index_dir.parent / "articles"
    (folder / "harbour.md").write_text(f"# The harbour\n\n{text}\n", encoding="utf-8")
    return build_index(folder, settings).manifest.generation


def _generation(answerers: LiveAnswerer) -> str:
    return answerers.current().generation.manifest.generation


def test_a_new_generation_is_taken_up_and_the_old_answerer_keeps_its_own(settings: Settings) -> None:
    first = _publish(settings, "The harbour closed in May.")
    answerers = LiveAnswerer(FolderStore(settings.index_dir), FakeEmbedder(), refuse_below=0.0)
    held = answerers.current()
    second = _publish(settings, "The harbour opened in June.")
    assert _generation(answerers) == second
    assert held.ask("When did the harbour close?").text == "The harbour closed in May."
    assert held.generation.manifest.generation == first


def test_a_generation_that_cannot_be_opened_is_left_alone_and_tried_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RETRY_S", 0.0)
    first = _publish(settings, "The harbour closed in May.")
    answerers = LiveAnswerer(FolderStore(settings.index_dir), FakeEmbedder(), refuse_below=0.0)
    second = _publish(settings, "The harbour opened in June.")
    dense = settings.index_dir / second / "dense.faiss"
    away = dense.rename(dense.with_suffix(".away"))
    assert _generation(answerers) == first
    away.rename(dense)
    assert _generation(answerers) == second


def test_an_index_folder_that_goes_away_keeps_answering(settings: Settings) -> None:
    first = _publish(settings, "The harbour closed in May.")
    answerers = LiveAnswerer(FolderStore(settings.index_dir), FakeEmbedder(), refuse_below=0.0)
    (settings.index_dir / "CURRENT").unlink()
    assert _generation(answerers) == first
