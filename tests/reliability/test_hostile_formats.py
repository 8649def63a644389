"""Sixty files that were made to hurt whoever reads them: each costs itself, some time and some memory, and no more."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qa.wiring import open_generation
from tests.formats.child import child_of, is_gone
from tests.formats.files import docx, mail, page, pdf
from tests.formats.hostile import hostile_files
from tests.reliability.children import ROOT, environment, start_qa, wait_until_it_listens_to
from tests.reliability.conftest import MakeFigure
from tests.reliability.figures import FULL
from tests.reliability.states import fake

MOST_RSS_BYTES = 1_500 * 2**20
MOST_SECONDS = 35.0
MOST_OWN_SECONDS = 20.0
WALL_SECONDS = 33.0 if FULL else 2.0
"""CI gives each file less time than `qa index` does."""

RUN = """
import json, resource, sys, time
import qa.formats.sandbox as sandbox
sandbox.WALL_SECONDS = float(sys.argv[1])
import qa.corpus.metadata as metadata
def timed(function, times):
    def call(*arguments):
        begun = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            times.append(time.perf_counter() - begun)
    return call
times, own_times = [], []
sandbox.Sandbox.extract = timed(sandbox.Sandbox.extract, times)
metadata.article_of = timed(metadata.article_of, own_times)  # what no child does
out, sys.argv = sys.argv[2], ["qa", *sys.argv[3:]]
from qa.__main__ import main
try:
    main()
finally:
    # Not ru_maxrss, which begins with that of whoever started us; so the child's is an upper bound.
    with open("/proc/self/status") as status:
        own = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with open(out, "w") as file:
        json.dump({"seconds": max(times), "own seconds": sum(own_times), "own": own * 1024, "child": child * 1024}, file)
"""
SENTENCE = "The good one was read to its end, and here it stands."


def make_folder(folder: Path) -> tuple[set[str], dict[str, str | None]]:
    """Write the folder; return the ids of the good articles, and of the bad files a part of the reason."""
    folder.mkdir()
    for number in range(5):
        (folder / f"good-{number}.pdf").write_bytes(pdf([[SENTENCE, f"Number {number}."]]))
        (folder / f"good-{number}.docx").write_bytes(docx([("Normal", SENTENCE)]))
        (folder / f"good-{number}.html").write_text(page(f"<p>{SENTENCE}</p>"))
        (folder / f"good-{number}.eml").write_bytes(mail(SENTENCE, Subject="Good"))
    good = {path.name for path in folder.iterdir()}
    reasons: dict[str, str | None] = {}
    for name, data, reason in hostile_files():
        (folder / name).write_bytes(data)
        reasons[name] = reason
    os.mkfifo(folder / "pipe.pdf")
    (folder / "folder.pdf").mkdir()
    (folder / "circle.docx").symlink_to(folder / "circle.docx")
    (folder / "device.eml").symlink_to("/dev/zero")
    reasons |= {
        "pipe.pdf": "not a regular file",
        "circle.docx": "cannot be read",
        "device.eml": "out of the folder",
    }
    return good, reasons


@pytest.mark.alone
def test_hostile_files_cost_themselves_only(tmp_path: Path, figure: MakeFigure) -> None:
    tried = figure("hostile PDF, Word, HTML, mail and JSON files in one folder with good ones")
    good, reasons = make_folder(tmp_path / "articles")
    assert len(reasons) >= 60
    arguments = [str(WALL_SECONDS), str(tmp_path / "peaks"), "index", str(tmp_path / "articles")]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments, "--index-dir", str(tmp_path / "index"), "--json"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=3600 if FULL else 300,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found = {skipped["path"]: skipped["reason"] for skipped in json.loads(done.stdout)["skipped"]}
    ids = {summary.id for summary in open_generation(fake(tmp_path / "index")).articles()}
    for name, expected in reasons.items():
        tried.trials += 1
        told = [reason for path, reason in found.items() if path.partition("#")[0] == name]
        slow = any("takes more than" in reason for reason in told)
        as_expected = not expected or slow or any(expected in reason for reason in told)
        if not as_expected or not (told or (expected is None and any(each.startswith(name) for each in ids))):
            tried.failures.append(f"{name}: {told}, expected {expected!r}")
    spent = json.loads((tmp_path / "peaks").read_text())
    tried.details = {
        "skipped": len(found),
        "longest seconds": round(spent["seconds"], 1),
        "seconds outside the child": round(spent["own seconds"], 1),
        "peak MiB": spent["own"] // 2**20,
        "peak MiB of the child": spent["child"] // 2**20,
    }
    assert not tried.failures
    assert good <= ids
    assert spent["own"] + spent["child"] <= MOST_RSS_BYTES
    assert spent["seconds"] <= min(MOST_SECONDS, WALL_SECONDS + 2)
    assert spent["own seconds"] <= MOST_OWN_SECONDS


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_no_child(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "slow.html").write_bytes(b"<p>" + b'<a href="/x">a link</a> ' * 50_000)
    process = start_qa("index", folder, "--index-dir", tmp_path / "index")
    wait_until_it_listens_to(process, signal.SIGTERM)
    child = child_of(process.pid)
    process.send_signal(number)  # to it alone: a terminal tells both
    process.communicate(timeout=60)
    assert process.returncode == 130
    # Half a minute before it would have read the file; one that was not told of it yet needs a moment.
    assert is_gone(child, within_s=5)


def test_a_child_outlives_its_parent_by_one_file_at_most(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.html").write_text(page(f"<p>{SENTENCE}</p>"))
    (folder / "slow.html").write_bytes(b"<p>" + b'<a href="/x">a link</a> ' * 4_000)
    process = start_qa("index", folder, "--index-dir", tmp_path / "index")
    child = child_of(process.pid)
    process.kill()
    process.communicate(timeout=60)
    assert is_gone(child, within_s=60)
