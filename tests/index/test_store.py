"""The store gives back every character and every offset, and needs to write nothing to do so."""

import hashlib
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import ArticleNotFoundError, IndexDamagedError
from qa.index.store import Store, StoreWriter
from qa.types import Article, ArticleSummary, Chunk

HOSTILE = "a\x00b\n“q”'\";--\t\r\u202e\u2028\ufeff😀👩‍👩‍👧 e\u0301 \U0010ffff\ufffd\n"


def article(name: str, text: str = HOSTILE) -> Article:
    return Article(
        id=name,
        title=f"T {text[:3]}",
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        source="S'\";\x00",
        author=None,
        published="2023-07",
        url="https://example.org/?a=b&c",
        language="en",
    )


ARTICLES = [article("b/é.md"), article("a'; DROP TABLE articles;--.md", "plain"), article("😀.md")]
CHUNKS = [
    Chunk("😀.md", 3, 9, "Heading\x00", ((3, 5), (6, 9))),
    Chunk("b/é.md", 0, 4, "", ((0, 4),)),
    Chunk("b/é.md", 4, 7, "H", ()),
]
KEYS = [b"key0\x00", b"key1", b"key1"]


def write(path: Path) -> None:
    with StoreWriter(path) as writer:
        writer.add(ARTICLES[2], CHUNKS[:1], KEYS[:1])
        writer.add(ARTICLES[0], CHUNKS[1:], KEYS[1:])
        writer.add(ARTICLES[1], [], [])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    write(tmp_path / "s.sqlite")
    return Store(tmp_path / "s.sqlite")


def test_articles_come_back_as_they_were(store: Store) -> None:
    assert [store.article(subject.id) for subject in ARTICLES] == ARTICLES


def test_summaries_are_ordered_by_id(store: Store) -> None:
    assert list(store.articles()) == [
        ArticleSummary(
            id=subject.id,
            title=subject.title,
            source=subject.source,
            author=None,
            published="2023-07",
            url=subject.url,
            language="en",
            sha256=subject.sha256,
            characters=len(subject.text),
            chunks=count,
        )
        for subject, count in ((ARTICLES[1], 0), (ARTICLES[0], 2), (ARTICLES[2], 1))
    ]


def test_chunks_come_in_the_order_asked(store: Store) -> None:
    assert store.chunks([2, 0, 1, 0]) == [CHUNKS[2], CHUNKS[0], CHUNKS[1], CHUNKS[0]]
    assert store.chunks([]) == []


def test_counts_and_keys(store: Store) -> None:
    assert store.counts() == (3, 3)
    assert store.rows_of_keys([b"key1", b"key2", b"key0\x00"]) == {b"key0\x00": 0, b"key1": 1}
    assert store.rows_of_keys([b"%d" % number for number in range(2000)]) == {}
    assert store.keyed_chunks(1, 9) == list(zip(KEYS, CHUNKS, strict=True))[1:]


@pytest.mark.parametrize(
    "name", ["", "c.md", "B/É.MD", "b/é.md ", "b/é.md\x00", "b/e\u0301.md", "../b/é.md", "%", "x\ud800"]
)
def test_an_unknown_article(store: Store, name: str) -> None:
    with pytest.raises(ArticleNotFoundError) as caught:
        store.article(name)
    assert ascii(name) in ascii(str(caught.value)) or repr(name) in str(caught.value)


@pytest.mark.parametrize("row", [3, -1, 10**6])
def test_an_unknown_chunk(store: Store, row: int) -> None:
    with pytest.raises(IndexDamagedError, match=rf"\[{row}\] are not in the store"):
        store.chunks([0, row])


@given(st.lists(st.text(min_size=1), unique=True, max_size=5), st.data())
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("store") / "s.sqlite"
    articles = [article(name, data.draw(st.text())) for name in ids]
    with StoreWriter(path) as writer:
        for subject in articles:
            writer.add(subject, [], [])
    store = Store(path)
    assert [store.article(name) for name in ids] == articles
    store.close()


def test_the_same_content_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_reading_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "a folder #1?100%"
    folder.mkdir()
    path = folder / "s.sqlite"
    write(path)
    before = path.read_bytes()
    path.chmod(0o400)
    folder.chmod(0o500)
    try:
        store = Store(path)
        assert store.article("😀.md") == ARTICLES[2]
        assert store.chunks([1]) == [CHUNKS[1]]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            store._connection.execute("DELETE FROM articles")
        assert [child.name for child in folder.iterdir()] == ["s.sqlite"]
        assert path.read_bytes() == before
        store.close()
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("content", [None, b"", b"not a database", b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_store(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "s.sqlite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(IndexDamagedError, match="qa index FOLDER"):
        Store(path).counts()


def test_threads_may_share_it(store: Store) -> None:
    wrong: list[object] = []

    def read() -> None:
        for _ in range(100):
            if store.chunks([0, 2]) != [CHUNKS[0], CHUNKS[2]] or store.article("b/é.md") != ARTICLES[0]:
                wrong.append("read")

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_closed_store(store: Store) -> None:
    store.close()
    with pytest.raises(IndexDamagedError, match="cannot be read"):
        store.counts()
