"""The command line as people and scripts use it: every test runs the real program in a process of its own.

What it says in help, in errors, on terminals and to a server: tests/cli/.
"""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.program import (
    ANSI,
    ARTICLES,
    HARBOUR,
    NOWHERE,
    QUOTE,
    environment,
    on_terminal,
    qa,
    write_place,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with articles in seeds/ and their index in index/, as in a checkout."""
    return write_place(tmp_path_factory.mktemp("place"))


@pytest.fixture(scope="module")
def saved(place: Path) -> bytes:
    """An answer as `qa ask --json` writes it."""
    done = qa(place, "ask", HARBOUR, "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


# --- ask ----------------------------------------------------------------------------------------------


def test_an_answer_is_a_quote_above_its_source(place: Path) -> None:
    done = qa(place, "ask", HARBOUR, "-k", "1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines()[:2] == [
        QUOTE,
        "  The harbour | The Gazette | A. Writer | 2023-07-11 | harbour.md:8",
    ]


def test_no_evidence_exits_1_and_says_so(place: Path) -> None:
    done = qa(place, "ask", NOWHERE)
    assert (done.returncode, done.stderr) == (1, b"")
    lines = done.stdout.decode().splitlines()
    assert lines[:3] == ["Not in these articles.", "", "Closest passages, none of them an answer:"]


def test_json_is_one_line_with_the_whole_object(place: Path, saved: bytes) -> None:
    assert saved.count(b"\n") == 1
    answer = json.loads(saved)
    assert (answer["schema_version"], answer["status"], answer["context"]) == (1, "answered", None)
    [citation] = answer["citations"][:1]
    text = (place / "seeds" / citation["document_id"]).read_text(encoding="utf-8")
    assert text[citation["start_char_index"] : citation["end_char_index"]] == citation["cited_text"] == QUOTE


def test_json_of_no_evidence_exits_1(place: Path) -> None:
    done = qa(place, "ask", NOWHERE, "--json", "-k", "2", "--max-context-tokens", "50")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["status"], answer["answer"], len(answer["passages"])) == (
        1,
        "no_evidence",
        None,
        2,
    )
    assert answer["context"]["tokens"] <= 50


def test_a_question_comes_from_stdin_too(place: Path) -> None:
    done = qa(place, "ask", "-", stdin=f"\ufeff{HARBOUR}\n".encode())
    assert (done.returncode, done.stdout.decode().splitlines()[0]) == (0, QUOTE)


# --- index --------------------------------------------------------------------------------------------


def test_indexing_says_what_changed_and_what_was_skipped(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "a.txt").write_text("Trains\n\nThe night train leaves at nine.\n", encoding="utf-8")
    (articles / "empty.txt").touch()
    first = qa(tmp_path, "index", "articles", "--index-dir", "i")
    assert (first.returncode, first.stderr) == (0, b"skipped empty.txt: is empty\n")
    same = qa(tmp_path, "index", "articles", "--index-dir", "i")
    assert same.stdout == b"Up to date: 1 article, 1 chunk.\n"
    (articles / "a.txt").write_text("Trains\n\nThe night train leaves at ten.\n", encoding="utf-8")
    (articles / "b.txt").write_text("Ships\n\nThe ship leaves at noon.\n", encoding="utf-8")
    changed = qa(tmp_path, "index", "articles", "--index-dir", "i", "--json")
    report = json.loads(changed.stdout)
    assert changed.stdout.count(b"\n") == 1
    assert (report["published"], report["added"], report["changed"], report["removed"]) == (True, 1, 1, 0)
    assert report["skipped"] == [{"path": "empty.txt", "reason": "is empty"}]
    assert report["manifest"]["articles"] == 2
    quiet = qa(tmp_path, "index", "articles", "--index-dir", "i", "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, b"", b"")


# --- show and verify ----------------------------------------------------------------------------------


def test_show_writes_exactly_the_text_in_a_pipe(place: Path) -> None:
    done = qa(place, "show", "paint.txt")
    assert done.stdout == ARTICLES["paint.txt"].encode()
    assert done.stderr.decode().splitlines()[0] == "title: The paint"


def test_show_writes_exactly_the_slice_in_a_pipe(place: Path, saved: bytes) -> None:
    citation = json.loads(saved)["citations"][0]
    span = ("--start", str(citation["start_char_index"]), "--end", str(citation["end_char_index"]))
    done = qa(place, "show", citation["document_id"], *span)
    assert (done.returncode, done.stdout) == (0, QUOTE.encode())


def test_show_suggests_ids_that_are_there(place: Path) -> None:
    done = qa(place, "show", "bridge")
    assert (done.returncode, done.stdout) == (2, b"")
    assert (
        done.stderr
        == b"qa: No article 'bridge' in the index. Did you mean news/bridge.txt? Try: qa show news/bridge.txt\n"
    )


def test_verify_replays_against_the_index_and_against_the_files(
    place: Path, saved: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "answer.json"
    file.write_bytes(saved)
    line = b"ok\tharbour.md 88-140\n"
    for arguments in ((str(file),), ("-",), (str(file), "--folder", "seeds")):
        done = qa(place, "verify", *arguments, stdin=saved)
        assert (done.returncode, done.stdout, done.stderr) == (0, line, b"")
    moved = tmp_path / "moved"
    moved.mkdir()
    done = qa(place, "verify", str(file), "--folder", str(moved))
    assert (done.returncode, done.stdout.split(b"\t")[0]) == (1, b"missing")
    (moved / "harbour.md").write_text("New.\n" + ARTICLES["harbour.md"], encoding="utf-8")
    done = qa(place, "verify", str(file), "--folder", str(moved))
    assert (done.returncode, done.stdout) == (
        1,
        b"changed\tharbour.md 88-140\tthe same words now start at 93\n",
    )


def test_verify_of_no_evidence_has_nothing_to_say(place: Path) -> None:
    done = qa(place, "verify", "-", stdin=b'{"citations": []}')
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"No citations to check.\n")


# --- errors -------------------------------------------------------------------------------------------


def test_a_damaged_index_exits_3(place: Path, tmp_path: Path) -> None:
    built = qa(place, "index", "--index-dir", str(tmp_path / "i"))
    assert built.returncode == 0
    for path in (tmp_path / "i").rglob("*"):
        if path.is_file() and path.name == "articles.sqlite":
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
            path.write_bytes(path.read_bytes()[:-1] + b"x")
    done = qa(place, "ask", HARBOUR, "--index-dir", str(tmp_path / "i"))
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.startswith(b"qa: The index is damaged: ")
    assert done.stderr.endswith(b"qa index FOLDER\n")


def test_an_unexpected_error_is_one_line_and_its_traceback_is_asked_for(place: Path) -> None:
    # A full disk behind stdout is as unexpected as it gets without a mock.
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "qa", "show", "paint.txt"]
        for debug in (False, True):
            variables = environment({"QA_DEBUG": "1"} if debug else {})
            done = subprocess.run(
                command,
                cwd=place,
                stdout=full,
                stderr=subprocess.PIPE,
                env=variables,
                timeout=120,
                check=False,
            )
            last = done.stderr.decode().splitlines()[-1]
            assert done.returncode == 2
            assert ("Traceback (most recent call last):" in done.stderr.decode()) is debug
            assert "No space left on device" in last
            if not debug:
                assert last == (
                    "qa: unexpected OSError: [Errno 28] No space left on device. See where: QA_DEBUG=1 qa show paint.txt"
                )


# --- pipes and signals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("ask", HARBOUR), 0),
        (("ask", HARBOUR, "--json"), 0),
        (("ask", "quantum"), 1),
        (("show", "paint.txt"), 0),
    ],
)
def test_a_reader_that_has_gone_is_no_error_and_no_noise(
    place: Path, arguments: tuple[str, ...], exit_code: int
) -> None:
    command = [sys.executable, "-m", "qa", *arguments]
    with subprocess.Popen(
        command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment({})
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        noise = process.stderr.read()
    assert process.returncode == exit_code
    assert b"Broken" not in noise
    assert b"Traceback" not in noise
    assert arguments[0] == "show" or noise == b""


def test_head_of_a_long_article_is_quiet(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "long.txt").write_text("Long\n\n" + "The tide comes in twice a day.\n\n" * 20_000)
    assert qa(tmp_path, "index").returncode == 0
    script = f"'{sys.executable}' -m qa show long.txt 2> err | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        env=environment({}),
        timeout=120,
        check=False,
    )
    assert done.stdout == b"Long\n0\n"
    assert (tmp_path / "err").read_bytes().startswith(b"title: Long\n")
    assert b"Broken" not in (tmp_path / "err").read_bytes()


def test_closed_streams_are_no_error(place: Path) -> None:
    script = f"'{sys.executable}' -m qa ask {HARBOUR!r} >&- 2>&-; echo $?"
    done = subprocess.run(
        ["bash", "-c", script], cwd=place, capture_output=True, env=environment({}), timeout=120, check=False
    )
    assert done.stdout == b"0\n"


def test_ctrl_c_exits_130_without_a_traceback(tmp_path: Path) -> None:
    fifo = tmp_path / "answer.json"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "qa", "verify", str(fifo)]
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment({})
        ) as process,
        fifo.open("wb"),
    ):  # returns when the program has opened its end, and so waits for us
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")


# --- terminals ----------------------------------------------------------------------------------------


def test_a_terminal_gets_colours(place: Path) -> None:
    shown = on_terminal(place, "ask", HARBOUR)
    assert ANSI.search(shown)
    assert QUOTE in ANSI.sub("", shown)


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [((), {"NO_COLOR": "1"}), ((), {"TERM": "dumb"}), (("--plain",), {})],
    ids=["NO_COLOR", "TERM=dumb", "--plain"],
)
def test_colours_can_be_refused(place: Path, arguments: tuple[str, ...], variables: dict[str, str]) -> None:
    shown = on_terminal(place, "ask", HARBOUR, *arguments, variables=variables)
    assert "\x1b" not in shown
    assert shown.encode() == qa(place, "ask", HARBOUR).stdout


def test_an_empty_no_color_counts_as_unset(place: Path) -> None:
    assert "\x1b" in on_terminal(place, "ask", HARBOUR, variables={"NO_COLOR": ""})


@pytest.mark.parametrize(
    "arguments", [("ask", "Which colour was the paint in the bottle?", "--plain"), ("show", "paint.txt")]
)
def test_an_article_cannot_drive_the_terminal(place: Path, arguments: tuple[str, ...]) -> None:
    shown = on_terminal(place, *arguments)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b[31mred\\x1b[0m and \\u202egnp.exe" in shown


def test_indexing_shows_progress_on_a_terminal(place: Path, tmp_path: Path) -> None:
    shown = on_terminal(place, "index", "--index-dir", str(tmp_path / "i"))
    assert "3/3" in ANSI.sub("", shown)
    assert "Indexed 3 articles" in ANSI.sub("", shown)
    assert "\x1b" not in on_terminal(
        place, "index", "--index-dir", str(tmp_path / "j"), variables={"NO_COLOR": "1"}
    )
