"""`qa eval` as people run it, on a folder small enough to work out its numbers by hand."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from math import log2
from pathlib import Path
from typing import Any

import ir_measures
import pytest
from ir_measures import RR, R, Success, nDCG

from qa.answer import Answerer
from qa.corpus import CHUNKER_VERSION
from qa.errors import InputError
from qa.evaluate import AskedFolder, ask_all, evaluate, read_beir, trec_run
from qa.index import build_generation, open_generation
from qa.models import FakeEmbedder
from qa.types import ChunkerSettings
from tests.evaluate.folders import ANSWERS, CORPUS, HOSTILE, QRELS, QUERIES, write_folder

TABLE = """\
set: 4 articles, 4 chunks, 4 judged questions, 1 unanswerable
fake; in brackets 95 % intervals, from 10,000 resamples of the questions

nDCG@10    0.750 [0.250, 1.000]
R@5        0.750 [0.250, 1.000]
R@20       0.750 [0.250, 1.000]
R@100      0.750 [0.250, 1.000]
RR@10      0.750 [0.250, 1.000]
Success@1  0.750 [0.250, 1.000]

answer-in-quote@1                  0.500 [0.000, 1.000]
answer-in-quote given the article  0.500 [0.000, 1.000]
answer-in-passage@1                1.000 [1.000, 1.000]
answer-in-passage@3                1.000 [1.000, 1.000]
answer-in-passage@5                1.000 [1.000, 1.000]
over 2 questions with a known answer; the mean quote has 1.00 sentences, 50 characters

"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("judged") / "set")


def qa_eval(
    cache: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "qa", "eval", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env={**kept, "QA_MODEL": "fake", "XDG_CACHE_HOME": str(cache), **(environment or {})},
        timeout=120,
        check=False,
    )


def figures(cache: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> Any:
    done = qa_eval(cache, *arguments, "--json", environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)


def means(estimates: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {name: estimate["mean"] for name, estimate in estimates.items()}


# --- figures --------------------------------------------------------------------------------------------


def test_the_table_holds_nothing_but_the_result(cache: Path, folder: Path) -> None:
    done = qa_eval(cache, folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(TABLE)
    names = [line[:35].strip() for line in done.stdout.removeprefix(TABLE).splitlines()]
    assert names == [
        "AUROC of confidence",
        "area under risk-coverage",
        "expected calibration error",
        "false refusals below 0.1",
        "refused unanswerable below 0.1",
    ]


def test_legs_are_compared_with_us_question_by_question(cache: Path, folder: Path) -> None:
    found = figures(cache, folder, "--legs")
    ours, dense, lexical, fused = found["rankings"]
    assert [row["name"] for row in found["rankings"]] == ["qa", "dense", "lexical", "RRF(60)"]
    # The relevant article of q4 has no text. Of q3's two, the lexical leg finds only the one that shares a word.
    third = 2 / (2 + 1 / log2(3))
    assert means(ours["measures"])["nDCG@10"] == pytest.approx(3 / 4)
    assert means(lexical["measures"])["nDCG@10"] == pytest.approx((1 + 1 + third + 0) / 4)
    assert means(lexical["measures"])["R@100"] == pytest.approx((1 + 1 + 1 / 2 + 0) / 4)
    assert means(lexical["qa_minus_this"])["nDCG@10"] == pytest.approx((1 - third) / 4)
    assert lexical["qa_minus_this"]["RR@10"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert lexical["recall"]["1"] == pytest.approx((1 + 1 + 1 / 2 + 0) / 4)
    assert means(dense["measures"]) == means(fused["measures"]) == means(ours["measures"])
    assert ours["qa_minus_this"] == {}
    shown = qa_eval(cache, folder, "--legs").stdout
    assert "           lexical   0.690 [0.250, 1.000]    +0.060 [+0.000, +0.180]\n" in shown
    assert max(map(len, shown.splitlines())) <= 96


def test_json_says_what_was_asked_and_what_went_wrong(cache: Path, folder: Path) -> None:
    found = figures(cache, folder)
    counts = {
        name: found[name] for name in ("schema_version", "folder", "model", "articles", "questions", "judged")
    }
    assert counts == {
        "schema_version": 1,
        "folder": "set",
        "model": "fake",
        "articles": 4,
        "questions": 5,
        "judged": 4,
    }
    quotes = found["quotes"]
    assert (quotes["questions"], quotes["sentences"], quotes["characters"]) == (2, 1.0, 50.0)
    worst = {row["id"]: row for row in found["worst"]}
    assert found["worst"][0]["id"] == "q4"
    assert (worst["q4"]["rank"], worst["q4"]["ndcg_10"], worst["q4"]["returned"]["article_id"]) == (
        None,
        0,
        "train",
    )
    assert worst["q4"]["expected"] == [{"article_id": "blank", "title": "", "text": ""}]
    assert worst["q1"]["expected"] == [{"article_id": "harbour", "title": "The harbour", "text": "a storm"}]


def test_refusals_are_counted_at_the_threshold(cache: Path, folder: Path) -> None:
    for threshold, refused in (("0", 0.0), ("1", 1.0)):
        found = figures(cache, folder, environment={"QA_REFUSE_BELOW": threshold})["refusals"]
        assert (found["false_refusals"], found["refused_unanswerable"]) == (refused, refused)
    assert (found["answerable"], found["unanswerable"], found["auroc"]) == (4, 1, 1.0)
    # Two of five answers are right: q1's, and q3's, whose quote is from a relevant article.
    assert found["risk_coverage"][-1] == {"coverage": 1.0, "risk": 0.6}
    assert sum(each["questions"] for each in found["bins"]) == 5


def test_without_answers_and_unanswerables_the_rest_is_measured(cache: Path, tmp_path: Path) -> None:
    queries = [row for row in QUERIES if row["_id"] != "q5"]
    found = figures(cache, write_folder(tmp_path / "set", queries=queries, answers=None))
    assert found["quotes"] is None
    assert (found["refusals"]["auroc"], found["refusals"]["refused_unanswerable"]) == (None, None)
    assert found["refusals"]["risk_coverage"][-1] == {"coverage": 1.0, "risk": 0.25}  # q4's article is blank


def test_a_sample_is_the_same_one_and_grows(cache: Path, folder: Path) -> None:
    few, again, more = (figures(cache, folder, "--questions", n)["worst"] for n in ("3", "3", "4"))
    assert few == again
    assert {row["id"] for row in few} < {row["id"] for row in more}


# --- the index ------------------------------------------------------------------------------------------


def test_the_index_is_kept_until_the_articles_change(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set")
    assert figures(tmp_path, folder) == figures(tmp_path, folder)
    [kept] = (tmp_path / "qa" / "eval").iterdir()
    assert len([path for path in kept.iterdir() if path.is_dir()]) == 1
    corpus = folder / "corpus.jsonl"
    corpus.write_text(corpus.read_text().replace("storm", "strike"))
    figures(tmp_path, folder)
    assert len(list((tmp_path / "qa" / "eval").iterdir())) == 2
    assert {path.name for path in folder.iterdir()} == {
        "corpus.jsonl",
        "queries.jsonl",
        "answers.jsonl",
        "qrels",
    }


def asked(data_folder: Path, index_dir: Path) -> AskedFolder:
    data, embedder = read_beir(data_folder), FakeEmbedder()
    chunker = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=16, overlap_tokens=2)
    build_generation(lambda: data.articles, index_dir, embedder=embedder, chunker=chunker)
    generation = open_generation(index_dir)
    try:
        return ask_all(data, Answerer(generation, embedder))
    finally:
        generation.close()


def test_an_article_counts_once_at_its_best_chunk(tmp_path: Path) -> None:
    long = {
        "_id": "long",
        "title": "",
        "text": " ".join(f"Ship {n} waited outside the bay." for n in range(40)),
    }
    folder = write_folder(tmp_path / "set", corpus=[*CORPUS, long], answers=None)
    found = asked(folder, tmp_path / "index")
    assert found.manifest.chunks > 20
    for question in found.asked:
        for name, ranking in question.rankings.items():
            assert len(ranking) == len(set(ranking)), name
        assert set(question.rankings["qa"]) == {"harbour", "bridge", "paint", "train", "long"}
        assert set(question.rankings["lexical"]) <= set(question.rankings["RRF(60)"])


def test_an_answer_in_an_article_that_has_no_chunk_is_missed(tmp_path: Path) -> None:
    furniture = {"_id": "table", "title": "", "text": "| storm | 1932 |\n"}
    folder = write_folder(
        tmp_path / "set",
        corpus=[*CORPUS, furniture],
        qrels=[*QRELS, ("q6", "table", 1)],
        answers=[*ANSWERS, {"query_id": "q6", "answers": [{"text": "1932"}]}],
    )
    found = asked(folder, tmp_path / "index")
    [question] = [question for question in found.asked if question.id == "q6"]
    assert question.checked is not None
    assert not question.checked.in_quote_given


# --- the run and the report -------------------------------------------------------------------------------


def test_the_run_read_again_measures_the_same(cache: Path, folder: Path, tmp_path: Path) -> None:
    found = figures(cache, folder, "--run", tmp_path / "run.txt")
    run = list(ir_measures.read_trec_run(str(tmp_path / "run.txt")))  # type: ignore[no-untyped-call]
    qrels = [ir_measures.Qrel(*row) for row in QRELS]
    measures = [nDCG @ 10, R @ 5, R @ 20, R @ 100, RR @ 10, Success @ 1]
    again = {
        str(measure): value for measure, value in ir_measures.calc_aggregate(measures, qrels, run).items()
    }
    assert again == pytest.approx(means(found["rankings"][0]["measures"]))
    by_question: dict[str, list[float]] = {}
    for row in run:
        by_question.setdefault(row.query_id, []).append(row.score)
    assert by_question.keys() == {"q1", "q2", "q3", "q4", "q5"}
    assert all(scores == sorted(set(scores), reverse=True) for scores in by_question.values())


def test_a_run_cannot_hold_blank_space(tmp_path: Path) -> None:
    corpus = [{**row, "_id": row["_id"].replace("train", "night train")} for row in CORPUS]
    found = asked(write_folder(tmp_path / "set", corpus=corpus, answers=None), tmp_path / "index")
    with pytest.raises(InputError, match=r"The id 'night train' has blank space in it.*qa eval FOLDER"):
        trec_run(found.asked)
    assert evaluate(found).judged == 4


class _Page(HTMLParser):
    """The tags, the attributes and the text of a page; every tag must be closed."""

    VOID = frozenset({"meta"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(cache: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    report = tmp_path_factory.mktemp("report") / "report.html"
    done = qa_eval(cache, folder, "--legs", "--report", report)
    assert (done.returncode, done.stderr) == (0, "")  # the first time, matplotlib builds its list of fonts
    return report.read_text(encoding="utf-8")


def test_the_report_is_one_page_without_script_or_resource(page: str) -> None:
    parsed = _Page(page)
    assert parsed.tags.count("svg") == 3
    assert not {"script", "link", "img", "iframe", "object", "b"} & set(parsed.tags)
    references = [
        value for name, value in parsed.attributes if name in {"src", "href", "xlink:href", "srcset"}
    ]
    assert references
    assert all(value is not None and value.startswith("#") for value in references)
    assert not any(name.startswith("on") for name, _ in parsed.attributes)
    assert not re.search(r"@import|url\((?!#)", page)
    identifiers = [value for name, value in parsed.attributes if name == "id"]
    assert len(identifiers) == len(set(identifiers))
    assert {value.removeprefix("#") for value in references if value} <= set(identifiers)
    assert "prefers-color-scheme: dark" in page
    assert ("name", "viewport") in parsed.attributes


def test_what_was_asked_and_quoted_stays_text(page: str) -> None:
    text = _Page(page).text
    assert HOSTILE in text
    assert "<b>Paint</b>" in text
    assert "relevant article not found" in text
    for caption in ("Recall:", "Reliability:", "Risk:", "confidence", "coverage"):
        assert caption in text


def test_the_same_figures_make_the_same_page(cache: Path, folder: Path, page: str, tmp_path: Path) -> None:
    homeless = {"MPLCONFIGDIR": "/proc/nowhere", "HOME": "/proc/nowhere"}
    done = qa_eval(cache, folder, "--legs", "--report", tmp_path / "again.html", environment=homeless)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page


# --- errors -----------------------------------------------------------------------------------------------

ERRORS: dict[str, tuple[tuple[str, ...], str]] = {
    "no folder": (
        ("nowhere",),
        "qa: Cannot read nowhere/corpus.jsonl: No such file or directory. Expected a folder in",
    ),
    "no such folder for the run": (
        ("FOLDER", "--run", "nowhere/run"),
        "qa: Cannot write nowhere/run: found no folder",
    ),
    "a folder for the report": (
        ("FOLDER", "--report", "/tmp"),
        "qa: Cannot write /tmp: found a folder, expected",
    ),
    "no question asked": (("FOLDER", "--questions", "0"), "qa: Invalid value for '--questions'"),
    "nothing judged in the sample": (
        ("UNJUDGED", "--questions", "1"),
        "qa: None of the 1 sampled questions is judged.",
    ),
    "cache not writable": (("FOLDER",), "qa: Cannot write the index in /proc/nowhere"),
}


@pytest.mark.parametrize(("arguments", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_an_error_says_what_to_do(
    cache: Path, folder: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    # By its hash the unanswerable question comes before the judged one.
    unjudged = write_folder(tmp_path / "set", queries=[QUERIES[0], QUERIES[4]], qrels=QRELS[:1], answers=None)
    places = {"FOLDER": str(folder), "UNJUDGED": str(unjudged)}
    where = Path("/proc/nowhere") if "/proc" in message else cache
    done = qa_eval(where, *(places.get(argument, argument) for argument in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert re.search(r"qa (eval|index)", done.stderr)


def test_a_broken_line_is_named_by_the_command(cache: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", qrels=[*QRELS, ("q1", "port", 1)])
    done = qa_eval(cache, folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"qa: {folder}/qrels/test.tsv, line 7: found the article 'port', expected one of corpus.jsonl. "
        "Correct it, then run again: qa eval FOLDER\n"
    )


# --- real data --------------------------------------------------------------------------------------------


def test_every_layout_of_answers_is_measured(shared_dir: Path, cache: Path) -> None:
    for name, share in (("clapnq_dev", 1.0), ("xquad/en", 0.9), ("multihop_rag_sample", 1.0)):
        found = figures(cache, shared_dir / "eval" / name, "--questions", "40")
        assert found["quotes"]["questions"] >= share * found["judged"], name
        assert found["rankings"][0]["measures"]["R@100"]["mean"] > 0.8, name
