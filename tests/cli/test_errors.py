"""Everything that the command line refuses: the exit code, one line on stderr, and a next command that can be run."""

import contextlib
import fcntl
import os
import re
import shlex
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from typing import NamedTuple

import pytest
import typer

from qa.cli import app
from tests.cli.program import check_golden, qa, session

NEXT_COMMAND = re.compile(r": (?:[A-Z_]+=(?:\$\([^)]*\)|\S)+ )*(qa (?:(?!\. ).)*)$")
NOT_OURS = re.compile(r": openssl rand -hex 24$")


class Case(NamedTuple):
    """A command that is refused; `toml` is a qa.toml where it runs, in a folder without an index."""

    arguments: tuple[str | bytes, ...]
    exit_code: int = 2
    stdin: bytes = b""
    variables: Mapping[str, str] = {}
    toml: str | None = None


def _citation(changes: str) -> bytes:
    fields = f'"document_id": "a", "start_char_index": 0, "end_char_index": 1, "cited_text": "x"{changes}'
    return f'{{"citations": [{{{fields}}}]}}'.encode()


MISSING = ("--index-dir", "nowhere")
CASES = {
    "no question": Case(("ask",)),
    "empty question": Case(("ask", " ")),
    "empty stdin": Case(("ask", "-")),
    "long question": Case(("ask", "a" * 2001)),
    "long stdin": Case(("ask", "-"), stdin=b"a" * 70_000),
    "stdin in Latin-1": Case(("ask", "-"), stdin=b"caf\xe9?"),
    "question in Latin-1": Case(("ask", b"caf\xe9?")),
    "k too large": Case(("ask", "x", "-k", "51")),
    "k no number": Case(("ask", "x", "-k", "many")),
    "no tokens": Case(("ask", "x", "--max-context-tokens", "0")),
    "no date": Case(("ask", "x", "--since", "2023-02-30")),
    "a date in words": Case(("ask", "x", "--until", "yesterday")),
    "option without its value": Case(("ask", "x", "--max-context-tokens")),
    "jsonl without stdin": Case(("ask", "x", "--jsonl")),
    "jsonl and json": Case(("ask", "-", "--jsonl", "--json")),
    "no URL": Case(("ask", "x", "--server", "localhost:8000")),
    "unknown command": Case(("frobnicate",)),
    "mistyped command": Case(("aks", "x")),
    "mistyped option": Case(("ask", "--jsn", "x")),
    "unknown option": Case(("articles", "--frobnicate")),
    "argument too many": Case(("articles", "seeds")),
    "missing argument": Case(("show",)),
    "no index to ask": Case(("ask", "x", *MISSING), 3),
    "no index to list": Case(("articles", *MISSING), 3),
    "no index to show": Case(("show", "x", *MISSING), 3),
    "no index to verify": Case(("verify", "-", *MISSING), 3, b"{}"),
    "no folder": Case(("index", "nowhere")),
    "no folder to watch": Case(("index", "nowhere", "--watch")),
    "a file for a folder": Case(("index", "seeds/paint.txt")),
    "no article in the folder": Case(("index", "index/.")),
    "a file for the index": Case(("index", "--index-dir", "seeds/paint.txt")),
    "unknown article": Case(("show", "zzzz")),
    "mistyped article": Case(("show", "hrabour.md")),
    "slice outside": Case(("show", "paint.txt", "--end", "9999")),
    "slice reversed": Case(("show", "paint.txt", "--start", "9", "--end", "3")),
    "no file to verify": Case(("verify", "nowhere.json")),
    "a folder to verify": Case(("verify", "seeds")),
    "no JSON to verify": Case(("verify", "-"), stdin=b"Not in these articles.\n"),
    "a number to verify": Case(("verify", "-"), stdin=b"7"),
    "nothing to verify": Case(("verify", "-")),
    "no citations to verify": Case(("verify", "-"), stdin=b"{}"),
    "citations of another kind": Case(("verify", "-"), stdin=b'{"citations": 7}'),
    "a citation without a quote": Case(("verify", "-"), stdin=b'{"citations": [{"document_id": "a"}]}'),
    "a citation with words for a number": Case(("verify", "-"), stdin=_citation(', "end_char_index": "one"')),
    "a citation that ends before it starts": Case(("verify", "-"), stdin=_citation(', "end_char_index": -1')),
    "no folder to verify": Case(("verify", "-", "--folder", "nowhere"), stdin=b"{}"),
    "every address": Case(("serve", "--host", "0.0.0.0")),
    "every address by no name": Case(("serve", "--host", "0.0.0.0"), variables={"QA_API_KEYS": "k" * 40}),
    "another machine": Case(("serve", "--host", "example.org")),
    "no port": Case(("serve", "--port", "65536")),
    "a short key": Case(("serve",), variables={"QA_API_KEYS": "secret"}),
    "no file of keys": Case(("serve",), variables={"QA_API_KEYS_FILE": "nowhere"}),
    "a reranker for no reader": Case(("ask", "x"), variables={"QA_RERANKER": "org/model"}),
    "large chunks": Case(("index",), variables={"QA_CHUNK_TOKENS": "8192"}),
    "no judged folder": Case(("eval", "nowhere")),
    "no judged question asked": Case(("eval", "nowhere", "--questions", "0")),
    "no file for a report": Case(("eval", "nowhere", "--report", "seeds")),
    "unknown setting": Case(("ask", "x"), toml='colour = "red"'),
    "mistyped setting": Case(("ask", "x"), toml='modle = "fake"'),
    "bad setting": Case(("ask", "x"), toml="k = 0"),
    "no settings": Case(("ask", "x"), toml="k ="),
}


@pytest.fixture(scope="module")
def refused(place: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, "CompletedProcess[bytes]"]:
    """What became of every case."""

    def run(name: str) -> "CompletedProcess[bytes]":
        case, folder = CASES[name], place
        if case.toml is not None:
            folder = tmp_path_factory.mktemp("settings")
            (folder / "qa.toml").write_text(case.toml, encoding="utf-8")
        return qa(folder, *case.arguments, stdin=case.stdin, variables=case.variables)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(CASES, pool.map(run, CASES), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_an_error_is_one_line_and_ends_with_what_to_run_next(
    refused: dict[str, "CompletedProcess[bytes]"], name: str
) -> None:
    done = refused[name]
    error = done.stderr.decode()
    assert (done.returncode, done.stdout) == (CASES[name].exit_code, b"")
    assert error.startswith("qa: ")
    assert error.count("\n") == 1
    assert "Traceback" not in error
    if not NOT_OURS.search(error):
        expect_runnable(error)


def test_errors_are_as_they_were(refused: dict[str, "CompletedProcess[bytes]"]) -> None:
    found = ""
    for name, done in refused.items():
        words = (
            os.fsdecode(word).encode("utf-8", "backslashreplace").decode() for word in CASES[name].arguments
        )
        shown = shlex.join(word if len(word) < 80 else f"{word[:5]}..." for word in words)
        found += f"# {name}\n$ qa {shown}\n{done.stderr.decode()}[{done.returncode}]\n\n"
    check_golden("errors.txt", found)


def expect_runnable(error: str) -> None:
    """Fail unless the line ends with a command of ours that takes these words."""
    match = NEXT_COMMAND.search(error.rstrip("\n").partition(" (or ")[0])
    assert match, error
    words = shlex.split(match[1].partition(" > ")[0])
    names = [info.callback.__name__ for info in app.registered_commands if info.callback]
    if words[1] == "--help":
        return
    assert words[1] in names, error
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="qa")
    found = command.get_command(context, words[1])  # type: ignore[attr-defined]
    with contextlib.suppress(typer.Exit):  # --help has been printed
        found.make_context(words[1], words[2:], parent=context)


def test_no_command_shows_the_help(tmp_path: Path) -> None:
    done = qa(tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"Usage: qa [OPTIONS] COMMAND")


@pytest.mark.parametrize(
    ("variables", "exit_code", "last"),
    [
        ({"QA_INDEX_DIR": "nowhere"}, 3, "qa: No index at nowhere. Build it: qa index FOLDER"),
        (
            {"QA_RATE_LIMIT": "often"},
            2,
            "qa: Found the rate limit 'often', expected one like 60/minute. See: qa serve --help",
        ),
    ],
)
def test_what_a_server_finds_out_when_it_listens_already(
    place: Path, variables: dict[str, str], exit_code: int, last: str
) -> None:
    done = qa(place, "serve", "--port", "0", variables=variables)
    assert (done.returncode, done.stderr.decode().splitlines()[-1]) == (exit_code, last)


def test_two_writers(place: Path, tmp_path: Path) -> None:
    (tmp_path / "LOCK").write_text("process 7 on mars since noon")
    with (tmp_path / "LOCK").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = qa(place, "index", "--index-dir", str(tmp_path))
    assert done.returncode == 2
    assert "is being written by process 7 on mars" in done.stderr.decode()
    expect_runnable(done.stderr.decode())


@pytest.mark.model
def test_an_index_of_another_model(place: Path) -> None:
    done = qa(place, "ask", "x", "--model", "default")
    assert done.returncode == 3
    expect_runnable(done.stderr.decode())


def test_an_error_on_a_terminal_is_the_same_line(place: Path) -> None:
    with session(place, "show", "hrabour.md") as terminal:
        shown = terminal.read_to_end()
    assert shown.encode() == qa(place, "show", "hrabour.md").stderr
