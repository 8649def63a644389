"""What makes this quick must not get lost: ratios against the usual way, in turns, with room for a busy machine.

The figures themselves are in docs/performance.md; the floors here are about half of them.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qa.index import DenseIndex
from qa.models import CompiledEmbedder, SentenceTransformersEmbedder, find_model, open_embedder
from tests.index.files import stored_file

pytestmark = pytest.mark.alone

THREADS = 2
TEXT = (
    "The harbour of Skerry was closed on Monday because of a storm, the third one of this spring. Pilots waited for "
    "the wind to turn, while the ministry, which had promised a new breakwater in 2019, said that money was short. "
)


def ratio(usual: Callable[[], object], ours: Callable[[], object], *, runs: int) -> float:
    """Return how many times as fast ours is: the least of runs in turns, since a busy machine only adds."""
    times: dict[Callable[[], object], list[float]] = {usual: [], ours: []}
    for work in times:
        work()
    for _ in range(runs):
        for work, measured in times.items():
            begun = time.perf_counter()
            work()
            measured.append(time.perf_counter() - begun)
    return min(times[usual]) / min(times[ours])


@pytest.fixture(scope="module")
def compiled() -> CompiledEmbedder:
    embedder = open_embedder(find_model("default"), threads=THREADS)
    assert isinstance(embedder, CompiledEmbedder), embedder.runtime
    if not embedder.runtime.endswith("bf16"):
        pytest.skip(f"needs a processor that multiplies bfloat16; here the model runs as {embedder.runtime}")
    return embedder


@pytest.mark.model
def test_chunks_and_questions_are_embedded_sooner_than_by_sentence_transformers(
    compiled: CompiledEmbedder,
) -> None:
    usual = SentenceTransformersEmbedder(find_model("default"), threads=THREADS).library
    chunks = [TEXT * (1 + number % 4) + str(number) for number in range(48)]
    whole = [[(0, len(chunk))] for chunk in chunks]
    assert ratio(lambda: usual.encode(chunks), lambda: compiled.embed_chunks(chunks, whole), runs=3) > 2
    question = ["Who closed the harbour of Skerry?"]
    assert ratio(lambda: usual.encode(question), lambda: compiled.embed_questions(question), runs=30) > 1.5


@pytest.mark.model
def test_a_new_process_answers_sooner_than_the_usual_script(
    compiled: CompiledEmbedder, seeds_dir: Path, tmp_path: Path
) -> None:
    question, index = "Why won't NATO admit Ukraine?", ("--index-dir", str(tmp_path / "index"))
    subprocess.run([sys.executable, "-m", "qa", "index", str(seeds_dir), *index, "-q"], check=True)
    script = (
        "import sys; from sentence_transformers import SentenceTransformer; "
        "SentenceTransformer(sys.argv[1], device='cpu').encode(sys.argv[2])"
    )

    def run(*command: str) -> None:
        subprocess.run([sys.executable, *command], check=True, capture_output=True)

    folder = str(find_model("default").path)
    assert (
        ratio(
            lambda: run("-c", script, folder, question),
            lambda: run("-m", "qa", "ask", question, *index),
            runs=2,
        )
        > 4
    )


def test_codes_search_sooner_than_an_exact_scan() -> None:
    rows = np.random.default_rng(3).standard_normal((40_000, 384), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    exact = DenseIndex.header(*rows.shape) + rows.tobytes()
    scan = DenseIndex(stored_file(exact), None, rows=40_000, dim=384)
    coded = DenseIndex(
        stored_file(exact), stored_file(DenseIndex.codes(lambda: [rows])), rows=40_000, dim=384
    )
    assert ratio(lambda: scan.search(rows[5], 10), lambda: coded.search(rows[5], 10), runs=50) > 2
