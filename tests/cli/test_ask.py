"""Asking in a pipe: the transcript, JSON, and one object a line for many questions."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from qa.wire import WireAnswer, WireErrorBody
from tests.cli.program import HARBOUR, NOWHERE, QUOTE, check_golden, environment, piped, qa

QUESTIONS = f"{HARBOUR}\n\n{NOWHERE}\n".encode() + b"caf\xe9?\n" + b"a" * 70_000 + b"\n" + b"bridge cars"


def test_answers_are_as_they_were(place: Path) -> None:
    found = ""
    for arguments in ((HARBOUR,), (HARBOUR, "-k", "1"), (NOWHERE,)):
        done = qa(place, "ask", *arguments)
        assert done.stderr == b""
        found += f"$ qa ask {shlex.join(arguments)}\n{done.stdout.decode()}[{done.returncode}]\n\n"
    check_golden("ask.txt", found)


def test_the_schema_of_answers_is_as_it_was() -> None:
    schema = WireAnswer.model_json_schema(mode="serialization")
    schema.pop("examples")
    check_golden("answer.schema.json", json.dumps(schema, indent=1, sort_keys=True) + "\n")


def test_an_answer_keeps_to_its_schema(place: Path) -> None:
    for question in (HARBOUR, NOWHERE):
        WireAnswer.model_validate_json(qa(place, "ask", question, "--json", "--explain").stdout, strict=False)


@pytest.mark.parametrize(
    ("script", "first"),
    [
        (
            f"ask '{HARBOUR}' --json | '{sys.executable}' -m json.tool | sed -n 2p",
            '    "schema_version": 1,',
        ),
        (f"ask '{HARBOUR}' | head -1", QUOTE),
        ("articles | head -1 | cut -f 1", "harbour.md"),
        ("--help | head -1", "Usage: qa [OPTIONS] COMMAND [ARGS]..."),
    ],
)
def test_it_works_in_a_pipeline(place: Path, script: str, first: str) -> None:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"'{sys.executable}' -m qa {script}"],
        cwd=place,
        capture_output=True,
        env=environment({}),
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout.decode().rstrip("\n")) == (0, b"", first)


# --- filters ------------------------------------------------------------------------------------------


def test_a_filter_leaves_what_fits(place: Path) -> None:
    for options in (
        ("--source", "the gazette", "--source", "x"),
        ("--article", "harbour.md"),
        ("--since", "2023-07"),
    ):
        done = qa(place, "ask", HARBOUR, "--json", *options)
        answer = json.loads(done.stdout)
        assert (done.returncode, done.stderr) == (0, b"")
        assert {passage["document_id"] for passage in answer["passages"]} == {"harbour.md"}
    assert answer["facets"] == {
        "source": [{"value": "The Gazette", "articles": 1}],
        "author": [{"value": "A. Writer", "articles": 1}],
        "language": [{"value": "en", "articles": 1}],
        "year": [{"value": "2023", "articles": 1}],
    }
    lines = qa(place, "ask", "-", "--jsonl", "--author", "A. Writer", stdin=f"{HARBOUR}\n{HARBOUR}".encode())
    for line in lines.stdout.splitlines():
        assert [passage["document_id"] for passage in json.loads(line)["passages"]] == ["harbour.md"]


@pytest.mark.parametrize(
    ("options", "there"),
    [
        (("--source", "Reuters"), " There are: source The Gazette."),
        (
            ("--author", "X", "--until", "2022"),
            " There are: author A. Writer; dates from 2023-07-11 to 2023-07-11.",
        ),
        (("--article", "no.md"), ""),
    ],
)
def test_when_no_article_fits_it_says_what_there_is(
    place: Path, options: tuple[str, ...], there: str
) -> None:
    done = qa(place, "ask", HARBOUR, *options)
    assert (done.returncode, done.stdout) == (1, b"Not in these articles.\n")
    assert done.stderr.decode() == f"qa: No article fits the filters.{there} List all: qa articles\n"
    many = qa(place, "ask", "-", "--jsonl", *options, stdin=f"{HARBOUR}\n{NOWHERE}".encode())
    assert (many.returncode, many.stderr) == (1, done.stderr)  # once, however many questions there are


# --- one question a line ------------------------------------------------------------------------------


def test_every_line_gets_an_object(place: Path) -> None:
    done = qa(place, "ask", "-", "--jsonl", "-k", "2", stdin=QUESTIONS)
    lines = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr, len(lines)) == (2, b"", 6)
    answers = [WireAnswer.model_validate_json(lines[place]) for place in (0, 2, 5)]
    assert [answer.question for answer in answers] == [HARBOUR, NOWHERE, "bridge cars"]
    assert [answer.status for answer in answers] == ["answered", "no_evidence", "answered"]
    assert {len(answer.passages) for answer in answers} == {2}
    errors = [WireErrorBody.model_validate_json(lines[place]).error for place in (1, 3, 4)]
    assert {error.code for error in errors} == {"invalid_input"}
    assert [error.message.partition(".")[0] for error in errors] == [
        "The question is empty",
        "Found bytes in line 4 of stdin that are not UTF-8 (invalid continuation byte at 3)",
        "Found more than 65536 bytes in line 5 of stdin, expected at most that",
    ]


def test_an_object_a_line_is_what_json_prints(place: Path) -> None:
    many = json.loads(qa(place, "ask", "-", "--jsonl", stdin=HARBOUR.encode()).stdout)
    one = json.loads(qa(place, "ask", HARBOUR, "--json").stdout)
    assert {**many, "timing_ms": {}} == {**one, "timing_ms": {}}


@pytest.mark.parametrize(
    ("questions", "exit_code"), [("", 0), (f"{HARBOUR}\n", 0), (f"{NOWHERE}\n{HARBOUR}\n", 1), ("\n", 2)]
)
def test_the_exit_code_is_that_of_the_worst_line(place: Path, questions: str, exit_code: int) -> None:
    assert qa(place, "ask", "-", "--jsonl", stdin=questions.encode()).returncode == exit_code


def test_an_answer_is_there_before_the_next_question(place: Path) -> None:
    with piped(place, "ask", "-", "--jsonl") as process:
        assert process.stdin
        assert process.stdout
        for question in (HARBOUR, NOWHERE, HARBOUR):
            process.stdin.write(question.encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["question"] == question
        process.stdin.close()
        assert process.wait(60) == 1


def test_no_further_question_is_answered_when_the_reader_has_gone(place: Path) -> None:
    script = f"yes '{HARBOUR}' | '{sys.executable}' -m qa ask - --jsonl | head -1 | cut -c 1-18; echo ${{PIPESTATUS[1]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=place, capture_output=True, env=environment({}), timeout=120, check=False
    )
    assert (done.stdout, done.stderr) == (b'{"schema_version":\n0\n', b"")


# --- the list of articles -----------------------------------------------------------------------------


def test_articles_are_lines_of_fields(place: Path) -> None:
    done = qa(place, "articles")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == [
        "harbour.md\tThe harbour\tThe Gazette\t2023-07-11\t1",
        "news/bridge.txt\tThe bridge\t\t\t1",
        "paint.txt\tThe paint\t\t\t1",
    ]


def test_articles_as_json_are_those_of_the_api(place: Path) -> None:
    listed = json.loads(qa(place, "articles", "--json").stdout)["articles"]
    assert [each["document_id"] for each in listed] == ["harbour.md", "news/bridge.txt", "paint.txt"]
    assert (listed[0]["author"], listed[0]["chunks"], listed[0]["language"]) == ("A. Writer", 1, "en")


# --- articles that several papers printed -------------------------------------------------------------


def test_copies_are_counted_named_and_listed(tmp_path: Path) -> None:
    for name, head in (
        ("a.md", ""),
        ("b.md", "---\ntitle: The storm\nsource: The Echo\n---\n\n"),
        ("c.md", "# Other words\n\n"),
    ):
        (tmp_path / name).write_text(f"{head}{QUOTE} Ships waited outside the bay.\n", encoding="utf-8")
    (tmp_path / "d.md").write_text("The bridge carries forty thousand cars a day.\n", encoding="utf-8")
    indexed = qa(tmp_path, "index", ".")
    assert indexed.stdout.decode().splitlines()[2:] == ["2 articles are copies of others."]
    shown = qa(tmp_path, "ask", HARBOUR, "-k", "1").stdout.decode().splitlines()
    assert (shown[0], shown[2]) == (QUOTE, "  also in: b.md (The Echo), c.md")
    [citation] = json.loads(qa(tmp_path, "ask", HARBOUR, "-k", "1", "--json").stdout)["citations"]
    assert citation["also_in"] == [
        {"document_id": "b.md", "document_title": "The storm", "source": "The Echo"},
        {"document_id": "c.md", "document_title": "Other words", "source": None},
    ]
    listed = json.loads(qa(tmp_path, "articles", "--json").stdout)["articles"]
    assert [each["copy_of"] for each in listed] == [None, "a.md", "a.md", None]
