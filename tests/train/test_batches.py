"""Batches: fixed shapes, every place once, and arrays that say what the examples say."""

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.reader import MAX_TOKENS, PairEncoder
from qa.train.batches import BATCH_TOKENS, LENGTHS, Encoded, batches, collate, encode_examples, padded
from qa.train.examples import Example

QUESTION = "Where did the cafe stand?"
TEXT = "The old cafe stood near the harbour in Bergen. It burnt down in 1904."


def row(tokens: int) -> Encoded:
    return Encoded((1,) * tokens, 2, 3, (0,), (0,), 0.0, "retrieved")


def asked(text: str, *answers: str, loose: bool = False, header: str = "Cafes") -> Example:
    spans = tuple((text.index(answer), text.index(answer) + len(answer)) for answer in answers)
    return Example(QUESTION, header, text, spans, loose, bool(answers), "answered", "x", "y")


def one(encoder: PairEncoder, example: Example) -> Encoded | None:
    (found,) = encode_examples([example], encoder)
    return found


@given(
    st.dictionaries(
        st.sampled_from([5, 90, 96, 97, 128, 200, 257, 320, 321, MAX_TOKENS]), st.integers(0, 99)
    ),
    st.integers(0, 99),
)
def test_a_batch_has_one_fixed_shape_and_nothing_comes_twice(counts: dict[int, int], seed: int) -> None:
    lengths = [length for length, count in counts.items() for _ in range(count)]
    examples = [row(length) for length in lengths]
    found = batches(examples, random.Random(seed))
    for batch in found:
        (length,) = {padded(lengths[place]) for place in batch}
        assert length in LENGTHS
        assert len(batch) == BATCH_TOKENS // length
    places = [place for batch in found for place in batch]
    assert len(set(places)) == len(places)
    left = Counter(padded(lengths[place]) for place in set(range(len(lengths))) - set(places))
    assert all(count < BATCH_TOKENS // length for length, count in left.items())
    assert found == batches(examples, random.Random(seed))


def test_another_epoch_has_another_order() -> None:
    examples = [row(90 + place % 60) for place in range(500)]
    one, other = (batches(examples, random.Random(seed)) for seed in (1, 2))
    assert one != other
    assert {place for batch in one for place in batch} != {place for batch in other for place in batch}


@pytest.mark.parametrize(("tokens", "length"), [(1, 96), (96, 96), (97, 128), (320, 320), (321, 384)])
def test_the_least_length_that_holds_them(tokens: int, length: int) -> None:
    assert padded(tokens) == length


def test_an_answer_begins_and_ends_at_its_tokens(encoder: PairEncoder) -> None:
    found = one(encoder, asked(TEXT, "near the harbour", "Bergen"))
    assert found is not None
    # the old cafe stood near the harbour in bergen .
    assert found.starts == (found.text + 4, found.text + 8)
    assert found.ends == (found.text + 6, found.text + 8)
    assert found.relevant == 1.0
    assert found.text > found.passage


def test_a_loose_answer_may_begin_and_end_anywhere_inside(encoder: PairEncoder) -> None:
    found = one(encoder, asked(TEXT, "near the harbour", loose=True))
    assert found is not None
    assert found.starts == found.ends == tuple(range(found.text + 4, found.text + 7))


def test_part_of_a_token_is_that_token(encoder: PairEncoder) -> None:
    found = one(encoder, asked(TEXT, "arbour in Berg"))
    assert found is not None
    assert (found.starts, found.ends) == ((found.text + 6,), (found.text + 8,))


def test_without_an_answer_it_is_the_first_token(encoder: PairEncoder) -> None:
    found = one(encoder, asked(TEXT))
    assert found is not None
    assert found.starts == found.ends == (0,)
    assert found.relevant == 0.0
    unknown = one(encoder, Example(QUESTION, "", TEXT, (), False, None, "cut", "x", "y"))
    assert unknown is not None
    assert np.isnan(unknown.relevant)
    assert unknown.kind == "cut"


def test_an_answer_that_was_cut_off_is_no_example(encoder: PairEncoder) -> None:
    text = "It rained. " * 200 + TEXT
    assert one(encoder, asked(text, "Bergen")) is None
    assert one(encoder, asked(text, "Bergen", loose=True)) is None
    across = TEXT + " and Oslo" * MAX_TOKENS
    whole = Example(QUESTION, "", across, ((0, len(across)),), False, True, "answered", "x", "y")
    assert one(encoder, whole) is None
    both = one(encoder, asked("Near Bergen. " + text, "Near Bergen", "harbour"))
    assert both is not None
    assert (both.starts, both.ends) == ((both.text,), (both.text + 1,))


@pytest.mark.parametrize("answer", ["Bergen. ", "in cafe\u0301"])
def test_an_answer_that_ends_in_what_is_no_token_is_whole(encoder: PairEncoder, answer: str) -> None:
    text = "They met in cafe\u0301s in Bergen. "
    found = one(encoder, asked(text, answer))
    assert found is not None
    # they met in cafes in bergen .
    first, last = (5, 6) if answer == "Bergen. " else (2, 3)
    assert (found.starts, found.ends) == ((found.text + first,), (found.text + last,))
    accented = one(encoder, asked("They met in a cafe\u0301", "cafe\u0301"))
    assert accented is not None
    assert accented.ends == (accented.text + 4,)


@pytest.mark.parametrize(("words", "whole"), [(0, True), (1, False)])
def test_a_text_that_just_fits_is_whole(encoder: PairEncoder, words: int, whole: bool) -> None:
    (pair,) = encoder.encode(QUESTION, [""], [""])
    room = MAX_TOKENS - len(pair.ids)
    text = "rain " * (room + words)
    span = ((room - 1) * 5, len(text))
    found = one(encoder, Example(QUESTION, "", text, (span,), False, True, "answered", "x", "y"))
    assert (found is not None) is whole
    assert found is None or (len(found.ids), found.ends) == (MAX_TOKENS, (MAX_TOKENS - 2,))


@given(st.integers(0, 60), st.integers(1, 60), st.booleans(), st.integers(0, 30))
def test_what_is_marked_stands_in_the_text(
    encoder: PairEncoder, start: int, size: int, loose: bool, filler: int
) -> None:
    text = "Rain! " * filler + TEXT
    answer = text[start : start + size].strip()
    span = (text.index(answer, start), text.index(answer, start) + len(answer))
    found = one(encoder, Example(QUESTION, "Cafes", text, (span,), loose, True, "answered", "x", "y"))
    if found is None:
        assert not answer
        return
    assert all(found.text <= place < len(found.ids) - 1 for place in (*found.starts, *found.ends))
    assert loose or (len(found.starts), len(found.ends)) == (1, 1)


def test_arrays_of_two_examples() -> None:
    answered = Encoded((7, 1, 8, 2, 3, 4, 8), 3, 4, (4,), (5,), 1.0, "answered")
    other = Encoded((7, 1, 8, 2, 8), 3, 3, (0,), (0,), float("nan"), "cut")
    batch = collate([answered, other], length=8)
    assert batch.ids.tolist() == [[7, 1, 8, 2, 3, 4, 8, 0], [7, 1, 8, 2, 8, 0, 0, 0]]
    assert batch.kinds.tolist() == [[0, 0, 0, 1, 1, 1, 1, 0], [0, 0, 0, 1, 1, 0, 0, 0]]
    assert batch.mask.tolist() == [[1, 1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 0, 0, 0]]
    assert np.flatnonzero(batch.allowed[0]).tolist() == [0, 4, 5]
    assert np.flatnonzero(batch.allowed[1]).tolist() == [0, 3]
    assert [np.flatnonzero(part).tolist() for part in (*batch.starts, *batch.ends)] == [[4], [0], [5], [0]]
    assert batch.answered.tolist() == [1.0, 0.0]
    assert batch.relevant[0] == 1.0
    assert np.isnan(batch.relevant[1])
    assert batch.ids.dtype == batch.kinds.dtype == batch.mask.dtype == np.int64
    assert batch.answered.dtype == batch.relevant.dtype == np.float32
