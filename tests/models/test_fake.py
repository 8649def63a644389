"""The fake embedder is a real one: deterministic, of unit length, and near for texts that share words."""

import hashlib

import numpy as np
import pytest

from qa.models import FakeEmbedder
from qa.types import ModelFingerprint


def test_fingerprint() -> None:
    assert FakeEmbedder(dim=8, max_tokens=20).fingerprint == ModelFingerprint(
        name="fake",
        weights_sha256=hashlib.sha256(b"fake 8").hexdigest(),
        tokenizer_sha256=hashlib.sha256(rb"\w+|[^\w\s]").hexdigest(),
        dim=8,
        max_tokens=20,
        pooling="mean",
        question_prefix="",
        chunk_prefix="",
    )
    assert FakeEmbedder(dim=8).fingerprint.weights_sha256 != FakeEmbedder(dim=9).fingerprint.weights_sha256


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), (" \n", 0), ("The cat sat.", 4), ("x" * 8, 1), ("x" * 9, 2), ("x" * 17, 3), ("don’t", 3), ("😀!?", 3), ("中文", 1)],
)  # fmt: skip
def test_count_tokens(text: str, tokens: int) -> None:
    assert FakeEmbedder().count_tokens([text, "a b"]) == [tokens, 2]


def test_rows_are_float32_of_length_one() -> None:
    rows = FakeEmbedder(dim=16).embed_questions(["The cat sat.", "", "😀", "a " * 1000])
    assert rows.shape == (4, 16)
    assert rows.dtype == np.float32
    assert rows.flags.c_contiguous
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_the_same_text_has_the_same_row_everywhere() -> None:
    row = FakeEmbedder(dim=4).embed_questions(["one two two"])[0]
    np.testing.assert_array_equal(row, FakeEmbedder(dim=4).embed_questions(["x", "ONE Two two"])[1])
    # blake2b: "one" and "two" decide these on any machine.
    expected = np.zeros(4, dtype=np.float32)
    for word in ("one", "two", "two"):
        digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
        expected[int.from_bytes(digest[:4], "little") % 4] += 1 if digest[4] % 2 else -1
    np.testing.assert_allclose(row, expected / np.linalg.norm(expected), atol=1e-7)


def test_shared_words_bring_texts_near() -> None:
    near, far, question = FakeEmbedder(dim=256).embed_questions(
        [
            "The harbour was closed by a storm",
            "Grain prices rose again in June",
            "Why was the harbour closed?",
        ]
    )
    assert near @ question > 0.4 > far @ question


def test_embed_chunks() -> None:
    fake = FakeEmbedder(dim=16)
    calls: list[tuple[int, int]] = []
    texts = ["One two. Three.", "Four."]
    found = fake.embed_chunks(texts, [[(0, 8), (9, 15)], [(0, 5)]], lambda *call: calls.append(call))
    np.testing.assert_array_equal(found.chunks, fake.embed_questions(texts))
    np.testing.assert_array_equal(found.sentences, fake.embed_questions(["One two.", "Three.", "Four."]))
    assert calls == [(2, 2)]


def test_nothing_to_embed() -> None:
    fake = FakeEmbedder(dim=16)
    found = fake.embed_chunks([], [])
    assert (fake.embed_questions([]).shape, found.chunks.shape, found.sentences.shape) == ((0, 16),) * 3
