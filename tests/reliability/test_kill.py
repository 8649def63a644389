"""Kill a writer anywhere: readers see the old or the new state, and the next run needs no help."""

import os
import random
import signal
import statistics
import time
from collections.abc import Sequence
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from qa.corpus import CHUNKER_VERSION, load_folder
from qa.errors import IndexMissingError
from qa.index import build_generation
from qa.index.publish import STEPS
from qa.models import Embedded, FakeEmbedder
from qa.models.embedder import Progress
from qa.types import BuildReport, ChunkerSettings, Span
from tests.reliability.children import Child, start_build, start_qa, wait_until_it_listens_to
from tests.reliability.conftest import MakeFigure
from tests.reliability.figures import Figure, dose
from tests.reliability.states import (
    BrokenPromiseError,
    State,
    build,
    check_opens,
    check_tidy,
    current_state,
)

States = tuple[State, State]
# Python ends itself by SIGINT, which a shell calls 130 as well, when it was interrupted inside `exec`.
STOPPED = {130, -signal.SIGINT}
COMMITTED_FROM = STEPS.index("pointer_replaced")


def check_after_the_kill(index_dir: Path, old: State | None, new: State, states: States) -> State | None:
    """Check what readers see, then what the next run leaves; return the state that readers saw."""
    try:
        seen = current_state(index_dir, states)
    except IndexMissingError:
        seen = None
    if seen not in (old, new):
        raise BrokenPromiseError(f"CURRENT is {seen}, expected the old or the new one")
    if seen is not None:
        check_opens(index_dir, seen)
    build(new, index_dir)
    check_opens(index_dir, new)
    check_tidy(index_dir)
    return seen


@pytest.fixture(scope="module")
def usual_s(states: States, tmp_path_factory: pytest.TempPathFactory) -> tuple[float, float]:
    """Return how long `qa index` takes, from its start and from when it listens to signals."""
    index_dir = tmp_path_factory.mktemp("usual") / "index"
    for state in (*states, states[0]):  # the last counts: by then everything is in the page cache
        begun = time.perf_counter()
        process = start_qa("index", state.folder, "--index-dir", index_dir)
        wait_until_it_listens_to(process, signal.SIGTERM)
        listening = time.perf_counter()
        process.communicate(timeout=60)
        ended = time.perf_counter()
    return ended - begun, ended - listening


@pytest.mark.parametrize("over_an_index", [False, True], ids=["first build", "second build"])
def test_a_kill_at_any_step_leaves_the_old_or_the_new(
    over_an_index: bool, tmp_path: Path, states: States, figure: MakeFigure
) -> None:
    name = "second" if over_an_index else "first"
    tried = figure(f"SIGKILL at each of the {len(STEPS)} named steps of publication, {name} build")
    for number, step in enumerate(STEPS):
        index_dir = tmp_path / step
        old, new = (states[0] if over_an_index else None), states[1]
        if old:
            build(old, index_dir)
        tried.trials += 1
        code = start_build(new.folder, index_dir, crash_at=step).join()
        try:
            seen = check_after_the_kill(index_dir, old, new, states)
        except Exception as error:
            tried.failures.append(f"{step}: {error!r}")
        else:
            if code != -signal.SIGKILL or seen != (new if number >= COMMITTED_FROM else old):
                tried.failures.append(f"{step}: exit code {code}, readers saw {seen}")
    assert not tried.failures


@pytest.mark.alone  # how long a build takes must not change between two of them
def test_a_kill_at_any_time_leaves_the_old_or_the_new(
    tmp_path: Path, states: States, figure: MakeFigure
) -> None:
    tried = figure("SIGKILL at random times, child processes")
    chance = random.Random(3)
    build_s = usual_time(tmp_path / "usual", states)
    index_dir, old = tmp_path / "index", None
    for number in range(dose(40, 938)):
        if number % 8 == 0:  # a first build
            index_dir, old = tmp_path / f"index-{number}", None
        new = states[1] if old == states[0] else states[0]
        child = start_build(new.folder, index_dir)
        time.sleep(chance.uniform(0, 1.1 * build_s))
        child.kill()
        tried.trials += 1
        code = child.join()
        tried.count("killed" if code == -signal.SIGKILL else "had finished")
        after_the_kill(tried, index_dir, old, new, states)
        old = new
    assert not tried.failures
    assert int(tried.details["killed"]) > tried.trials / 2


def test_killing_the_command_leaves_the_old_or_the_new(
    tmp_path: Path, states: States, usual_s: tuple[float, float], figure: MakeFigure
) -> None:
    tried = figure("SIGKILL at random times, `qa index`")
    chance = random.Random(4)
    index_dir, old = tmp_path / "index", None
    for number in range(dose(5, 40)):
        new = states[number % 2]
        process = start_qa("index", new.folder, "--index-dir", index_dir)
        time.sleep(chance.uniform(0.5, 1.2) * usual_s[0])
        process.kill()
        process.communicate()
        tried.trials += 1
        after_the_kill(tried, index_dir, old, new, states)
        old = new
    assert not tried.failures


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: str(number.name))
def test_a_polite_stop_is_130_without_a_traceback(
    number: signal.Signals, tmp_path: Path, states: States, usual_s: tuple[float, float], figure: MakeFigure
) -> None:
    tried = figure(f"{number.name} to `qa index` at random times")
    chance = random.Random(number)
    index_dir, old = tmp_path / "index", None
    for turn in range(dose(5, 200)):
        new = states[turn % 2]
        process = start_qa("index", new.folder, "--index-dir", index_dir)
        wait_until_it_listens_to(process, signal.SIGTERM)
        time.sleep(chance.uniform(0, 1.05 * usual_s[1]))
        process.send_signal(number)
        printed, said = process.communicate(timeout=60)
        tried.trials += 1
        finished = process.returncode == 0 or (printed and process.returncode == -number)
        tried.count("had finished" if finished else "stopped")
        if not (finished or process.returncode in STOPPED) or said:
            tried.failures.append(f"exit code {process.returncode}, stdout {printed!r}, stderr {said!r}")
        leftovers = list(index_dir.glob("*.tmp")) if index_dir.is_dir() else []
        if leftovers:
            tried.failures.append(f"left {leftovers}")
        after_the_kill(tried, index_dir, old, new, states)
        old = new
    assert not tried.failures
    assert tried.details.get("stopped"), "no signal came before the end: nothing was tried"


class MortalEmbedder(FakeEmbedder):
    """Kills its own process in the middle of the batch in which it has embedded so many texts."""

    def __init__(self, dies_after: int) -> None:
        super().__init__()
        self._left = dies_after

    def embed_chunks(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], progress: Progress | None = None
    ) -> Embedded:
        """Embed, and count down."""
        self._left -= len(texts)
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed_chunks(texts, sentences, progress)


def build_and_die(connection: Connection, folder: Path, index_dir: Path, dies_after: int) -> None:
    with closing(connection):
        build_with(MortalEmbedder(dies_after), folder, index_dir)


def build_with(embedder: FakeEmbedder, folder: Path, index_dir: Path) -> BuildReport:
    chunker = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=62, overlap_tokens=10)
    return build_generation(lambda: load_folder(folder), index_dir, embedder=embedder, chunker=chunker)


def test_a_build_killed_at_ninety_percent_keeps_what_it_embedded(tmp_path: Path, figure: MakeFigure) -> None:
    tried = figure("SIGKILL after 90 % of the chunks are embedded, then resumed")
    folder = tmp_path / "articles"
    folder.mkdir()
    for number in range(dose(340, 2000)):
        words = " ".join(f"Sentence {i} of note {number} is about harbour {number * i}." for i in range(9))
        (folder / f"{number}.md").write_text(f"# Note {number}\n\n{words}\n", encoding="utf-8")
    chunks = build_with(FakeEmbedder(), folder, tmp_path / "whole").manifest.chunks
    tried.trials = 1
    child = Child(build_and_die, folder, tmp_path / "index", int(0.9 * chunks))
    assert child.join() == -signal.SIGKILL
    report = build_with(FakeEmbedder(), folder, tmp_path / "index")
    share = report.chunks_embedded / chunks
    tried.details = {"chunks": chunks, "embedded again": report.chunks_embedded, "share": round(share, 3)}
    assert report.published
    assert 0 < share <= 0.15
    check_tidy(tmp_path / "index")


def after_the_kill(tried: Figure, index_dir: Path, old: State | None, new: State, states: States) -> None:
    """Check, and on failure note it and begin again with a healthy index."""
    try:
        seen = check_after_the_kill(index_dir, old, new, states)
    except Exception as error:
        tried.failures.append(f"trial {tried.trials}: {error!r}")
    else:
        tried.count("readers saw the new state" if seen == new else "readers saw the old state")


def usual_time(index_dir: Path, states: States) -> float:
    """Return the median time of a build in a child."""
    times = []
    for number in range(9):
        begun = time.perf_counter()
        child = start_build(states[number % 2].folder, index_dir)
        child.receive()
        times.append(time.perf_counter() - begun)
        child.join()
    return statistics.median(times)
