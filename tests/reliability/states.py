"""Two states of a folder of articles, and how to tell from an index which of them it answers from."""

import dataclasses
import re
from pathlib import Path
from typing import NamedTuple

from qa.index import read_pointer
from qa.settings import Settings
from qa.types import Answer
from qa.wiring import build_index, open_answerer
from tests.articles import load_all

QUESTION = "What colour is the old bridge of Arden painted?"
PLACES = ("Arden", "Belmont", "Corvo", "Delphi", "Elsinore", "Florin")
_KEPT = re.compile(r"gen-\d{6,}-[0-9a-f]{12}")


class State(NamedTuple):
    """A folder, the digest of an index of it, the hashes of its texts, and the word that only it holds."""

    folder: Path
    digest: str
    texts: frozenset[str]
    colour: str


class BrokenPromiseError(Exception):
    """What was promised does not hold; not an `assert`, which `python -O` drops outside test modules."""


def make_states(root: Path) -> tuple[State, State]:
    """Write both folders."""
    first, second = (_make(root, colour) for colour in ("crimson", "turquoise"))
    return first, second


def _make(root: Path, colour: str) -> State:
    folder = root / colour
    folder.mkdir(parents=True)
    for number, place in enumerate(PLACES):
        sentences = [f"The old bridge of {place} is painted {colour}."]
        sentences += [f"Its {colour} railing number {i} was forged in {place}." for i in range(8 + number)]
        (folder / f"{place.lower()}.md").write_text(f"# {place}\n\n{' '.join(sentences)}\n", encoding="utf-8")
    (folder / f"only-{colour}.md").write_text(f"# Only here\n\nThis stands in {colour} only.\n", "utf-8")
    report = build_index(folder, fake(root / f"index-{colour}"))
    articles, _ = load_all(folder)
    return State(folder, report.manifest.digest, frozenset(a.sha256 for a in articles), colour)


def fake(index_dir: Path) -> Settings:
    """Return settings for the model without weights that answer every question."""
    return Settings(model="fake", index_dir=index_dir, refuse_below=0)


def build(state: State, index_dir: Path) -> None:
    """Index a state."""
    build_index(state.folder, fake(index_dir))


def current_state(index_dir: Path, states: tuple[State, State]) -> State:
    """Return the state that CURRENT names.

    Raises IndexMissingError when nothing was published, BrokenPromiseError for something else.
    """
    return state_of(read_pointer(index_dir).generation, states)


def state_of(generation: str, states: tuple[State, State]) -> State:
    """Return the state that this generation was made of."""
    for state in states:
        if generation.endswith(f"-{state.digest[:12]}"):
            return state
    raise BrokenPromiseError(f"{generation} is neither the old nor the new one")


def check_opens(index_dir: Path, state: State) -> None:
    """Check that the index opens and answers from this state alone."""
    answer = open_answerer(fake(index_dir)).ask(QUESTION)
    check_answer(answer, state)


def check_answer(answer: Answer, state: State) -> None:
    """Check that generation, text, every citation and every passage are of this state."""
    if not answer.index.generation.endswith(f"-{state.digest[:12]}"):
        raise BrokenPromiseError(f"{answer.index.generation} answered, not the generation of {state.colour}")
    if f"Arden is painted {state.colour}" not in (answer.text or ""):
        raise BrokenPromiseError(f"{answer.text!r} is not of the state {state.colour}")
    strange = [citation for citation in answer.citations if citation.sha256 not in state.texts]
    if strange or not answer.citations:
        raise BrokenPromiseError(f"citations of another state than {state.colour}: {strange}")
    if mixed := [passage.text for passage in answer.passages if state.colour not in passage.text]:
        raise BrokenPromiseError(f"passages of another state than {state.colour}: {mixed}")


def check_tidy(index_dir: Path) -> None:
    """Check that there is nothing but CURRENT, LOCK, perhaps FOLDER, and at most three generations."""
    names = {path.name for path in index_dir.iterdir()}
    kept = {name for name in names if _KEPT.fullmatch(name)}
    if names - kept - {"FOLDER"} != {"CURRENT", "LOCK"} or len(kept) > 3:
        raise BrokenPromiseError(f"the folder holds {sorted(names)}")
    if read_pointer(index_dir).generation not in kept:
        raise BrokenPromiseError(f"CURRENT names a generation that is not among {sorted(kept)}")
    strange = [path for name in kept for path in (index_dir / name).rglob("*") if path.suffix == ".tmp"]
    if strange or any((index_dir / name).suffix for name in kept):
        raise BrokenPromiseError(f"temporary files in a generation: {strange}")


def comparable(answer: Answer) -> Answer:
    """Return the answer without what may differ between two equal indexes: times and the generation's name."""
    index = dataclasses.replace(answer.index, generation="")
    return dataclasses.replace(answer, timings_ms={}, index=index)
