"""What is known of a chunk, as text that a row of Milvus holds."""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.errors import IndexDamagedError
from qa.index import Fields
from qa.types import Chunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHECKSUM_BYTES = 8


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with all that ranks and shows it.

    `order` says where its article stands among all and where it stands in the article. `dimensions` (t,) are those of its
    terms, `weights` (t,) what each adds to BM25 for an IDF of 1; `sentences` (n, dim) are the vectors of its sentences.
    """

    order: tuple[int, int]
    chunk: Chunk
    fields: Fields
    dimensions: "NDArray[np.uint32]"
    weights: "NDArray[np.float32]"
    sentences: "NDArray[np.float16]"


def pack(stored: StoredChunk) -> str:
    """Return a chunk as text in ASCII.

    Base64 of a checksum, the length of a head in JSON, the head, and the three arrays, little-endian.
    """
    chunk, fields = stored.chunk, stored.fields
    known = [
        *stored.order,
        chunk.article_id,
        chunk.start,
        chunk.end,
        chunk.heading,
        chunk.sentences,
        fields[1:],
    ]
    head = json.dumps([*known, len(stored.dimensions)], separators=(",", ":")).encode()
    arrays = (stored.dimensions.astype("<u4"), stored.weights.astype("<f4"), stored.sentences.astype("<f2"))
    body = b"".join([len(head).to_bytes(4, "little"), head, *(array.tobytes() for array in arrays)])
    return base64.b64encode(_checksum(body) + body).decode()


def _checked(packed: bytes) -> bytes:
    """Return what stands behind the checksum; raises ValueError when it is not what was written."""
    body = packed[_CHECKSUM_BYTES:]
    if packed[:_CHECKSUM_BYTES] != _checksum(body):
        raise ValueError("it has changed since it was written")
    return body


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECKSUM_BYTES).digest()


def unpack(text: str, *, dim: int) -> StoredChunk:
    """Return the chunk; `dim` is the width of a vector.

    Raises IndexDamagedError for what `pack` did not make.
    """
    import numpy as np

    try:
        data = _checked(base64.b64decode(text, validate=True))
        begin = 4 + int.from_bytes(data[:4], "little")
        *order, article_id, start, end, heading, sentences, fields, terms = json.loads(data[4:begin])
        chunk = Chunk(article_id, start, end, heading, tuple((first, last) for first, last in sentences))
        weights = begin + 4 * terms
        vectors = np.frombuffer(data, dtype="<f2", offset=weights + 4 * terms).reshape(
            len(chunk.sentences), dim
        )
        return StoredChunk(
            (order[0], order[1]),
            chunk,
            Fields(article_id, *fields),
            np.frombuffer(data, dtype="<u4", count=terms, offset=begin),
            np.frombuffer(data, dtype="<f4", count=terms, offset=weights),
            vectors,
        )
    except (ValueError, TypeError, IndexError) as error:
        raise IndexDamagedError(
            f"A chunk in Milvus cannot be read: {error!r}. Index again: qa index FOLDER"
        ) from error
