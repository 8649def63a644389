"""What both real embedders do alike with texts, tokens and rows of vectors."""

from collections.abc import Sequence
from typing import Any

from qa.errors import ModelError
from qa.models.embedder import Vectors
from qa.models.folder import ModelFolder, load_tokenizer
from qa.types import ModelFingerprint, Span


class Tokens:
    """A model's tokenizer, which counts all tokens there are and encodes as many as the model reads."""

    def __init__(self, model: ModelFolder) -> None:
        self._tokenizer = load_tokenizer(model.path / "tokenizer.json", model.fingerprint.tokenizer_sha256)
        self._special: int = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        fingerprint = model.fingerprint
        # The folder took the prefix off what is left for a text.
        prefix = len(self._tokenizer.encode(fingerprint.chunk_prefix, add_special_tokens=False).ids)
        self.limit: int = fingerprint.max_tokens + prefix + self._special
        """How many tokens the model reads, special ones and prefix included."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens."""
        return [
            len(row.ids) for row in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ]

    def encode(self, texts: Sequence[str]) -> list[Any]:
        """Return an `Encoding` of each text with special tokens, cut to what the model reads."""
        # One text alone is quicker without the library's pool of threads.
        if len(texts) == 1:
            rows = [self._tokenizer.encode(texts[0])]
        else:
            rows = self._tokenizer.encode_batch(list(texts))
        return [
            row if len(row) <= self.limit else self._cut(text) for row, text in zip(rows, texts, strict=True)
        ]

    def _cut(self, text: str) -> Any:  # noqa: ANN401 (tokenizers ships no usable types)
        row = self._tokenizer.encode(text, add_special_tokens=False)
        row.truncate(self.limit - self._special)
        return self._tokenizer.post_process(row)


def sentence_rows(
    states: Vectors,
    vector: Vectors,
    offsets: Sequence[Span],
    *,
    prefix_chars: int,
    sentences: Sequence[Span],
) -> Vectors:
    """Pool each sentence's tokens: a row is the mean of its tokens' final states in the whole text's pass.

    So a sentence knows what "he" and "the plan" are, costs nothing, and ranks better than embedded alone.
    `states` has one row a token, `vector` is the whole text's and stands in for a sentence without tokens.
    """
    import numpy as np

    if not sentences:
        return np.empty((0, len(vector)), dtype=np.float32)
    edges = np.array(offsets, dtype=np.int64) - prefix_chars
    starts, ends = edges[:, 0], edges[:, 1]
    rows: Vectors = np.empty((len(sentences), len(vector)), dtype=np.float32)
    for row, (start, end) in zip(rows, sentences, strict=True):
        inside = (starts < ends) & (starts < end) & (ends > start)  # special tokens have no width
        row[:] = states[inside].mean(axis=0) if inside.any() else vector
    return unit(rows)


def unit(rows: Vectors) -> Vectors:
    """Scale every row to length 1 in place, and return them."""
    import numpy as np

    # As np.linalg.norm, without a call to BLAS: its threads would compete with the model's.
    rows /= np.maximum(np.sqrt(np.square(rows).sum(axis=-1, keepdims=True)), 1e-12)
    return rows


def checked(rows: Vectors, count: int, model: ModelFingerprint) -> Vectors:
    """Return rows as the contract has them; raise ModelError when they are not vectors of this model."""
    import numpy as np

    rows = np.ascontiguousarray(rows, dtype=np.float32)
    if rows.shape != (count, model.dim) or not np.isfinite(rows).all():
        raise ModelError(
            f"{model.name} returned vectors of shape {rows.shape} or with values that are "
            f"no numbers; expected {(count, model.dim)}. Choose another model: QA_MODEL=default"
        )
    return rows
