"""Write the tables of README.md, docs and the reader's card from what commands wrote, between their marks.

    .venv/bin/python benchmarks/tables.py            # `--check` only says whether they are up to date

A table stands between `<!-- figures: NAME -->` and `<!-- end -->`; nothing there is typed by hand.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
READER = ROOT / "qa" / "reader"
PAGES = (
    ROOT / "README.md",
    READER / "CARD.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("performance", "quality", "scaling")),
)
RESULTS = ROOT / "benchmarks" / "results"
WRITTEN = "what is written"
FITTED = ROOT / "qa" / "answer" / "fitted.json"
_MARKED = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

Figures = dict[str, Any]


def main() -> None:
    """Write the pages, or with --check exit with 1 when one would change."""
    changed = False
    for page in PAGES:
        before = page.read_text(encoding="utf-8")
        after = _MARKED.sub(lambda match: match[1] + table(match[2]) + match[3], before)
        changed = changed or after != before
        if "--check" not in sys.argv:
            page.write_text(after, encoding="utf-8")
    if "--check" not in sys.argv:
        draw_reliability()
    sys.exit("--check" in sys.argv and changed)


def table(name: str) -> str:
    """Return a table; a benchmark that was not run yet has none, and says so."""
    try:
        return "".join(TABLES[name]())
    except FileNotFoundError as error:
        return f"Not measured yet: `benchmarks/results/{Path(error.filename).name}` is missing.\n"


def read(name: str) -> Figures:
    """Return a benchmark's record."""
    record: Figures = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return record


def rows(head: str, lines: list[tuple[Any, ...]]) -> Iterator[str]:
    """Yield a Markdown table; `head` has its columns' names divided by bars."""
    yield f"| {head} |\n|{'---|' * (head.count('|') + 1)}\n"
    for line in lines:
        yield "| " + " | ".join(str(cell) for cell in line) + " |\n"


def source(name: str) -> Iterator[str]:
    """Yield where the figures come from."""
    found = read(name)
    machine = found["machine"]
    versions = ", ".join(f"{package} {version}" for package, version in found["versions"].items())
    yield f"\n`benchmarks/results/{name}.json`: {found['what']}. {machine['cores']} cores, {machine['cpu']}, "
    yield f"Python {machine['python']}, {versions}; commit {found['commit'][:8]}, {found['date']}.\n"


def summary() -> Iterator[str]:
    """Yield the table that everyone sees first: one line a promise."""
    embedding, cold = read("embedding")["figures"], read("cold")["figures"]
    one, service = embedding["one question"], read("service")["figures"]["one client"]
    search = read("search")["figures"]
    lines = [
        (
            "index a chunk, with its sentences",
            "`SentenceTransformer.encode`",
            f"{embedding['indexing']['times as fast']['qa']} times as fast",
        ),
        (
            "a question to a vector",
            "`SentenceTransformer.encode`",
            f"{round(1 / one['ratio of p50'], 1)} times as fast",
        ),
        (
            f"`qa ask`, a new process ({cold['qa ask, s']} s)",
            "a script that loads the model and searches",
            f"{cold['usual script / qa ask']} times as fast",
        ),
        (
            "search a million vectors",
            "`faiss.IndexFlatIP`",
            f"{search['1000000']['times faster, 10']} times as fast, recall@10 {search['1000000']['recall@10']}",
        ),
        (
            f"`POST /ask` without the reader, 100,000 chunks ({service['p50 ms']} ms)",
            f"the model alone ({service['forward p50 ms']} ms)",
            f"{service['p50 - forward ms']} ms more",
        ),
    ]
    if (RESULTS / "memory.json").exists():
        ratio = f"{read('memory')['figures']['ours / flat']} of it"
        lines.append(("memory with a million chunks", "`IndexFlatIP` and the texts in a list", ratio))
    yield from rows("what | against | ratio", lines)


def embedding() -> Iterator[str]:
    """Yield the embedder's table."""
    yield from embedding_rows(read("embedding")["figures"])
    yield from source("embedding")


def embedding_rows(found: Figures) -> Iterator[str]:
    """Yield the table of these figures."""
    indexing, one, cold = found["indexing"], found["one question"], found["cold process"]
    yield from rows(
        "| sentence-transformers | qa | ratio",
        [
            (
                "indexing, chunks/s",
                indexing["chunks per second"]["sentence-transformers"],
                f"{indexing['chunks per second']['qa']} (without sentences "
                f"{indexing['chunks per second']['qa, chunks only']})",
                f"{indexing['times as fast']['qa']} ({indexing['times as fast']['qa, chunks only']})",
            ),
            (
                "indexing, processor seconds",
                indexing["CPU seconds"]["sentence-transformers"],
                indexing["CPU seconds"]["qa"],
                indexing["times as fast, CPU"]["qa"],
            ),
            *(
                (
                    f"one question, {at} ms",
                    one[f"{at} ms"]["sentence-transformers"],
                    one[f"{at} ms"]["qa"],
                    one[f"ratio of {at}"],
                )
                for at in ("p50", "p99")
            ),
            (
                "new process to the first vector, p50 s",
                cold["p50 s"]["sentence-transformers"],
                cold["p50 s"]["qa"],
                cold["ratio of p50"],
            ),
        ],
    )
    yield f"\nCosine with the reference over {indexing['chunks']} chunks: mean {indexing['mean cosine']}, "
    yield f"least {indexing['least cosine']}.\n"
    for name, row in found.get("nDCG@10", {}).items():
        yield f"nDCG@10 of retrieval on {name}: sentence-transformers {row['sentence-transformers']}, "
        yield f"qa {row['qa']}, a loss of {row['loss in %']} %.\n"


def cold() -> Iterator[str]:
    """Yield the table of new processes."""
    yield from rows("| median", [tuple(item) for item in read("cold")["figures"].items()])
    yield from source("cold")


def search() -> Iterator[str]:
    """Yield the table of vector search."""
    found = read("search")["figures"]
    sizes = list(found)
    yield from rows(
        "| " + " | ".join(f"{int(size):,} chunks" for size in sizes),
        [(name, *(found[size][name] for size in sizes)) for name in found[sizes[0]]],
    )
    yield from source("search")


def service() -> Iterator[str]:
    """Yield the tables of the running service."""
    found = read("service")["figures"]
    yield from rows("one client | ", list(found["one client"].items()))
    yield "\n"
    loads = [(name, row) for name, row in found.items() if name.endswith("clients")]
    columns = list(loads[0][1])
    yield from rows(
        "| " + " | ".join(columns), [(name, *(row[column] for column in columns)) for name, row in loads]
    )
    yield "\n"
    loaded = {name: row for name, row in found.items() if name.startswith("at 80 %")}
    columns = list(next(iter(loaded.values())))
    yield from rows(
        "| " + " | ".join(columns),
        [(name, *(row[column] for column in columns)) for name, row in loaded.items()],
    )
    yield from source("service")


def fusion() -> Iterator[str]:
    """Yield how the ways to rank compare, and by how much less ours errs."""
    found = read("fusion")["figures"]
    sets = found["nDCG@10"]
    yield from rows(
        "nDCG@10 | " + " | ".join([*sets, "mean"]),
        [
            (row, *(f"{value:.4f}" for value in (*values, sum(values) / len(values))))
            for row in next(iter(sets.values()))
            if (values := [found[row] for found in sets.values()])
        ],
    )
    yield "\n"
    reductions = found["error reduction in %"]
    yield from rows(
        "error (1 - nDCG@10) less than that of, % | " + " | ".join(next(iter(reductions.values()))),
        [(name, *row.values()) for name, row in reductions.items()],
    )
    yield f"\nShares of the dense leg that the two halves of the questions chose: {', '.join(found['shares'])}.\n"
    yield from source("fusion")


def quality() -> Iterator[str]:
    """Yield the figures of `qa eval` on each set."""
    found = read("quality")["figures"]
    heads = list(dict.fromkeys(head for row in found.values() for head in row))
    yield from rows(
        "| " + " | ".join(heads),
        [(name, *(row.get(head, "") for head in heads)) for name, row in found.items()],
    )
    yield from source("quality")


def fitted() -> Iterator[str]:
    """Yield what the fit says of itself, with and without the reader: quote sign by sign, confidence set by set."""
    provenance = json.loads(FITTED.read_text(encoding="utf-8"))["provenance"]
    for part, title in (("read", "With the reader"), ("unread", "Without")):
        found = provenance[part]
        yield f"{title}:\n\n"
        if "passage" in found:
            weights = found["passage"]["nDCG@10 by weight of the reader"]
            sets = list(weights)
            yield from rows(
                "weight of the reader | " + " | ".join(sets),
                [(weight, *(weights[name][weight] for name in sets)) for weight in weights[sets[0]]],
            )
            yield "\n"
        steps = found["quote"]["best sentence of the three passages is right"]
        sets = list(next(iter(steps.values())))
        yield from rows("signs | " + " | ".join(sets), [(step, *row.values()) for step, row in steps.items()])
        yield "\n"
        confidence = found["confidence"]["held out"]
        names = list(dict.fromkeys(name for row in confidence.values() for name in row))
        yield from rows(
            "held out | " + " | ".join(names),
            [(which, *(row.get(name, "") for name in names)) for which, row in confidence.items()],
        )
        yield "\n"
    yield f"`qa/answer/fitted.json`, written by `{provenance['command']}`.\n"


def reader() -> Iterator[str]:
    """Yield the reader's figures on articles that it did not learn from."""
    card = json.loads((READER / "reader.json").read_text(encoding="utf-8"))
    yield from rows("figure | ", list(card["development"].items()))
    yield f"\n`qa/reader/reader.json`, written by `make reader` ({card['examples']:,} examples).\n"


def draw_reliability() -> None:
    """Draw how often passages hold an answer, by confidence, for questions that the curve was not fitted on."""
    import matplotlib
    from matplotlib.figure import Figure

    provenance = json.loads(FITTED.read_text(encoding="utf-8"))["provenance"]
    with matplotlib.rc_context({"svg.hashsalt": "qa", "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(5, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="black", linewidth=1, linestyle=":", label="as sure as right")
        for part, title in (("read", "with the reader"), ("unread", "without")):
            bins = provenance[part]["confidence"].get("reliability")
            if bins is None:  # fitted before the bins were kept
                continue
            questions, confidence, share = zip(*bins, strict=True)
            (line,) = axes.plot(confidence, share, label=title)
            sizes = [20 + 300 * count / sum(questions) for count in questions]
            axes.scatter(confidence, share, s=sizes, color=line.get_color())
        axes.set(xlabel="confidence", ylabel="share with an answer", xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
        axes.legend(loc="upper left")
        figure.savefig(ROOT / "docs" / "confidence.svg", metadata={"Date": None})


def reading() -> Iterator[str]:
    """Yield what reading costs."""
    yield from rows("what | figure", list(read("reading")["figures"].items()))
    yield from source("reading")


def memory() -> Iterator[str]:
    """Yield the table of memory."""
    found = {name: row for name, row in read("memory")["figures"].items() if isinstance(row, dict)}
    yield from rows(
        "| figures",
        [(name, ", ".join(f"{key} {value}" for key, value in row.items())) for name, row in found.items()],
    )
    yield f"\nOurs / flat, resident, a million chunks: {read('memory')['figures']['ours / flat']}\n"
    yield from source("memory")


def peers() -> Iterator[str]:
    """Yield the comparison with peers."""
    yield from peers_rows(read("peers")["figures"])
    yield from source("peers")


def peers_rows(found: Figures) -> Iterator[str]:
    """Yield the table of these figures; in brackets a peer's figure over ours."""
    ours = found["qa"]
    titles = {
        "index_s": "index, s",
        "cold_s": "new process to an answer, s",
        "p50_ms": "question p50, ms",
        "p99_ms": "question p99, ms",
        "index_mb": "peak memory, indexing, MB",
        "query_mb": "peak memory, asking, MB",
        "ndcg": "nDCG@10",
    }
    yield from rows(
        "| " + " | ".join(found),
        [
            (
                title,
                *(
                    f"{row[key]:.4g}" + ("" if name == "qa" else f" ({row[key] / ours[key]:.2f}×)")
                    for name, row in found.items()
                ),
            )
            for key, title in titles.items()
        ],
    )


def stores() -> Iterator[str]:
    """Yield what a folder and Milvus answer alike, and how far off the estimate of the usual lexical score is."""
    found = read("stores")["figures"]
    heads = {
        "nDCG@10, folder": "nDCG@10, folder",
        "nDCG@10, Milvus Lite": "Milvus Lite",
        "difference in points": "difference in points",
        "same ten articles in order": "same ten articles",
        "same first quote": "same first quote",
        "other status": "other status",
        "questions": "of questions",
    }
    yield from rows(
        "| chunks | " + " | ".join(heads.values()),
        [
            (name, row["chunks"], *(row["answers"][head] for head in heads))
            for name, row in found["sets"].items()
        ],
    )
    yield "\nThe same with the usual lexical score of the folder in place of the estimate:\n\n"
    heads = {
        "difference in points, true usual score": "difference in points",
        "same ten, true usual score": "same ten articles",
        "other status, true usual score": "other status",
    }
    yield from rows(
        "| " + " | ".join(heads.values()),
        [(name, *(row["answers"][head] for head in heads)) for name, row in found["sets"].items()],
    )
    yield "\nThe estimated standard deviation as a multiple of the true one:\n\n"
    ratios = {name: row["usual lexical deviation, ratio"] for name, row in found["sets"].items()}
    ratios["all"] = found["usual lexical deviation, ratio, all sets"]
    yield from rows(
        "| median | 5th percentile | 95th percentile | questions",
        [(name, row["median"], row["5 %"], row["95 %"], row["n"]) for name, row in ratios.items()],
    )
    yield from source("stores")


def lexical() -> Iterator[str]:
    """Yield how BM25s compare, each alone, and where the difference comes from."""
    found = read("stores")["figures"]
    legs = {name: row["lexical leg"] for name, row in found["sets"].items()}
    figures = [leg["nDCG@10"] for leg in legs.values()]
    yield from rows(
        "nDCG@10 | " + " | ".join([*legs, "mean"]),
        [
            (title, *(f"{value:.4f}" for value in (*values, sum(values) / len(values))))
            for title in figures[0]
            if (values := [row[title] for row in figures])
        ],
    )
    yield "\n"
    heads = [head for head in next(iter(legs.values())) if head != "nDCG@10"]
    yield from rows(
        "| " + " | ".join(legs), [(head, *(leg[head] for leg in legs.values())) for head in heads]
    )
    yield "\n" + "".join(
        f"Milvus Lite, {what}: `{said}`.\n" for what, said in found["Milvus Lite says"].items()
    )


def store_cost() -> Iterator[str]:
    """Yield what the two places cost."""
    yield from cost_rows(lambda head: head != WRITTEN)
    yield from source("stores")


def store_bytes() -> Iterator[str]:
    """Yield what the rows in Milvus hold."""
    yield from cost_rows(lambda head: head == WRITTEN)


def cost_rows(wanted: Callable[[str], bool]) -> Iterator[str]:
    """Yield a line for each wanted figure of cost, a column for each set."""
    sets = read("stores")["figures"]["sets"]
    costs = {f"{name}, {row['chunks']:,} chunks": row["cost"] for name, row in sets.items()}
    lines: list[tuple[Any, ...]] = []
    for head, value in next(iter(costs.values())).items():
        if not wanted(head):
            continue
        if isinstance(value, dict):
            # Some kinds of records are not in every set.
            parts = dict.fromkeys(part for cost in costs.values() for part in cost[head])
            title = "" if head == WRITTEN else f"{head}, "
            lines += [(title + part, *(cost[head].get(part, 0) for cost in costs.values())) for part in parts]
        else:
            lines.append((head, *(cost[head] for cost in costs.values())))
    yield from rows("| " + " | ".join(costs), lines)


def one_machine() -> Iterator[str]:
    """Yield what one machine does with an index in a folder, at the sizes that were measured."""
    search, memory, service = (read(name)["figures"] for name in ("search", "memory", "service"))
    sizes = list(search)
    built = {size: memory[f"build, {size} chunks"] for size in sizes}
    opened = {size: memory[f"ours, {size} chunks"] for size in sizes}
    one = {"100000": service["one client"]}
    peaks = [row["questions/s"] for name, row in service.items() if name.endswith("clients")]
    peak = {"100000": max(peaks)}
    yield from rows(
        "| " + " | ".join(f"{int(size):,} chunks" for size in sizes),
        [
            ("search of the vectors, one core, ms", *(search[size]["ours 100 ms"] for size in sizes)),
            (
                "a question over HTTP without the reader, ms",
                *(one.get(s, {}).get("p50 ms", "") for s in sizes),
            ),
            ("questions a second on two cores", *(peak.get(size, "") for size in sizes)),
            ("resident, MiB", *(opened[size]["resident MiB"] for size in sizes)),
            ("resident while building, MiB", *(built[size]["peak MiB"] for size in sizes)),
            ("opening, every byte checked, s", *(opened[size]["opened and verified in s"] for size in sizes)),
            (
                "bytes a chunk on disk",
                *(round(built[size]["disk MiB"] * 2**20 / int(size)) for size in sizes),
            ),
        ],
    )
    yield "\n`benchmarks/results/search.json`, `service.json`, `memory.json`; [performance.md](performance.md) has the machines.\n"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "summary": summary,
    "embedding": embedding,
    "cold": cold,
    "search": search,
    "service": service,
    "memory": memory,
    "fusion": fusion,
    "quality": quality,
    "fitted": fitted,
    "reader": reader,
    "reading": reading,
    "peers": peers,
    "stores": stores,
    "lexical": lexical,
    "store_cost": store_cost,
    "store_bytes": store_bytes,
    "one_machine": one_machine,
}


if __name__ == "__main__":
    main()
