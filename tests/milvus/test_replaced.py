"""A state that another one has replaced goes, even when nothing is published any more."""

from hashlib import sha256

from qa.corpus import CHUNKER_VERSION
from qa.milvus import MilvusStore, parse_address
from qa.milvus.records import count
from qa.models import FakeEmbedder
from qa.types import Article, BuildReport, ChunkerSettings
from tests.milvus.server import Server


def article(text: str) -> Article:
    return Article(id="a.md", title="The bridge", text=text, sha256=sha256(text.encode()).hexdigest())


def build(store: MilvusStore, text: str) -> BuildReport:
    return store.build(
        lambda: [article(text)],
        embedder=FakeEmbedder(),
        chunker=ChunkerSettings(version=CHUNKER_VERSION, max_tokens=64, overlap_tokens=8),
        progress=lambda stage, done, total: None,
    )


def test_an_unchanged_build_drops_what_was_replaced(milvus: Server) -> None:
    address = parse_address(milvus.address())
    young, old = (MilvusStore(address, dense_kind="FLAT", timeout_s=30, grace_s=grace) for grace in (600, 0))

    def states() -> int:
        names = old._writing.call("list_collections")
        return sum(name.startswith(f"{address.collection}_") and name.endswith("_records") for name in names)

    build(young, "The bridge costs four million crowns.")
    build(young, "The bridge costs five million crowns.")
    assert states() == 2
    assert not build(young, "The bridge costs five million crowns.").published
    assert states() == 2
    assert not build(old, "The bridge costs five million crowns.").published
    assert states() == 1
    assert count(old._writing, str(old.pointer()).replace("_records", "_chunks")) == 1
