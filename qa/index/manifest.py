"""What a generation says of itself, as JSON, and whether this code may read it."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping

from qa.corpus import CHUNKER_VERSION
from qa.errors import IndexDamagedError, IndexMismatchError
from qa.index import copies, lexical
from qa.index.dense import EXACT, QUANTISED, QUANTISED_FROM
from qa.types import Article, ChunkerSettings, FileDigest, Manifest, ModelFingerprint

FORMAT_VERSION = 3
OLDEST_READABLE = 1
MIN_READER_VERSION = 3
"""The oldest format version whose reader can open what this code writes."""


def manifest_json(manifest: Manifest) -> bytes:
    """Return the manifest with sorted keys, so that equal manifests are equal bytes."""
    return (
        json.dumps(dataclasses.asdict(manifest), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    ).encode()


def parse_manifest(data: bytes) -> Manifest:
    """Read a manifest.

    Raises IndexMismatchError for a format that this code is too old or too new for, IndexDamagedError for
    anything else.
    """
    try:
        values = json.loads(data)
        found, reader = int(values["format_version"]), int(values["min_reader_version"])
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise IndexDamagedError(
            f"The manifest cannot be read: {error!r}. Build the index again: qa index FOLDER"
        ) from error
    if reader > FORMAT_VERSION:
        raise IndexMismatchError(
            f"The index has format {found} and needs a reader of at least {reader}; this is {FORMAT_VERSION}. "
            "Upgrade qa, or build the index again: qa index FOLDER"
        )
    if found < OLDEST_READABLE:
        raise IndexMismatchError(
            f"The index has format {found}, this qa reads {OLDEST_READABLE} to {FORMAT_VERSION}. "
            "Run: qa index FOLDER"
        )
    try:
        values.setdefault("runtime", "sentence-transformers")  # format 1 knew no other and did not say
        values["model"] = ModelFingerprint(**values["model"])
        values["chunker"] = ChunkerSettings(**values["chunker"])
        values["files"] = {name: FileDigest(**digest) for name, digest in values["files"].items()}
        known = {field.name for field in dataclasses.fields(Manifest)}  # a newer format may say more
        return Manifest(**{name: value for name, value in values.items() if name in known})
    except (TypeError, KeyError, AttributeError) as error:
        raise IndexDamagedError(
            f"The manifest cannot be read: {error!r}. Build the index again: qa index FOLDER"
        ) from error


class IndexDigest:
    """Sha256 over everything that decides what an index answers, article by article and before any is computed."""

    def __init__(self, *, model: ModelFingerprint, chunker: ChunkerSettings) -> None:
        """Begin with what holds for all articles."""
        shape = {
            "format": FORMAT_VERSION,
            "model": dataclasses.asdict(model),
            "chunker": dataclasses.asdict(chunker),
            "lexical": dict(lexical.LEXICAL_SETTINGS),
            "copies": dict(copies.SETTINGS),
            "dense": [EXACT, QUANTISED, QUANTISED_FROM],
        }
        self._whole = hashlib.sha256(json.dumps(shape, sort_keys=True).encode())
        self._corpus = hashlib.sha256()
        self.articles: dict[str, str] = {}
        """Sha256 by id of the articles so far."""

    def add(self, article: Article) -> None:
        """Add the next article."""
        self._whole.update(_line(article))
        self._corpus.update(f"{article.sha256} {article.id}\n".encode())
        self.articles[article.id] = article.sha256

    def whole(self) -> str:
        """Return the digest, hexadecimal."""
        return self._whole.hexdigest()

    def corpus(self) -> str:
        """Return the sha256 over ids and text digests alone: the same for every model and chunker."""
        return self._corpus.hexdigest()


def article_digest(article: Article) -> str:
    """Return the sha256 over an article, hexadecimal: the same exactly when nothing about it has changed."""
    return hashlib.sha256(_line(article)).hexdigest()


def _line(article: Article) -> bytes:
    a = article
    fields = [a.id, a.title, a.sha256, a.source, a.author, a.published, a.url, a.language]
    return json.dumps([*fields, sorted(a.provenance.items())]).encode() + b"\n"


def check_matches(manifest: Manifest, model: ModelFingerprint) -> None:
    """Compare what made the index with what is about to ask it.

    Raises IndexMismatchError naming both sides of the first difference.
    """
    made = _flat(manifest.model, "model", manifest.lexical, manifest.chunker.version)
    asks = _flat(model, "model", lexical.LEXICAL_SETTINGS, CHUNKER_VERSION)
    for name, value in asks.items():
        if made.get(name) != value:
            raise IndexMismatchError(
                f"The index was made with {name} {made.get(name)!r}, but {value!r} is asking. Build it again: "
                "qa index FOLDER (or name the model that made it: --model, QA_MODEL)"
            )


def _flat(
    model: ModelFingerprint, prefix: str, settings: Mapping[str, str | float], chunker_version: int
) -> dict[str, object]:
    return {
        **{f"{prefix} {name}": value for name, value in dataclasses.asdict(model).items()},
        **{f"lexical {name}": value for name, value in settings.items()},
        "chunker version": chunker_version,
    }
