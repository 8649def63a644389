"""The best span of a sentence, compared with looking at all of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qa.reader import SPAN_TOKENS, FoundSpan
from qa.reader.reading import best_spans

TOKENS = 45
OFFSETS = tuple((5 * place, 5 * place + 4) for place in range(TOKENS))


@given(st.integers(0, 2**32 - 1), st.integers(0, TOKENS), st.integers(0, TOKENS))
def test_no_span_scores_more(seed: int, one: int, other: int) -> None:
    chance = np.random.default_rng(seed)
    starts, ends = chance.normal(size=(2, TOKENS)).astype(np.float32)
    first, last = sorted((one, other))
    (found,) = best_spans(starts, ends, OFFSETS, [(5 * first, 5 * last)], 0.5)
    scores = {
        (begin, stop): float(starts[begin] + ends[stop]) - 0.5
        for begin in range(first, last)
        for stop in range(begin, min(begin + SPAN_TOKENS, last))
    }
    if not scores:
        assert found is None
        return
    (begin, stop), score = max(scores.items(), key=lambda item: item[1])
    assert found == FoundSpan(OFFSETS[begin][0], OFFSETS[stop][1], score)


def test_each_sentence_has_its_own_span() -> None:
    starts = np.array([0, 3, 0, 0, 9, 0], dtype=np.float32)
    ends = np.array([0, 0, 2, 0, 0, 1], dtype=np.float32)
    offsets = [(0, 3), (4, 7), (8, 11), (12, 15), (16, 19), (20, 23)]
    found = best_spans(starts, ends, offsets, [(0, 11), (12, 23), (30, 40)], 1.0)
    assert found == (FoundSpan(4, 11, 4.0), FoundSpan(16, 23, 9.0), None)


def test_a_token_of_no_width_is_no_answer() -> None:
    starts = ends = np.array([9, 1], dtype=np.float32)
    assert best_spans(starts, ends, [(3, 3), (3, 6)], [(0, 6)], 0.0) == (FoundSpan(3, 6, 2.0),)
