"""Build and publish a generation from articles, holding a few hundred chunks in memory at a time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from qa.cache import Cache
from qa.errors import IndexUnavailableError, InputError
from qa.index import manifest as manifests
from qa.index import publish
from qa.index.draft import DraftIndex
from qa.index.generation import Generation, open_generation, read_manifest, verify_files
from qa.index.seam import BuildProgress, OpenIndex, ReadArticles
from qa.models import Embedder
from qa.types import Article, BuildReport, ChunkerSettings, Manifest, Skipped

VECTORS = "vectors.cache"
"""Vectors of an unfinished build, so that an interrupted one does not embed the same chunks again.

Removed once a generation is published: from then on the generation itself holds them.
"""
_CHUNK_CHARS, _CHUNK_SENTENCES = 800, 7  # roughly, of news; the exact numbers are known once all is split


def build_generation(
    read: ReadArticles,
    index_dir: Path,
    *,
    embedder: Embedder,
    chunker: ChunkerSettings,
    progress: BuildProgress = lambda stage, done, total: None,
    known: OpenIndex | None = None,
) -> BuildReport:
    """Index the articles that `read` returns and publish them; publish nothing when nothing has changed.

    Chunks whose text has not changed keep their vectors, and so do those that `known` has. Of articles that change while
    they are read the later state is indexed. `read` is called under the write lock, so that of
    two writers the later one has read the later state. Raises InputError when there is no article,
    IndexBusyError when another process writes, StorageError when the index cannot be written.
    """
    with publish.writer(index_dir):
        skipped: list[Skipped] = []
        digest = manifests.IndexDigest(model=embedder.fingerprint, chunker=chunker)
        characters = 0
        for article in only_articles(read, skipped):
            digest.add(article)
            characters += len(article.text)
            progress("read", len(digest.articles), 0)
        if not digest.articles:
            raise InputError(
                f"No articles: found no file that can be read{_first_reason(skipped)}. The index in {index_dir} "
                "is untouched. Name another folder: qa index FOLDER"
            )
        published = _published(index_dir, digest.whole())
        if published is not None:
            Cache.discard(index_dir / VECTORS)  # of a build that was interrupted after it had published
            return BuildReport(
                published, False, 0, 0, 0, published.articles, chunks_embedded=0, skipped=tuple(skipped)
            )
        current = _opened(index_dir)
        before = {summary.id: summary.sha256 for summary in current.articles()} if current else {}
        guess = _guessed_bytes(characters, embedder.fingerprint.dim)
        with publish.new_generation(index_dir, needed_bytes=guess) as draft:
            index = DraftIndex(draft, embedder=embedder, chunker=chunker, progress=progress)
            skipped.clear()
            index.split(only_articles(read, skipped), expected=len(digest.articles))
            with closing(Cache(index_dir / VECTORS)) as cache:
                embedded = index.embed([each for each in (current, known) if each is not None], cache)
            draft.name = publish.next_name(index_dir, index.digest.whole())
            manifest, pointer = index.finish()
        publish.commit(index_dir, pointer)
        Cache.discard(index_dir / VECTORS)
        progress("write", 1, 1)
        counts = compare(before, index.digest.articles)
        return BuildReport(manifest, True, *counts, chunks_embedded=embedded, skipped=tuple(skipped))


def only_articles(read: ReadArticles, skipped: list[Skipped]) -> Iterator[Article]:
    """Yield what could be read, and add the rest to `skipped`."""
    for item in read():
        if isinstance(item, Skipped):
            skipped.append(item)
        else:
            yield item


def _guessed_bytes(characters: int, dim: int) -> int:
    """Return about how much the index of so many characters takes, before any is split."""
    chunk_bytes = dim * 4 + _CHUNK_SENTENCES * dim * 2 + 800
    return characters * 3 // 2 + characters // _CHUNK_CHARS * chunk_bytes + 2**17


def _published(index_dir: Path, digest: str) -> Manifest | None:
    """Return the current manifest if it has this digest and every file is as published."""
    try:
        manifest, folder = read_manifest(index_dir)
        if manifest.digest != digest:
            return None
        verify_files(folder, manifest)
    except IndexUnavailableError:
        return None
    return manifest


def _opened(index_dir: Path) -> Generation | None:
    """Open the current generation to copy vectors from; one that cannot be read must not stop its replacement."""
    try:
        generation = open_generation(index_dir)
        generation.vectors_of_keys([b""])
    except IndexUnavailableError:
        return None
    return generation


def compare(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[int, int, int, int]:
    """Return how many articles were added, changed, removed and left as they were."""
    added = len(now.keys() - before.keys())
    removed = len(before.keys() - now.keys())
    changed = sum(before[name] != now[name] for name in now.keys() & before.keys())
    return added, changed, removed, len(now) - added - changed


def _first_reason(skipped: Sequence[Skipped]) -> str:
    return f" ({skipped[0].path} {skipped[0].reason})" if skipped else ""
