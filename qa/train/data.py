"""Collect the examples once, and keep them: finding the hard negatives takes our own index some minutes."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from rich.progress import track

from qa.answer import Answerer
from qa.corpus import CHUNKER_VERSION
from qa.evaluate import TrainingRow, passage_article, training_rows
from qa.index import build_generation, open_generation
from qa.models import Embedder
from qa.train.examples import SHARES, Example, articles_of, examples_of, retrieve
from qa.types import Article, ChunkerSettings

CONSTRUCTED = "negatives_"
"""Rows of these sets are left out: the negatives here come from our own retriever."""

DEVELOPMENT_PERCENT = 4
"""How many topics are held out: more examples than `DEVELOPMENT_EXAMPLES`, and few enough to miss."""

_SEED = 2026


@dataclass(frozen=True, slots=True)
class Data:
    """Examples to learn from, and examples of other articles to measure on."""

    training: Sequence[Example]
    development: Sequence[Example]


def collect(path: Path, work: Path, embedder: Embedder, *, threads: int) -> Data:
    """Return the examples of the rows, those of the same titles all on one side.

    What was collected in the folder `work` before is read from there. Raises InputError when the rows cannot be
    read.
    """
    kept = work / "examples.jsonl"
    if not kept.exists():
        rows = [row for row in training_rows(path) if _used(row)]
        articles = articles_of(rows)
        tokens = embedder.fingerprint.max_tokens
        chunker = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=tokens, overlap_tokens=tokens // 6)
        build_generation(lambda: list(articles.values()), work / "index", embedder=embedder, chunker=chunker)
        answerer = Answerer(open_generation(work / "index"), embedder)
        draft = kept.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file, ThreadPoolExecutor(threads) as pool:
            found = pool.map(lambda row: _examples(row, articles, answerer), rows)
            for examples in track(found, total=len(rows), description="Finding passages"):
                file.writelines(json.dumps(asdict(example)) + "\n" for example in examples)
        draft.rename(kept)
    examples = list(_read(kept))
    return Data(
        [each for each in examples if not _held_out(each)], [each for each in examples if _held_out(each)]
    )


def _used(row: TrainingRow) -> bool:
    if row.set.startswith(CONSTRUCTED):
        return False
    return _hash(row.id) % 1000 < 1000 * SHARES.get(row.set, 1.0)


def _examples(row: TrainingRow, articles: Mapping[str, Article], answerer: Answerer) -> list[Example]:
    article = articles[passage_article(row).id]
    chance = random.Random(f"{_SEED} {row.id}")  # noqa: S311 (nothing secret)
    found = retrieve(row, article, answerer)
    return list(examples_of(row, found, article=articles.__getitem__, chance=chance))


def _read(path: Path) -> Iterator[Example]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            values = json.loads(line)
            spans = tuple((start, end) for start, end in values.pop("spans"))
            yield Example(**values, spans=spans)


def _held_out(example: Example) -> bool:
    return _hash(example.topic) % 100 < DEVELOPMENT_PERCENT


def _hash(text: str) -> int:
    return int.from_bytes(sha256(text.encode("utf-8")).digest()[:8], "big")
