"""Help, completion, and how quickly both are there."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.cli import app
from tests.cli.program import check_golden, environment, qa

HEAVY = {
    "torch",
    "faiss",
    "openvino",
    "fastapi",
    "numpy",
    "sentence_transformers",
    "pydantic",
    "readline",
    "rich",
    "uvicorn",
    "watchfiles",
}


def _help(folder: Path) -> Iterator[str]:
    commands = (info.callback.__name__ for info in app.registered_commands if info.callback)
    for command in ("", *commands):
        done = qa(folder, *command.split(), "--help")
        assert (done.returncode, done.stderr) == (0, b"")
        yield f"$ qa {command} --help\n".replace("  ", " ") + done.stdout.decode()


def test_help_is_as_it_was(tmp_path: Path) -> None:
    check_golden("help.txt", "\n".join(_help(tmp_path)))


def test_every_help_has_examples_before_its_options(tmp_path: Path) -> None:
    for text in _help(tmp_path):
        example = re.search(r"^  Examples?:", text, re.MULTILINE)
        assert example
        assert example.start() < text.index("\nOptions:")


def test_version_is_one_line(tmp_path: Path) -> None:
    from qa import __version__

    done = qa(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"qa {__version__}\n".encode())


@pytest.mark.alone
@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_starting_is_quick_and_imports_nothing_heavy(tmp_path: Path, argument: str) -> None:
    parser: list[float] = []
    ours: list[float] = []
    for _ in range(5):  # the best of five, in turns: this machine may be busy with something else
        for times, command in ((parser, ("-c", "import typer")), (ours, ("-m", "qa", argument))):
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], capture_output=True, env=environment({}), check=True)
            times.append(time.perf_counter() - start)
    assert min(ours) < 3 * min(parser)
    imported = _imported(argument)
    assert "typer" in imported
    assert imported.isdisjoint(HEAVY)


@pytest.mark.model
def test_asking_imports_neither_torch_nor_the_service(seeds_dir: Path, tmp_path: Path) -> None:
    index = ("--index-dir", str(tmp_path / "index"))
    asking = ("ask", "Why won't NATO admit Ukraine?", *index)
    # Each compiles its model, once a machine, which takes torch.
    for command in (("index", str(seeds_dir), *index, "-q"), asking):
        subprocess.run([sys.executable, "-m", "qa", *command], check=True, capture_output=True)
    imported = _imported(*asking)
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


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(tmp_path: Path, shell: str) -> None:
    done = qa(tmp_path, variables={"_QA_COMPLETE": f"source_{shell}"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert f"complete_{shell}".encode() in done.stdout
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=done.stdout, check=True)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("qa ar", {"articles"}),
        ("qa ask --js", {"--json", "--jsonl"}),
        ("qa show --st", {"--start", "--store"}),
    ],
)
def test_bash_completes_commands_and_options(tmp_path: Path, typed: str, offered: set[str]) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1), "_QA_COMPLETE": "complete_bash"}
    done = qa(tmp_path, variables=words)
    assert set(done.stdout.decode().split()) == offered


def test_completion_is_installed_for_the_shell(tmp_path: Path) -> None:
    variables = {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = qa(tmp_path, "--install-completion", "bash", variables=variables)
    assert done.returncode == 0, done.stderr
    assert b"complete_bash" in (tmp_path / ".bash_completions" / "qa.sh").read_bytes()
