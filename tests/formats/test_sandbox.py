"""A file that its parser cannot take costs itself: never the program that asks, nor the files after it."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from qa.cache import Cache
from qa.corpus import load_folder
from qa.errors import InputError, QAError
from qa.formats import Sandbox, registry, sandbox
from qa.formats.registry import extract
from tests.formats.child import child_of, children_of
from tests.formats.files import changed_zip, docx, mail, page, pdf

PAGE = page("<h1>Note</h1><p>The bus leaves at nine.</p>").encode()
SLOW = b"<p>" + b'<a href="/x">a link</a> ' * 50_000
ODD = changed_zip(docx([("Normal", "Text.")]), {"word/styles.xml": b"<a/>"})
"""A Word file at which its parser raises what it does not mean to."""


def test_it_reads_what_the_parser_reads() -> None:
    files = (
        (PAGE, ".html"),
        (pdf([["One."], ["Two."]]), ".pdf"),
        (mail("Größe", Subject="Ä"), ".eml"),
        (b"a", ".md"),
    )
    with Sandbox() as reading:
        for data, suffix in files:
            assert reading.extract(data, suffix) == extract(data, suffix)


def test_text_needs_no_child() -> None:
    with Sandbox() as reading:
        reading.extract(b"text", ".txt")
        assert children_of(os.getpid()) == []


def test_one_child_reads_all_and_ends() -> None:
    with Sandbox() as reading:
        found = set()
        for _ in range(3):
            reading.extract(PAGE, ".html")
            found.add(child_of(os.getpid()))
        assert len(found) == 1
    assert children_of(os.getpid()) == []


def test_a_reason_comes_back() -> None:
    with Sandbox() as reading, pytest.raises(InputError, match=r"^is no PDF that can be read: "):
        reading.extract(b"text", ".pdf")


def test_what_a_parser_raises_is_a_reason() -> None:
    with Sandbox() as reading:
        with pytest.raises(InputError, match=r"^cannot be read: AttributeError"):
            reading.extract(ODD, ".docx")
        assert reading.extract(PAGE, ".html").text == "# Note\n\nThe bus leaves at nine."


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_child_that_ends_costs_no_other_file(number: signal.Signals) -> None:
    with Sandbox() as reading:
        expected = reading.extract(PAGE, ".html")
        child = child_of(os.getpid())
        os.kill(child, number)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert reading.extract(PAGE, ".html") == expected


def test_a_child_that_ends_while_it_reads_costs_the_file() -> None:
    # Of more than its pipe holds, a child that is stopped takes a part, so that the signal comes while it reads.
    with Sandbox() as reading:
        reading.extract(PAGE, ".html")
        child = child_of(os.getpid())
        if os.fork() == 0:
            time.sleep(0.3)
            os.kill(child, signal.SIGKILL)
            os._exit(0)
        with pytest.raises(InputError, match=r"^ends the program that reads it \(exit code -9\)$"):
            reading.extract(SLOW, ".html")
        os.wait()
        assert reading.extract(PAGE, ".html").text.startswith("# Note")


@pytest.mark.parametrize("stopped", [False, True])
def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch, stopped: bool) -> None:
    with Sandbox() as reading:
        reading.extract(PAGE, ".html")
        monkeypatch.setattr(sandbox, "WALL_SECONDS", 0.5)
        if stopped:
            os.kill(child_of(os.getpid()), signal.SIGSTOP)
        with pytest.raises(InputError, match=r"^takes more than 0\.5 seconds to read$"):
            reading.extract(SLOW, ".html")
        assert children_of(os.getpid()) == []
        monkeypatch.undo()
        assert reading.extract(PAGE, ".html").text.startswith("# Note")


def test_an_interrupted_file_leaves_no_reply_for_the_next() -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with Sandbox() as reading:
        reading.extract(PAGE, ".html")
        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(KeyboardInterrupt):
                reading.extract(SLOW, ".html")
        finally:
            signal.signal(signal.SIGALRM, before)
        assert reading.extract(PAGE, ".html").text.startswith("# Note")


@pytest.mark.parametrize("program", ["/bin/false", "/no/such/program"])
def test_a_child_that_does_not_start_is_no_file_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    (tmp_path / "a.html").write_bytes(PAGE)
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(QAError, match="does not start") as raised:
        list(load_folder(tmp_path))
    assert not isinstance(raised.value, InputError)


@pytest.mark.parametrize("limit", ["-t 500", "-v 1000000"])
def test_it_runs_within_lower_limits(limit: str) -> None:
    run = f"from qa.formats import Sandbox\nwith Sandbox() as reading: print(reading.extract({PAGE!r}, '.html').text)"
    done = subprocess.run(
        ["bash", "-c", f'ulimit {limit}; exec "$@"', "bash", sys.executable, "-c", run],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stdout.startswith("# Note"), done.stderr


def test_it_reads_with_many_files_open() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2_000, hard), hard))
    taken = [os.dup(0) for _ in range(1_100)]
    try:
        with Sandbox() as reading:
            assert reading.extract(PAGE, ".html").text.startswith("# Note")
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_folder_it_is_started_in_lends_no_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    with Sandbox() as reading:
        assert reading.extract(PAGE, ".html").text.startswith("# Note")


def test_what_is_kept_is_not_read_again(tmp_path: Path) -> None:
    kept = tmp_path / "texts.cache"
    with Sandbox(kept) as reading:
        first = reading.extract(PAGE, ".html")
        with pytest.raises(InputError) as refused:
            reading.extract(b"text", ".pdf")
    with Sandbox(kept) as reading:
        assert reading.extract(PAGE, ".html") == first
        with pytest.raises(InputError, match=f"^{refused.value}"):
            reading.extract(b"text", ".pdf")
        assert children_of(os.getpid()) == []
        with pytest.raises(InputError):  # the same bytes in another format are another file
            reading.extract(PAGE, ".docx")
        assert len(children_of(os.getpid())) == 1


def test_what_may_be_otherwise_next_time_is_not_kept(tmp_path: Path) -> None:
    for _ in range(2):
        with Sandbox(tmp_path / "texts.cache") as reading:
            with pytest.raises(InputError, match=r"^cannot be read: AttributeError"):
                reading.extract(ODD, ".docx")
            assert len(children_of(os.getpid())) == 1


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [(sys, "version", "4"), (registry, "version", lambda _: "9"), (registry, "__file__", "/no/such/file")],
)
def test_what_another_program_found_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: object, name: str, value: object
) -> None:
    kept = tmp_path / "texts.cache"
    with Sandbox(kept) as reading:
        reading.extract(PAGE, ".html")
    monkeypatch.setattr(where, name, value)
    with Sandbox(kept) as reading:
        reading.extract(PAGE, ".html")
        assert len(children_of(os.getpid())) == 1


@pytest.mark.parametrize(
    "row", [b"", b"{", b"[]", b"3", b"{}", b'{"extracted": 3}', b'{"extracted": ["a", [["b"]], 0]}']
)
def test_a_kept_row_of_another_shape_is_read_again(tmp_path: Path, row: bytes) -> None:
    kept = tmp_path / "texts.cache"
    with Sandbox(kept) as reading:
        expected = reading.extract(PAGE, ".html")
    with closing(sqlite3.connect(kept)) as connection:
        (key,) = connection.execute("SELECT key FROM kept").fetchone()
    with closing(Cache(kept)) as cache:
        cache.put({key: row})
    with Sandbox(kept) as reading:
        assert reading.extract(PAGE, ".html") == expected


def test_what_was_not_read_this_time_is_forgotten(tmp_path: Path) -> None:
    kept = tmp_path / "texts.cache"
    with Sandbox(kept) as reading:
        reading.extract(PAGE, ".html")
    with Sandbox(kept) as reading:
        reading.extract(pdf([["One."]]), ".pdf")
        reading.forget_the_rest()
    with Sandbox(kept) as reading:
        reading.extract(pdf([["One."]]), ".pdf")
        assert children_of(os.getpid()) == []
        reading.extract(PAGE, ".html")
        assert len(children_of(os.getpid())) == 1


def test_half_characters_come_through() -> None:
    block = json.dumps({"@type": "Article", "headline": "\ud800"})
    data = page(
        "<p>The bus leaves.</p>", head=f'<script type="application/ld+json">{block}</script>'
    ).encode()
    with Sandbox() as reading:
        assert reading.extract(data, ".html").found[0].value == "\ud800"
