"""Relevance by a cross-encoder of the user's own: its logits replace the reader's, within the budget.

The cross-encoder is a small untrained one, made here: what it says means nothing, only that it is what counts.
"""

from pathlib import Path

import numpy as np
import pytest

from qa.errors import ModelError
from qa.models import find_model
from qa.reader import FakeReader, Page, RerankingReader, open_reranker

pytestmark = pytest.mark.model

PAGES = [Page(f"Page {place}", f"The harbour was closed {place} times.", ((0, 31),)) for place in range(5)]
QUESTION = "How often was the harbour closed?"


def cross_encoder(folder: Path, *, labels: int = 1) -> Path:
    """Make one with random weights, and the vocabulary of the built-in model."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    tokenizer = AutoTokenizer.from_pretrained(str(find_model("default").path), local_files_only=True)
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=2.0,  # so that passages differ
    )
    config.num_labels = labels
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cross_encoder(tmp_path_factory.mktemp("cross-encoder"))


@pytest.fixture(scope="module")
def reader(folder: Path) -> RerankingReader:
    return open_reranker(str(folder), FakeReader(), threads=1)


def test_relevance_is_the_logit_of_the_cross_encoder(folder: Path, reader: RerankingReader) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    network = AutoModelForSequenceClassification.from_pretrained(str(folder), local_files_only=True).eval()
    texts = [f"{page.header}\n{page.text}" for page in PAGES]
    rows = tokenizer([QUESTION] * len(texts), texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected = network(**rows).logits[:, 0].numpy()
    found = reader.read(QUESTION, PAGES)
    np.testing.assert_allclose([each.relevant for each in found], expected, atol=1e-4)
    assert np.ptp(expected) > 0.01, "all passages alike: the test shows nothing"


def test_everything_else_is_the_readers(reader: RerankingReader) -> None:
    ours, theirs = reader.read(QUESTION, PAGES), FakeReader().read(QUESTION, PAGES)
    assert [(each.answered, each.spans) for each in ours] == [(each.answered, each.spans) for each in theirs]


def test_it_keeps_to_the_budget_and_reads_at_least_one(reader: RerankingReader) -> None:
    assert 1 <= len(reader.read(QUESTION, PAGES * 10, budget_ms=0.001)) < len(PAGES)
    assert len(reader.read(QUESTION, PAGES, budget_ms=60_000)) == len(PAGES)


def test_what_is_no_cross_encoder_is_refused_with_the_way_out(tmp_path: Path) -> None:
    for name, wrong in (
        (str(tmp_path), "Cannot load the cross-encoder"),
        (str(cross_encoder(tmp_path / "two", labels=2)), "gives 2 numbers a passage, expected 1"),
        ("no such\nmodel", "neither a folder nor a model's name"),
    ):
        with pytest.raises(ModelError, match=wrong) as caught:
            open_reranker(name, FakeReader(), threads=1)
        assert "QA_RERANKER" in str(caught.value) or "org/model" in str(caught.value)
