"""Build and publish a generation from a folder of articles."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import qa
from qa.corpus import embedding_text, split_article
from qa.errors import IndexUnavailableError, InputError
from qa.index import lexical, publish
from qa.index import manifest as manifests
from qa.index.dense import DENSE_KIND, DenseIndex, SentenceVectors
from qa.index.generation import (
    DENSE,
    LEXICAL,
    MANIFEST,
    SENTENCE_STARTS,
    SENTENCES,
    STORE,
    Generation,
    open_generation,
)
from qa.index.lexical import LexicalIndex
from qa.index.store import Store
from qa.models import Embedded, Embedder
from qa.types import Article, BuildReport, Chunk, ChunkerSettings, FileDigest, Manifest, Skipped, Span

BuildProgress = Callable[[str, int, int], None]
"""Called with (stage, done, total); stages are "read", "split", "embed" and "write"."""


def build_generation(
    read: Callable[[], tuple[Sequence[Article], Sequence[Skipped]]],
    index_dir: Path,
    *,
    embedder: Embedder,
    chunker: ChunkerSettings,
    progress: BuildProgress = lambda stage, done, total: None,
) -> BuildReport:
    """Index the articles that `read` returns and publish them; publish nothing when nothing has changed.

    `read` is called under the write lock, so that of two writers the later one has read the later state.
    Raises InputError when there is no article, StorageError when the index cannot be written.
    """
    with publish.writer(index_dir):
        articles, skipped = read()
        if not articles:
            raise InputError(
                "No articles: found no readable .md or .txt file"
                f"{_first_reason(skipped)}. The index in {index_dir} is untouched. Name another folder: qa index FOLDER"
            )
        progress("read", len(articles), len(articles))
        digest = manifests.digest(
            articles, model=embedder.fingerprint, chunker=chunker, dense_kind=DENSE_KIND
        )
        current = _current(index_dir)
        before = {summary.id: summary.sha256 for summary in current.articles()} if current else {}
        counts = _compare(before, articles)
        if current is not None and current.manifest.digest == digest:
            return BuildReport(current.manifest, False, *counts, chunks_embedded=0, skipped=tuple(skipped))
        chunks, texts = _split(articles, embedder, chunker, progress)
        embedded = embedder.embed_chunks(
            texts,
            [_sentences_in(text, chunk) for text, chunk in zip(texts, chunks, strict=True)],
            lambda done, total: progress("embed", done, total),
        )
        manifest = Manifest(
            format_version=manifests.FORMAT_VERSION,
            min_reader_version=manifests.MIN_READER_VERSION,
            generation=publish.next_name(index_dir, digest),
            digest=digest,
            corpus_sha256=manifests.corpus_sha256(articles),
            model=embedder.fingerprint,
            chunker=chunker,
            lexical=lexical.SETTINGS,
            dense_kind=DENSE_KIND,
            articles=len(articles),
            chunks=len(chunks),
            created_by=f"qa {qa.__version__}",
            files={},
        )
        progress("write", 0, 1)
        manifest = _write(index_dir, manifest, articles, chunks, texts, embedded)
        progress("write", 1, 1)
        return BuildReport(manifest, True, *counts, chunks_embedded=len(chunks), skipped=tuple(skipped))


def _current(index_dir: Path) -> Generation | None:
    """Open what is there to compare with; an index that cannot be opened is built anew from the articles."""
    try:
        return open_generation(index_dir)
    except IndexUnavailableError:
        return None


def _compare(before: dict[str, str], articles: Sequence[Article]) -> tuple[int, int, int, int]:
    """Return how many articles were added, changed, removed and left as they were."""
    now = {article.id: article.sha256 for article in articles}
    added = len(now.keys() - before.keys())
    removed = len(before.keys() - now.keys())
    changed = sum(before[name] != now[name] for name in now.keys() & before.keys())
    return added, changed, removed, len(now) - added - changed


def _split(
    articles: Sequence[Article], embedder: Embedder, chunker: ChunkerSettings, progress: BuildProgress
) -> tuple[list[Chunk], list[str]]:
    """Return all chunks and, row for row, the texts that are embedded and indexed for them."""
    chunks: list[Chunk] = []
    texts: list[str] = []
    for done, article in enumerate(articles, start=1):
        found = split_article(article, settings=chunker, count_tokens=embedder.count_tokens)
        chunks.extend(found)
        texts.extend(
            embedding_text(article, chunk, settings=chunker, count_tokens=embedder.count_tokens)
            for chunk in found
        )
        progress("split", done, len(articles))
    if not chunks:
        raise InputError(
            "The articles hold no text besides page furniture. Name another folder: qa index FOLDER"
        )
    return chunks, texts


def _sentences_in(text: str, chunk: Chunk) -> list[Span]:
    """Return where a chunk's sentences stand in the embedded text, which ends with the chunk itself."""
    shift = len(text) - chunk.end
    return [(start + shift, end + shift) for start, end in chunk.sentences]


def _write(
    index_dir: Path,
    manifest: Manifest,
    articles: Sequence[Article],
    chunks: Sequence[Chunk],
    texts: Sequence[str],
    embedded: Embedded,
) -> Manifest:
    with publish.new_generation(index_dir, manifest.generation) as folder:
        (folder / LEXICAL).mkdir(mode=0o700)
        vectors, starts = SentenceVectors.serialise(
            embedded.sentences, [len(chunk.sentences) for chunk in chunks]
        )
        files = {DENSE: DenseIndex.serialise(embedded.chunks), SENTENCES: vectors, SENTENCE_STARTS: starts}
        files |= {f"{LEXICAL}/{name}": data for name, data in LexicalIndex.serialise(texts).items()}
        for name, data in files.items():
            publish.write_file(folder / name, data)
        Store.write(folder / STORE, articles, chunks)
        digests = {
            name: FileDigest(len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()
        }
        with (folder / STORE).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        digests[STORE] = FileDigest((folder / STORE).stat().st_size, sha256)
        manifest = replace(manifest, files=digests)
        data = manifests.to_json(manifest)
        publish.write_file(folder / MANIFEST, data)
        # Read everything back before it counts: what the disk holds is what readers will get.
        Generation(folder, manifest).close()
    publish.commit(index_dir, publish.Pointer(manifest.generation, hashlib.sha256(data).hexdigest()))
    return manifest


def _first_reason(skipped: Sequence[Skipped]) -> str:
    return f" ({skipped[0].path} {skipped[0].reason})" if skipped else ""
