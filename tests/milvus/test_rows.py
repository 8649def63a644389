"""What goes into rows of Milvus comes out again, and what was changed there is noticed."""

import base64
import dataclasses
import math
import random
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import IndexDamagedError
from qa.filters import Filters
from qa.index import Fields
from qa.milvus.address import parse_address
from qa.milvus.articles import article_text, read_articles, read_summary, summary_text
from qa.milvus.chunks import Chunks, NewChunk
from qa.milvus.connection import Connection
from qa.milvus.layout import MAX_TEXT_BYTES, build_of, create, expression, key_of, row_of
from qa.milvus.lexicon import (
    NO_TERM,
    TermStatistics,
    Vocabulary,
    asked_dimensions,
    bucket_bits,
    bucket_name,
    buckets,
    dimension,
    idf,
    merged,
    read_table,
    scores,
    statistics_of,
    usual,
    weights_of,
)
from qa.milvus.packing import StoredChunk, pack, unpack
from qa.milvus.records import Record, Records, cut
from qa.types import ArticleSummary, Chunk
from tests.milvus.server import Server
from tests.milvus.test_contract import corpus_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def stored(sentences: int, *, dim: int = 8, heading: str = "", article_id: str = "a.md") -> StoredChunk:
    chance = np.random.default_rng(sentences)
    spans = tuple((place * 10, place * 10 + 9) for place in range(sentences))
    return StoredChunk(
        (3, 7),
        Chunk(article_id, 0, sentences * 10, heading, spans),
        Fields(article_id, "BBC", None, "en", "2023-07"),
        np.array([5, 70, 2**32 - 3], dtype=np.uint32),
        np.array([0.25, 0.5, 0.125], dtype=np.float32),
        chance.standard_normal((sentences, dim)).astype(np.float16),
    )


def same(one: StoredChunk, other: StoredChunk) -> bool:
    return (
        (one.order, one.chunk, one.fields) == (other.order, other.chunk, other.fields)
        and np.array_equal(one.dimensions, other.dimensions)
        and np.array_equal(one.weights, other.weights)
        and np.array_equal(one.sentences, other.sentences)
    )


@given(TEXT, TEXT, st.integers(1, 40))
def test_a_chunk_comes_back(heading: str, article_id: str, sentences: int) -> None:
    made = stored(sentences, heading=heading, article_id=article_id)
    assert same(unpack(pack(made), dim=8), made)


def test_a_changed_byte_is_noticed() -> None:
    data = base64.b64decode(pack(stored(3)))
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(IndexDamagedError, match="Index again"):
            unpack(base64.b64encode(bytes(changed)).decode(), dim=8)
    for broken in ("", "AAAA", "no base64!", base64.b64encode(data[:-8]).decode()):
        with pytest.raises(IndexDamagedError):
            unpack(broken, dim=8)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50), st.integers(1, 4000))
def test_any_text_is_cut_into_pieces_that_fit(text: str, times: int) -> None:
    pieces = cut(text * times)
    assert "".join(pieces) == text * times
    assert pieces
    assert all(len(piece.encode("utf-8")) <= MAX_TEXT_BYTES for piece in pieces)


@pytest.fixture
def connection(milvus: Server) -> Connection:
    return Connection(parse_address(milvus.address()), token=None, certificate=None, timeout_s=60)


def test_long_records_and_long_chunks_come_back(connection: Connection) -> None:
    build = build_of(connection.address.collection, "f" * 64)
    create(connection, build, dim=64, dense_kind="FLAT")
    records = Records(connection, build.records)
    texts = {"short": "x", "empty": "", "long": "é" * 200_000, "quotes": '"\\\n\u2028' * 3}
    records.put(Record("article", name, text) for name, text in texts.items())
    assert records.get("article", [*texts, "none"], strong=True) == texts
    assert dict(records.all("article")) == texts
    assert records.known("article", [*texts, "none"]) == set(texts)
    records.put([Record("article", "long", "now short")])
    assert records.get("article", ["long"], strong=True) == {"long": "now short"}
    chunks = Chunks(connection, build, dim=64)
    made = {count: stored(count, dim=64, article_id=f"{count}.md") for count in (1, 5, 900)}
    assert len(pack(made[900])) > MAX_TEXT_BYTES
    vector = np.full(64, 0.125, dtype=np.float32)
    written = sum(chunks.put(NewChunk(each, vector, str(n).zfill(16).encode()) for n, each in made.items()))
    assert written == len(made)
    found = chunks.get([row_of(f"{count}.md", 7) for count in made])
    for count, each in made.items():
        assert same(found[row_of(f"{count}.md", 7)], each)
    with pytest.raises(IndexDamagedError, match="1 chunks of"):
        chunks.get([12345])
    connection.close()


def test_a_summary_comes_back_and_another_text_is_refused() -> None:
    summary = ArticleSummary("é.md", "T", None, None, "2023", None, "en", "f" * 64, 12, 3)
    assert read_summary(summary_text(5, summary)) == (5, summary)
    for text in ("", "[]", "[1, {}]", "{}"):
        with pytest.raises(IndexDamagedError, match="qa index FOLDER"):
            read_summary(text)


class Fixed:
    """Records that are what they are."""

    def __init__(self, **texts: str) -> None:
        self._texts = texts

    def get(self, kind: str, names: Sequence[str]) -> dict[str, str]:
        return {name: self._texts[name] for name in names if name in self._texts}


def test_an_article_that_is_not_what_was_indexed_is_refused() -> None:
    [article] = corpus_of(1)
    other = dataclasses.replace(article, text=article.text + " And more.")
    kept: object = Fixed(**{key_of(article.id): article_text(article)})
    changed: object = Fixed(**{key_of(article.id): article_text(other)})
    assert read_articles(kept, [article.id, "no"]) == {article.id: article, "no": None}  # type: ignore[arg-type]
    with pytest.raises(IndexDamagedError, match="is not what was indexed"):
        read_articles(changed, [article.id])  # type: ignore[arg-type]


def test_filters_become_expressions_of_hashes_and_numbers() -> None:
    nasty = '") or row > 0 or ("'
    filters = Filters(
        since="2023-07", until="2024", as_of="2024-02-03", source=("BBC", nasty), author=(nasty,)
    )
    found = expression(filters)
    assert nasty not in found
    assert f'source in ["{key_of("bbc")}"' in found
    assert f"last_day >= {738702}" in found
    assert expression(Filters()) == ""
    assert "row < 0" in expression(Filters(source=("  ",)))
    assert "row < 0" in expression(Filters(article=("\udce9",)))


def corpus(chunks: int, *, seed: int = 1) -> list[tuple[str, list[str]]]:
    """Return language and terms of chunks; some terms come together more often than by chance."""
    chance = random.Random(seed)
    made = []
    for number in range(chunks):
        language = ("en", "de")[number % 3 == 0]
        count = chance.randrange(20, 60)
        made.append((language, [f"{language}{int(chance.paretovariate(0.6))}" for _ in range(count)]))
    return made


def test_scores_are_bm25_and_what_is_usual_is_near_the_truth() -> None:
    texts = corpus(3000)
    usual_length = sum(len(terms) for _, terms in texts) / len(texts)
    weights = [weights_of(terms, usual_length=usual_length) for _, terms in texts]
    vocabulary = Vocabulary()
    for (language, _), each in zip(texts, weights, strict=True):
        vocabulary.add(each, language)
    table = vocabulary.table()
    question = ["en1", "en2", "en7", "de1", "de3", "unheard"]
    known = {each: found for each in asked_dimensions(question) if (found := statistics_of(table, each))}
    assert dimension("unheard") not in known
    idfs = {each: idf(3000, sum(one.chunks for one in found.values())) for each, found in known.items()}
    pairs = [
        (np.array(list(each), dtype=np.uint32), np.array(list(each.values()), dtype=np.float32))
        for each in weights
    ]
    bm25, parts = scores(idfs, pairs)
    # By its definition, term by term.
    for (_, terms), score in zip(texts[:50], bm25, strict=False):
        expected = 0.0
        for term in set(question):
            tf = terms.count(term)
            holding = sum(term in other for _, other in texts)
            norm = 0.9 * (1 - 0.4 + 0.4 * len(terms) / usual_length)
            expected += (
                math.log(1 + (3000 - holding + 0.5) / (holding + 0.5)) * tf / (tf + norm) if tf else 0.0
            )
        assert score == pytest.approx(expected, rel=1e-5)
    best = np.argsort(-bm25)[:100]
    estimated = usual(
        idfs, known, parts[best], [texts[row][0] for row in best], chunks={"de": 1000, "en": 2000}
    )
    assert estimated.mean == pytest.approx(float(bm25.mean()), rel=1e-5)
    assert estimated.deviation == pytest.approx(float(bm25.std()), rel=0.03)
    # Without the languages apart it would be far off: that is what they are for.
    everything = {each: {"": total(statistics)} for each, statistics in known.items()}
    mixed = usual(idfs, everything, parts[best], [""] * 100, chunks={"": 3000})
    assert abs(mixed.deviation / float(bm25.std()) - 1) > abs(estimated.deviation / float(bm25.std()) - 1)


def total(found: Mapping[str, TermStatistics]) -> TermStatistics:
    return TermStatistics(*(sum(column) for column in zip(*found.values(), strict=True)))


def test_statistics_of_shards_add_up() -> None:
    texts = corpus(400)
    whole, parts = Vocabulary(), [Vocabulary(), Vocabulary(), Vocabulary()]
    for number, (language, terms) in enumerate(texts):
        weights = weights_of(terms, usual_length=40.0)
        whole.add(weights, language)
        parts[number % 3].add(weights, language)
    added, table = merged(part.table() for part in parts), whole.table()
    for column in ("term", "language", "chunks"):
        assert np.array_equal(added[column], table[column])
    for column in ("weights", "squares"):
        assert np.allclose(added[column], table[column], rtol=1e-12)
    assert len(merged([])) == 0


@pytest.mark.parametrize("bits", [0, 1, 5, 12])
def test_every_term_is_in_the_bucket_of_its_name(bits: int) -> None:
    vocabulary = Vocabulary()
    for language, terms in corpus(200):
        vocabulary.add(weights_of(terms, usual_length=40.0), language)
    table = vocabulary.table()
    found = {name: read_table(text) for name, text in buckets(table, bits)}
    assert sum(map(len, found.values())) == len(table)
    for term in table["term"].tolist():
        assert statistics_of(found[bucket_name(term, bits)], term) == statistics_of(table, term)
    assert (bucket_bits(1), bucket_bits(256), bucket_bits(257), bucket_bits(10**7)) == (0, 0, 1, 16)


def test_no_term_has_the_dimension_of_none() -> None:
    assert all(dimension(f"word{number}") < NO_TERM for number in range(10_000))


def test_rows_depend_on_nothing_but_the_place() -> None:
    assert row_of("a.md", 0) == row_of("a.md", 0)
    rows = {row_of(f"{number}.md", place) for number in range(100) for place in range(100)}
    assert len(rows) == 10_000
    assert all(0 <= row < 2**63 for row in rows)
