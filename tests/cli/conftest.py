"""What the tests of the command line share."""

from pathlib import Path

import pytest

from tests.cli.program import write_place


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with articles in seeds/ and their index in index/, as in a checkout; only read it."""
    return write_place(tmp_path_factory.mktemp("place"))
