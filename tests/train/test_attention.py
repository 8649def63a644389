"""Our attention agrees with PyTorch's, forward and backward, and sees no padding."""

import pytest
import torch
from torch.nn.functional import cosine_similarity

from qa.models import find_model
from qa.reader import PairEncoder, ReaderNetwork
from qa.train.attention import register
from qa.train.batches import Batch, collate
from qa.train.loop import losses_of
from tests.train.made import encoded

pytestmark = pytest.mark.model

CPU = torch.device("cpu")
LEAST_COSINE = 0.999
NOTHING = 1e-3
"""A gradient of a smaller norm is rounding: the biases of keys cancel out of every softmax."""


def network(attention: str) -> ReaderNetwork:
    torch.manual_seed(1)
    return ReaderNetwork(find_model("default").path, attention=attention)


@pytest.fixture(scope="module")
def ours() -> ReaderNetwork:
    return network(register())


@pytest.fixture(scope="module")
def theirs() -> ReaderNetwork:
    return network("sdpa")


@pytest.fixture(scope="module")
def batch(encoder: PairEncoder) -> Batch:
    return collate(encoded(encoder, 4), length=96)


def read(network: ReaderNetwork, batch: Batch, *, length: int = 96) -> tuple[torch.Tensor, torch.Tensor]:
    arrays = (torch.from_numpy(part[:, :length]) for part in (batch.ids, batch.kinds, batch.mask))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        spans, wholes = network(*arrays)
    return spans.float(), wholes.float()


def test_logits_agree(ours: ReaderNetwork, theirs: ReaderNetwork, batch: Batch) -> None:
    seen = torch.from_numpy(batch.mask).bool()
    (spans, wholes), (expected, whole) = read(ours, batch), read(theirs, batch)
    assert cosine_similarity(spans[seen].flatten(), expected[seen].flatten(), 0) > LEAST_COSINE
    assert cosine_similarity(wholes.flatten(), whole.flatten(), 0) > LEAST_COSINE
    torch.testing.assert_close(spans[seen], expected[seen], atol=0.05, rtol=0.05)


def test_losses_and_gradients_agree(ours: ReaderNetwork, theirs: ReaderNetwork, batch: Batch) -> None:
    totals, gradients = [], []
    for each in (ours, theirs):
        total = losses_of(each, batch, CPU).total
        totals.append(total.item())
        gradients.append(torch.autograd.grad(total, list(each.parameters())))
    assert totals[0] == pytest.approx(totals[1], rel=0.01)
    names = [name for name, _ in ours.named_parameters()]
    compared = {
        name: cosine_similarity(one.flatten(), other.flatten(), 0).item()
        for name, one, other in zip(names, *gradients, strict=True)
        if other.norm() > NOTHING
    }
    assert min(compared.values()) > LEAST_COSINE, min(compared, key=lambda name: compared[name])
    layers = ours.transformer.config.num_hidden_layers
    assert (
        sum(name.endswith(("query.weight", "key.weight", "value.weight")) for name in compared) == 3 * layers
    )
    sizes = [
        one.norm() / other.norm() for one, other in zip(*gradients, strict=True) if other.norm() > NOTHING
    ]
    assert 0.97 < min(sizes) <= max(sizes) < 1.03


def test_padding_is_not_seen(ours: ReaderNetwork, batch: Batch) -> None:
    seen = torch.from_numpy(batch.mask).bool()
    spans, wholes = read(ours, batch)
    ids = batch.ids.copy()
    ids[batch.mask == 0] = 2339
    kinds = batch.kinds.copy()
    kinds[batch.mask == 0] = 1
    changed = Batch(
        ids, kinds, batch.mask, batch.allowed, batch.starts, batch.ends, batch.answered, batch.relevant
    )
    again, whole = read(ours, changed)
    torch.testing.assert_close(again[seen], spans[seen], atol=1e-2, rtol=1e-2)
    torch.testing.assert_close(whole, wholes, atol=1e-2, rtol=1e-2)
    assert not torch.allclose(again[~seen], spans[~seen], atol=1e-2)


def test_a_batch_without_padding(ours: ReaderNetwork, theirs: ReaderNetwork, batch: Batch) -> None:
    length = int(batch.mask.sum(1).min())
    (spans, wholes), (expected, whole) = (read(each, batch, length=length) for each in (ours, theirs))
    assert cosine_similarity(spans.flatten(), expected.flatten(), 0) > LEAST_COSINE
    assert cosine_similarity(wholes.flatten(), whole.flatten(), 0) > LEAST_COSINE
