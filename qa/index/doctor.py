"""Examine an index and everything it stands on, and say what is wrong."""

import platform
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qa.corpus import TokenCounter, embedding_text
from qa.errors import QAError
from qa.index import manifest as manifests
from qa.index.generation import Generation, read_manifest
from qa.index.publish import generations, read_pointer
from qa.index.seam import OpenIndex
from qa.models import Embedder
from qa.types import Check

if TYPE_CHECKING:
    from qa.models import Vectors

SAMPLE = 32
LEAST_COSINE = 0.999
LEAST_FREE_BYTES = 100 * 2**20


def examine(index_dir: Path, embedder: Embedder) -> Iterator[Check]:
    """Yield one check after the other; those that a failed one makes impossible are left out."""
    import numpy as np

    yield versions_check()
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
        rows = np.unique(np.linspace(0, generation.manifest.chunks - 1, SAMPLE).astype(np.int64))
        texts = embedded_texts(generation, rows.tolist(), embedder.count_tokens)
        yield embedded_again(texts, generation.dense.vectors(rows), embedder)
    except QAError as error:
        yield Check("index", False, str(error))


def versions_check(*more: str) -> Check:
    """Return the versions of what everything stands on, and of `more` packages."""
    from importlib.metadata import version  # 0.1 s, which no other command should pay

    packages = ("faiss-cpu", "numpy", "openvino", "sentence-transformers", "tokenizers", "torch", *more)
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return Check("versions", True, f"Python {platform.python_version()}, {versions}")


def embedded_texts(generation: OpenIndex, rows: Sequence[int], count_tokens: TokenCounter) -> list[str]:
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


def embedded_again(texts: Sequence[str], stored: "Vectors", embedder: Embedder) -> Check:
    """Embed the texts of a sample of chunks again and compare with what is stored, float32 (n, dim)."""
    found = embedder.embed_chunks(texts, [()] * len(texts)).chunks
    worst = float((found * stored).sum(axis=1).min())
    return Check(
        "vectors",
        worst >= LEAST_COSINE,
        f"{len(texts)} embedded again, least cosine with the stored {worst:.6f}",
    )
