"""The network: shapes, heads, and that loading it is silent."""

import subprocess
import sys

import pytest
import torch

from qa.models import find_model
from qa.reader import ReaderNetwork

pytestmark = pytest.mark.model


def test_every_token_has_two_logits_and_every_row_two() -> None:
    torch.manual_seed(1)
    network = ReaderNetwork(find_model("default").path).eval()
    ids = torch.tensor([[101, 2054, 102, 2009, 102], [101, 2339, 102, 102, 0]])
    kinds = torch.tensor([[0, 0, 0, 1, 1], [0, 0, 0, 1, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
    with torch.inference_mode():
        spans, wholes = network(ids, kinds, mask)
        alone, whole = network(ids[1:, :4], kinds[1:, :4], mask[1:, :4])
        swapped, _ = network(ids, 1 - kinds, mask)
    assert spans.shape == (2, 5, 2)
    assert wholes.shape == (2, 2)
    torch.testing.assert_close(spans[1:, :4], alone, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(wholes[1:], whole, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(spans, swapped, atol=1e-2)  # which part is the passage is read


def test_loading_says_nothing() -> None:
    script = (
        "from qa.models import find_model; from qa.reader import ReaderNetwork; "
        "ReaderNetwork(find_model('default').path)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout + done.stderr == ""
