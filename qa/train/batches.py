"""Rows of token ids in batches of a few fixed shapes: a processor prepares itself for each new shape anew."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.reader import MAX_TOKENS, PairEncoder, padded_arrays
from qa.train.examples import Example, Kind

LENGTHS = (96, 128, 160, 192, 224, 256, 320, MAX_TOKENS)
"""Tokens of a row, padding included."""

BATCH_TOKENS = 4096
"""Tokens of a batch, padding included: 42 rows of the shortest, 10 of the longest."""

Ids = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Encoded:
    """An example as the network takes it.

    `starts` and `ends` are the tokens where an answer may begin and end, the first token alone when there is none;
    the text's tokens are `[text, len(ids) - 1)`. `relevant` is NaN where nobody can tell.
    """

    ids: tuple[int, ...]
    passage: int
    text: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    relevant: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class Batch:
    """Encoded examples in arrays of (rows, tokens), and (rows,) for what is said of a whole row.

    `allowed` marks where a span may begin and end: in the text, or at the first token for "no answer here".
    """

    ids: Ids
    kinds: Ids
    mask: Ids
    allowed: Flags
    starts: Flags
    ends: Flags
    answered: NDArray[np.float32]
    relevant: NDArray[np.float32]


def encode_examples(examples: Iterable[Example], encoder: PairEncoder) -> Iterator[Encoded | None]:
    """Yield each example encoded, or None for one whose answer was cut off with the text's end."""
    for example in examples:
        (pair,) = encoder.encode(example.question, [example.header], [example.text])
        starts: list[int] = []
        ends: list[int] = []
        for start, end in example.spans:
            inside = [
                pair.text + place
                for place, (first, last) in enumerate(pair.offsets)
                if first < end and start < last and first < last
            ]
            # What ends behind its last token ends in a space or an accent, which are no tokens.
            if inside and not (pair.cut and end > pair.offsets[-1][1]):
                starts += inside if example.loose else inside[:1]
                ends += inside if example.loose else inside[-1:]
        if example.spans and not starts:
            yield None
            continue
        relevant = float("nan") if example.relevant is None else float(example.relevant)
        yield Encoded(
            ids=pair.ids,
            passage=pair.passage,
            text=pair.text,
            starts=tuple(starts) or (0,),
            ends=tuple(ends) or (0,),
            relevant=relevant,
            kind=example.kind,
        )


def batches(examples: Sequence[Encoded], chance: random.Random) -> list[list[int]]:
    """Return the places of all examples in batches of about one length, in random order.

    What does not fill a batch of its shape is left out: another order takes it in.
    """
    places = list(range(len(examples)))
    chance.shuffle(places)
    waiting: dict[int, list[int]] = {length: [] for length in LENGTHS}
    found: list[list[int]] = []
    for place in places:
        length = padded(len(examples[place].ids))
        waiting[length].append(place)
        if len(waiting[length]) == BATCH_TOKENS // length:
            found.append(waiting[length])
            waiting[length] = []
    chance.shuffle(found)
    return found


def padded(tokens: int) -> int:
    """Return the least of the fixed lengths that holds so many tokens."""
    return next(length for length in LENGTHS if tokens <= length)


def collate(examples: Sequence[Encoded], *, length: int) -> Batch:
    """Pad examples to one length."""
    ids, kinds, mask = padded_arrays(
        [example.ids for example in examples], [example.passage for example in examples], length=length
    )
    allowed, starts, ends = (np.zeros(ids.shape, dtype=np.bool_) for _ in range(3))
    for row, example in enumerate(examples):
        allowed[row, example.text : len(example.ids) - 1] = True
        allowed[row, 0] = True
        starts[row, list(example.starts)] = True
        ends[row, list(example.ends)] = True
    return Batch(
        ids,
        kinds,
        mask,
        allowed,
        starts,
        ends,
        answered=np.array([example.starts != (0,) for example in examples], dtype=np.float32),
        relevant=np.array([example.relevant for example in examples], dtype=np.float32),
    )
