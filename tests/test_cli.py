"""The command line as people and scripts use it: every test runs the real program in a process of its own."""

import contextlib
import json
import os
import pty
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

HEAVY = {
    "torch",
    "faiss",
    "openvino",
    "fastapi",
    "numpy",
    "sentence_transformers",
    "pydantic",
    "rich",
    "uvicorn",
}
GOLDEN_HELP = Path(__file__).parent / "golden_cli" / "help.txt"
HARBOUR = "Why was the harbour closed?"
QUOTE = "The harbour was closed on Monday because of a storm."
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ARTICLES = {
    "harbour.md": "---\ntitle: The harbour\nsource: The Gazette\nauthor: A. Writer\npublished: 2023-07-11\n---\n\n"
    "The harbour was closed on Monday because of a storm. Ships waited outside the bay.\n",
    "news/bridge.txt": "The bridge\n\nThe bridge carries forty thousand cars a day. It was built in 1932.\n",
    "paint.txt": "The paint\n\nThe paint in the bottle was \x1b[31mred\x1b[0m and \u202egnp.exe stayed. It dried fast.\n",
}


def _environment(changes: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("QA_") and name != "NO_COLOR"
    }
    return {**kept, "QA_MODEL": "fake", "COLUMNS": "80", "TERM": "xterm-256color", **changes}


def _qa(
    folder: Path, *arguments: str | bytes, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "qa", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        env=_environment(environment or {}),
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with articles in seeds/ and their index in index/, as in a checkout."""
    folder = tmp_path_factory.mktemp("place")
    for name, text in ARTICLES.items():
        path = folder / "seeds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    done = _qa(folder, "index")
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    assert re.fullmatch(
        rb"Indexed 3 articles: 3 added, 0 changed, 0 removed, 0 unchanged\.\n(\d+) chunks, \1 embedded with fake\.\n",
        done.stdout,
    )
    return folder


@pytest.fixture(scope="module")
def saved(place: Path) -> bytes:
    """An answer as `qa ask --json` writes it."""
    done = _qa(place, "ask", HARBOUR, "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


# --- ask ----------------------------------------------------------------------------------------------


def test_an_answer_is_a_quote_above_its_source(place: Path) -> None:
    done = _qa(place, "ask", HARBOUR, "-k", "1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines()[:2] == [
        QUOTE,
        "  The harbour | The Gazette | A. Writer | 2023-07-11 | harbour.md:8",
    ]


def test_no_evidence_exits_1_and_says_so(place: Path) -> None:
    done = _qa(place, "ask", "quantum chromodynamics lattice")
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
    done = _qa(
        place, "ask", "quantum chromodynamics lattice", "--json", "-k", "2", "--max-context-tokens", "50"
    )
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["status"], answer["answer"], len(answer["passages"])) == (
        1,
        "no_evidence",
        None,
        2,
    )
    assert answer["context"]["tokens"] <= 50


def test_a_question_comes_from_stdin_too(place: Path) -> None:
    done = _qa(place, "ask", "-", stdin=f"\ufeff{HARBOUR}\n".encode())
    assert (done.returncode, done.stdout.decode().splitlines()[0]) == (0, QUOTE)


# --- index --------------------------------------------------------------------------------------------


def test_indexing_says_what_changed_and_what_was_skipped(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "a.txt").write_text("Trains\n\nThe night train leaves at nine.\n", encoding="utf-8")
    (articles / "empty.txt").touch()
    first = _qa(tmp_path, "index", "articles", "--index-dir", "i")
    assert (first.returncode, first.stderr) == (0, b"skipped empty.txt: is empty\n")
    same = _qa(tmp_path, "index", "articles", "--index-dir", "i")
    assert same.stdout == b"Up to date: 1 article, 1 chunk.\n"
    (articles / "a.txt").write_text("Trains\n\nThe night train leaves at ten.\n", encoding="utf-8")
    (articles / "b.txt").write_text("Ships\n\nThe ship leaves at noon.\n", encoding="utf-8")
    changed = _qa(tmp_path, "index", "articles", "--index-dir", "i", "--json")
    report = json.loads(changed.stdout)
    assert changed.stdout.count(b"\n") == 1
    assert (report["published"], report["added"], report["changed"], report["removed"]) == (True, 1, 1, 0)
    assert report["skipped"] == [{"path": "empty.txt", "reason": "is empty"}]
    assert report["manifest"]["articles"] == 2
    quiet = _qa(tmp_path, "index", "articles", "--index-dir", "i", "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, b"", b"")


# --- show and verify ----------------------------------------------------------------------------------


def test_show_writes_exactly_the_text_in_a_pipe(place: Path) -> None:
    done = _qa(place, "show", "paint.txt")
    assert done.stdout == ARTICLES["paint.txt"].encode()
    assert done.stderr.decode().splitlines()[0] == "title: The paint"


def test_show_writes_exactly_the_slice_in_a_pipe(place: Path, saved: bytes) -> None:
    citation = json.loads(saved)["citations"][0]
    span = ("--start", str(citation["start_char_index"]), "--end", str(citation["end_char_index"]))
    done = _qa(place, "show", citation["document_id"], *span)
    assert (done.returncode, done.stdout) == (0, QUOTE.encode())


def test_show_suggests_ids_that_are_there(place: Path) -> None:
    done = _qa(place, "show", "bridge")
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
        done = _qa(place, "verify", *arguments, stdin=saved)
        assert (done.returncode, done.stdout, done.stderr) == (0, line, b"")
    moved = tmp_path / "moved"
    moved.mkdir()
    done = _qa(place, "verify", str(file), "--folder", str(moved))
    assert (done.returncode, done.stdout.split(b"\t")[0]) == (1, b"missing")
    (moved / "harbour.md").write_text("New.\n" + ARTICLES["harbour.md"], encoding="utf-8")
    done = _qa(place, "verify", str(file), "--folder", str(moved))
    assert (done.returncode, done.stdout) == (
        1,
        b"changed\tharbour.md 88-140\tthe same words now start at 93\n",
    )


def test_verify_of_no_evidence_has_nothing_to_say(place: Path) -> None:
    done = _qa(place, "verify", "-", stdin=b'{"citations": []}')
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"No citations to check.\n")


# --- errors -------------------------------------------------------------------------------------------

NEXT_COMMAND = re.compile(r"\bqa ((index|ask|serve|show|verify)\b|-h|(ask |serve )?--help)")
ERRORS: dict[str, tuple[int, tuple[str | bytes, ...], bytes, str]] = {
    "no question": (2, ("ask",), b"", 'qa: No question. Ask one: qa ask "Why'),
    "empty question": (2, ("ask", " "), b"", "qa: The question is empty."),
    "empty stdin": (2, ("ask", "-"), b"", "qa: The question is empty."),
    "long question": (2, ("ask", "a" * 10_000), b"", "qa: The question has 10,000 characters"),
    "long stdin": (2, ("ask", "-"), b"a" * 70_000, "qa: Found more than 65536 bytes in stdin"),
    "stdin in Latin-1": (2, ("ask", "-"), b"caf\xe9?", "qa: Found bytes in stdin that are not UTF-8"),
    "question in Latin-1": (2, ("ask", b"caf\xe9?"), b"", "qa: The question holds half a surrogate pair"),
    "k too large": (2, ("ask", "x", "-k", "51"), b"", "qa: Bad setting 'k' from the command line: found 51."),
    "k no number": (2, ("ask", "x", "-k", "many"), b"", "Usage: qa ask"),
    "no tokens": (2, ("ask", "x", "--max-context-tokens", "0"), b"", "qa: max_context_tokens is 0"),
    "no command": (2, (), b"", "Usage: qa"),
    "unknown command": (2, ("asks",), b"", "Usage: qa"),
    "unknown option": (2, ("ask", "--jsn", "x"), b"", "Usage: qa ask"),
    "no index to ask": (
        3,
        ("ask", "x", "--index-dir", "nowhere"),
        b"",
        "qa: No index at nowhere. Build it: qa index",
    ),
    "no index to show": (
        3,
        ("show", "x", "--index-dir", "nowhere"),
        b"",
        "qa: No index at nowhere. Build it: qa index",
    ),
    "no index to serve": (
        3,
        ("serve", "--port", "0", "--index-dir", "nowhere"),
        b"",
        "qa: No index at nowhere.",
    ),
    "no index to verify": (3, ("verify", "-", "--index-dir", "nowhere"), b"{}", "qa: No index at nowhere."),
    "no folder": (2, ("index", "nowhere"), b"", "qa: No folder at nowhere: found nothing there."),
    "a file for a folder": (
        2,
        ("index", "seeds/paint.txt"),
        b"",
        "qa: No folder at seeds/paint.txt: found a file",
    ),
    "unknown article": (
        2,
        ("show", "zzzz"),
        b"",
        "qa: No article 'zzzz' in the index. It holds harbour.md, news/bridge.txt, paint.txt.",
    ),
    "slice outside": (
        2,
        ("show", "paint.txt", "--end", "9999"),
        b"",
        "qa: Found --start 0 --end 9999, expected",
    ),
    "slice reversed": (
        2,
        ("show", "paint.txt", "--start", "9", "--end", "3"),
        b"",
        "qa: Found --start 9 --end 3",
    ),
    "no file to verify": (2, ("verify", "nowhere.json"), b"", "qa: Cannot read nowhere.json: No such file"),
    "a folder to verify": (2, ("verify", "seeds"), b"", "qa: Cannot read seeds: Is a directory"),
    "no JSON to verify": (2, ("verify", "-"), b"Not in these articles.\n", "qa: Found no JSON at line 1"),
    "nothing to verify": (2, ("verify", "-"), b"", "qa: Found an empty file"),
    "no folder to verify": (2, ("verify", "-", "--folder", "nowhere"), b"{}", "qa: No folder at nowhere."),
    "every address": (
        2,
        ("serve", "--host", "0.0.0.0"),
        b"",
        "qa: Found host '0.0.0.0', which other machines reach, and no API key. Set one first: ",
    ),
    "every IPv6 address": (
        2,
        ("serve", "--host", "::"),
        b"",
        "qa: Found host '::', which other machines reach, and no API key. Set one first: ",
    ),
    "another machine": (2, ("serve", "--host", "example.org"), b"", "qa: Found host 'example.org'"),
    "no port": (
        2,
        ("serve", "--port", "65536"),
        b"",
        "qa: Bad setting 'port' from the command line: found 65536.",
    ),
}


@pytest.mark.parametrize(("exit_code", "arguments", "stdin", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_an_error_says_what_was_found_and_what_to_run_next(
    place: Path, exit_code: int, arguments: tuple[str | bytes, ...], stdin: bytes, message: str
) -> None:
    done = _qa(place, *arguments, stdin=stdin)
    error = done.stderr.decode()
    assert (done.returncode, done.stdout) == (exit_code, b"")
    assert error.startswith(message)
    assert NEXT_COMMAND.search(error)
    assert "Traceback" not in error


def test_a_damaged_index_exits_3(place: Path, tmp_path: Path) -> None:
    built = _qa(place, "index", "--index-dir", str(tmp_path / "i"))
    assert built.returncode == 0
    for path in (tmp_path / "i").rglob("*"):
        if path.is_file() and path.name == "articles.sqlite":
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
            path.write_bytes(path.read_bytes()[:-1] + b"x")
    done = _qa(place, "ask", HARBOUR, "--index-dir", str(tmp_path / "i"))
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.startswith(b"qa: The index is damaged: ")
    assert done.stderr.endswith(b"qa index FOLDER\n")


def test_an_unexpected_error_is_one_line_and_its_traceback_is_asked_for(place: Path) -> None:
    # A full disk behind stdout is as unexpected as it gets without a mock.
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "qa", "show", "paint.txt"]
        for debug in (False, True):
            environment = _environment({"QA_DEBUG": "1"} if debug else {})
            done = subprocess.run(
                command,
                cwd=place,
                stdout=full,
                stderr=subprocess.PIPE,
                env=environment,
                timeout=120,
                check=False,
            )
            last = done.stderr.decode().splitlines()[-1]
            assert done.returncode == 2
            assert ("Traceback (most recent call last):" in done.stderr.decode()) is debug
            assert "No space left on device" in last
            if not debug:
                assert last == (
                    "qa: unexpected OSError: [Errno 28] No space left on device. Set QA_DEBUG=1 to see where."
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
        command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment({})
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
    assert _qa(tmp_path, "index").returncode == 0
    script = f"'{sys.executable}' -m qa show long.txt 2> err | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        env=_environment({}),
        timeout=120,
        check=False,
    )
    assert done.stdout == b"Long\n0\n"
    assert (tmp_path / "err").read_bytes().startswith(b"title: Long\n")
    assert b"Broken" not in (tmp_path / "err").read_bytes()


def test_closed_streams_are_no_error(place: Path) -> None:
    script = f"'{sys.executable}' -m qa ask {HARBOUR!r} >&- 2>&-; echo $?"
    done = subprocess.run(
        ["bash", "-c", script], cwd=place, capture_output=True, env=_environment({}), timeout=120, check=False
    )
    assert done.stdout == b"0\n"


def test_ctrl_c_exits_130_without_a_traceback(tmp_path: Path) -> None:
    fifo = tmp_path / "answer.json"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "qa", "verify", str(fifo)]
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment({})
        ) as process,
        fifo.open("wb"),
    ):  # returns when the program has opened its end, and so waits for us
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")


# --- terminals ----------------------------------------------------------------------------------------


def _on_terminal(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run with stdout and stderr on a terminal of 80 columns, and return what it showed."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "qa", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env=_environment(environment or {}),
        )
    finally:
        os.close(theirs)
    shown = bytearray()
    with contextlib.suppress(OSError):  # EIO: the other end is closed
        while data := os.read(ours, 65536):
            shown += data
    os.close(ours)
    assert process.wait(timeout=60) in {0, 1}
    return shown.decode("utf-8").replace("\r\n", "\n")


def test_a_terminal_gets_colours(place: Path) -> None:
    shown = _on_terminal(place, "ask", HARBOUR)
    assert ANSI.search(shown)
    assert QUOTE in ANSI.sub("", shown)


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [((), {"NO_COLOR": "1"}), ((), {"TERM": "dumb"}), (("--plain",), {})],
    ids=["NO_COLOR", "TERM=dumb", "--plain"],
)
def test_colours_can_be_refused(place: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    shown = _on_terminal(place, "ask", HARBOUR, *arguments, environment=environment)
    assert "\x1b" not in shown
    assert shown.encode() == _qa(place, "ask", HARBOUR).stdout


def test_an_empty_no_color_counts_as_unset(place: Path) -> None:
    assert "\x1b" in _on_terminal(place, "ask", HARBOUR, environment={"NO_COLOR": ""})


@pytest.mark.parametrize(
    "arguments", [("ask", "Which colour was the paint in the bottle?", "--plain"), ("show", "paint.txt")]
)
def test_an_article_cannot_drive_the_terminal(place: Path, arguments: tuple[str, ...]) -> None:
    shown = _on_terminal(place, *arguments)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b[31mred\\x1b[0m and \\u202egnp.exe" in shown


def test_show_ends_a_slice_with_a_line_break_on_a_terminal_only(place: Path) -> None:
    arguments = ("show", "paint.txt", "--start", "0", "--end", "9")
    assert _on_terminal(place, *arguments).endswith("\nThe paint\n")
    assert _qa(place, *arguments).stdout == b"The paint"


def test_indexing_shows_progress_on_a_terminal(place: Path, tmp_path: Path) -> None:
    shown = _on_terminal(place, "index", "--index-dir", str(tmp_path / "i"))
    assert "3/3" in ANSI.sub("", shown)
    assert "Indexed 3 articles" in ANSI.sub("", shown)
    assert "\x1b" not in _on_terminal(
        place, "index", "--index-dir", str(tmp_path / "j"), environment={"NO_COLOR": "1"}
    )


# --- help and start-up --------------------------------------------------------------------------------


def _help(folder: Path) -> Iterator[str]:
    for command in ("", "index", "ask", "serve", "show", "verify", "eval"):
        done = _qa(folder, *command.split(), "--help")
        assert (done.returncode, done.stderr) == (0, b"")
        yield f"$ qa {command} --help\n".replace("  ", " ") + done.stdout.decode()


def test_help_is_as_it_was(tmp_path: Path) -> None:
    found = "\n".join(_help(tmp_path))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN_HELP.write_text(found, encoding="utf-8")
    assert found == GOLDEN_HELP.read_text(encoding="utf-8"), (
        "if that is meant: UPDATE_GOLDEN=1 pytest tests/test_cli.py"
    )


def test_every_help_has_examples_before_its_options(tmp_path: Path) -> None:
    for text in _help(tmp_path):
        assert 0 < text.index("Examples:") < text.index("Options:")


def test_version_is_one_line(tmp_path: Path) -> None:
    from qa import __version__

    done = _qa(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"qa {__version__}\n".encode())


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_starting_is_quick_and_imports_nothing_heavy(tmp_path: Path, argument: str) -> None:
    parser: list[float] = []
    ours: list[float] = []
    for _ in range(5):  # the best of five, in turns: this machine may be busy with something else
        for times, command in ((parser, ("-c", "import typer")), (ours, ("-m", "qa", argument))):
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], capture_output=True, env=_environment({}), check=True)
            times.append(time.perf_counter() - start)
    assert min(ours) < 3 * min(parser)
    imported = _imported(argument)
    assert "typer" in imported
    assert imported.isdisjoint(HEAVY)


@pytest.mark.model
def test_asking_imports_neither_torch_nor_the_service(seeds_dir: Path, tmp_path: Path) -> None:
    index = ("--index-dir", str(tmp_path / "index"))
    subprocess.run([sys.executable, "-m", "qa", "index", str(seeds_dir), *index, "-q"], check=True)
    imported = _imported("ask", "Why won't NATO admit Ukraine?", *index)
    assert {"faiss", "openvino"} <= imported
    assert imported.isdisjoint({"torch", "transformers", "sentence_transformers", "fastapi", "scipy", "yaml"})


def _imported(*arguments: str) -> set[str]:
    """Return the top-level packages that a command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "qa", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ},
        timeout=120,
        check=True,
    )
    lines = (line.rsplit("|", 1)[1] for line in done.stderr.splitlines() if "|" in line)
    return {line.strip().split(".")[0] for line in lines}
