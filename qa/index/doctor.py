"""Examine an index and everything it stands on, and say what is wrong."""

import platform
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from qa.corpus import TokenCounter, embedding_text
from qa.errors import QAError
from qa.index import manifest as manifests
from qa.index.generation import Generation, read_manifest
from qa.index.publish import generations, read_pointer
from qa.models import Embedder
from qa.types import Check

SAMPLE = 32
LEAST_COSINE = 0.999
LEAST_FREE_BYTES = 100 * 2**20


def examine(index_dir: Path, embedder: Embedder) -> Iterator[Check]:
    """Yield one check after the other; those that a failed one makes impossible are left out."""
    from importlib.metadata import version  # 0.1 s, which no other command should pay

    packages = ("faiss-cpu", "numpy", "openvino", "sentence-transformers", "tokenizers", "torch")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    yield Check("versions", True, f"Python {platform.python_version()}, {versions}")
    yield _disk(index_dir)
    try:
        pointer = read_pointer(index_dir)
        yield Check("generation", True, f"{pointer.generation}, one of {len(generations(index_dir))} kept")
        manifest, folder = read_manifest(index_dir, pointer)
        yield Check("manifest", True, f"format {manifest.format_version}, written by {manifest.created_by}")
        generation = Generation(folder, manifest)
        size = sum(digest.size for digest in manifest.files.values())
        yield Check("files", True, f"{len(manifest.files)} files, {size:,} bytes, all as published")
        manifests.check_matches(manifest, embedder.fingerprint)
        yield Check("model", True, f"{manifest.model.name}, weights {manifest.model.weights_sha256[:12]}")
        yield Check("runtime", True, f"{embedder.runtime}; the index was made by {manifest.runtime}")
        yield _vectors(generation, embedder)
    except QAError as error:
        yield Check("index", False, str(error))


def embedded_texts(generation: Generation, rows: Sequence[int], count_tokens: TokenCounter) -> list[str]:
    """Return what was embedded for the chunks of these rows."""
    chunks = generation.chunks(rows)
    articles = {name: generation.article(name) for name in {chunk.article_id for chunk in chunks}}
    settings = generation.manifest.chunker
    return [
        embedding_text(articles[chunk.article_id], chunk, settings=settings, count_tokens=count_tokens)
        for chunk in chunks
    ]


def _disk(index_dir: Path) -> Check:
    folder = index_dir if index_dir.is_dir() else Path()
    free = shutil.disk_usage(folder).free
    return Check(
        "disk", free >= LEAST_FREE_BYTES, f"{free:,} bytes free, at least {LEAST_FREE_BYTES:,} wanted"
    )


def _vectors(generation: Generation, embedder: Embedder) -> Check:
    """Embed an even sample of chunks again and compare with what is stored."""
    import numpy as np

    rows = np.unique(np.linspace(0, generation.manifest.chunks - 1, SAMPLE).astype(np.int64))
    texts = embedded_texts(generation, rows.tolist(), embedder.count_tokens)
    found = embedder.embed_chunks(texts, [()] * len(texts)).chunks
    cosines = (found * generation.dense.vectors(rows)).sum(axis=1)
    worst = float(cosines.min())
    return Check(
        "vectors",
        worst >= LEAST_COSINE,
        f"{len(rows)} embedded again, least cosine with the stored {worst:.6f}",
    )
