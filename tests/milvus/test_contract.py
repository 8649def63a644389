"""What a store promises, whichever it is: the same tests of a folder and of Milvus."""

import dataclasses
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from qa.answer import Answerer, LiveAnswerer
from qa.errors import ArticleNotFoundError, IndexMismatchError, IndexMissingError, InputError
from qa.filters import Filters
from qa.index import FolderStore, IndexStore, OpenIndex, term_language, text_of, vector_keys
from qa.milvus import MilvusStore, parse_address
from qa.models import FakeEmbedder
from qa.settings import Settings
from qa.types import Answer, Article, BuildReport, ChunkerSettings
from qa.wiring import build_index, examine_index, open_answerer, open_generation
from qa.wiring.stores import store_of
from tests.answer.test_filtered import AUTHORS, LANGUAGES, SOURCES, corpus
from tests.articles import ARTICLES, QUESTIONS, load_all, write_articles
from tests.milvus.server import Server

CHUNKER = ChunkerSettings(version=1, max_tokens=24, overlap_tokens=0)
QUESTION = "Why was the harbour closed by a storm?"

NewStore = Callable[[], IndexStore]
NewSettings = Callable[[], Settings]


@pytest.fixture(params=["folder", "milvus"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def new_settings(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> NewSettings:
    """Returns settings of a place where nothing is yet."""
    places = iter(range(100))

    def new() -> Settings:
        place = tmp_path / f"place{next(places)}"
        if kind == "folder":
            return Settings(model="fake", index_dir=place, refuse_below=0)
        address = request.getfixturevalue("milvus").address()
        return Settings(
            model="fake",
            index_dir=place,
            store=address,
            store_index="FLAT",
            refuse_below=0,
            store_timeout_s=30,
        )

    return new


@pytest.fixture
def settings(new_settings: NewSettings) -> Settings:
    return new_settings()


@pytest.fixture
def new_store(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[NewStore]:
    """Returns stores where nothing is yet."""
    made: list[IndexStore] = []

    def new() -> IndexStore:
        store: IndexStore
        if kind == "folder":
            store = FolderStore(tmp_path / f"store{len(made)}")
        else:
            milvus: Server = request.getfixturevalue("milvus")
            store = MilvusStore(parse_address(milvus.address()), dense_kind="FLAT", timeout_s=30, grace_s=0)
        made.append(store)
        return store

    yield new
    for store in made:
        if isinstance(store, MilvusStore):
            store.close()


def build(store: IndexStore, articles: list[Article], embedder: FakeEmbedder | None = None) -> BuildReport:
    return store.build(
        lambda: articles,
        embedder=embedder or FakeEmbedder(),
        chunker=CHUNKER,
        progress=lambda stage, done, total: None,
    )


def counts(report: BuildReport) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.removed, report.unchanged


def essence(answer: Answer) -> object:
    """Return an answer without times, and scores without their last digits."""
    plain = dataclasses.asdict(dataclasses.replace(answer, timings_ms={}))
    return json.loads(json.dumps(plain), parse_float=lambda text: round(float(text), 4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_articles(tmp_path_factory.mktemp("articles"))


@pytest.fixture(scope="module")
def expected(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a folder's index answers."""
    settings = Settings(model="fake", index_dir=tmp_path_factory.mktemp("index"), refuse_below=0)
    build_index(folder, settings)
    asker = open_answerer(settings)
    return {question: essence(asker.ask(question)) for question in QUESTIONS}


def test_nothing_is_there_before_the_first_build(settings: Settings, new_store: NewStore) -> None:
    with pytest.raises(IndexMissingError, match="qa index FOLDER"):
        open_answerer(settings)
    with pytest.raises(IndexMissingError):
        new_store().pointer()


def test_a_build_is_counted_and_listed(settings: Settings, folder: Path) -> None:
    report = build_index(folder, settings)
    assert report.published
    assert counts(report) == (len(ARTICLES), 0, 0, 0)
    assert report.chunks_embedded == report.manifest.chunks
    index = open_generation(settings)
    assert dataclasses.replace(index.manifest, files={}) == dataclasses.replace(report.manifest, files={})
    assert index.number == 1
    summaries = list(index.articles())
    assert [each.id for each in summaries] == sorted(ARTICLES)
    assert sum(each.chunks for each in summaries) == report.manifest.chunks


def test_every_article_and_chunk_comes_back_whole(settings: Settings, folder: Path) -> None:
    build_index(folder, settings)
    index = open_generation(settings)
    articles, _ = load_all(folder)
    assert list(index.read_articles()) == list(articles)
    for article in articles:
        assert index.article(article.id) == article
        for chunk in index.chunks_of(article.id):
            assert chunk.article_id == article.id
            assert article.text[chunk.start : chunk.end].strip()
            assert all(chunk.start <= start < end <= chunk.end for start, end in chunk.sentences)
    for missing in ("no such", "", "\udce9", 'x" or row > 0 or key == "', "a\x00b"):
        for read in (index.article, index.chunks_of):
            with pytest.raises(ArticleNotFoundError, match="No article"):
                read(missing)
        assert index.copies(missing) == ()


def test_both_answer_alike(settings: Settings, folder: Path, expected: dict[str, object]) -> None:
    build_index(folder, settings)
    asker = open_answerer(settings)
    for question in QUESTIONS:
        assert essence(asker.ask(question)) == expected[question], question


def test_citations_replay(settings: Settings, folder: Path) -> None:
    build_index(folder, settings)
    asker, index = open_answerer(settings), open_generation(settings)
    cited = 0
    for question in QUESTIONS:
        for citation in asker.ask(question).citations:
            article = index.article(citation.article_id)
            assert article.text[citation.start : citation.end] == citation.quote
            assert article.sha256 == citation.sha256
            cited += 1
    assert cited >= 10


def random_filters(chance: random.Random) -> Filters:
    def some(values: tuple[str | None, ...]) -> tuple[str, ...]:
        known = [each for each in values if each]
        return tuple(chance.sample([*known, "Nobody", "reuters  "], k=chance.randrange(3)))

    year = chance.randrange(2014, 2024)
    return Filters(
        since=chance.choice((None, None, f"{year}", f"{year}-07", f"{year}-07-11")),
        until=chance.choice((None, None, f"{year + 2}-03", f"{year + 1}")),
        as_of=chance.choice((None, None, None, f"{year + 1}-11-30")),
        source=some(SOURCES),
        author=some(AUTHORS),
        language=some(LANGUAGES),
        article=chance.choice(((), (), (), ("0003.md", "0007.md", "\udce9", "none"))),
    )


def test_filters_leave_what_they_say_and_no_less(new_store: NewStore, tmp_path: Path) -> None:
    articles = [dataclasses.replace(each, sha256=sha(each), url=None) for each in corpus(80)]
    store = new_store()
    build(store, articles)
    build(exact := FolderStore(tmp_path / "exact"), articles)
    index, known = store.open(), exact.open()
    chance = random.Random(3)
    vector = FakeEmbedder().embed_questions([QUESTION])[0]
    found = 0
    for _ in range(60):
        filters = random_filters(chance)
        expected = ranked(known, vector, filters)
        assert ranked(index, vector, filters) == expected, filters
        found += bool(expected)
        everything = Answerer(index, FakeEmbedder(), refuse_below=0).ask(QUESTION, k=50, filters=filters)
        assert {each.chunk.article_id for each in everything.passages} <= {name for name, *_ in expected}
    assert 15 <= found <= 55


def ranked(index: OpenIndex, vector: np.ndarray, filters: Filters) -> list[tuple[str, int, float, float]]:
    """Return article, place and scores of all chunks that fit."""
    offer = index.offer(QUESTION, vector, k=1000, filters=filters)
    if not len(offer.rows):
        return []
    chunks = [index.chunks([row])[0] for row in offer.rows.tolist()]
    ends = [*offer.starts[1:].tolist(), len(offer.sentences)]
    best = [float(offer.sentences[a:b].max()) for a, b in zip(offer.starts.tolist(), ends, strict=True)]
    usual = (*offer.usual_dense, *offer.usual_lexical)
    assert all(np.isfinite(usual))
    return [
        (chunk.article_id, chunk.start, round(dense, 4), round(float(lexical), 4))
        for chunk, dense, lexical in zip(chunks, best, offer.lexical, strict=True)
    ]


def sha(article: Article) -> str:
    return hashlib.sha256(article.text.encode()).hexdigest()


def test_what_is_usual_does_not_depend_on_filters(new_store: NewStore) -> None:
    store = new_store()
    build(store, [dataclasses.replace(each, sha256=sha(each)) for each in corpus(80)])
    index = store.open()
    vector = FakeEmbedder().embed_questions([QUESTION])[0]
    free = index.offer(QUESTION, vector, k=20)
    bound = index.offer(QUESTION, vector, k=20, filters=Filters(source=("BBC",)))
    assert (free.usual_dense, free.usual_lexical) == (bound.usual_dense, bound.usual_lexical)
    assert len(bound.rows)


def test_an_edit_embeds_only_what_changed(settings: Settings, tmp_path: Path) -> None:
    folder = write_articles(tmp_path / "articles")
    first = build_index(folder, settings)
    path = folder / "plain.md"
    path.write_text(path.read_text(encoding="utf-8").replace("storm", "strike"), encoding="utf-8")
    second = build_index(folder, settings)
    assert counts(second) == (0, 1, 0, len(ARTICLES) - 1)
    assert second.chunks_embedded == 1
    assert second.manifest.chunks == first.manifest.chunks
    assert open_generation(settings).number == 2
    answer = open_answerer(settings).ask("Why was the harbour closed?")
    assert "strike" in (answer.text or "")
    again = build_index(folder, settings)
    assert (again.published, again.chunks_embedded) == (False, 0)
    assert again.manifest == second.manifest


def test_what_is_deleted_is_gone(settings: Settings, tmp_path: Path) -> None:
    folder = write_articles(tmp_path / "articles")
    build_index(folder, settings)
    (folder / "plain.md").unlink()
    report = build_index(folder, settings)
    assert counts(report) == (0, 0, 1, len(ARTICLES) - 1)
    assert report.chunks_embedded == 0
    index = open_generation(settings)
    with pytest.raises(ArticleNotFoundError):
        index.article("plain.md")
    with pytest.raises(ArticleNotFoundError):
        index.chunks_of("plain.md")
    assert "plain.md" not in {each.id for each in index.articles()}
    passages = open_answerer(settings).ask("Why was the harbour closed?", k=50).passages
    assert "plain.md" not in {each.chunk.article_id for each in passages}
    assert index.idf(["storm"])["storm"] == pytest.approx(index.idf(["nowhere"])["nowhere"])


def test_a_reader_keeps_what_it_opened_and_a_live_one_follows(
    settings: Settings, new_settings: NewSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.milvus.store.POINTER_S", 0.0)
    folder = write_articles(tmp_path / "articles")
    build_index(folder, settings)
    kept = open_answerer(settings)
    live = LiveAnswerer(store_of(settings), FakeEmbedder(), refuse_below=0)
    question = "Why was the harbour closed?"
    before = essence(live.current().ask(question))
    path = folder / "plain.md"
    path.write_text(path.read_text(encoding="utf-8").replace("storm", "strike"), encoding="utf-8")
    build_index(folder, settings)
    assert essence(kept.ask(question)) == before
    answer = live.current().ask(question)
    assert "strike" in (answer.text or "")
    assert answer.index.generation.startswith("gen-000002-")


def test_another_model_is_refused(new_store: NewStore) -> None:
    store = new_store()
    build(store, corpus_of(3))
    with pytest.raises(IndexMismatchError, match="made with model"):
        store.open(model=FakeEmbedder(dim=16).fingerprint)
    store.open(model=FakeEmbedder().fingerprint).close()


def corpus_of(count: int) -> list[Article]:
    return [dataclasses.replace(each, sha256=sha(each)) for each in corpus(count)]


def test_a_folder_without_articles_publishes_nothing(new_store: NewStore) -> None:
    store = new_store()
    with pytest.raises(InputError, match="No articles"):
        build(store, [])
    with pytest.raises(InputError, match="hold no text"):
        build(store, [Article("a.md", "", "", sha(Article("a.md", "", "", "")))])
    with pytest.raises(IndexMissingError):
        store.open()


def test_copies_are_found_and_filtered(new_store: NewStore) -> None:
    words = [f"word{number}" for number in range(400)]
    text = " ".join(words)
    made = [
        Article(f"{name}.md", name, f"{extra}{text}.", "", source=source, published=day)
        for name, extra, source, day in (
            ("a", "", "BBC", "2023-01-05"),
            ("b", "Edited. ", "Reuters", "2023-02"),
            ("c", "", "Reuters", None),
        )
    ]
    made.append(Article("d.md", "d", "Something else entirely, about trains.", ""))
    store = new_store()
    report = build(store, [dataclasses.replace(each, sha256=sha(each)) for each in made])
    assert report.manifest.copies == 2
    index = store.open()
    assert index.copies("b.md") == ("a.md", "c.md")
    assert index.copies("d.md") == ()
    assert index.copies("a.md", filters=Filters(source=("Reuters",))) == ("b.md", "c.md")
    assert index.copies("a.md", filters=Filters(since="2023-02")) == ("b.md",)
    assert [each.copy_of for each in index.articles()] == [None, "a.md", "a.md", None]


def test_vectors_and_terms_are_known_by_their_text(new_store: NewStore) -> None:
    embedder, articles = FakeEmbedder(), corpus_of(6)
    store = new_store()
    build(store, articles, embedder)
    index = store.open()
    for article in articles:
        chunks = index.chunks_of(article.id)
        texts = [
            text_of(article, chunk, chunker=CHUNKER, count_tokens=embedder.count_tokens) for chunk in chunks
        ]
        keys = vector_keys(texts, embedder.fingerprint)
        found = index.vectors_of_keys([*keys, b"\x00" * 16])
        assert found.keys() == set(keys)
        made = embedder.embed_chunks([each.text for each in texts], [each.sentences for each in texts])
        for key, vector in zip(keys, made.chunks, strict=True):
            assert np.array_equal(found[key][0], vector)
    assert set(index.languages) == {term_language(each.language) for each in articles}


def test_fields_are_those_of_the_articles(new_store: NewStore) -> None:
    store, articles = new_store(), corpus_of(12)
    build(store, articles)
    index = store.open()
    known = {each.id: (each.source, each.author, each.language, each.published) for each in articles}
    assert {each.id: tuple(each[1:]) for each in index.fields()} == known
    vector = FakeEmbedder().embed_questions([QUESTION])[0]
    rows = index.offer(QUESTION, vector, k=5).rows.tolist()
    of_rows = index.fields_of_rows(rows)
    assert [each.id for each in of_rows] == sorted({chunk.article_id for chunk in index.chunks(rows)})
    assert all(tuple(each[1:]) == known[each.id] for each in of_rows)


def test_vectors_come_from_another_index(new_store: NewStore, tmp_path: Path) -> None:
    articles = corpus_of(10)
    other = FolderStore(tmp_path / "other")
    build(other, articles)
    store = new_store()
    report = store.build(
        lambda: articles,
        embedder=FakeEmbedder(),
        chunker=CHUNKER,
        progress=lambda stage, done, total: None,
        known=other.open(),
    )
    assert report.chunks_embedded == 0
    assert counts(report) == (10, 0, 0, 0)


def test_the_doctor_finds_nothing_wrong(settings: Settings, folder: Path) -> None:
    build_index(folder, settings)
    checks = list(examine_index(settings))
    assert [each for each in checks if not each.ok] == []
    assert {"generation", "manifest", "model", "vectors"} <= {each.name for each in checks}


def test_the_doctor_says_that_nothing_is_there(settings: Settings) -> None:
    *_, last = examine_index(settings)
    assert not last.ok
    assert "qa index FOLDER" in last.detail
