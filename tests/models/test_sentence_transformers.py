"""The reference embedder, with the model that qa ships."""

import random
from pathlib import Path

import numpy as np
import pytest

from qa.errors import ModelError
from qa.models import Embedded, ModelFolder, SentenceTransformersEmbedder, find_model
from qa.types import Span

pytestmark = pytest.mark.model

SENTENCES = [
    "The harbour was closed on Monday because of a storm.",
    "Ships waited outside the bay.",
    "He said “no” — twice. 😀 中文。",
    "It reopened on Tuesday, and forty thousand tonnes of grain left it before the end of the week.",
]


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder(find_model("default"), threads=2)


def whole(texts: list[str]) -> list[list[Span]]:
    return [[(0, len(text))] for text in texts]


def copied(folder: Path, config: str | None = None) -> ModelFolder:
    folder.mkdir()
    for path in find_model("default").path.iterdir():
        if path.name != "config_sentence_transformers.json" or config is None:
            (folder / path.name).symlink_to(path)
    if config is not None:
        (folder / "config_sentence_transformers.json").write_text(config, encoding="utf-8")
    return find_model(str(folder))


def test_rows_are_float32_of_length_one(embedder: SentenceTransformersEmbedder) -> None:
    found = embedder.embed_chunks(SENTENCES, whole(SENTENCES))
    for rows in (found.chunks, found.sentences, embedder.embed_questions(SENTENCES)):
        assert rows.shape == (4, 384)
        assert rows.dtype == np.float32
        assert rows.flags.c_contiguous
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_questions_and_chunks_without_prefixes_are_the_same_texts(
    embedder: SentenceTransformersEmbedder,
) -> None:
    chunks = embedder.embed_chunks(SENTENCES, whole(SENTENCES)).chunks
    np.testing.assert_allclose(chunks, embedder.embed_questions(SENTENCES), atol=1e-5)


def test_order_is_kept_over_batches_of_any_length(embedder: SentenceTransformersEmbedder) -> None:
    rng = random.Random(3)  # noqa: S311 (lengths, no secrets)
    texts = [
        " ".join(rng.choices(["harbour", "storm", "ship", "grain", "Kyiv", "no"], k=rng.randint(1, 40)))
        for _ in range(40)
    ]
    sentences: list[list[Span]] = [
        [(0, text.find(" ")), (0, len(text))] if " " in text else [] for text in texts
    ]
    calls: list[tuple[int, int]] = []
    found = embedder.embed_chunks(texts, sentences, lambda *call: calls.append(call))
    assert calls == [(32, 40), (40, 40)]
    place = 0
    for text, spans, row in zip(texts, sentences, found.chunks, strict=True):
        alone = embedder.embed_chunks([text], [spans])
        np.testing.assert_allclose(row, alone.chunks[0], atol=1e-5)
        np.testing.assert_allclose(found.sentences[place : place + len(spans)], alone.sentences, atol=1e-5)
        place += len(spans)
    assert place == len(found.sentences)


def test_a_sentence_is_the_mean_of_its_tokens_in_context(embedder: SentenceTransformersEmbedder) -> None:
    text = " ".join(SENTENCES[:2])
    end = len(SENTENCES[0])
    together = embedder.embed_chunks([text], [[(0, end), (end + 1, len(text))]]).sentences
    alone = embedder.embed_questions(SENTENCES[:2])
    cosines = together @ alone.T
    assert cosines[0, 0] > 0.9
    assert cosines[1, 1] > 0.6
    assert cosines[0, 0] < 0.9999  # it has seen its neighbour


def test_a_sentence_without_tokens_has_the_vector_of_its_text(embedder: SentenceTransformersEmbedder) -> None:
    text = "\u200b Ships waited."
    found = embedder.embed_chunks([text], [[(0, 1), (2, len(text))]])
    np.testing.assert_array_equal(found.sentences[0], found.chunks[0])


def test_nothing_to_embed(embedder: SentenceTransformersEmbedder) -> None:
    found: Embedded = embedder.embed_chunks([], [])
    assert (found.chunks.shape, found.sentences.shape) == ((0, 384), (0, 384))
    assert embedder.embed_questions([]).shape == (0, 384)


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\u200b", "\ufeff", "z" * 5000, "\u0301" * 500, "[SEP] [CLS] [PAD]"]
)
def test_hostile_texts_have_vectors(embedder: SentenceTransformersEmbedder, text: str) -> None:
    found = embedder.embed_chunks([text, "Ships waited."], [[(0, len(text))], [(0, 5)]])
    np.testing.assert_allclose(np.linalg.norm(found.chunks, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found.sentences, axis=1), 1, atol=1e-5)


def test_tokens_are_counted_as_the_model_does(embedder: SentenceTransformersEmbedder) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(find_model("default").path))
    texts = [*SENTENCES, "", "x" * 101, "word " * 3000, "e\u0301\u200b\x00", "[SEP] [CLS]"]
    ids = tokenizer(texts, truncation=False, add_special_tokens=False, verbose=False)["input_ids"]
    assert embedder.count_tokens(texts) == [len(row) for row in ids]
    assert embedder.count_tokens([]) == []


def test_prefixes_are_put_in_front(embedder: SentenceTransformersEmbedder, tmp_path: Path) -> None:
    config = '{"prompts": {"query": "query: ", "document": "passage: "}}'
    prefixed = SentenceTransformersEmbedder(copied(tmp_path / "prefixed", config), threads=2)
    assert prefixed.fingerprint.max_tokens == 254 - 2
    np.testing.assert_allclose(
        prefixed.embed_questions(SENTENCES),
        embedder.embed_questions([f"query: {text}" for text in SENTENCES]),
        atol=1e-5,
    )
    found = prefixed.embed_chunks(SENTENCES, whole(SENTENCES))
    shifted: list[list[Span]] = [[(9, 9 + len(text))] for text in SENTENCES]
    expected = embedder.embed_chunks([f"passage: {text}" for text in SENTENCES], shifted)
    np.testing.assert_allclose(found.chunks, expected.chunks, atol=1e-5)
    np.testing.assert_allclose(found.sentences, expected.sentences, atol=1e-5)


def test_weights_that_are_none(tmp_path: Path) -> None:
    model = copied(tmp_path / "broken")
    (model.path / "model.safetensors").unlink()
    (model.path / "model.safetensors").write_bytes(b"not weights")
    broken = SentenceTransformersEmbedder(model, threads=2)
    with pytest.raises(ModelError, match=r"Cannot load the model in .*broken"):
        broken.embed_questions(["text"])
