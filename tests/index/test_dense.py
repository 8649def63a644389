"""The dense leg gives exact inner products, and refuses bytes and questions that are not what they should be."""

import numpy as np
import pytest

from qa.errors import IndexDamagedError, InputError
from qa.index import DenseIndex
from qa.index.arrays import write_array
from qa.index.dense import SAMPLE, SentenceVectors
from qa.models import Vectors

ROWS, DIM = 20, 8


def random_rows(count: int, seed: int = 1) -> Vectors:
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return random_rows(ROWS)


@pytest.fixture(scope="module")
def data(vectors: Vectors) -> bytes:
    return DenseIndex.serialise(vectors)


def test_search_gives_inner_products_best_first(vectors: Vectors, data: bytes) -> None:
    index = DenseIndex(data, rows=ROWS, dim=DIM)
    for question in random_rows(5, seed=2):
        products = vectors @ question
        order = np.argsort(-products, kind="stable")
        for k in (1, 7, ROWS):
            rows, scores = index.search(question, k)
            np.testing.assert_array_equal(rows, order[:k])
            np.testing.assert_allclose(scores, products[order[:k]], atol=1e-6)


def test_asking_for_more_than_there_is(vectors: Vectors, data: bytes) -> None:
    rows, scores = DenseIndex(data, rows=ROWS, dim=DIM).search(vectors[3], 1000)
    assert sorted(rows.tolist()) == list(range(ROWS))
    assert (rows[0], len(scores)) == (3, ROWS)


def test_rows_come_back_as_they_went_in(vectors: Vectors, data: bytes) -> None:
    rows = np.array([5, 0, 19, 5])
    np.testing.assert_array_equal(DenseIndex(data, rows=ROWS, dim=DIM).vectors(rows), vectors[rows])


def test_the_same_rows_are_the_same_bytes(vectors: Vectors, data: bytes) -> None:
    assert DenseIndex.serialise(vectors.copy()) == data


@pytest.mark.parametrize(
    ("rows", "dim"), [(ROWS + 1, DIM), (ROWS - 1, DIM), (ROWS, DIM + 1), (0, DIM), (DIM, ROWS)]
)
def test_another_shape_is_refused(data: bytes, rows: int, dim: int) -> None:
    with pytest.raises(IndexDamagedError, match=rf"expected \('IndexFlatIP', {rows}, {dim}, 0\)"):
        DenseIndex(data, rows=rows, dim=dim)


@pytest.mark.parametrize("kind", ["IndexFlatL2", "IndexHNSWFlat", "IndexLSH"])
def test_another_kind_is_refused(vectors: Vectors, kind: str) -> None:
    import faiss

    index = getattr(faiss, kind)(DIM, 16) if kind != "IndexFlatL2" else faiss.IndexFlatL2(DIM)
    index.add(vectors)
    with pytest.raises(IndexDamagedError):
        DenseIndex(faiss.serialize_index(index).tobytes(), rows=ROWS, dim=DIM)


def test_cut_bytes_are_refused(data: bytes) -> None:
    for length in range(len(data)):
        with pytest.raises(IndexDamagedError):
            DenseIndex(data[:length], rows=ROWS, dim=DIM)


def test_damaged_headers_are_refused_or_harmless(data: bytes) -> None:
    header = len(data) - ROWS * DIM * 4
    for place in range(header):
        damaged = bytearray(data)
        damaged[place] ^= 0x80
        try:
            found = DenseIndex(bytes(damaged), rows=ROWS, dim=DIM)
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
        DenseIndex(data, rows=ROWS, dim=DIM).search(question.astype(np.float32), 3)


# --- sentences ----------------------------------------------------------------------------------------

COUNTS = [3, 1, 2]


@pytest.fixture(scope="module")
def halves() -> "np.ndarray":
    return random_rows(6).astype(np.float16)


@pytest.fixture(scope="module")
def stored(halves: "np.ndarray") -> tuple[bytes, bytes]:
    return SentenceVectors.serialise(halves, COUNTS)


def test_scores_of_sentences(halves: "np.ndarray", stored: tuple[bytes, bytes]) -> None:
    sentences = SentenceVectors(*stored, rows=3, dim=DIM)
    question = random_rows(1, seed=3)[0]
    products = halves.astype(np.float32) @ question
    found = sentences.scores(question, [2, 0])
    assert [row.dtype for row in found] == [np.float32, np.float32]
    np.testing.assert_allclose(found[0], products[4:6], atol=1e-6)
    np.testing.assert_allclose(found[1], products[0:3], atol=1e-6)
    assert sentences.scores(question, []) == []
    np.testing.assert_array_equal(sentences.of_chunk(1), halves[3:4])
    assert [len(row) for row in sentences.sample_scores(question)] == COUNTS


def test_the_sample_is_even_and_bounded() -> None:
    count = 3 * SAMPLE + 1
    rows = np.zeros((count, DIM), dtype=np.float16)
    rows[:, 0] = np.arange(count) % 1024
    sentences = SentenceVectors(*SentenceVectors.serialise(rows, [1] * count), rows=count, dim=DIM)
    question = np.eye(DIM, dtype=np.float32)[0]
    found = [float(row[0]) for row in sentences.sample_scores(question)]
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
        SentenceVectors(
            write_array(halves), write_array(np.array(starts, dtype=np.int64)), rows=rows, dim=dim
        )


def test_sentences_of_another_type(halves: "np.ndarray", stored: tuple[bytes, bytes]) -> None:
    with pytest.raises(IndexDamagedError, match="float32, expected float16"):
        SentenceVectors(write_array(halves.astype(np.float32)), stored[1], rows=3, dim=DIM)
    for length in range(0, len(stored[1]), 7):
        with pytest.raises(IndexDamagedError):
            SentenceVectors(stored[0], stored[1][:length], rows=3, dim=DIM)
