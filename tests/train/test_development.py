"""Figures of the development part: exact ones of a network that knows everything, and the best span."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qa.reader import SPAN_TOKENS, PairEncoder, ReaderNetwork, best_span
from qa.train.batches import Encoded
from qa.train.development import DEVELOPMENT_EXAMPLES, measure, sampled
from tests.train.made import KINDS, encoded

CPU = torch.device("cpu")
KING = 2332


class Knowing(ReaderNetwork):
    """Knows that the answer stands before "was king" in these examples, and with `doubt` says the contrary."""

    def __init__(self, doubt: float = 1.0) -> None:
        torch.nn.Module.__init__(self)
        self.doubt = doubt

    def forward(
        self, ids: torch.Tensor, kinds: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        king = (ids == KING) & (kinds == 1)
        place = torch.where(king.any(1), king.float().argmax(1) - 2, 0)
        spans = torch.zeros((*ids.shape, 2))
        spans[torch.arange(len(ids)), place] = 5.0
        wholes = king.any(1).float()[:, None].repeat(1, 2)
        return self.doubt * spans, self.doubt * wholes


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def examples(encoder: PairEncoder) -> list[Encoded]:
    found = encoded(encoder, 64)
    return [each for each in found if each.starts == (0,) or each.starts == each.ends]  # names of one token


def test_who_knows_everything_is_always_right(examples: list[Encoded], pool: ThreadPoolExecutor) -> None:
    figures = measure(Knowing(), examples, pool, CPU)
    names = ["start_right", "end_right", "relevant", "span", "answered"]
    names += [f"{figure}_{kind}" for kind in sorted(KINDS) for figure in ("span", "answered")]
    assert list(figures) == names
    assert set(figures.values()) == {1.0}


def test_who_believes_the_contrary_is_always_wrong(examples: list[Encoded], pool: ThreadPoolExecutor) -> None:
    figures = measure(Knowing(doubt=-1.0), examples, pool, CPU)
    assert set(figures.values()) == {0.0}


def test_figures_of_a_kind_are_against_that_kind(examples: list[Encoded], pool: ThreadPoolExecutor) -> None:
    """Where half of the cut passages seem to answer, each of those ties with every answered example."""
    answered = [each for each in examples if each.kind == "answered"][:8]
    plain = [each for each in examples if each.kind == "retrieved"][:4]
    cut = [replace(each, starts=(0,), ends=(0,), relevant=float("nan"), kind="cut") for each in answered[:2]]
    cut += [replace(each, kind="cut", relevant=float("nan")) for each in plain[:2]]
    figures = measure(Knowing(), [*answered, *plain, *cut], pool, CPU)
    assert figures["answered_retrieved"] == figures["span_retrieved"] == figures["relevant"] == 1.0
    assert figures["answered_cut"] == figures["span_cut"] == 0.75
    assert figures["answered"] == figures["span"] == 0.875
    assert figures["start_right"] == figures["end_right"] == 1.0


@pytest.mark.parametrize(
    ("kinds", "names"),
    [
        (("answered",), ["start_right", "end_right"]),
        (("cut", "retrieved"), []),
        (("marked",), []),
        ((), []),
        (
            ("answered", "marked"),
            ["start_right", "end_right", "span", "answered", "span_marked", "answered_marked"],
        ),
    ],
)
def test_what_cannot_be_measured_is_left_out(
    examples: list[Encoded], pool: ThreadPoolExecutor, kinds: tuple[str, ...], names: list[str]
) -> None:
    figures = measure(Knowing(), [each for each in examples if each.kind in kinds], pool, CPU)
    assert figures == dict.fromkeys(names, 1.0)
    assert list(figures) == names


def test_a_sample_is_of_the_whole_file_and_the_same_every_time(examples: list[Encoded]) -> None:
    """Two sets one after the other, and most of what is measured from both."""
    sets = [replace(examples[0], relevant=float(place // 2000)) for place in range(4000)]
    sample = sampled(sets)
    assert len(sample) == DEVELOPMENT_EXAMPLES
    share = sum(each.relevant for each in sample) / len(sample)
    assert 0.45 < share < 0.55
    assert sample == sampled(sets)
    assert len({id(each) for each in sample}) == len(sample)
    assert sorted(sampled(sets[:5]), key=id) == sorted(sets[:5], key=id)


def test_the_order_of_examples_does_not_matter(examples: list[Encoded], pool: ThreadPoolExecutor) -> None:
    assert measure(Knowing(), examples, pool, CPU) == measure(Knowing(), examples[::-1], pool, CPU)


logits = arrays(np.float32, st.integers(0, 45), elements=st.floats(-20, 20, width=16))


@given(
    logits.flatmap(
        lambda starts: st.tuples(
            st.just(starts), arrays(np.float32, len(starts), elements=st.floats(-20, 20, width=16))
        )
    )
)
def test_the_best_span_is_that_of_a_look_at_all(pair: tuple[np.ndarray, np.ndarray]) -> None:
    starts, ends = pair
    start, end, score = best_span(starts, ends)
    possible = {
        (first, last): float(starts[first] + ends[last])
        for first in range(len(starts))
        for last in range(first, min(len(starts), first + SPAN_TOKENS))
    }
    if not possible:
        assert score < -1000
        return
    assert (start, end) in possible
    assert score == possible[start, end] == max(possible.values())


def test_a_span_may_be_as_long_as_is_said_and_no_longer() -> None:
    starts, ends = np.zeros(50, np.float32), np.zeros(50, np.float32)
    starts[3], ends[3 + SPAN_TOKENS - 1] = 5, 5
    assert best_span(starts, ends) == (3, 3 + SPAN_TOKENS - 1, 10.0)
    assert best_span(starts, np.roll(ends, 1))[2] == 5.0
