"""Build and publish a generation from articles."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import qa
from qa.corpus import embedding_text, split_article
from qa.errors import IndexUnavailableError, InputError
from qa.index import lexical, publish, reuse
from qa.index import manifest as manifests
from qa.index.cache import VectorCache
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
    read_manifest,
    verify_files,
)
from qa.index.lexical import LexicalIndex
from qa.index.reuse import Embeddings, Text
from qa.index.store import Store
from qa.models import Embedder
from qa.types import Article, BuildReport, Chunk, ChunkerSettings, FileDigest, Manifest, Skipped

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

    Chunks whose text has not changed keep their vectors. `read` is called under the write lock, so that of
    two writers the later one has read the later state. Raises InputError when there is no article,
    IndexBusyError when another process writes, StorageError when the index cannot be written.
    """
    with publish.writer(index_dir):
        articles, skipped = read()
        if not articles:
            raise InputError(
                f"No articles: found no readable .md or .txt file{_first_reason(skipped)}. The index in {index_dir} "
                "is untouched. Name another folder: qa index FOLDER"
            )
        progress("read", len(articles), len(articles))
        digest = manifests.digest(
            articles, model=embedder.fingerprint, chunker=chunker, dense_kind=DENSE_KIND
        )
        published = _published(index_dir)
        if published is not None and published.digest == digest:
            VectorCache.discard(index_dir)  # of a build that was interrupted after it had published
            return BuildReport(
                published, False, 0, 0, 0, len(articles), chunks_embedded=0, skipped=tuple(skipped)
            )
        current = _opened(index_dir) if published else None
        before = {summary.id: summary.sha256 for summary in current.articles()} if current else {}
        counts = _compare(before, articles)
        chunks, texts = _split(articles, embedder, chunker, progress)
        keys = reuse.keys(texts, embedder.fingerprint)
        with closing(VectorCache(index_dir)) as cache:
            embeddings = reuse.embed(
                texts,
                keys,
                embedder=embedder,
                current=current,
                cache=cache,
                progress=lambda done, total: progress("embed", done, total),
            )
            publish.reached("embedded")
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
            manifest = _write(index_dir, manifest, articles, chunks, texts, keys, embeddings)
            cache.remove()
        progress("write", 1, 1)
        return BuildReport(
            manifest, True, *counts, chunks_embedded=embeddings.embedded, skipped=tuple(skipped)
        )


def _published(index_dir: Path) -> Manifest | None:
    """Return the current manifest if every file is as published; else the index is built anew."""
    try:
        manifest, folder = read_manifest(index_dir)
        verify_files(folder, manifest)
    except IndexUnavailableError:
        return None
    return manifest


def _opened(index_dir: Path) -> Generation | None:
    """Open the current generation to copy vectors from; one that cannot be read must not stop its replacement."""
    try:
        generation = open_generation(index_dir)
        generation.rows_by_key()
    except IndexUnavailableError:
        return None
    return generation


def _compare(before: dict[str, str], articles: Sequence[Article]) -> tuple[int, int, int, int]:
    """Return how many articles were added, changed, removed and left as they were."""
    now = {article.id: article.sha256 for article in articles}
    added = len(now.keys() - before.keys())
    removed = len(before.keys() - now.keys())
    changed = sum(before[name] != now[name] for name in now.keys() & before.keys())
    return added, changed, removed, len(now) - added - changed


def _split(
    articles: Sequence[Article], embedder: Embedder, chunker: ChunkerSettings, progress: BuildProgress
) -> tuple[list[Chunk], list[Text]]:
    """Return all chunks and, row for row, what is embedded for them."""
    chunks: list[Chunk] = []
    texts: list[Text] = []
    for done, article in enumerate(articles, start=1):
        for chunk in split_article(article, settings=chunker, count_tokens=embedder.count_tokens):
            text = embedding_text(article, chunk, settings=chunker, count_tokens=embedder.count_tokens)
            shift = len(text) - chunk.end  # the text ends with the chunk itself
            texts.append(Text(text, tuple((start + shift, end + shift) for start, end in chunk.sentences)))
            chunks.append(chunk)
        progress("split", done, len(articles))
    if not chunks:
        raise InputError(
            "The articles hold no text besides page furniture. Name another folder: qa index FOLDER"
        )
    return chunks, texts


def _write(
    index_dir: Path,
    manifest: Manifest,
    articles: Sequence[Article],
    chunks: Sequence[Chunk],
    texts: Sequence[Text],
    keys: Sequence[bytes],
    embeddings: Embeddings,
) -> Manifest:
    vectors, starts = SentenceVectors.serialise(
        embeddings.sentences, [len(chunk.sentences) for chunk in chunks]
    )
    files = {DENSE: DenseIndex.serialise(embeddings.chunks), SENTENCES: vectors, SENTENCE_STARTS: starts}
    words = LexicalIndex.serialise([text.text for text in texts])
    files |= {f"{LEXICAL}/{name}": data for name, data in words.items()}
    # SQLite needs about the text itself and 150 bytes a chunk; a little more keeps the promise of the message.
    needed = sum(map(len, files.values())) + 200 * len(chunks) + 2**17
    needed += sum(len(article.text.encode()) for article in articles) * 5 // 4
    with publish.new_generation(index_dir, manifest.generation, needed_bytes=needed) as folder:
        (folder / LEXICAL).mkdir(mode=0o700)
        for name, data in files.items():
            publish.write_file(folder / name, data)
        Store.write(folder / STORE, articles, chunks, keys)
        digests = {
            name: FileDigest(len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()
        }
        with (folder / STORE).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        digests[STORE] = FileDigest((folder / STORE).stat().st_size, sha256)
        manifest = replace(manifest, files=digests)
        data = manifests.to_json(manifest)
        publish.write_file(folder / MANIFEST, data)
        publish.reached("written")
        # Read everything back before it counts: what the disk holds is what readers will get.
        Generation(folder, manifest).close()
    publish.commit(index_dir, publish.Pointer(manifest.generation, hashlib.sha256(data).hexdigest()))
    return manifest


def _first_reason(skipped: Sequence[Skipped]) -> str:
    return f" ({skipped[0].path} {skipped[0].reason})" if skipped else ""
