"""A manifest says all that shaped an index, and whoever differs in any of it is refused."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from qa.corpus import CHUNKER_VERSION
from qa.errors import IndexDamagedError, IndexMismatchError
from qa.index import manifest as manifests
from qa.index.lexical import LEXICAL_SETTINGS
from qa.models import FakeEmbedder
from qa.types import Article, ChunkerSettings, FileDigest, Manifest, ModelFingerprint

MODEL = FakeEmbedder().fingerprint
CHUNKER = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=62, overlap_tokens=10)
MANIFEST = Manifest(
    format_version=manifests.FORMAT_VERSION,
    min_reader_version=manifests.MIN_READER_VERSION,
    generation="gen-000001-0123456789ab",
    digest="d" * 64,
    corpus_sha256="c" * 64,
    model=MODEL,
    runtime="fake",
    chunker=CHUNKER,
    lexical=LEXICAL_SETTINGS,
    dense_kind="flat_ip",
    articles=2,
    chunks=3,
    created_by="qa 0.1 é",
    files={"b": FileDigest(2, "b" * 64), "a": FileDigest(1, "a" * 64)},
)
ARTICLES = [Article("a.md", "A", "Text.", "1" * 64, source="S"), Article("b.md", "B", "More.", "2" * 64)]


def changed(**values: Any) -> bytes:
    return json.dumps({**json.loads(manifests.manifest_json(MANIFEST)), **values}).encode()


def altered(value: object) -> Any:
    if isinstance(value, dict):
        return {**value, "title": "somewhere else"}
    return value + 1 if isinstance(value, int | float) else f"{value}x"


# --- bytes --------------------------------------------------------------------------------------------


def test_round_trip() -> None:
    assert manifests.parse_manifest(manifests.manifest_json(MANIFEST)) == MANIFEST


def test_equal_manifests_are_equal_bytes() -> None:
    again = dataclasses.replace(
        MANIFEST,
        files=dict(sorted(MANIFEST.files.items())),
        lexical=dict(reversed(list(LEXICAL_SETTINGS.items()))),
    )
    assert manifests.manifest_json(again) == manifests.manifest_json(MANIFEST)
    assert manifests.manifest_json(MANIFEST).endswith(b"}\n")
    assert "é".encode() in manifests.manifest_json(MANIFEST)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b"null",
        b"{}",
        b"\xff\xfe",
        b'{"format_version": 1}',
        changed(format_version="one"),
        changed(min_reader_version=None),
        changed(model={"name": "x"}),
        changed(model=None),
        changed(chunker={"version": 1, "max_tokens": 2, "overlap_tokens": 3, "more": 4}),
        changed(files=["a"]),
        changed(files={"a": {"size": 1}}),
        changed(files=None),
        json.dumps(
            {k: v for k, v in json.loads(manifests.manifest_json(MANIFEST)).items() if k != "digest"}
        ).encode(),
    ],
)
def test_garbage(data: bytes) -> None:
    with pytest.raises(IndexDamagedError, match=r"The manifest cannot be read.*qa index FOLDER"):
        manifests.parse_manifest(data)


def test_a_newer_format_that_this_reader_does_not_know() -> None:
    newer = manifests.FORMAT_VERSION + 1
    with pytest.raises(
        IndexMismatchError, match=rf"format {newer} and needs a reader of at least {newer}.*qa index"
    ):
        manifests.parse_manifest(changed(format_version=newer, min_reader_version=newer, unknown=[]))


def test_what_a_newer_format_says_besides_is_left_out() -> None:
    assert (
        manifests.parse_manifest(changed(format_version=manifests.FORMAT_VERSION + 1, said_later=[1])).chunks
        == MANIFEST.chunks
    )


def test_an_older_format() -> None:
    with pytest.raises(IndexMismatchError, match=r"format 0, this qa reads 1 to \d+\. Run: qa index FOLDER"):
        manifests.parse_manifest(changed(format_version=0, min_reader_version=0))


# --- who may ask --------------------------------------------------------------------------------------


def test_the_same_model_may_ask() -> None:
    manifests.check_matches(MANIFEST, FakeEmbedder().fingerprint)
    manifests.check_matches(manifests.parse_manifest(manifests.manifest_json(MANIFEST)), MODEL)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(ModelFingerprint)])
def test_a_model_that_differs_is_refused(field: str) -> None:
    made = getattr(MODEL, field)
    asking = dataclasses.replace(MODEL, **{field: altered(made)})
    with pytest.raises(IndexMismatchError) as caught:
        manifests.check_matches(MANIFEST, asking)
    message = str(caught.value)
    assert message.startswith(
        f"The index was made with model {field} {made!r}, but {altered(made)!r} is asking."
    )
    assert "qa index FOLDER" in message
    assert "QA_MODEL" in message


@pytest.mark.parametrize("name", LEXICAL_SETTINGS)
def test_lexical_settings_that_differ_are_refused(name: str) -> None:
    made = altered(LEXICAL_SETTINGS[name])
    index = dataclasses.replace(MANIFEST, lexical={**LEXICAL_SETTINGS, name: made})
    with pytest.raises(
        IndexMismatchError,
        match=f"made with lexical {name} {made!r}, but {LEXICAL_SETTINGS[name]!r} is asking",
    ):
        manifests.check_matches(index, MODEL)


def test_a_lexical_setting_that_is_missing_is_refused() -> None:
    index = dataclasses.replace(MANIFEST, lexical={k: v for k, v in LEXICAL_SETTINGS.items() if k != "b"})
    with pytest.raises(IndexMismatchError, match=r"made with lexical b None, but 0\.4 is asking"):
        manifests.check_matches(index, MODEL)


def test_another_chunker_is_refused() -> None:
    index = dataclasses.replace(MANIFEST, chunker=dataclasses.replace(CHUNKER, version=CHUNKER_VERSION + 1))
    expected = rf"made with chunker version {CHUNKER_VERSION + 1}, but {CHUNKER_VERSION} is asking"
    with pytest.raises(IndexMismatchError, match=expected):
        manifests.check_matches(index, MODEL)


def test_the_size_of_chunks_is_the_index_own_affair() -> None:
    index = dataclasses.replace(
        MANIFEST, chunker=dataclasses.replace(CHUNKER, max_tokens=30, overlap_tokens=0)
    )
    manifests.check_matches(index, MODEL)


# --- digests ------------------------------------------------------------------------------------------


def digest(
    articles: list[Article] = ARTICLES,
    model: ModelFingerprint = MODEL,
    chunker: ChunkerSettings = CHUNKER,
) -> str:
    return digested(articles, model, chunker).whole()


def digested(
    articles: list[Article], model: ModelFingerprint = MODEL, chunker: ChunkerSettings = CHUNKER
) -> manifests.IndexDigest:
    made = manifests.IndexDigest(model=model, chunker=chunker)
    for article in articles:
        made.add(article)
    return made


def test_whatever_shapes_an_index_changes_its_digest() -> None:
    variants = [
        digest(),
        digest(articles=ARTICLES[:1]),
        *(
            digest(model=dataclasses.replace(MODEL, **{f.name: altered(getattr(MODEL, f.name))}))
            for f in dataclasses.fields(MODEL)
        ),
        *(
            digest(chunker=dataclasses.replace(CHUNKER, **{f.name: altered(getattr(CHUNKER, f.name))}))
            for f in dataclasses.fields(CHUNKER)
        ),
        *(
            digest(
                articles=[
                    dataclasses.replace(ARTICLES[0], **{f.name: altered(getattr(ARTICLES[0], f.name))}),
                    ARTICLES[1],
                ]
            )
            for f in dataclasses.fields(Article)
            if f.name != "text"  # its sha256 stands for it
        ),
    ]
    assert len(set(variants)) == len(variants)
    assert digest() == digest(list(ARTICLES))


def test_the_digest_of_the_corpus_is_of_its_texts_alone() -> None:
    other = [dataclasses.replace(article, title="Another", source=None) for article in ARTICLES]
    assert digested(other).corpus() == digested(ARTICLES).corpus()
    renamed = [dataclasses.replace(ARTICLES[0], id="c.md"), ARTICLES[1]]
    assert digested(renamed).corpus() != digested(ARTICLES).corpus()


def test_every_field_of_a_manifest_is_written(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(manifests.manifest_json(MANIFEST))
    assert json.loads(path.read_text(encoding="utf-8")).keys() == {
        f.name for f in dataclasses.fields(Manifest)
    }
