"""The two places for an index beside one another: a folder, and Milvus (Milvus Lite, exact search).

    .venv/bin/python benchmarks/stores.py ../shared/eval

Every set is indexed once into a folder and copied to the other place as `qa copy` does it, so both have the same vectors. Then:
what they answer, where the lexical leg differs from BM25s of Milvus's own, how far off the estimate of the usual lexical
score is, and what questions, building and bytes cost. Times of Milvus Lite say little about a Milvus: it is another engine,
and here it shares one process with us.
"""

import argparse
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import record
import tables
from fusion import ndcg
from numpy.typing import NDArray
from pymilvus import DataType, Function, FunctionType, MilvusClient
from ranking import Bm25, milvus_english

from qa.answer import Answerer
from qa.evaluate import AskedFolder, BeirFolder, ask_all, evaluate, index_articles, read_beir
from qa.filters import NO_FILTERS, Filters
from qa.index import Offer, OpenIndex, text_of
from qa.milvus import MilvusStore, parse_address
from qa.milvus.index import MilvusIndex
from qa.milvus.kept import Kept
from qa.milvus.layout import build_named, row_of
from qa.milvus.packing import pack
from qa.milvus.records import iterate
from qa.models import DEFAULT_MODEL, Embedder, Vectors, find_model, open_embedder
from qa.settings import Settings
from qa.wiring import copy_index

SETS = ("squad_v1_dev", "nq_oracle", "clapnq_dev", "multihop_rag_sample", "cookbook_docs")
QUESTIONS = 200
TIMED = 40
K1, B = 0.9, 0.4
LISTED = 100
"""So many chunks a list of Milvus's own BM25 holds."""
SEGMENTS = 3
"""Four and more small segments Milvus Lite would merge at once."""
ENGLISH = {"type": "english"}
OURS = "ours, in the folder"
SPARSE = "ours, in Milvus"
OWN = "Milvus Lite's own, k1 .9, b .4"
OWN_DEFAULT = "Milvus Lite's own, its k1 and b"
OWN_SEGMENTS = f"Milvus Lite's own, k1 .9, b .4, {SEGMENTS} segments"
LITE_TOKENS = "our formula, tokens of Milvus Lite"
ENGLISH_TOKENS = "our formula, tokens of Milvus's english analyser"
ENGLISH_DEFAULT = "the same, k1 1.2, b .75"


def main() -> None:
    """Measure every set; print the tables and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of BEIR folders")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "qa-bench" / "stores")
    parser.add_argument("--quick", action="store_true", help="20 questions a set; writes no results")
    arguments = parser.parse_args()
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)  # the errors that are asked for are figures
    embedder = open_embedder(find_model(DEFAULT_MODEL), threads=2)
    figures: dict[str, Any] = {}
    usual: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as work:
        said = what_lite_says(Path(work, "trial.db"))
        for name in SETS:
            # Without accepted answers, which would be looked for in one article at a time.
            data = replace(read_beir(arguments.folder / name), accepted={})
            sides = Sides.of(data, arguments.cache / data.digest, Path(work, name), embedder)
            asked = 20 if arguments.quick else QUESTIONS
            figures[name] = {"articles": len(data.articles), "chunks": len(sides.rows)}
            figures[name]["answers"], judged = answers(sides, asked)
            figures[name]["lexical leg"], usual[name] = lexical(sides, judged)
            figures[name]["usual lexical deviation, ratio"] = spread(usual[name])
            figures[name]["cost"] = cost(sides, judged[:TIMED])
            print(name, figures[name], file=sys.stderr, flush=True)
            sides.close()
    if arguments.quick:
        return
    record.write(
        "stores",
        what=f"a folder against Milvus Lite with index FLAT, both in this process, the same vectors; at most {QUESTIONS} "
        f"questions a set, no reader; times are medians of {TIMED} questions in turns",
        figures={
            "sets": figures,
            "usual lexical deviation, ratio, all sets": spread(list(chain(*usual.values()))),
            "Milvus Lite says": said,
        },
        packages=("faiss-cpu", "milvus-lite", "pymilvus", "openvino", "numpy"),
    )
    sys.stdout.writelines(chain(tables.stores(), tables.lexical(), tables.store_cost()))


@dataclass(frozen=True, slots=True)
class Sides:
    """One set in both places.

    `here` asks the folder, `there` Milvus. `rows` has the folder's row for each number in Milvus, in the order of rows.
    """

    data: BeirFolder
    kept: Path
    folder: Path
    embedder: Embedder
    here: Answerer
    store: MilvusStore
    there: Answerer
    rows: Mapping[int, int]
    build_s: Mapping[str, float]

    @classmethod
    def of(cls, data: BeirFolder, kept: Path, folder: Path, embedder: Embedder) -> "Sides":
        """Index a set, unless it is kept, and copy it to another folder and to Milvus."""
        here = index_articles(data.articles, kept, embedder)
        url = f"milvus://{folder / 'lite'}"
        build_s = {
            title: copied(str(kept), target)
            for title, target in (("folder", str(folder / "copy")), ("Milvus Lite", url))
        }
        store = MilvusStore(parse_address(url))
        there = Answerer(store.open(model=embedder.fingerprint), embedder)
        rows: dict[int, int] = {}
        places: dict[str, int] = {}
        for row, chunk in enumerate(here.generation.chunks(range(here.generation.manifest.chunks))):
            place = places.setdefault(chunk.article_id, 0)
            rows[row_of(chunk.article_id, place)] = row
            places[chunk.article_id] += 1
        return cls(data, kept, folder, embedder, here, store, there, rows, build_s)

    def close(self) -> None:
        """Let go of both."""
        self.here.generation.close()
        self.store.close()


def copied(source: str, target: str) -> float:
    """Copy an index and return how long that took from the first article on, without opening the model."""
    started: list[float] = []

    def progress(stage: str, done: int, total: int) -> None:
        started[:] = started or [time.perf_counter()]

    settings = Settings(store_index="FLAT", threads=2)
    report = copy_index(source, target, settings, progress=progress)
    if report.chunks_embedded:
        raise SystemExit(f"{report.chunks_embedded} chunks were embedded again, expected none")
    return time.perf_counter() - started[0]


def answers(sides: Sides, most: int) -> tuple[dict[str, Any], list[str]]:
    """Compare what both answer, and what Milvus would with the usual lexical score that the folder has.

    Returns the judged questions as well.
    """
    here, there = (ask_all(sides.data, side, sample=most) for side in (sides.here, sides.there))
    corrected = Answerer(
        TrueUsual(sides.there.generation, sides.here.generation),  # type: ignore[arg-type]
        sides.embedder,
    )
    exact = ask_all(sides.data, corrected, sample=most)
    points = {title: 100 * quality(asked) for title, asked in (("folder", here), ("Milvus Lite", there))}
    figures = {
        "questions": len(here.asked),
        **{f"nDCG@10, {title}": round(value / 100, 4) for title, value in points.items()},
        "difference in points": round(points["Milvus Lite"] - points["folder"], 2),
        "difference in points, true usual score": round(100 * quality(exact) - points["folder"], 2),
        "same ten articles in order": same(here, there, lambda each: each.rankings["qa"][:10]),
        "same first quote": same(here, there, lambda each: each.quote),
        "other status": len(here.asked) - same(here, there, status(here.refuse_below)),
        "other status, true usual score": len(here.asked) - same(here, exact, status(here.refuse_below)),
        "same ten, true usual score": same(here, exact, lambda each: each.rankings["qa"][:10]),
    }
    return figures, [each.id for each in here.asked if each.answerable]


def quality(asked: AskedFolder) -> float:
    """Return nDCG@10 as `qa eval` has it."""
    return evaluate(asked).rankings[0].measures["nDCG@10"].mean


def same(one: AskedFolder, other: AskedFolder, of: Callable[[Any], object]) -> int:
    """Return of how many questions both say the same."""
    return sum(of(a) == of(b) for a, b in zip(one.asked, other.asked, strict=True))


def status(refuse_below: float) -> Callable[[Any], object]:
    """Return what tells whether a question is answered."""
    return lambda each: each.quote is not None and each.confidence >= refuse_below


class TrueUsual:
    """An index in Milvus whose usual lexical score is that of the same index in a folder."""

    def __init__(self, index: OpenIndex, exact: OpenIndex) -> None:
        """Take both."""
        self._index, self._exact = index, exact

    def __getattr__(self, name: str) -> object:
        """Do all else as Milvus does it."""
        return getattr(self._index, name)

    def offer(self, question: str, vector: Vectors, *, k: int, filters: Filters = NO_FILTERS) -> Offer:
        """Return what Milvus offers, with the folder's usual score."""
        offered, exact = (
            each.offer(question, vector, k=k, filters=filters) for each in (self._index, self._exact)
        )
        return replace(offered, usual_lexical=exact.usual_lexical)


def lexical(sides: Sides, names: Sequence[str]) -> tuple[dict[str, Any], list[float]]:
    """Compare BM25s by the ranking of each alone, and return the ratios of the usual deviations as well."""
    data, here, there = sides.data, sides.here.generation, sides.there.generation
    chunks = here.chunks(range(len(sides.rows)))
    owners = [chunk.article_id for chunk in chunks]
    by_id = {article.id: article for article in data.articles}
    texts = [
        text_of(
            by_id[c.article_id], c, chunker=here.manifest.chunker, count_tokens=sides.embedder.count_tokens
        ).text
        for c in chunks
    ]
    vectors = sides.embedder.embed_questions([data.questions[name] for name in names])
    client = MilvusClient(str(sides.folder / "own.db"))
    own = own_bm25(client, texts)
    lite = [lite_tokens(text) for text in texts]
    english = [milvus_english(text) for text in texts]
    formulas = {
        LITE_TOKENS: (Bm25(lite, k1=K1, b=B), lite_tokens),
        ENGLISH_TOKENS: (Bm25(english, k1=K1, b=B), milvus_english),
        ENGLISH_DEFAULT: (Bm25(english, k1=1.2, b=0.75), milvus_english),
    }
    found: dict[str, list[float]] = {name: [] for name in (OURS, SPARSE, *own, *formulas)}
    ratios, apart, top_ten = [], [0.0], 0
    for name, vector in zip(names, vectors, strict=True):
        question, relevant = data.questions[name], data.relevant[name]
        exact, offer = here.lexical.scores(question), there.offer(question, vector, k=100)
        rows = np.array([sides.rows[row] for row in offer.rows.tolist()])
        known = exact[rows] > 0
        apart.extend(np.abs(offer.lexical[known] / exact[rows][known] - 1).tolist())
        ranked = {OURS: best(exact), SPARSE: rows[best(offer.lexical)]}
        ranked |= {title: best(formula.scores(cut(question))) for title, (formula, cut) in formulas.items()}
        ranked |= {title: ask(question) for title, ask in own.items()}
        top_ten += ranked[OURS][:10].tolist() == ranked[SPARSE][:10].tolist()
        for title, order in ranked.items():
            found[title].append(ndcg([owners[row] for row in order], relevant))
        deviation = here.offer(question, vector, k=1).usual_lexical.deviation
        if deviation > 0:
            ratios.append(offer.usual_lexical.deviation / deviation)
    client.close()
    means = {title: statistics.fmean(values) for title, values in found.items()}
    return {
        "questions": len(names),
        "nDCG@10": {title: round(value, 4) for title, value in means.items()},
        "largest relative difference of a score": float(f"{max(apart):.1e}"),
        "same ten chunks in order": top_ten,
        "points lost by Milvus Lite's tokens": round(100 * (means[OURS] - means[LITE_TOKENS]), 2),
        "points lost by its formula": round(100 * (means[LITE_TOKENS] - means[OWN]), 2),
        "points lost by segments of their own": round(100 * (means[OWN] - means[OWN_SEGMENTS]), 2),
        "points lost by the english analyser": round(100 * (means[OURS] - means[ENGLISH_TOKENS]), 2),
    }, ratios


def best(scores: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the rows with a score above 0, best first; equal ones keep their order."""
    order = np.argsort(-scores, kind="stable")
    return order[scores[order] > 0]


def own_bm25(client: MilvusClient, texts: Sequence[str]) -> dict[str, Callable[[str], list[int]]]:
    """Let Milvus Lite index texts with a BM25 of its own; return what ranks their rows for a question, by name."""
    tuned = {"bm25_k1": K1, "bm25_b": B}
    for name, params, segments in (("own", tuned, 1), ("usual", {}, 1), ("split", tuned, SEGMENTS)):
        bm25_collection(client, name, params)
        size = -(-len(texts) // segments)
        for first in range(0, len(texts), size):
            rows = enumerate(texts[first : first + size], start=first)
            client.insert(name, [{"row": row, "text": text} for row, text in rows])
            client.flush(name)
        client.load_collection(name)

    def asking(name: str) -> Callable[[str], list[int]]:
        def ask(question: str) -> list[int]:
            found = client.search(name, data=[question], anns_field="terms", limit=LISTED)
            return [hit["row"] for hit in found[0]]

        return ask

    return {OWN: asking("own"), OWN_DEFAULT: asking("usual"), OWN_SEGMENTS: asking("split")}


def bm25_collection(
    client: MilvusClient, name: str, params: Mapping[str, float], *, analyser: Mapping[str, str] | None = None
) -> None:
    """Make a collection that ranks by the server's BM25."""
    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("row", DataType.INT64, is_primary=True)
    schema.add_field(
        "text", DataType.VARCHAR, max_length=65_535, enable_analyzer=True, analyzer_params=analyser
    )
    schema.add_field("terms", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(
        Function("bm25", FunctionType.BM25, input_field_names=["text"], output_field_names=["terms"])
    )
    indexes = MilvusClient.prepare_index_params()
    # This client sends what is in `params` as fields of their own, where Milvus Lite 3.2 does not look for them.
    indexes.add_index(
        "terms", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params={"params": dict(params)}
    )
    client.create_collection(name, schema=schema, index_params=indexes)


def lite_tokens(text: str) -> list[str]:
    """Return the tokens that Milvus Lite's own analyser finds."""
    from milvus_lite.analyzer import StandardAnalyzer

    return StandardAnalyzer().tokenize(text)


def what_lite_says(path: Path) -> dict[str, str]:
    """Return what Milvus Lite answers to what a Milvus has."""
    from milvus_lite.index.sparse_inverted import SparseInvertedIndex

    client = MilvusClient(str(path))
    lite = SparseInvertedIndex()
    return {
        "run_analyzer": error_of(lambda: client.run_analyzer("a text", analyzer_params=ENGLISH)),
        "analyzer english": error_of(lambda: bm25_collection(client, "english", {}, analyser=ENGLISH)),
        "its k1 and b": f"{lite.k1}, {lite.b}",
    }


def error_of(work: Callable[[], object]) -> str:
    """Return the error that something raises, in one line."""
    try:
        return f"answers {work()!r}"
    except Exception as error:  # what pymilvus raises and what gRPC raises have nothing in common
        return " ".join(str(error).split())[:300]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the middle of some values and where nine tenths of them lie."""
    low, middle, high = np.percentile(values, (5, 50, 95)).tolist()
    return {"median": round(middle, 4), "5 %": round(low, 4), "95 %": round(high, 4), "n": len(values)}


def cost(sides: Sides, names: Sequence[str]) -> dict[str, Any]:
    """Measure time, calls and bytes."""
    chunks = len(sides.rows)
    index = milvus(sides)
    calls = Calls(index)
    times: dict[str, list[float]] = {"folder": [], "nothing kept": [], "all kept": []}
    counts: dict[str, list[int]] = {"nothing kept": [], "all kept": []}
    sides.there.ask("What is read once in a process?")
    for name in names:
        question = sides.data.questions[name]
        timed(times["folder"], lambda question=question: sides.here.ask(question))
        forget(index)
        for kept in counts:
            calls.made = 0
            timed(times[kept], lambda question=question: sides.there.ask(question))
            counts[kept].append(calls.made)
    calls.stop()
    ms = {title: 1000 * statistics.median(values) for title, values in times.items()}
    bytes_ = {
        "folder": size_of(sides.folder / "copy") / chunks,
        "Milvus Lite": size_of(sides.folder / "lite") / chunks,
    }
    return {
        "question ms": {title: round(value, 2) for title, value in ms.items()},
        "times the folder": {title: round(ms[title] / ms["folder"], 1) for title in counts},
        "calls a question": {title: statistics.median(made) for title, made in counts.items()},
        "build s": {title: round(value, 2) for title, value in sides.build_s.items()},
        "build, times the folder": round(sides.build_s["Milvus Lite"] / sides.build_s["folder"], 1),
        "bytes a chunk on disk": {title: round(value) for title, value in bytes_.items()},
        "what is written": written(sides),
    }


class Calls:
    """Counts what an index in Milvus asks of it."""

    def __init__(self, index: MilvusIndex) -> None:
        """Begin to count."""
        self.made = 0
        self._connection = index._records._connection
        self._call = self._connection.call
        self._connection.call = self._counted

    def stop(self) -> None:
        """Count no more."""
        self._connection.call = self._call

    def _counted(self, *arguments: object, **named: object) -> object:
        self.made += 1
        return self._call(*arguments, **named)


def milvus(sides: Sides) -> MilvusIndex:
    """Return the index in Milvus."""
    index = sides.there.generation
    assert isinstance(index, MilvusIndex)
    return index


def forget(index: MilvusIndex) -> None:
    """Forget chunks, articles and statistics that were read: the next question reads its own."""
    for kept in (*vars(index).values(), *vars(index._chunks).values()):
        if isinstance(kept, Kept):
            kept._values.clear()


def timed(times: list[float], work: Callable[[], object]) -> None:
    """Do the work and note how long it took."""
    started = time.perf_counter()
    work()
    times.append(time.perf_counter() - started)


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def written(sides: Sides) -> dict[str, float]:
    """Return what our rows hold, in bytes a chunk, before Milvus packs it."""
    index = milvus(sides)
    chunks = index._chunks
    sums = {"terms": 0, "sentences": 0, "packed": 0}
    rows = iter(sides.rows)
    while some := list(islice(rows, 256)):
        for stored in chunks.get(some).values():
            sums["terms"] += len(stored.dimensions)
            sums["sentences"] += len(stored.sentences)
            sums["packed"] += len(pack(stored))
    found = {
        "terms a chunk": sums["terms"],
        "sentences a chunk": sums["sentences"],
        "packed": sums["packed"],
        "vector": 4 * sides.embedder.fingerprint.dim * len(sides.rows),
        "sparse vector": 8 * sums["terms"],
        **kinds(sides),
    }
    return {title: round(value / len(sides.rows), 1) for title, value in found.items()}


def kinds(sides: Sides) -> dict[str, int]:
    """Return the bytes of the records of each kind."""
    index = milvus(sides)
    build = build_named(sides.store.pointer())
    found: dict[str, int] = {}
    for row in iterate(index._records._connection, build.records, 'kind != ""', ["kind", "data"]):
        name = f"records, {row['kind']}"
        found[name] = found.get(name, 0) + len(row["data"].encode())
    return dict(sorted(found.items()))


if __name__ == "__main__":
    main()
