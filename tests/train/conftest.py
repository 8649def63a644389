"""A transformer small enough to be trained in a test, and the parts that the default model brings."""

from pathlib import Path

import pytest
import torch

from qa.models import find_model
from qa.reader import PairEncoder


@pytest.fixture(scope="session")
def encoder() -> PairEncoder:
    return PairEncoder(find_model("default"))


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights of a BERT of two narrow layers, which knows nothing yet, for the default model's tokenizer."""
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("small")
    config = BertConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=0.1,
    )
    with torch.random.fork_rng():
        torch.manual_seed(7)
        BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder
