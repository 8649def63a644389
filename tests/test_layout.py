"""The house rules that no linter knows. Which room may import which: `lint-imports` (pyproject.toml)."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "qa").rglob("*.py"))
MAX_LINES = 300
VAGUE_NAMES = {"base", "common", "helpers", "manager", "utils"}
# Loading these can run what a stranger wrote.
DANGEROUS = re.compile(
    r"\bpickle\b(?!\s*=\s*False)|torch\.load\b(?!.*\bweights_only=True)|trust_remote_code\s*=\s*(?!False)|allow_pickle\s*=\s*(?!False)"
)
HEAVY = {"bm25s", "faiss", "fastapi", "numpy", "openvino", "pydantic", "sentence_transformers", "torch"}
# torch comes with sentence-transformers: naming it would let a resolver choose its build. pydantic pins its core.
UNDECLARED = {"pydantic_core", "torch"}

every_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))


@every_source
def test_a_file_holds_one_idea(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_LINES, f"{lines} lines, at most {MAX_LINES}: split it where the second idea begins"


@every_source
def test_a_module_name_says_what_is_inside(path: Path) -> None:
    assert path.stem not in VAGUE_NAMES
    assert path.parent.name not in VAGUE_NAMES


@every_source
def test_nothing_loads_code_with_data(path: Path) -> None:
    found = [
        f"{number}: {line.strip()}"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if DANGEROUS.search(line)
    ]
    assert not found


@every_source
def test_no_check_vanishes_under_optimisation(path: Path) -> None:
    asserts = [node.lineno for node in ast.walk(_tree(path)) if isinstance(node, ast.Assert)]
    assert not asserts, f"assert on lines {asserts}: python -O drops it; raise one of qa.errors"


def test_imports_and_dependencies_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    declared = {_normal(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in lines}
    owners = packages_distributions()
    imported = {name for path in SOURCES for name in _imported(_tree(path))}
    foreign = imported - set(sys.stdlib_module_names) - {"qa"} - UNDECLARED
    undeclared = {name for name in foreign if not declared & {_normal(dist) for dist in owners.get(name, [])}}
    assert not undeclared, "imported by qa/ but not among pyproject's dependencies"


def test_the_lock_brings_no_cuda() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lock = (ROOT / name).read_text(encoding="utf-8")
        assert not re.findall(r"^(?:torch|triton|nvidia-|cuda-)\S*", lock, flags=re.MULTILINE), name
        assert "://" not in lock, f"{name} names a host"


def test_importing_qa_loads_nothing_heavy() -> None:
    script = "import sys, qa; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    assert "qa" in loaded
    assert not HEAVY & set(loaded)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imported(tree: ast.Module) -> set[str]:
    """Top-level packages that a module imports, lazily or not."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_test_tools_have_what_the_extras_bring() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["project"]["optional-dependencies"]["milvus"]) <= set(
        project["dependency-groups"]["dev"]
    )
