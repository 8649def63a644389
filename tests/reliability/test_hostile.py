"""A folder that nobody would wish for: everything bad is named with its reason, everything good is indexed."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qa.settings import Settings
from qa.wiring import build_index, open_generation
from tests.reliability.children import ROOT, Repeating, command, environment
from tests.reliability.conftest import MakeFigure
from tests.reliability.figures import dose
from tests.reliability.states import fake

GOOD = 20
MOST_RSS_BYTES = 1_500 * 2**20


def make_hostile(folder: Path) -> dict[str, str]:
    """Write the folder; return the paths that must be skipped, each with a part of the reason."""
    folder.mkdir()
    for number in range(GOOD):
        (folder / f"good-{number:02}.md").write_text(f"# Good {number}\n\nThe good one is number {number}.\n")
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("# Secret\n\nNobody may read this canary.\n")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "circle-a.md").symlink_to(folder / "circle-b.md")
    (folder / "circle-b.md").symlink_to(folder / "circle-a.md")
    (folder / "escape.md").symlink_to(outside / "secret.md")
    (folder / "escape").symlink_to(outside, target_is_directory=True)
    (folder / "gone.md").symlink_to(folder / "nowhere.md")
    os.mkfifo(folder / "pipe.md")
    (folder / "null.md").symlink_to("/dev/null")
    (folder / "empty.md").touch()
    (folder / "blank.txt").write_text(" \n\t\n")
    (folder / "binary.txt").write_bytes(random.Random(8).randbytes(20_000))
    with (folder / "sparse.txt").open("wb") as file:
        file.truncate(2**30)
    (folder / "caf\u00e9.md").write_text("# Composed\n\nThis is the composed one.\n")
    (folder / "cafe\u0301.md").write_text("# Decomposed\n\nThis is the decomposed one.\n")
    return {
        "loop": "link to a folder",
        "circle-a.md": "link leads back to itself|cannot be read",
        "circle-b.md": "link leads back to itself|cannot be read",
        "escape.md": "out of the folder",
        "escape": "link to a folder",
        "gone.md": "cannot be read",
        "pipe.md": "not a regular file",
        "null.md": "out of the folder",
        "empty.md": "is empty",
        "blank.txt": "is empty",
        "binary.txt": "is no text",
        "sparse.txt": "1,073,741,824 bytes",
        "caf\u00e9.md": "reads like another",
    }


def make_odd(folder: Path) -> None:
    """Write files that are unusual and yet articles."""
    (folder / "long-line.txt").write_text("The line goes on and on. " * dose(100_000, 420_000))
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9-latin1.md")).write_text(
        "# Latin\n\nThe name is Latin 1.\n"
    )
    (folder / "Case.md").write_text("# Upper\n\nThis is upper case.\n")
    (folder / "case.md").write_text("# Lower\n\nThis is lower case.\n")


def run_measured(*arguments: str | Path) -> tuple[int, str, str, int]:
    """Run `qa`; return its exit code, what it printed, what it said, and its peak of resident bytes."""
    script = (
        "import json, resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], capture_output=True, check=False, timeout=300)\n"
        "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024\n"
        "print(json.dumps([done.returncode, done.stdout.decode(), done.stderr.decode(), peak]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command(*arguments)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=310,
    )
    code, printed, said, peak = json.loads(done.stdout)
    return code, printed, said, peak


def test_a_hostile_folder_is_reported_and_survived(tmp_path: Path, figure: MakeFigure) -> None:
    tried = figure("hostile files reported with a reason by `qa index --json`")
    folder, index_dir = tmp_path / "articles", tmp_path / "index"
    reasons = make_hostile(folder)
    make_odd(folder)
    code, printed, said, peak = run_measured("index", folder, "--index-dir", index_dir, "--json")
    assert code == 0, said
    assert "Traceback" not in said
    report = json.loads(printed)
    found = {skipped["path"]: skipped["reason"] for skipped in report["skipped"]}
    for path, expected in reasons.items():
        tried.trials += 1
        reason = found.get(path, "")
        if not any(part in reason for part in expected.split("|")) or reason not in said or path not in said:
            tried.failures.append(f"{path}: {reason!r}, expected {expected!r}")
    tried.details["peak resident MiB"] = peak // 2**20
    assert not tried.failures
    assert found.keys() == reasons.keys()
    assert peak <= MOST_RSS_BYTES
    ids = {summary.id for summary in open_generation(fake(index_dir)).articles()}
    good = {f"good-{number:02}.md" for number in range(GOOD)}
    assert ids == good | {"long-line.txt", "Case.md", "case.md", "caf\u00e9.md", "caf\ufffd-latin1.md"}
    assert not any(b"canary" in path.read_bytes() for path in index_dir.rglob("*") if path.is_file())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_reported(tmp_path: Path) -> None:
    make_hostile(tmp_path / "articles")
    (tmp_path / "articles" / "closed.md").write_text("closed")
    (tmp_path / "articles" / "closed.md").chmod(0)
    report = build_index(tmp_path / "articles", fake(tmp_path / "index"))
    assert {s.path: s.reason for s in report.skipped}["closed.md"].startswith("cannot be read")


def test_a_file_that_grows_while_it_is_read(tmp_path: Path, figure: MakeFigure) -> None:
    tried = figure("builds of a folder with a file that is being written to")
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "good.md").write_text("# Good\n\nThis one rests.\n")
    growing = folder / "growing.txt"
    growing.write_text("")
    line = "This line was written whole, and here it ends.\n"

    def append() -> None:
        with growing.open("a", encoding="utf-8") as file:
            file.write(line)
        time.sleep(0.002)

    writer = Repeating(append)
    writer.start()
    for number in range(dose(2, 20)):
        tried.trials += 1
        settings = Settings(model="fake", index_dir=tmp_path / f"index-{number}")
        report = build_index(folder, settings)
        stored = {summary.id for summary in open_generation(settings).articles()}
        skipped = {one.path for one in report.skipped}
        tried.count("skipped" if "growing.txt" in skipped else "read")
        if "good.md" not in stored or "growing.txt" not in stored | skipped:
            tried.failures.append(f"stored {stored}, skipped {skipped}")
        if "growing.txt" in stored:
            text = open_generation(settings).article("growing.txt").text
            whole, rest = divmod(len(text), len(line))
            if text != line * whole + line[:rest]:
                tried.failures.append("the stored text is not a beginning of the file")
    writer.stop()
    assert not writer.errors
    assert not tried.failures
