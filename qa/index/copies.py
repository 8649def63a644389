"""Find the articles that are copies of one another: printed again, edited lightly, cut or added to.

MinHash (Broder 1997) finds pairs that may be; the shingles of both then decide. It is a few lines here since datasketch
imports scipy: half a second, in which one Ctrl-C in twenty ends as an ImportError.
"""

import hashlib
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from qa import corpus
from qa.index.tokenise import lower_words
from qa.types import Article

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Shingles = NDArray[np.uint32]

SHINGLE_WORDS = 3
COPIED_SHARE = 0.8
"""So many of the shingles of the shorter of two copies stand in the longer one (Broder 1997)."""
SHORT_SHINGLES = 64
SHORT_COPIED_SHARE = 0.9
"""The same of an article with fewer shingles: short texts of one form share most of their words."""
LEAST_LENGTH = 0.5
"""Of two articles of less equal length one quotes the other."""
BANDS, BAND_HASHES = 42, 3
SEED = 1
SETTINGS: Mapping[str, float] = {
    "version": 1,
    "shingle_words": SHINGLE_WORDS,
    "copied_share": COPIED_SHARE,
    "short_shingles": SHORT_SHINGLES,
    "short_copied_share": SHORT_COPIED_SHARE,
    "least_length": LEAST_LENGTH,
    "bands": BANDS,
    "band_hashes": BAND_HASHES,
    "seed": SEED,
}
"""What decides which articles are copies; raise the version with every other change of this file that does."""

_NEIGHBOURS = 8  # of each article in a band: what a thousand articles have in common makes no million pairs
_ESTIMATE_ERROR = 0.2  # three standard deviations of a share estimated from so many hashes
_HASHED_TOGETHER = 1024
_SHINGLES_KEPT = 1024


class Signature(NamedTuple):
    """How many shingles an article has, and the least hash of them by each function, uint32 in bytes."""

    shingles: int
    hashes: bytes


def signature_of(article: Article) -> Signature | None:
    """Return the signature of an article, None without words: such an article is a copy of none."""
    import numpy as np

    found = _shingles(article)
    if not len(found):
        return None
    factors, shifts = _hash_functions()
    mixed = _mixed(found).reshape(-1, 1)
    least = [
        (mixed[start : start + _HASHED_TOGETHER] * factors + shifts).min(axis=0)
        for start in range(0, len(mixed), _HASHED_TOGETHER)
    ]
    return Signature(len(found), np.minimum.reduce(least).tobytes())


@lru_cache(maxsize=1)
def _hash_functions() -> tuple["Shingles", "Shingles"]:
    import numpy as np

    drawn = hashlib.shake_256(str(SEED).encode()).digest(8 * BANDS * BAND_HASHES)
    factors, shifts = np.frombuffer(drawn, dtype="<u4").astype(np.uint32).reshape(2, -1)
    return factors | np.uint32(1), shifts  # odd: no two shingles become one


class CopyFinder:
    """Takes articles one by one, of which it keeps half a kilobyte each, and then names the copies among them."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._sizes = array("q")
        self._signatures = array("I")

    def add(self, article_id: str, signature: Signature | None) -> None:
        """Take the next article."""
        if signature is not None:
            self._ids.append(article_id)
            self._sizes.append(signature.shingles)
            self._signatures.frombytes(signature.hashes)

    def originals(self, read: Callable[[str], Article]) -> dict[str, str]:
        """Return the id of the original for every article that is a copy of another.

        Copies of copies are in one group, and its original is the article whose id comes first. `read` returns an
        article again: whether two are copies is counted, not estimated.
        """
        ids = self._ids

        @lru_cache(maxsize=_SHINGLES_KEPT)
        def shingles(place: int) -> "Shingles":
            return _shingles(read(ids[place]))

        parents = list(range(len(ids)))

        def root(place: int) -> int:
            while parents[place] != place:
                parents[place] = place = parents[parents[place]]
            return place

        for one, other in sorted(self._likely_pairs()):
            first, second = sorted((root(one), root(other)), key=ids.__getitem__)
            if first != second and _are_copies(shingles(one), shingles(other)):
                parents[second] = first
        return {ids[place]: ids[original] for place in range(len(ids)) if (original := root(place)) != place}

    def _likely_pairs(self) -> set[tuple[int, int]]:
        """Return the pairs of places that agree in one band at least and may be copies by their estimate.

        What shares half of all its shingles agrees in a band with a probability of .996, what shares a twentieth of
        .005: 1 - (1 - share ** BAND_HASHES) ** BANDS.
        """
        import numpy as np

        sizes = np.frombuffer(self._sizes, dtype=np.int64)
        signatures = np.frombuffer(self._signatures, dtype=np.uint32).reshape(-1, BANDS * BAND_HASHES)
        found: set[tuple[int, int]] = set()
        for one, other in _neighbours(signatures):
            small, large = np.minimum(sizes[one], sizes[other]), np.maximum(sizes[one], sizes[other])
            jaccard = (signatures[one] == signatures[other]).mean(axis=1)
            share = jaccard / (1 + jaccard) * (small + large) / small
            likely = (small >= LEAST_LENGTH * large) & (share >= COPIED_SHARE - _ESTIMATE_ERROR)
            found.update(zip(one[likely].tolist(), other[likely].tolist(), strict=True))
        return found


def copy_groups(originals: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    """Return for every article that is or has a copy the ids of its whole group, sorted; `originals` by copy."""
    groups: dict[str, list[str]] = {}
    for copy, original in originals.items():
        groups.setdefault(original, [original]).append(copy)
    return {member: members for members in map(sorted, groups.values()) for member in members}


def _neighbours(
    signatures: "NDArray[np.uint32]",
) -> Iterator[tuple["NDArray[np.int64]", "NDArray[np.int64]"]]:
    """Yield pairs of places whose hashes are the same in a band, the smaller place first."""
    import numpy as np

    for band in range(0, BANDS * BAND_HASHES, BAND_HASHES):
        hashes = signatures[:, band : band + BAND_HASHES]
        order = np.lexsort(hashes.T)  # keeps the order of places among equal ones
        ordered = hashes[order]
        for step in range(1, _NEIGHBOURS + 1):
            same = (ordered[step:] == ordered[:-step]).all(axis=1)
            if not same.any():
                break
            yield order[:-step][same], order[step:][same]


def _shingles(article: Article) -> "Shingles":
    """Return hashes of every run of words in the article's prose, each once and sorted.

    Its title, headings, page furniture and line breaks are not in it: papers give a report their own.
    """
    import numpy as np

    prose = [
        article.text[block.start : block.end]
        for block in corpus.blocks(article)
        if block.kind in {corpus.BlockKind.PROSE, corpus.BlockKind.LIST_ITEM}
    ]
    words = lower_words("\n".join(prose), article.language)
    runs = zip(*(words[start:] for start in range(min(SHINGLE_WORDS, len(words)))), strict=False)
    return np.unique(np.array([zlib.crc32(" ".join(run).encode()) for run in runs], dtype=np.uint32))


def _mixed(shingles: "Shingles") -> "Shingles":
    """Return each number with its bits mixed, as MurmurHash3 ends: those of a CRC depend on one another."""
    import numpy as np

    mixed = (shingles ^ (shingles >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return mixed ^ (mixed >> np.uint32(16))


def _are_copies(one: "Shingles", other: "Shingles") -> bool:
    import numpy as np

    small, large = sorted((len(one), len(other)))
    least = COPIED_SHARE if small >= SHORT_SHINGLES else SHORT_COPIED_SHARE
    common = len(np.intersect1d(one, other, assume_unique=True))
    return small >= LEAST_LENGTH * large and common >= least * small
