"""Publication: everything is checked, then readers are led to it by one change of an alias."""

import dataclasses
import json
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import qa
from qa.errors import ArticleNotFoundError, IndexDamagedError, InputError, QAError, StorageError
from qa.index import (
    FORMAT_VERSION,
    LEXICAL_SETTINGS,
    MIN_READER_VERSION,
    CopyFinder,
    Signature,
    copy_groups,
    manifest_json,
    sample_rows,
)
from qa.milvus.articles import read_articles, read_summaries
from qa.milvus.connection import Connection
from qa.milvus.index import MilvusIndex, SearchFacts
from qa.milvus.layout import Build, build_named, key_of, row_of
from qa.milvus.lexicon import bucket_bits, buckets, merged, read_table
from qa.milvus.records import Record, Records, count
from qa.milvus.surveying import Survey
from qa.milvus.writing import Shard, touch
from qa.models import Embedder
from qa.types import Article, ArticleSummary, ChunkerSettings, Manifest

if TYPE_CHECKING:
    from qa.milvus.lexicon import Table

GRACE_S = 600.0
"""So long a state stays after another took its place, for those who still read it."""
UNFINISHED_KEPT_S = 86_400.0
"""So long an interrupted build stays after its last sign of life, to be taken up again."""


class _Done(NamedTuple):
    """What a shard has said of itself: how many blocks its terms are in, and the chunks of each language."""

    blocks: int
    languages: Counter[str]


def published_build(connection: Connection) -> Build | None:
    """Return the state that is published, None where there is none.

    Raises InputError where the name is somebody else's.
    """
    name = connection.address.collection
    try:
        found = connection.call("describe_alias", name)["collection_name"]
    except IndexDamagedError:  # there is no such alias
        if not connection.call("has_collection", name):
            return None
        found = name
    if not (found.startswith(f"{name}_") and found.endswith("_records")):
        raise InputError(
            f"{connection.address.shown} names the collection {found}, which is no index of ours. Choose another name"
            ": qa index FOLDER --store URL"
        )
    return build_named(found)


def publish(
    connection: Connection,
    build: Build,
    found: Survey,
    before: MilvusIndex | None,
    *,
    embedder: Embedder,
    chunker: ChunkerSettings,
    dense_kind: str,
) -> Manifest:
    """Check what the shards have written, complete it, and lead readers to it.

    Raises InputError while shards are missing, StorageError when what is written is not what the articles say.
    """
    records = Records(connection, build.records)
    done = _shards(records)
    summaries = _summaries(connection, build, records, found)
    table = merged(_tables(records, done))
    bits = bucket_bits(len(table))
    records.put(Record("terms", name, text) for name, text in buckets(table, bits))
    groups = _copies(records, summaries)
    records.put(Record("copies", key_of(each), json.dumps(members)) for each, members in groups.items())
    number = 1 if before is None else before.number + 1
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        min_reader_version=MIN_READER_VERSION,
        generation=f"gen-{number:06d}-{found.digest[:12]}",
        digest=found.digest,
        corpus_sha256=found.corpus_sha256,
        model=embedder.fingerprint,
        runtime=embedder.runtime,
        chunker=chunker,
        lexical=LEXICAL_SETTINGS,
        dense_kind=f"milvus {dense_kind}",
        articles=len(summaries),
        chunks=sum(summary.chunks for summary in summaries),
        copies=len(groups) - len({members[0] for members in groups.values()}),
        created_by=f"qa {qa.__version__}",
        files={},
    )
    facts = SearchFacts(
        published_at=time.time(),
        languages=dict(+sum((shard.languages for shard in done.values()), Counter())),
        bits=bits,
        sample=tuple(_sample(summaries)),
    )
    records.put(
        [
            Record("search", "search", json.dumps(dataclasses.asdict(facts))),
            Record("manifest", "manifest", manifest_json(manifest).decode()),
        ]
    )
    for collection in build:
        connection.call("flush", collection)
    MilvusIndex(connection, build)  # it can be opened
    _lead_to(connection, build)
    return manifest


def drop_old(connection: Connection, build: Build, *, grace_s: float) -> None:
    """Drop states that nobody needs any more; one that cannot be dropped now will be another time."""
    prefix = f"{connection.address.collection}_"
    for name in connection.call("list_collections"):
        if name.startswith(prefix) and name.endswith("_records") and name != build.records:
            old = build_named(name)
            with suppress(QAError):
                records = Records(connection, old.records)
                finished = bool(records.known("manifest", ["manifest"]))
                at = json.loads(records.get("touched", ["touched"], strong=True).get("touched", "0"))
                if time.time() - at >= (grace_s if finished else UNFINISHED_KEPT_S):
                    for collection in reversed(
                        old
                    ):  # the records last: they say that there is something to drop
                        connection.call("drop_collection", collection)


def begin_again(records: Records) -> None:
    """Forget which articles are written: the next run writes them all, with the vectors that are there."""
    for kind in ("shard", "summary"):
        records.forget(kind)


def _shards(records: Records) -> Mapping[Shard, _Done]:
    """Return what each shard of one complete set has said."""
    done: dict[Shard, _Done] = {}
    for name, text in records.all("shard"):
        said = json.loads(text)
        done[Shard(*map(int, name.split("of")))] = _Done(said["blocks"], Counter(said["languages"]))
    sets = {
        of: [Shard(number, of) for number in range(1, of + 1)] for of in sorted({each.of for each in done})
    }
    for shards in sets.values():
        if all(each in done for each in shards):
            return {each: done[each] for each in shards}
    if not sets:
        raise InputError(
            "No shard of these articles is written here. Write them first: qa index FOLDER --store URL --shard 1/2"
        )
    parts, shards = max(sets.items(), key=lambda each: sum(shard in done for shard in each[1]))
    missing = next(each for each in shards if each not in done)
    raise InputError(
        f"{sum(each in done for each in shards)} of {parts} shards are written. Write the others first: "
        f"qa index FOLDER --store URL --shard {missing.number}/{parts}"
    )


def _summaries(connection: Connection, build: Build, records: Records, found: Survey) -> list[ArticleSummary]:
    """Return the summaries in the order of the articles, once all that they count is there."""
    by_place = dict(read_summaries(records))
    summaries = [by_place[place] for place in sorted(by_place)]
    chunks = sum(each.chunks for each in summaries)
    if {each.id: each.sha256 for each in summaries} != found.sha256:
        wrong = f"{len(summaries)} articles that are not the {len(found.sha256)} of the folder"
    elif (rows := count(connection, build.chunks)) != chunks:
        wrong = f"{rows} chunks, its articles say {chunks}"
    else:
        return summaries
    begin_again(records)
    raise StorageError(f"{build.records} holds {wrong}. Write the shards again: qa index FOLDER --store URL")


def _tables(records: Records, done: Mapping[Shard, _Done]) -> Iterator["Table"]:
    for shard, said in done.items():
        names = [f"{shard.name}x{number}" for number in range(said.blocks)]
        for name in names:
            yield read_table(records.get("shardterms", [name], strong=True)[name])


def _copies(records: Records, summaries: Sequence[ArticleSummary]) -> Mapping[str, Sequence[str]]:
    """Return for every article that is or has a copy the ids of its group."""
    signatures: dict[str, Signature] = {}
    for _, text in records.all("signature"):
        article_id, shingles, hashes = json.loads(text)
        signatures[article_id] = Signature(shingles, b64decode(hashes))
    finder = CopyFinder()
    for summary in summaries:
        finder.add(summary.id, signatures.get(summary.id))

    def read(article_id: str) -> Article:
        article = read_articles(records, [article_id])[article_id]
        if article is None:
            raise ArticleNotFoundError(f"No article {article_id!r} in this index.")
        return article

    return copy_groups(finder.originals(read))


def _sample(summaries: Sequence[ArticleSummary]) -> Iterator[int]:
    """Yield the rows of an even sample of all chunks: of the same ones as on disk."""
    firsts = [0, *accumulate(summary.chunks for summary in summaries)]
    article = 0
    for number in sample_rows(firsts[-1]):
        while firsts[article + 1] <= number:
            article += 1
        yield row_of(summaries[article].id, number - firsts[article])


def _lead_to(connection: Connection, build: Build) -> None:
    """Let the alias name a state: from one moment to the next all readers find it."""
    alias = connection.address.collection
    before = published_build(connection)
    if before is None:
        connection.call("create_alias", build.records, alias)
    elif before != build:
        touch(Records(connection, before.records))
        connection.call("alter_alias", build.records, alias)
