"""Nothing that is promised hangs on an `assert`, which `python -O` drops."""

import os
import subprocess
import sys

from tests.reliability.children import ROOT

SUBSET = ("tests/index", "tests/reliability/test_damage.py::test_damage_is_refused_naming_the_file")
# An assert more or less takes no memory, and this one builds for a quarter of the time of all the others.
WITHOUT = "tests/index/test_build.py::test_memory_while_building_does_not_follow_the_size"


def test_the_suite_passes_without_asserts_in_the_code() -> None:
    # pytest rewrites the asserts of test modules, so those still count; it warns that others do not.
    quiet = ("-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestConfigWarning")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    done = subprocess.run(
        [sys.executable, "-O", "-m", "pytest", *quiet, *SUBSET, "--deselect", WITHOUT],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
