"""A room's names are there when asked for, and only then."""

import subprocess
import sys

import pytest

import qa.corpus
import qa.index
import qa.shell
import qa.wire


@pytest.mark.parametrize("room", [qa.corpus, qa.index, qa.shell, qa.wire], ids=lambda room: room.__name__)
def test_every_public_name_is_behind_the_door(room: object) -> None:
    for name in room.__all__:  # type: ignore[attr-defined]
        assert getattr(room, name) is getattr(room, name)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match=r"module 'qa\.index' has no attribute 'nothing'"):
        qa.index.nothing  # noqa: B018


def test_a_door_loads_what_is_behind_it_when_asked() -> None:
    script = (
        "import sys, qa.index; before = 'qa.index.publish' in sys.modules; "
        "qa.index.read_pointer; print(before, 'qa.index.publish' in sys.modules, 'qa.index.build' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False True False\n"
