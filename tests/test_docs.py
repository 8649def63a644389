"""The README's commands do what it says, and every command is in it."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from qa.cli import app
from qa.gate.metrics import Metrics
from qa.settings import Settings
from qa.wiring import build_index

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
OPERATIONS = ROOT / "docs" / "operations.md"
CONSOLE = re.compile(r"```console\n\$ (?P<command>[^\n]+)\n(?P<output>.*?)```", re.DOTALL)


@pytest.mark.model
def test_the_readme_shows_what_its_questions_print(tmp_path: Path) -> None:
    readme = README.read_text(encoding="utf-8")

    def shown(match: re.Match[str]) -> str:
        target, *variables = shlex.split(match["command"])[1:]
        if target != "ask":
            return match[0]
        given = dict(variable.split("=", 1) for variable in variables)
        folder = given.get("FOLDER", "seeds")
        index_dir = tmp_path / folder
        if not index_dir.exists():
            assert build_index(ROOT / folder, Settings(index_dir=index_dir)).skipped == ()
        arguments = [given["Q"], *shlex.split(given.get("ARGS", "")), "--index-dir", str(index_dir)]
        done = subprocess.run(
            [sys.executable, "-m", "qa", "ask", *arguments],
            capture_output=True,
            encoding="utf-8",
            check=False,
            cwd=ROOT,
            timeout=120,
        )
        assert done.returncode in {0, 1}, done.stderr
        return f"```console\n$ {match['command']}\n{done.stdout}```"

    actual = CONSOLE.sub(shown, readme)
    if os.environ.get("UPDATE_README"):
        README.write_text(actual, encoding="utf-8")
    assert actual == readme or os.environ.get("UPDATE_README"), (
        "run: UPDATE_README=1 make test ARGS=tests/test_docs.py"
    )


def test_every_command_and_make_target_is_documented() -> None:
    readme = README.read_text(encoding="utf-8")
    commands = [info.callback.__name__ for info in app.registered_commands if info.callback]
    assert [name for name in commands if f"qa {name}" not in readme] == []
    targets = re.findall(r"^(\w+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    documented = readme + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [name for name in targets if f"make {name}" not in documented] == []


def test_the_tables_are_those_of_the_results() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "tables.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run: python benchmarks/tables.py {done.stderr}"


def test_every_setting_is_documented_with_its_default() -> None:
    rows = re.findall(r"^\| `(QA_\w+)` \| (.+?) \|", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE)
    documented = dict(rows)
    assert list(documented) == [f"QA_{name.upper()}" for name in Settings.model_fields]
    for name, field in Settings.model_fields.items():
        default = documented[f"QA_{name.upper()}"]
        if default.startswith("`") and field.default_factory is None and default.endswith("`"):
            assert default.strip("`") in (str(field.default), str(field.default).lower()), name
        else:  # what None, or nothing, comes to is said in words
            assert field.default_factory is not None or field.default in (None, ""), name


def test_every_metric_is_documented() -> None:
    names = re.findall(r"^# TYPE (\w+) ", Metrics().text().decode(), re.MULTILINE)
    documented = OPERATIONS.read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}" not in documented and not name.endswith("_created")] == []


def test_the_client_of_the_documentation_is_the_client() -> None:
    [example] = re.findall(r"```python\n(.*?)```", OPERATIONS.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(example.splitlines()[0], names)  # noqa: S102
    client = names["Client"]
    for name in re.findall(r"client\.(\w+)\(", example):
        assert callable(getattr(client, name))
