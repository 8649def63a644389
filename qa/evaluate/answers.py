"""What counts as a right answer: accepted words, compared as the evaluation script of SQuAD compares them."""

import re
import string
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa.evaluate.files import Row

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE_WORDS = re.compile(r"\b(a|an|the)\b")
_LAYOUTS = (
    ("selected_sentences", "text", True),  # CLAP NQ: for each written answer the sentences it rests on
    ("references", "content", True),  # chunking_evaluation: passages
    ("evidence", "fact", True),  # MultiHop-RAG: cited sentences
    ("answers", "text", False),  # SQuAD, XQuAD, Natural Questions: words; or written answers, as plain texts
)
"""Field of answers.jsonl, the key of its texts, and whether they are whole sentences."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Texts any one of which is an answer.

    With `sentences` they are sentences or longer, marked because they answer; a text is right as well when all
    of it stands inside one of them, for two who cut sentences differently must still meet.
    """

    texts: tuple[str, ...]
    sentences: bool

    def held_by(self, text: str) -> bool:
        """Return whether `text` is right: it holds an accepted one as whole tokens, or stands inside a sentence."""
        found = normalise(text)
        return any(
            accepted in found or (self.sentences and bool(found.strip()) and found in accepted)
            for accepted in map(normalise, self.texts)
        )

    def overlap(self, text: str) -> tuple[float, float]:
        """Return F1 over tokens and whether all of it is equal, of `text` with the accepted one it is nearest to.

        As in evaluate-v1.1.py of SQuAD.
        """
        found = normalise(text).split()
        return max((_f1(found, wanted), float(found == wanted)) for wanted in self._tokens())

    def _tokens(self) -> Iterator[list[str]]:
        return (normalise(accepted).split() for accepted in self.texts)

    def within(self, text: str) -> tuple[str, ...]:
        """Return the accepted texts that `text` holds."""
        found = normalise(text)
        return tuple(accepted for accepted in self.texts if normalise(accepted) in found)


def normalise(text: str) -> str:
    """Return the tokens with a space around each: lower case, without punctuation and a, an, the.

    As `normalize_answer` in evaluate-v1.1.py of SQuAD (Rajpurkar et al. 2016); there it is equality that counts.
    """
    bare = text.lower().translate(_NO_PUNCTUATION)
    return f" {' '.join(_ARTICLE_WORDS.sub(' ', bare).split())} "


def _f1(found: Sequence[str], wanted: Sequence[str]) -> float:
    shared = (Counter(found) & Counter(wanted)).total()
    return 2 * shared / (len(found) + len(wanted)) if shared else 0.0


def read_accepted(row: Row) -> Accepted | None:
    """Return what a line of answers.jsonl accepts, or None when it names nothing that a quote could hold.

    The first field of `_LAYOUTS` that holds anything counts.
    """
    for field, key, sentences in _LAYOUTS:
        texts = dict.fromkeys(_texts(row, field, key, row.values.get(field, [])))
        kept = tuple(text for text in texts if normalise(text).strip())
        if kept:
            return Accepted(kept, sentences)
    return None


def _texts(row: Row, field: str, key: str, value: object) -> Iterator[str]:
    """Yield the texts of a list, of the lists in it, and of objects that hold one under `key`."""
    if not isinstance(value, list):
        raise row.wrong(f"found {value!r:.60} in {field}", "a list")
    for item in value:
        if isinstance(item, list):
            yield from _texts(row, field, key, item)
            continue
        text = item.get(key) if isinstance(item, dict) else item
        if not isinstance(text, str):
            raise row.wrong(f"found {item!r:.60} in {field}", f"texts, or objects with {key}")
        yield text
