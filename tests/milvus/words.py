"""Texts in which words are as unevenly frequent as in real ones, so that hardly two chunks score the same."""

import random
from itertools import product

_SYLLABLES = [a + b for a, b in product("bdfgklmnprstvz", "aeiou")]
VOCABULARY = ["".join(each) for each in product(_SYLLABLES[::3], _SYLLABLES[1::2], ("n", "s"))]
_WEIGHTS = [1 / rank for rank in range(1, len(VOCABULARY) + 1)]  # Zipf's law


def words(chance: random.Random, count: int = 9) -> str:
    """Return so many words."""
    return " ".join(chance.choices(VOCABULARY, weights=_WEIGHTS, k=count))
