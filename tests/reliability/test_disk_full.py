"""Whatever is short, the old index answers, nothing temporary stays, and the message says how much is needed."""

import json
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qa.index import read_pointer
from tests.reliability.children import ROOT, command, environment, start_build
from tests.reliability.conftest import MakeFigure
from tests.reliability.figures import dose
from tests.reliability.states import BrokenPromiseError, State, build, check_opens, check_tidy

States = tuple[State, State]
NEEDED = re.compile(r"needs about [\d,]+ bytes")
UNSHARE = ("unshare", "-m")


def check_refused(index_dir: Path, old: State, message: str) -> None:
    """Check what a shortage leaves behind; the cache of vectors may stay for the next run."""
    (index_dir / "vectors.cache").unlink(missing_ok=True)
    check_tidy(index_dir)
    check_opens(index_dir, old)
    if not NEEDED.search(message):
        raise BrokenPromiseError(f"no bytes needed in {message!r}")


def test_files_limited_to_any_size(tmp_path: Path, states: States, figure: MakeFigure) -> None:
    tried = figure("a build with files limited to 1 byte and more (RLIMIT_FSIZE)")
    old, new = states
    index_dir = tmp_path / "index"
    build(new, tmp_path / "whole")
    largest = max(path.stat().st_size for path in (tmp_path / "whole").rglob("*") if path.is_file())
    step = max(1, largest // dose(15, 300))
    build(old, index_dir)
    for limit in [*range(1, largest, step), largest]:
        tried.trials += 1
        child = start_build(new.folder, index_dir, limit_bytes=limit)
        outcome, message = child.receive()
        child.join()
        tried.count(outcome)
        try:
            if outcome == "StorageError":
                check_refused(index_dir, old, message)
            elif outcome != "published" or limit < largest:
                tried.failures.append(f"{limit} bytes: {outcome} {message}")
        except Exception as error:
            tried.failures.append(f"{limit} bytes: {error!r}")
    assert not tried.failures
    check_opens(index_dir, new)


def test_the_command_ends_with_exit_2(index_dir: Path, states: States) -> None:
    old, new = states
    build(old, index_dir)
    done = subprocess.run(
        command("index", new.folder, "--index-dir", index_dir),
        cwd=ROOT,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    check_refused(index_dir, old, done.stderr)


def test_disks_of_any_size(tmp_path: Path, states: States, figure: MakeFigure) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("needs the command unshare")
    allowed = subprocess.run(
        [*UNSHARE, "mount", "-t", "tmpfs", "none", str(tmp_path)], capture_output=True, check=False, text=True
    )
    if allowed.returncode:
        pytest.skip(f"may not mount a small disk here: {allowed.stderr.strip()}")
    tried = figure("a build on a disk with 0 free pages and more (tmpfs)")
    old, new = states
    script = [sys.executable, "-m", "tests.reliability.small_disk"]
    done = subprocess.run(
        [*UNSHARE, *script, str(tmp_path / "disk"), str(old.folder), str(new.folder), str(dose(5, 1))],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    *sizes, asked = [json.loads(line) for line in done.stdout.splitlines()]
    for line in sizes:
        tried.trials += 1
        tried.count(line["outcome"])
        kept = {"CURRENT", "FOLDER", "LOCK", "vectors.cache", line["old"], line["generation"]}
        if not set(line["left"]) <= kept:
            tried.failures.append(f"{line['pages']} pages left {line['left']}")
        if line["outcome"] == "refused" and line["generation"] != line["old"]:
            tried.failures.append(f"{line['pages']} pages: {line['generation']} answers, not {line['old']}")
        if line["outcome"] == "refused" and not NEEDED.search(line["message"]):
            tried.failures.append(f"{line['pages']} pages: {line['message']}")
    tried.details["questions answered with 0 bytes free"] = asked["answered"] + asked["codes"].count(0)
    assert not tried.failures
    assert sizes[-1]["outcome"] == "published"
    assert sizes[-1]["generation"].endswith(new.digest[:12])
    assert tried.details["refused"]
    assert (asked["free"], asked["answered"], asked["codes"]) == (0, 20, [0, 0])


def test_a_first_build_without_room_leaves_nothing(tmp_path: Path, states: States) -> None:
    child = start_build(states[0].folder, tmp_path / "index", limit_bytes=3000)
    outcome, message = child.receive()
    child.join()
    assert outcome == "StorageError", message
    assert {path.name for path in (tmp_path / "index").iterdir()} <= {"LOCK", "vectors.cache"}
    build(states[0], tmp_path / "index")
    check_tidy(tmp_path / "index")
    assert read_pointer(tmp_path / "index").generation.startswith("gen-000001-")
