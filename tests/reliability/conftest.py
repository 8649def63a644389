"""What the tests of this folder share: two states of a folder, an index, and figures."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.reliability.figures import Figure
from tests.reliability.states import State, make_states

MakeFigure = Callable[[str], Figure]


@pytest.fixture
def figure() -> Iterator[MakeFigure]:
    """Begin a figure; it is written when the test has ended, however it ended."""
    made: list[Figure] = []

    def make(what: str) -> Figure:
        made.append(Figure(what))
        return made[-1]

    yield make
    for one in made:
        one.write()


@pytest.fixture(scope="session")
def states(tmp_path_factory: pytest.TempPathFactory) -> tuple[State, State]:
    """Two states of one folder of articles; no text of one is in the other."""
    return make_states(tmp_path_factory.mktemp("states"))


@pytest.fixture
def index_dir(tmp_path: Path) -> Path:
    """Where an index may be built."""
    return tmp_path / "index"
