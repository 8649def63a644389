"""Examples that can be learnt: who was king is answered by a name behind "In the year"."""

from qa.reader import PairEncoder
from qa.train.batches import Encoded, encode_examples
from qa.train.examples import Example, Kind

NAMES = ("Harald", "Olav", "Erik", "Sweyn", "Canute", "Magnus", "Edmund")
KINDS: tuple[Kind, ...] = ("retrieved", "cut", "swapped", "marked")


def example(number: int) -> Example:
    """Return an answered example for an odd number, one of the other kinds for an even one."""
    filler = " He ate fish." * (number % 5)
    if number % 2:
        front = f"In the year {number} "
        name = NAMES[number % len(NAMES)]
        text, spans = f"{front}{name} was king.{filler}", ((len(front), len(front) + len(name)),)
        return Example("Who was king?", "Kings", text, spans, False, True, "answered", "x", "y")
    text = f"It rained for {number} days.{filler}"
    kind = KINDS[number // 2 % len(KINDS)]
    relevant = None if kind == "marked" else False
    return Example("Who was king?", "Kings", text, (), False, relevant, kind, "x", "y")


def encoded(encoder: PairEncoder, count: int) -> list[Encoded]:
    """Return so many examples, encoded; all of them fit the shortest length."""
    found = [each for each in encode_examples(map(example, range(count)), encoder) if each is not None]
    assert len(found) == count
    return found
