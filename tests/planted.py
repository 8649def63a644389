"""Made-up reports, and copies of them as papers print them: edited, cut, added to, under other headlines."""

import textwrap
from collections.abc import Callable, Mapping
from random import Random

_SYLLABLES = (
    "ba",
    "cor",
    "den",
    "fi",
    "gol",
    "har",
    "lim",
    "mo",
    "nes",
    "pra",
    "quil",
    "ro",
    "sta",
    "tun",
    "vel",
)


def words(name: str, count: int) -> list[str]:
    """Return words that no language has; the same for the same name in every process."""
    rng = Random(name)
    return ["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))) for _ in range(count)]


def report(name: str, *, paragraphs: int = 6) -> str:
    """Return the text of a report: paragraphs of four sentences of a dozen words."""
    return "\n\n".join(
        " ".join(
            f"{' '.join(words(f'{name} {number} {sentence}', 12)).capitalize()}." for sentence in range(4)
        )
        for number in range(paragraphs)
    )


def replaced(text: str, share: float, name: str) -> str:
    """Return the text with so many of its words, at least one, replaced by others."""
    rng = Random(name)
    found = text.split(" ")
    for place in rng.sample(range(len(found)), max(1, round(share * len(found)))):
        found[place] = rng.choice(words(name, 50))
    return " ".join(found)


def _with_paragraph(text: str, where: float, name: str) -> str:
    """Return the text with a third more of it in one place, which is between two sentences."""
    sentences = text.split(". ")
    place = round(where * len(sentences))
    more = " ".join(words(f"more {name}", len(text.split()) // 3)).capitalize()
    parts = [". ".join(sentences[:place]), more, ". ".join(sentences[place:])]
    return ".\n\n".join(part for part in parts if part)


EDITS: Mapping[str, Callable[[str, str], str]] = {
    "the same": lambda text, name: text,
    "one word in a hundred": lambda text, name: replaced(text, 0.01, name),
    "three words in a hundred": lambda text, name: replaced(text, 0.03, name),
    "a paragraph at the start": lambda text, name: _with_paragraph(text, 0, name),
    "a paragraph in the middle": lambda text, name: _with_paragraph(text, 0.5, name),
    "a paragraph at the end": lambda text, name: _with_paragraph(text, 1, name),
    "other lines": lambda text, name: "\n\n".join(textwrap.fill(part, 44) for part in text.split("\n\n")),
    "a third cut off": lambda text, name: text[: len(text) * 2 // 3],
    "another headline and byline": lambda text, name: (
        f"# The {name} headline\n\nBy Jane van Roe\n\nLONDON (Reuters) - {text}"
    ),
    "all at once": lambda text, name: (
        f"# The {name} headline\n\n{_with_paragraph(replaced(textwrap.fill(text, 60), 0.02, name), 1, name)}"
    ),
}
"""From a text and a name to an edited text, by what is done to it."""
