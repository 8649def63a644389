"""Put a question and a passage into one row of token ids, as the reader was trained to read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.models import ModelFolder, load_tokenizer
from qa.types import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int64]
else:
    Ids = object

QUESTION_TOKENS = 64
"""Most tokens of a question: a longer one must not push the passage out."""

MAX_TOKENS = 384
"""Most tokens of a row, [CLS] and [SEP]s included: a chunk of 256 tokens, its title and a long question fit."""

HEADER_CHARS = 200
"""Most characters of title and heading, for the same reason."""


@dataclass(frozen=True, slots=True)
class EncodedPair:
    """`[CLS] question [SEP] header text [SEP]`.

    `passage` is where the second part begins, `text` where the first token of the text stands; `offsets` has for
    each token from `text` on, without the last [SEP], its half-open range of code points in the text; `cut` says
    that the text has more tokens.
    """

    ids: tuple[int, ...]
    passage: int
    text: int
    offsets: tuple[Span, ...]
    cut: bool


class PairEncoder:
    """Encodes with the tokenizer of the model that the reader grew from."""

    def __init__(self, model: ModelFolder) -> None:
        self._tokenizer = load_tokenizer(model.path / "tokenizer.json", model.fingerprint.tokenizer_sha256)
        self._first: int = self._tokenizer.token_to_id("[CLS]")
        self._between: int = self._tokenizer.token_to_id("[SEP]")

    def encode(self, question: str, headers: Sequence[str], texts: Sequence[str]) -> list[EncodedPair]:
        """Return one row a passage; what is longer than the reader reads is cut off the question and the texts."""
        asked = self._ids(question)[:QUESTION_TOKENS]
        start = [self._first, *asked, self._between]
        # One text alone is quicker without the library's pool of threads.
        if len(texts) == 1:
            rows = [self._tokenizer.encode(texts[0], add_special_tokens=False)]
        else:
            rows = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        pairs = []
        for header, row in zip(headers, rows, strict=True):
            front = [*start, *self._ids(header)][: MAX_TOKENS - 1]
            room = MAX_TOKENS - 1 - len(front)
            ids = (*front, *row.ids[:room], self._between)
            offsets = tuple(row.offsets[:room])
            pairs.append(EncodedPair(ids, len(start), len(front), offsets, len(row.ids) > room))
        return pairs

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids


def padded_arrays(
    rows: Sequence[Sequence[int]], passages: Sequence[int], *, length: int
) -> "tuple[Ids, Ids, Ids]":
    """Return ids, kinds (1 from `passages` on) and mask, (rows, length), of rows of ids padded to one length."""
    import numpy as np

    ids = np.zeros((len(rows), length), dtype=np.int64)
    kinds, mask = np.zeros_like(ids), np.zeros_like(ids)
    for place, (row, passage) in enumerate(zip(rows, passages, strict=True)):
        ids[place, : len(row)] = row
        kinds[place, passage : len(row)] = 1
        mask[place, : len(row)] = 1
    return ids, kinds, mask


def header_text(title: str, heading: str) -> str:
    """Return what stands before a passage's text: where it is from helps to know whom "he" means."""
    return f"{title} {heading}".strip()[:HEADER_CHARS]
