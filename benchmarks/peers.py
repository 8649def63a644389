"""Compare `qa` with txtai, LlamaIndex and Haystack: same machine, weights, paragraphs, questions and threads.

    .venv/bin/python benchmarks/peers.py ../shared/eval/squad_v1_dev

Each peer is set up as its own documentation does it (peers/run_*.py say where) in an environment of its own, made
at the first run from what pip then finds newest; delete the folder to renew them. To the peers a title is the
first line of its text. `qa` does more in the same time: it also embeds every sentence, and its answer is quoted,
cited and judged.

The systems take turns, and every time is the median over the rounds. Run it while nothing else runs: two threads
that wait for each other lose more to a busy neighbour than its share. others_cores in the figures tells how busy
the neighbours were.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import record
import tables

from qa.evaluate import BeirFolder, read_beir
from qa.models import DEFAULT_MODEL, find_model

HERE = Path(__file__).resolve().parent
TORCH = HERE.parent / "requirements-torch.lock"
ENVIRONMENTS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "qa-peers"
QUESTIONS = 600
DEPTH = 10
THREADS = "2"
QUIET = {
    "OMP_NUM_THREADS": THREADS,
    "MKL_NUM_THREADS": THREADS,
    "OPENBLAS_NUM_THREADS": THREADS,
    "RAYON_NUM_THREADS": THREADS,
    "QA_THREADS": THREADS,
    "QA_READER": "off",  # retrieval against retrieval: none of the peers reads
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "ANONYMIZED_TELEMETRY": "False",
    "DO_NOT_TRACK": "1",
}


@dataclass(frozen=True, slots=True)
class System:
    """One to compare: its script, and what pip installs for it; nothing for `qa`, which runs where this runs."""

    script: str
    requirements: tuple[str, ...] = ()


OURS = "qa"
SYSTEMS = {
    OURS: System("run_qa.py"),
    "txtai": System("run_txtai.py", ("txtai",)),
    "LlamaIndex": System("run_llamaindex.py", ("llama-index-core", "llama-index-embeddings-huggingface")),
    "Haystack": System("run_haystack.py", ("haystack-ai", "sentence-transformers-haystack")),
}
# what decides the figures, where it is installed
PACKAGES = ("faiss-cpu", "numpy", "sentence-transformers", "tokenizers", "torch", "transformers")


def main() -> None:
    """Measure every system in every round; print a table and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="BEIR folder")
    parser.add_argument("--envs", type=Path, default=ENVIRONMENTS, help="folder of the peers' environments")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--limit", type=int, help="take so many paragraphs, and write no figures: for a trial"
    )
    given = parser.parse_args()
    pythons = {name: environment(given.envs / name.lower(), system) for name, system in SYSTEMS.items()}
    data = read_beir(given.folder)
    articles = data.articles[: given.limit]
    names = chosen(data, {article.id for article in articles})
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in SYSTEMS}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write_lines(
            work / "corpus.jsonl",
            [{"id": article.id, "title": article.title, "text": article.text} for article in articles],
        )
        write_lines(work / "questions.jsonl", [{"id": name, "text": data.questions[name]} for name in names])
        for number in range(given.rounds):
            for name, system in SYSTEMS.items():
                with elsewhere() as busy:
                    figures = measure(system, pythons[name], work, [data.relevant[name] for name in names])
                figures |= busy
                rounds[name].append(figures)
                shown = ", ".join(f"{key} {value:.4g}" for key, value in figures.items())
                print(f"round {number + 1}, {name}: {shown}", file=sys.stderr, flush=True)
    figures_by_system = {
        name: {
            **{key: round(float(np.median([one[key] for one in found])), 4) for key in found[0]},
            "versions": versions(pythons[name], SYSTEMS[name]),
            "rounds": [{key: round(value, 4) for key, value in one.items()} for one in found],
        }
        for name, found in rounds.items()
    }
    if given.limit is None:
        record.write(
            "peers",
            what=f"{data.name}: {len(articles)} paragraphs, {len(names)} questions one at a time, top {DEPTH}, "
            f"{THREADS} threads, all-MiniLM-L6-v2; medians of {given.rounds} rounds in turns",
            figures=figures_by_system,
            packages=PACKAGES,
        )
    sys.stdout.writelines(tables.peers_rows(figures_by_system))


@contextmanager
def elsewhere() -> Iterator[dict[str, float]]:
    """Fill in how many cores other programs kept busy meanwhile: near 0, or no time here means much."""

    def clock() -> tuple[float, float]:
        # user, nice, system; then idle, iowait; then irq, softirq, steal
        ticks = [int(field) for field in Path("/proc/stat").read_text("utf-8").split()[1:9]]
        ours = sum(os.times()[:4])
        return perf_counter(), (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK") - ours

    busy: dict[str, float] = {}
    start, before = clock()
    yield busy
    end, after = clock()
    busy["others_cores"] = max(0.0, (after - before) / (end - start))


def environment(folder: Path, system: System) -> str:
    """Return the system's Python, whose environment is made if it is not there whole."""
    if not system.requirements:
        return sys.executable
    python = folder / "bin" / "python"
    ready = folder / ".ready"
    wanted = " ".join(system.requirements)
    if ready.is_file() and ready.read_text(encoding="utf-8") == wanted:
        return str(python)
    print(f"Installing {wanted} into {folder}", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", str(TORCH)]
    # torch by itself first: that takes the CPU build, which the peers' own requirements would pass over
    subprocess.run(pip, check=True)
    subprocess.run([*pip, *system.requirements], check=True)
    ready.write_text(wanted, encoding="utf-8")
    return str(python)


def chosen(data: BeirFolder, articles: set[str]) -> list[str]:
    """Return the questions: those first by hash among the judged ones whose articles are all there."""
    judged = (name for name, relevant in data.relevant.items() if relevant <= articles)
    return sorted(judged, key=lambda name: hashlib.sha256(name.encode()).digest())[:QUESTIONS]


def measure(system: System, python: str, work: Path, relevant: Sequence[frozenset[str]]) -> dict[str, float]:
    """Build, start cold and ask once; return the figures of one round."""
    index = work / "index"
    shutil.rmtree(index, ignore_errors=True)
    question = json.loads((work / "questions.jsonl").read_text(encoding="utf-8").split("\n")[0])["text"]
    built = replied(system, python, "build", index, work / "corpus.jsonl")
    cold_s = cold_start(system, python, index, question)
    asked = replied(system, python, "query", index, work / "questions.jsonl")
    known = {
        json.loads(line)["id"] for line in (work / "corpus.jsonl").read_text("utf-8").split("\n") if line
    }
    for found in asked["ranked"]:
        if not found or len(found) > DEPTH or not known.issuperset(found):
            raise SystemExit(
                f"{system.script}: expected 1 to {DEPTH} known articles a question, got {found!r}"
            )
    return {
        "index_s": built["wall_s"],
        "index_cpu_s": built["cpu_s"],
        "cold_s": cold_s,
        "p50_ms": float(np.percentile(asked["laps_ms"], 50)),
        "p99_ms": float(np.percentile(asked["laps_ms"], 99)),
        "index_mb": built["peak_mb"],
        "query_mb": asked["peak_mb"],
        "ndcg": float(np.mean([ndcg(*pair) for pair in zip(asked["ranked"], relevant, strict=True)])),
    }


def replied(system: System, python: str, command: str, index: Path, lines: Path) -> dict[str, Any]:
    """Run a command of the system's script and return its reply."""
    reply = index.parent / "reply.json"
    reply.unlink(missing_ok=True)
    run([*script(system, python, command, index), str(lines), str(reply)])
    figures: dict[str, Any] = json.loads(reply.read_text(encoding="utf-8"))
    return figures


def cold_start(system: System, python: str, index: Path, question: str) -> float:
    """Return the seconds from the start to the end of a process that opens the index and answers once."""
    if system.requirements:
        command = [*script(system, python, "cold", index), question]
    else:
        command = [python, "-m", "qa", "ask", question, "--index-dir", str(index)]
    start = perf_counter()
    # 1: `qa` found no evidence, which takes the same time
    printed = run(command, good=(0,) if system.requirements else (0, 1))
    seconds = perf_counter() - start
    if len(printed.strip()) < 10:
        raise SystemExit(f"{command}: expected an answer, got {printed!r}")
    return seconds


def script(system: System, python: str, command: str, index: Path) -> list[str]:
    """Return the start of a command line."""
    model = find_model(DEFAULT_MODEL).path
    return [python, str(HERE / "peers" / system.script), command, str(model), str(index)]


def run(command: Sequence[str], *, good: Sequence[int] = (0,)) -> str:
    """Run to the end and return what was printed; stop everything, with what it said, when it fails."""
    done = subprocess.run(
        command, capture_output=True, check=False, encoding="utf-8", cwd=HERE.parent, env=os.environ | QUIET
    )
    if done.returncode not in good:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def ndcg(ranked: Sequence[str], relevant: frozenset[str]) -> float:
    """Return nDCG@10 with binary gains; an article counts once, at its best chunk (Järvelin and Kekäläinen 2002)."""
    gains = [1 / np.log2(rank + 2) for rank, name in enumerate(dict.fromkeys(ranked)) if name in relevant]
    return float(sum(gains) / sum(1 / np.log2(rank + 2) for rank in range(min(DEPTH, len(relevant)))))


def versions(python: str, system: System) -> dict[str, str]:
    """Return the versions of what was asked for and of what decides the figures."""
    frozen = subprocess.run(
        [python, "-m", "pip", "freeze"], capture_output=True, check=True, encoding="utf-8"
    ).stdout
    found = dict(line.split("==") for line in frozen.splitlines() if line.count("==") == 1)
    return {name: found[name] for name in (*system.requirements, *PACKAGES) if name in found}


def write_lines(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
