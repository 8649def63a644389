"""A wrong byte is an error that names the file, never a wrong answer, and the next run repairs it."""

import random
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from qa.errors import IndexDamagedError, IndexMismatchError, IndexMissingError, IndexUnavailableError
from qa.index import open_generation, read_pointer
from qa.wiring import open_answerer
from tests.reliability.children import qa, start_build
from tests.reliability.conftest import MakeFigure
from tests.reliability.damage import KINDS, damaged
from tests.reliability.figures import dose
from tests.reliability.states import QUESTION, State, build, check_opens, check_tidy, comparable, fake

States = tuple[State, State]
QUESTIONS = (QUESTION, "Where was railing number 3 forged?", "What stands only here?")


def files_of(index_dir: Path) -> list[Path]:
    """Return CURRENT and every file of the current generation."""
    folder = index_dir / read_pointer(index_dir).generation
    return [index_dir / "CURRENT", *sorted(path for path in folder.rglob("*") if path.is_file())]


def answers(index_dir: Path) -> list[object]:
    answerer = open_answerer(fake(index_dir))
    return [comparable(answerer.ask(question)) for question in QUESTIONS]


def names(path: Path, index_dir: Path, message: str) -> bool:
    """Say whether a message names the damaged file. CURRENT and the manifest vouch for each other."""
    if path.name == "CURRENT":
        return any(name in message for name in ("CURRENT", "manifest.json", str(index_dir)))
    return str(path) in message


def test_damage_is_refused_naming_the_file(index_dir: Path, states: States, figure: MakeFigure) -> None:
    tried = figure("random damage to a file of a generation or to CURRENT")
    chance = random.Random(5)
    build(states[0], index_dir)
    originals = {path: path.read_bytes() for path in files_of(index_dir)}
    expected = answers(index_dir)
    for number in range(dose(500, 10_000)):
        kind = KINDS[number % len(KINDS)]
        path = chance.choice(list(originals))
        tried.trials += 1
        with damaged(kind, path, originals, chance) as changed:
            where = f"{kind} in {path.name}"
            try:
                if answers(index_dir) != expected:
                    tried.failures.append(f"{where}: another answer in silence")
                elif changed:
                    tried.failures.append(f"{where}: not noticed")
                else:
                    tried.count("changed no byte")
            except (IndexDamagedError, IndexMissingError, IndexMismatchError) as error:
                tried.count("refused")
                if not any(names(one, index_dir, str(error)) for one in changed):
                    tried.failures.append(f"{where}: the message names another file: {error}")
            except Exception as error:  # noqa: BLE001 (that is what must not happen)
                tried.failures.append(f"{where}: {error!r}")
    assert not tried.failures
    assert answers(index_dir) == expected


@pytest.mark.parametrize("name", ["CURRENT", "manifest.json", "dense.faiss", "articles.sqlite"])
def test_the_command_refuses_with_exit_3(name: str, index_dir: Path, states: States) -> None:
    build(states[0], index_dir)
    path = next(path for path in files_of(index_dir) if path.name == name)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    for arguments in (["ask", QUESTION], ["show", "arden.md"], ["doctor"]):
        done = qa(*arguments, "--index-dir", index_dir)
        assert done.returncode == 3, arguments
        assert name in done.stderr + done.stdout, arguments
        assert "qa index" in done.stderr + done.stdout, arguments


def test_the_next_run_repairs_damage(index_dir: Path, states: States, figure: MakeFigure) -> None:
    tried = figure("`qa index` over a damaged index")
    chance = random.Random(6)
    build(states[0], index_dir)
    expected = answers(index_dir)
    cases = [(kind, number) for kind in KINDS for number in range(len(files_of(index_dir)))]
    for kind, number in cases[:: dose(3, 1)]:
        originals = {path: path.read_bytes() for path in files_of(index_dir)}
        path = list(originals)[number]
        tried.trials += 1
        copy = index_dir.with_name("copy")
        shutil.rmtree(copy, ignore_errors=True)
        with damaged(kind, path, originals, chance):
            shutil.copytree(index_dir, copy)
        try:
            build(states[0], copy)
            if answers(copy) != expected:
                tried.failures.append(f"{kind} in {path.name}: another answer after the repair")
            check_tidy(copy)
        except Exception as error:  # noqa: BLE001 (every one is a figure)
            tried.failures.append(f"{kind} in {path.name}: {error!r}")
    assert not tried.failures


def test_a_damaged_cache_never_leads_to_wrong_vectors(
    index_dir: Path, states: States, figure: MakeFigure
) -> None:
    tried = figure("a build over a randomly damaged vectors.cache")
    chance = random.Random(7)
    build(states[0], index_dir)
    assert start_build(states[1].folder, index_dir, crash_at="embedded").join() == -signal.SIGKILL
    cache = index_dir / "vectors.cache"
    original = cache.read_bytes()
    clean = index_dir.with_name("clean")
    build(states[1], clean)
    dense, sentences = vectors(clean)
    for number in range(dose(28, 300)):
        kind = KINDS[number % len(KINDS)]
        copy = index_dir.with_name("copy")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(index_dir, copy)
        tried.trials += 1
        here = copy / cache.name
        try:
            with damaged(kind, here, {here: original, copy / "LOCK": b"?"}, chance):
                build(states[1], copy)
                found = vectors(copy)
                if not (np.array_equal(found[0], dense) and np.array_equal(found[1], sentences)):
                    tried.failures.append(f"{kind}: other vectors")
                here.unlink(missing_ok=True)
                check_opens(copy, states[1])
                check_tidy(copy)
        except Exception as error:  # noqa: BLE001 (every one is a figure)
            tried.failures.append(f"{kind}: {error!r}")
    assert not tried.failures


@pytest.mark.parametrize("value", ["'text'", "NULL", "5", "zeroblob(0)", "zeroblob(400)"])
def test_a_cache_row_of_another_kind_is_not_used(value: str, index_dir: Path, states: States) -> None:
    assert start_build(states[1].folder, index_dir, crash_at="embedded").join() == -signal.SIGKILL
    with closing(sqlite3.connect(index_dir / "vectors.cache", isolation_level=None)) as cache:
        cache.execute(f"UPDATE kept SET data = {value}")
    build(states[1], index_dir)
    build(states[1], index_dir.with_name("clean"))
    found, clean = vectors(index_dir), vectors(index_dir.with_name("clean"))
    assert np.array_equal(found[0], clean[0])
    assert np.array_equal(found[1], clean[1])
    check_tidy(index_dir)


def vectors(index_dir: Path) -> "tuple[np.typing.NDArray[np.float32], np.typing.NDArray[np.float16]]":
    generation = open_generation(index_dir)
    rows = np.arange(generation.manifest.chunks)
    return generation.dense.vectors(rows), np.concatenate(
        [generation.sentences.of_chunk(int(r)) for r in rows]
    )


def test_an_index_that_was_never_built_is_missing_not_damaged(index_dir: Path) -> None:
    with pytest.raises(IndexMissingError, match="qa index"):
        open_generation(index_dir)
    assert issubclass(IndexMissingError, IndexUnavailableError)
