"""Addresses are read as people write them, and refused where they would surprise."""

from pathlib import Path

import pytest

from qa.errors import InputError
from qa.milvus import parse_address


@pytest.mark.parametrize(
    ("written", "uri", "collection"),
    [
        ("milvus://db/news", "http://db:19530", "news"),
        ("milvus://db:19530/news/", "http://db:19530", "news"),
        ("milvus://10.0.0.7:1/n_1", "http://10.0.0.7:1", "n_1"),
        ("milvus://[::1]:19530/news", "http://[::1]:19530", "news"),
        ("http://db/news", "http://db:19530", "news"),
        ("https://in01.example.org/news", "https://in01.example.org:443", "news"),
        ("https://in01.example.org:19530/news", "https://in01.example.org:19530", "news"),
    ],
)
def test_a_server(written: str, uri: str, collection: str) -> None:
    address = parse_address(written)
    assert (address.uri, address.collection, address.lite, address.shown) == (uri, collection, None, written)


@pytest.mark.parametrize(
    ("written", "folder"),
    [
        ("milvus://./folder", "folder"),
        ("milvus://../a b/c", "../a b/c"),
        ("milvus:///var/lib/qa", "/var/lib/qa"),
    ],
)
def test_a_folder(written: str, folder: str) -> None:
    address = parse_address(written)
    assert address.lite == Path(folder)
    assert Path(address.uri).parent == Path(folder)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("milvus://", "Expected milvus://HOST:PORT/COLLECTION"),
        ("milvus://db", "Expected milvus://HOST"),
        ("milvus://db:99999/news", "Expected milvus://HOST"),
        ("milvus://db:0/news", "Expected milvus://HOST"),
        ("milvus://db/", "Found collection ''"),
        ("milvus://db/1news", "a digit not first"),
        ("milvus://db/no-dash", "expected letters, digits and _"),
        ("milvus://db/a/b", "Expected milvus://HOST"),
        ("ftp://db/news", "Found store 'ftp://db/news'"),
        ("redis://db/news", "Expected milvus://HOST"),
        ("milvus://root:secret@db/news", "QA_STORE_TOKEN"),
        ("milvus://db/news\n", "Found collection"),
    ],
)
def test_what_is_no_address(written: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_address(written)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
