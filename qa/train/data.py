"""Collect the examples once, and keep them: finding the hard negatives takes our own index some minutes."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from rich.console import Console
from rich.progress import track

from qa.answer import Answerer
from qa.errors import InputError
from qa.evaluate import (
    TrainingRow,
    index_articles,
    is_development,
    passage_article,
    topic_of,
    training_rows,
)
from qa.models import Embedder
from qa.train.examples import SHARES, Example, articles_of, examples_of, retrieve
from qa.types import Article

CONSTRUCTED = "negatives_"
"""Rows of these sets are left out: the negatives here come from our own retriever."""

EXAMPLES_VERSION = 2
"""Raise it when anything here, in `examples` or in `swap` changes what is collected."""

_SEED = 2026


@dataclass(frozen=True, slots=True)
class Data:
    """Examples to learn from, and examples of other articles to measure on."""

    training: Sequence[Example]
    development: Sequence[Example]


def collect(path: Path, work: Path, embedder: Embedder, *, threads: int) -> Data:
    """Return the examples of the rows, those of the same titles all on one side.

    The wrong passages of an example are of its own side too; a passage of both sides is development's, and gives no
    example to learn from. What was collected in the folder `work` from the same file, for the same embedder, is read
    from there. Raises InputError when the rows cannot be read.
    """
    kept, origin = work / "examples.jsonl", _origin(path, embedder)
    if not _begins(kept, origin):
        rows = [row for row in training_rows(path) if _used(row)]
        articles = articles_of(rows)
        answerers = _answerers(rows, articles, work / "index", embedder)
        draft = kept.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file, ThreadPoolExecutor(threads) as pool:
            file.write(origin)
            found = pool.map(lambda row: _examples(row, articles, answerers), rows)
            console = Console(stderr=True)
            for examples in track(found, total=len(rows), description="Finding passages", console=console):
                file.writelines(json.dumps(asdict(example)) + "\n" for example in examples)
        draft.rename(kept)
    examples = list(_read(kept))
    return Data(
        [each for each in examples if not is_development(each.topic)],
        [each for each in examples if is_development(each.topic)],
    )


def _origin(path: Path, embedder: Embedder) -> str:
    """Return the first line of the examples: what shaped them."""
    try:
        digest = sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(
            f"Cannot read {path}: {error!r}. Expected rows as their README describes them: make reader TRAIN=ROWS"
        ) from error
    shape = {"version": EXAMPLES_VERSION, "rows_sha256": digest, "embedder": asdict(embedder.fingerprint)}
    return json.dumps(shape) + "\n"


def _begins(path: Path, line: str) -> bool:
    if not path.exists():
        return False
    with path.open(encoding="utf-8") as file:
        return file.readline() == line


def _answerers(
    rows: Sequence[TrainingRow], articles: Mapping[str, Article], folder: Path, embedder: Embedder
) -> Mapping[bool, Answerer]:
    """Return who asks the articles of the development part (True) and who asks the others; neither if it has none."""
    development = {passage_article(row).id for row in rows if is_development(topic_of(row))}
    sides: dict[bool, list[Article]] = {}
    for article in articles.values():
        sides.setdefault(article.id in development, []).append(article)
    return {
        side: index_articles(some, folder / ("development" if side else "training"), embedder)
        for side, some in sides.items()
    }


def _used(row: TrainingRow) -> bool:
    if row.set.startswith(CONSTRUCTED):
        return False
    return _hash(row.id) % 1000 < 1000 * SHARES.get(row.set, 1.0)


def _examples(
    row: TrainingRow, articles: Mapping[str, Article], answerers: Mapping[bool, Answerer]
) -> list[Example]:
    answerer = answerers.get(is_development(topic_of(row)))
    if answerer is None:  # no passage is of this side alone
        return []
    chance = random.Random(f"{_SEED} {row.id}")  # noqa: S311 (nothing secret)
    found = retrieve(row, articles[passage_article(row).id], answerer)
    return list(examples_of(row, found, article=articles.__getitem__, chance=chance))


def _read(path: Path) -> Iterator[Example]:
    with path.open(encoding="utf-8") as file:
        next(file)  # what shaped them
        for line in file:
            values = json.loads(line)
            spans = tuple((start, end) for start, end in values.pop("spans"))
            yield Example(**values, spans=spans)


def _hash(text: str) -> int:
    return int.from_bytes(sha256(text.encode("utf-8")).digest()[:8], "big")
