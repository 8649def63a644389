"""One Milvus for all tests of a process."""

from collections.abc import Iterator

import pytest

from tests.milvus.server import Server, serving


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory, loopback: None) -> Iterator[Server]:
    """A server on this machine."""
    with serving(tmp_path_factory.mktemp("milvus")) as server:
        yield server
