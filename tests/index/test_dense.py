"""The dense leg gives exact inner products, and refuses bytes and questions that are not what they should be."""

import numpy as np
import pytest

from qa.errors import IndexDamagedError, InputError
from qa.index import DenseIndex
from qa.index.arrays import write_array
from qa.index.dense import QUANTISED_FROM, SAMPLE, SentenceVectors, dense_kind
from qa.models import Vectors
from tests.index.files import stored_file

ROWS, DIM = 20, 8


def random_rows(count: int, seed: int = 1, dim: int = DIM) -> Vectors:
    rows = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return random_rows(ROWS)


@pytest.fixture(scope="module")
def data(vectors: Vectors) -> bytes:
    return DenseIndex.header(*vectors.shape) + vectors.tobytes()


def opened(data: bytes, *, rows: int = ROWS, dim: int = DIM, codes: bytes | None = None) -> DenseIndex:
    return DenseIndex(stored_file(data), stored_file(codes) if codes else None, rows=rows, dim=dim)


def test_search_gives_inner_products_best_first(vectors: Vectors, data: bytes) -> None:
    index = opened(data)
    for question in random_rows(5, seed=2):
        products = vectors @ question
        order = np.argsort(-products, kind="stable")
        for k in (1, 7, ROWS):
            rows, scores = index.search(question, k)
            np.testing.assert_array_equal(rows, order[:k])
            np.testing.assert_allclose(scores, products[order[:k]], atol=1e-6)


def test_asking_for_more_than_there_is(vectors: Vectors, data: bytes) -> None:
    rows, scores = opened(data).search(vectors[3], 1000)
    assert sorted(rows.tolist()) == list(range(ROWS))
    assert (rows[0], len(scores)) == (3, ROWS)


def test_rows_come_back_as_they_went_in(vectors: Vectors, data: bytes) -> None:
    rows = np.array([5, 0, 19, 5])
    np.testing.assert_array_equal(opened(data).vectors(rows), vectors[rows])


def test_rows_that_follow_one_another_come_in_their_order(vectors: Vectors, data: bytes) -> None:
    for rows in ([0, 1, 2, 7, 6, 5, 18, 19], [3], [], list(range(ROWS))):
        some = np.array(rows, dtype=np.int64)
        np.testing.assert_array_equal(opened(data).vectors(some), vectors[some])


@pytest.mark.parametrize(("count", "dim"), [(1, 1), (20, 8), (300, 384), (70_000, 16)])
def test_the_bytes_are_those_that_faiss_writes(count: int, dim: int) -> None:
    import faiss

    rows = np.random.default_rng(0).normal(size=(count, dim)).astype(np.float32)
    index = faiss.IndexFlatIP(dim)
    index.add(rows)
    assert DenseIndex.header(count, dim) + rows.tobytes() == faiss.serialize_index(index).tobytes()


@pytest.mark.parametrize(
    ("rows", "dim"), [(ROWS + 1, DIM), (ROWS - 1, DIM), (ROWS, DIM + 1), (0, DIM), (DIM, ROWS)]
)
def test_another_shape_is_refused(data: bytes, rows: int, dim: int) -> None:
    with pytest.raises(IndexDamagedError, match=rf"not of {rows} vectors of width {dim}\."):
        opened(data, rows=rows, dim=dim)


@pytest.mark.parametrize("kind", ["IndexFlatL2", "IndexHNSWFlat", "IndexLSH"])
def test_another_kind_is_refused(vectors: Vectors, kind: str) -> None:
    import faiss

    index = getattr(faiss, kind)(DIM, 16) if kind != "IndexFlatL2" else faiss.IndexFlatL2(DIM)
    index.add(vectors)
    with pytest.raises(IndexDamagedError):
        opened(faiss.serialize_index(index).tobytes())


def test_cut_bytes_are_refused(data: bytes) -> None:
    for length in range(len(data)):
        with pytest.raises(IndexDamagedError):
            opened(data[:length])


def test_damaged_headers_are_refused_or_harmless(data: bytes) -> None:
    header = len(data) - ROWS * DIM * 4
    for place in range(header):
        damaged = bytearray(data)
        damaged[place] ^= 0x80
        try:
            found = opened(bytes(damaged))
        except IndexDamagedError:
            continue
        assert len(found.search(random_rows(1)[0], 3)[0]) == 3


@pytest.mark.parametrize(
    "question",
    [
        np.zeros(DIM + 1),
        np.zeros(DIM - 1),
        np.zeros((1, DIM)),
        np.zeros(0),
        np.full(DIM, np.nan),
        np.full(DIM, np.inf),
    ],
    ids=["wider", "narrower", "a table", "empty", "not a number", "infinite"],
)
def test_a_question_that_is_no_vector_of_this_index(data: bytes, question: "np.ndarray") -> None:
    with pytest.raises(InputError, match=f"expected {DIM} finite numbers"):
        opened(data).search(question.astype(np.float32), 3)


# --- codes in front -----------------------------------------------------------------------------------


def test_the_kind_goes_by_size() -> None:
    assert [dense_kind(rows) for rows in (0, QUANTISED_FROM - 1, QUANTISED_FROM)] == [
        "flat_ip",
        "flat_ip",
        "flat_ip+rabitq",
    ]


def clustered_rows(count: int) -> Vectors:
    chance = np.random.default_rng(5)
    centres = chance.normal(size=(count // 20, 64))
    rows = centres[chance.integers(0, len(centres), count)] + chance.normal(size=(count, 64))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_codes_find_what_the_exact_index_finds() -> None:
    """Recall on vectors in clusters; on real embeddings it is measured by benchmarks/vectors.py."""
    rows = clustered_rows(6000)
    data = DenseIndex.header(*rows.shape) + rows.tobytes()
    exact = opened(data, rows=6000, dim=64)
    coded = opened(data, rows=6000, dim=64, codes=DenseIndex.codes(lambda: [rows]))
    found = []
    for question in rows[::60]:
        expected, best = exact.search(question, 10)
        got, scores = coded.search(question, 10)
        found.append(len(set(got) & set(expected)) / 10)
        assert scores[0] == pytest.approx(best[0], abs=1e-6)  # exact inner products, not those of codes
        np.testing.assert_allclose(scores, rows[got] @ question, atol=1e-6)
    assert np.mean(found) >= 0.99
    np.testing.assert_array_equal(coded.vectors(np.array([7, 0])), rows[[7, 0]])
    assert sorted(coded.search(rows[0], 10**6)[0].tolist()) == list(range(6000))


def filtered(*, coded: bool) -> tuple[Vectors, DenseIndex]:
    rows = clustered_rows(10_000)
    codes = DenseIndex.codes(lambda: [rows]) if coded else None
    return rows, opened(DenseIndex.header(*rows.shape) + rows.tobytes(), rows=10_000, dim=64, codes=codes)


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.1, 0.5])
@pytest.mark.parametrize("coded", [False, True])
def test_a_filter_leaves_the_nearest_of_what_it_allows(coded: bool, share: float) -> None:
    rows, index = filtered(coded=coded)
    chance = np.random.default_rng(6)
    found = []
    for question in rows[::300]:
        allowed = np.zeros(10_000, dtype=np.bool_)
        allowed[chance.permutation(10_000)[: int(10_000 * share)]] = True
        products = np.where(allowed, rows @ question, -np.inf)
        expected = np.argsort(-products, kind="stable")[: min(10, allowed.sum())]
        got, scores = index.search(question, 10, allowed=allowed)
        assert len(got) == len(expected)
        assert allowed[got].all()
        np.testing.assert_allclose(scores, rows[got] @ question, atol=1e-6)
        found.append(len(set(got) & set(expected)) / len(expected))
    # Where many are allowed the codes choose, as they do without a filter; few are compared one by one.
    assert np.mean(found) >= (0.97 if coded and share > 0.01 else 1)


@pytest.mark.parametrize("coded", [False, True])
def test_what_is_allowed_is_found_however_far_it_is(coded: bool) -> None:
    rows, index = filtered(coded=coded)
    question = rows[0]
    far = np.argsort(rows @ question)[:3000]  # more than are compared one by one, and behind 7,000 others
    allowed = np.zeros(10_000, dtype=np.bool_)
    allowed[far] = True
    got, scores = index.search(question, 10, allowed=allowed)
    assert len(got) == 10
    assert allowed[got].all()
    assert scores[0] == pytest.approx((rows[far] @ question).max(), abs=0.02)
    nothing, scores = index.search(question, 10, allowed=np.zeros(10_000, dtype=np.bool_))
    assert (len(nothing), len(scores)) == (0, 0)


@pytest.mark.parametrize("rows", [ROWS - 1, ROWS + 1])
def test_codes_of_other_vectors_are_refused(data: bytes, rows: int) -> None:
    with pytest.raises(IndexDamagedError, match="IndexRaBitQFastScan"):
        opened(data, codes=DenseIndex.codes(lambda: [random_rows(rows)]))


def test_codes_that_are_none_are_refused(data: bytes) -> None:
    for codes in (data, b"nonsense", DenseIndex.codes(lambda: [random_rows(ROWS)])[:-9]):
        with pytest.raises(IndexDamagedError):
            opened(data, codes=codes)


# --- sentences ----------------------------------------------------------------------------------------

COUNTS = [3, 1, 2]


@pytest.fixture(scope="module")
def halves() -> "np.ndarray":
    return random_rows(6).astype(np.float16)


def sentence_bytes(rows: "np.ndarray", counts: list[int]) -> tuple[bytes, bytes]:
    starts = write_array(np.cumsum([0, *counts], dtype=np.int64))
    return SentenceVectors.header(*rows.shape) + rows.tobytes(), starts


def sentences_of(stored: tuple[bytes, bytes], *, rows: int, dim: int = DIM) -> SentenceVectors:
    return SentenceVectors(*map(stored_file, stored), rows=rows, dim=dim)


@pytest.fixture(scope="module")
def stored(halves: "np.ndarray") -> tuple[bytes, bytes]:
    return sentence_bytes(halves, COUNTS)


def test_scores_of_sentences(halves: "np.ndarray", stored: tuple[bytes, bytes]) -> None:
    sentences = sentences_of(stored, rows=3)
    question = random_rows(1, seed=3)[0]
    products = halves.astype(np.float32) @ question
    found, starts = sentences.scores(question, np.array([2, 0]))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [*products[4:6], *products[0:3]], atol=1e-6)
    assert starts.tolist() == [0, 2]
    assert [len(array) for array in sentences.scores(question, np.array([], dtype=np.int64))] == [0, 0]
    np.testing.assert_array_equal(sentences.of_chunk(1), halves[3:4])
    best = [products[:3].max(), products[3], products[4:].max()]
    np.testing.assert_allclose(sentences.sample_scores(question), best, atol=1e-6)


def test_the_sample_is_even_and_bounded() -> None:
    count = 3 * SAMPLE + 1
    rows = np.zeros((count, DIM), dtype=np.float16)
    rows[:, 0] = np.arange(count) % 1024
    sentences = sentences_of(sentence_bytes(rows, [1] * count), rows=count)
    question = np.eye(DIM, dtype=np.float32)[0]
    found = sentences.sample_scores(question).tolist()
    assert found == [float(place % 1024) for place in range(0, count, 4)]
    assert len(found) <= SAMPLE


@pytest.mark.parametrize(
    ("rows", "dim", "starts"),
    [
        (4, DIM, [0, 3, 4, 6]),
        (2, DIM, [0, 3, 4, 6]),
        (3, DIM + 1, [0, 3, 4, 6]),
        (3, DIM, [0, 3, 4, 7]),
        (3, DIM, [1, 3, 4, 6]),
        (3, DIM, [0, 4, 3, 6]),
        (3, DIM, [0, 3, 3, 6]),
        (3, DIM, []),
    ],
)
def test_sentences_that_do_not_fit(halves: "np.ndarray", rows: int, dim: int, starts: list[int]) -> None:
    with pytest.raises(IndexDamagedError):
        sentences_of((write_array(halves), write_array(np.array(starts, dtype=np.int64))), rows=rows, dim=dim)


def test_sentences_of_another_type(halves: "np.ndarray", stored: tuple[bytes, bytes]) -> None:
    with pytest.raises(IndexDamagedError, match="float32, expected float16"):
        sentences_of((write_array(halves.astype(np.float32)), stored[1]), rows=3)
    for length in range(0, len(stored[1]), 7):
        with pytest.raises(IndexDamagedError):
            sentences_of((stored[0], stored[1][:length]), rows=3)
