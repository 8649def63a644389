"""Which language a text is in: what its author says of it, else what its letters say."""

import lzma
import re
from array import array
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from py3langid.langid import LanguageIdentifier

# Those of py3langid's 139 that have an ISO 639-1 code and much written news. Dialects, creoles and rare
# languages are left out: a list of names or a formula looks like one of them more often than it is.
LANGUAGES = """
    af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk km kn
    ko lo lt lv mk ml mn mr ms my ne nl no pa pl ps pt ro ru si sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh
"""
READ_CHARS = 2000
MIN_LETTER_BYTES = 24
"""In UTF-8, where a Han character takes three bytes: it says about as much as three Latin letters."""
LEAST_PROBABILITY = 0.5

_TAG = re.compile(r"([A-Za-z]{2})(?:[-_].*)?", re.DOTALL)
_NOT_LATIN = re.compile("[^\x00-\u024f\u1e00-\u1eff]+")


def declared_language(tag: str) -> str | None:
    """Return the ISO 639-1 code of a BCP 47 tag ("de-AT" is "de"), or None for whatever begins otherwise."""
    match = _TAG.fullmatch(tag.strip())
    return match.group(1).lower() if match else None


def detect_language(text: str) -> str | None:
    """Return the likeliest of `LANGUAGES` (ISO 639-1), or None where the first `READ_CHARS` characters say too little."""
    text = text[:READ_CHARS]
    letters = "".join(filter(str.isalpha, text))
    # A name in its own script is what an English encyclopaedia has, and all that the model would look at.
    latin = len(_NOT_LATIN.sub("", letters).encode("utf-8", errors="replace"))
    every = len(letters.encode("utf-8", errors="replace"))
    if every < MIN_LETTER_BYTES:
        return None
    if 2 * latin > every:
        text = _NOT_LATIN.sub(" ", text)
    language, probability = _identifier().classify(text)
    return language if probability >= LEAST_PROBABILITY else None


@lru_cache(maxsize=1)
def _identifier() -> "LanguageIdentifier":
    # Half a second, and `qa ask` needs none of it.
    import numpy as np
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

    # py3langid's own loader unpacks into a temporary file of 70 MB, on a disk that may be full.
    with np.load(
        BytesIO(lzma.decompress((MODEL_DIR / MODEL_FILE).read_bytes())), allow_pickle=False
    ) as model:
        classes, wanted = model["classes"].tolist(), set(LANGUAGES.split())
        kept = [column for column, language in enumerate(classes) if language in wanted]
        return LanguageIdentifier(
            np.ascontiguousarray(model["ptc"][:, kept]),
            model["pc"][kept],
            [classes[column] for column in kept],
            _plain_array(model["nextmove"]),
            model["out_feat"].tolist(),
            norm_probs=True,
            tk_row=_plain_array(model["nextmove_row"]),
        )


def _plain_array(numbers: "NDArray[np.unsignedinteger[Any]]") -> "array[int]":
    """Return the numbers in a type of which Python reads one by one faster than of numpy's."""
    return array(numbers.dtype.char, numbers.tobytes())
