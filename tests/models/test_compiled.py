"""The compiled embedder gives the reference's vectors, whatever it is asked and by however many."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from qa.models import (
    CompiledEmbedder,
    Embedder,
    SentenceTransformersEmbedder,
    Vectors,
    find_model,
    open_embedder,
)
from qa.types import Span
from tests.models.conftest import Editor

pytestmark = pytest.mark.model

TEXTS = [
    "The bridge at Harrow Point will stay shut until April. Engineers found rust in nine of its cables! Who pays?",
    "Storm.",
    "",
    " \n ",
    "\u200b",
    "z" * 5000,
    "“No,” she said — 不，谢谢。 Нет. 😀👩🏽‍🚀",
    "On 3 May 2021 (a Monday), flight QX-1187 left gate B12 at 06:05 with 143 people; it landed at 09:41.",
    "Beyond the limit, the town counts its boats and its nets. " * 40,
    "[SEP] [CLS] [PAD]",
    "a " * 253 + "b",
    "a " * 254 + "b",
]
SENTENCES: list[list[Span]] = [
    [(0, 53), (54, 100), (101, 110)],
    [(0, 6)],
    [],
    [(0, 3)],
    [(0, 1)],
    [(0, 100), (4000, 5000)],
    [(0, 11), (14, 20), (21, 25)],
    [(0, 20), (20, 99)],
    [(58 * n, 58 * n + 57) for n in range(40)],
    [(0, 5), (6, 11)],
    [(0, 20), (500, 507)],
    [(0, 20), (500, 509)],
]
QUESTIONS = [
    "Why is the bridge at Harrow Point shut?",
    "Who pays?",
    "",
    "谁付钱？",
    "x " * 400,
    "When did flight QX-1187 land",
]


def least_cosine(ours: Vectors, theirs: Vectors) -> float:
    assert ours.shape == theirs.shape
    return float((ours.astype(np.float64) * theirs).sum(axis=1).min())


def agreement(ours: Embedder, theirs: Embedder) -> float:
    """Return the least cosine of any question, chunk or sentence."""
    one, other = ours.embed_chunks(TEXTS, SENTENCES), theirs.embed_chunks(TEXTS, SENTENCES)
    return min(
        least_cosine(one.chunks, other.chunks),
        least_cosine(one.sentences, other.sentences),
        least_cosine(ours.embed_questions(QUESTIONS), theirs.embed_questions(QUESTIONS)),
    )


def test_its_vectors_are_the_reference_s(
    compiled: CompiledEmbedder, reference: SentenceTransformersEmbedder
) -> None:
    assert agreement(compiled, reference) >= 0.999


def test_its_contract(compiled: CompiledEmbedder, reference: SentenceTransformersEmbedder) -> None:
    assert compiled.fingerprint == find_model("default").fingerprint
    assert compiled.count_tokens(TEXTS) == reference.count_tokens(TEXTS)
    assert compiled.runtime.startswith("openvino 20")
    assert compiled.runtime.split()[-1] in {"bf16", "f16", "f32"}
    assert reference.runtime.startswith("sentence-transformers ")
    found = compiled.embed_chunks(TEXTS, SENTENCES)
    assert len(found.sentences) == sum(map(len, SENTENCES))
    for rows in (found.chunks, found.sentences, compiled.embed_questions(QUESTIONS)):
        assert rows.dtype == np.float32
        assert rows.flags.c_contiguous
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_nothing_to_embed(compiled: CompiledEmbedder) -> None:
    found = compiled.embed_chunks([], [])
    assert (found.chunks.shape, found.sentences.shape) == ((0, 384), (0, 384))
    assert compiled.embed_questions([]).shape == (0, 384)


def test_a_sentence_without_tokens_has_the_vector_of_its_text(compiled: CompiledEmbedder) -> None:
    text = "\u200b Ships waited."
    found = compiled.embed_chunks([text], [[(0, 1), (2, len(text))]])
    np.testing.assert_array_equal(found.sentences[0], found.chunks[0])


def test_a_text_has_one_vector_in_any_company(compiled: CompiledEmbedder) -> None:
    texts, sentences = TEXTS * 12, SENTENCES * 12
    together = compiled.embed_chunks(texts, sentences)
    alone = [compiled.embed_chunks([text], [spans]) for text, spans in zip(TEXTS, SENTENCES, strict=True)]
    assert least_cosine(together.chunks, np.concatenate([row.chunks for row in alone] * 12)) > 0.9999
    assert least_cosine(together.sentences, np.concatenate([row.sentences for row in alone] * 12)) > 0.9999


def test_progress_counts_every_text_once(compiled: CompiledEmbedder) -> None:
    calls: list[tuple[int, int]] = []
    texts = [f"Boat {number} came back. " * (number % 30 + 1) for number in range(150)]
    compiled.embed_chunks(texts, [()] * 150, lambda *call: calls.append(call))
    done = [count for count, _ in calls]
    assert done == sorted(set(done))
    assert len(done) > 3
    assert calls[-1] == (150, 150)


def test_after_an_error_the_embedder_goes_on(compiled: CompiledEmbedder) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compiled.embed_chunks(["Ships waited. " * 30] * 400, [()] * 400, stop)
    assert compiled.embed_questions(QUESTIONS).shape == (len(QUESTIONS), 384)


def test_many_threads_at_once(compiled: CompiledEmbedder) -> None:
    expected = compiled.embed_questions(QUESTIONS)
    chunks = compiled.embed_chunks(TEXTS, SENTENCES)

    def ask(place: int) -> Vectors:
        return compiled.embed_questions([QUESTIONS[place % len(QUESTIONS)]])

    with ThreadPoolExecutor(8) as pool:
        indexing = [pool.submit(compiled.embed_chunks, TEXTS, SENTENCES) for _ in range(3)]
        asked = list(pool.map(ask, range(120)))
    assert least_cosine(np.concatenate(asked), np.concatenate([expected] * 20)) > 0.9999
    for future in indexing:
        assert least_cosine(future.result().chunks, chunks.chunks) > 0.9999
        assert least_cosine(future.result().sentences, chunks.sentences) > 0.9999


def test_in_32_bits(
    compiled_f32: tuple[Path, CompiledEmbedder], reference: SentenceTransformersEmbedder
) -> None:
    assert compiled_f32[1].runtime.endswith(" f32")
    assert agreement(compiled_f32[1], reference) > 0.99999


def test_another_model(tmp_path: Path, edited: Editor, compiled: CompiledEmbedder) -> None:
    """Prefixes, the first token's state, and a limit that is no multiple of what texts are padded to."""
    model = edited(
        {
            "config_sentence_transformers.json": {"prompts": {"query": "query: ", "document": "a passage: "}},
            "1_Pooling/config.json": {"word_embedding_dimension": 384, "pooling_mode_cls_token": True},
            "sentence_bert_config.json": {"max_seq_length": 509},
        }
    )
    assert (model.fingerprint.pooling, model.fingerprint.max_tokens) == ("cls_token", 504)
    found = open_embedder(model, threads=2, cache_dir=tmp_path, precisions=["f32"])
    assert isinstance(found, CompiledEmbedder)
    assert agreement(found, SentenceTransformersEmbedder(model, threads=2)) > 0.9999
    assert agreement(found, compiled) < 0.9
