"""What a cluster calls passing is tried again, and is no refusal."""

import pytest
from pymilvus.exceptions import MilvusException

from qa.errors import StorageError, StoreUnavailableError
from qa.milvus.address import parse_address
from qa.milvus.connection import Connection


@pytest.fixture
def connection() -> Connection:
    return Connection(parse_address("milvus://localhost/news"), token=None, certificate=None, timeout_s=1)


def test_what_milvus_calls_retriable_is_tried_again(connection: Connection) -> None:
    # pymilvus raises another exception, without the mark, from the one that the server's status made.
    error = MilvusException(code=106, message="Retry run out of 0 retry times, message=recovering")
    error.__cause__ = MilvusException(code=106, message="collection on recovering", retriable=True)
    again, failure = connection._explained(error)
    assert again
    assert isinstance(failure, StoreUnavailableError)


def test_what_it_refuses_is_not(connection: Connection) -> None:
    again, failure = connection._explained(MilvusException(code=1100, message="invalid parameter"))
    assert not again
    assert isinstance(failure, StorageError)
