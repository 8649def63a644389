"""A folder is watched from the first look on; the command that does is in tests/cli/test_watch.py."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.corpus import watch_folder

LOOK_IN_VAIN = """
import os, platform, resource, sys
from pathlib import Path
import watchfiles
from qa.corpus import watch_folder
platform.system()
looks = watch_folder(Path(sys.argv[1]), without=Path("nowhere"))
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
try:
    while True:
        os.open(os.devnull, os.O_RDONLY)
except OSError:
    next(looks)
"""


@pytest.fixture
def looks(tmp_path: Path) -> Iterator[bool]:
    (tmp_path / "news").mkdir()
    found = watch_folder(tmp_path, without=tmp_path / "index")
    assert next(found) is False
    return found


def _seen(looks: Iterator[bool], for_s: float = 30) -> bool:
    """Whether a change is noticed in that time."""
    until = time.monotonic() + for_s
    return any(changed or time.monotonic() > until for changed in looks) and time.monotonic() <= until


@pytest.mark.parametrize("name", ["a.txt", "news/b.MD", "new/c.md"])
def test_an_article_is_noticed(looks: Iterator[bool], tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("x")
    assert _seen(looks)
    time.sleep(0.5)
    while next(looks):  # a folder and its file may be two
        pass
    (tmp_path / name).unlink()
    assert _seen(looks)


@pytest.mark.parametrize(
    "name", [".hidden.txt", ".git/a.txt", "a.txt~", "picture.jpg", "index/CURRENT", "index/a.txt"]
)
def test_what_is_no_article_is_not(looks: Iterator[bool], tmp_path: Path, name: str) -> None:
    if (folder := (tmp_path / name).parent) != tmp_path:
        folder.mkdir()
    (tmp_path / name).write_text("x")
    assert not _seen(looks, for_s=1)


def test_what_the_system_refuses_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOOK_IN_VAIN, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"qa.errors.InputError: Cannot watch {tmp_path}: ")
    assert last.endswith("Too many open files (os error 24). Index it when it has changed: qa index FOLDER")
