"""What is read of a judged folder, and how a broken one is named."""

from pathlib import Path

import pytest

from qa.errors import InputError
from qa.evaluate import read_beir
from qa.evaluate.answers import Accepted
from tests.evaluate.folders import QRELS, write_folder

HEADER = b"query-id\tcorpus-id\tscore\n"


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    data = read_beir(write_folder(tmp_path / "set"))
    assert data.name == "set"
    assert [article.id for article in data.articles] == ["bridge", "harbour", "paint", "train"]
    assert data.relevant == {
        "q1": {"harbour"},
        "q2": {"bridge"},
        "q3": {"paint", "bridge"},
        "q4": {"blank"},
    }
    assert data.grades["q3"] == {"paint": 2, "bridge": 1}
    assert data.unanswerable == {"q5"}
    assert data.accepted["q1"] == Accepted(("a storm",), sentences=False)
    assert "q5" not in data.accepted


def test_answers_may_be_missing_and_say_what_is_unanswerable(tmp_path: Path) -> None:
    assert read_beir(write_folder(tmp_path / "none", answers=None)).accepted == {}
    marked = [{"query_id": "q6", "answerable": False, "answers": [""], "selected_sentences": [[]]}]
    data = read_beir(write_folder(tmp_path / "marked", answers=marked))
    assert data.unanswerable == {"q5", "q6"}
    # The question's own mark counts before that of its answer.
    contradicted = [{"query_id": "q2", "answerable": False}]
    assert read_beir(write_folder(tmp_path / "c", answers=contradicted)).unanswerable == {"q5"}


def test_lines_may_end_as_on_windows_and_begin_with_a_mark(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set")
    for path in (folder / "corpus.jsonl", folder / "queries.jsonl", folder / "qrels" / "test.tsv"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_beir(folder).grades == read_beir(write_folder(tmp_path / "plain")).grades


def test_a_score_of_zero_is_no_relevance(tmp_path: Path) -> None:
    data = read_beir(write_folder(tmp_path / "set", qrels=[*QRELS, ("q5", "train", 0), ("q6", "train", -1)]))
    assert data.relevant.keys() == {"q1", "q2", "q3", "q4"}


BROKEN: dict[str, tuple[str, bytes | None, str]] = {
    "no corpus": ("corpus.jsonl", None, "Cannot read .*corpus.jsonl: No such file"),
    "no questions": ("queries.jsonl", None, "Cannot read .*queries.jsonl: No such file"),
    "no judgements": ("qrels/test.tsv", None, "Cannot read .*test.tsv: No such file"),
    "empty corpus": ("corpus.jsonl", b"\n\n", "corpus.jsonl: found no article with text"),
    "blank corpus": (
        "corpus.jsonl",
        b'{"_id": "a", "text": " "}',
        "corpus.jsonl: found no article with text",
    ),
    "no JSON": ("corpus.jsonl", b'\n{"_id": "a", "te', "corpus.jsonl, line 2: found no JSON"),
    "deep JSON": ("corpus.jsonl", b"[" * 200_000, "corpus.jsonl, line 1: found no JSON"),
    "no object": (
        "queries.jsonl",
        b'["q1"]',
        r"queries.jsonl, line 1: found '\[\"q1\"\]', expected one JSON",
    ),
    "not UTF-8": (
        "queries.jsonl",
        b'{"_id": "caf\xe9"}',
        "queries.jsonl, line 1: found bytes that are not UTF-8",
    ),
    "no id": (
        "corpus.jsonl",
        b'{"text": "x"}',
        "corpus.jsonl, line 1: found no _id, expected _id to be text",
    ),
    "no text": (
        "corpus.jsonl",
        b'{"_id": "a"}',
        "corpus.jsonl, line 1: found no text, expected text to be text",
    ),
    "number for an id": ("queries.jsonl", b'{"_id": 5, "text": "x"}', "line 1: found _id = 5, expected"),
    "empty id": ("queries.jsonl", b'{"_id": "", "text": "x"}', "line 1: found _id = ''"),
    "line break in an id": ("queries.jsonl", b'{"_id": "a\\nb", "text": "x"}', "line 1: found _id = 'a"),
    "null for a title": (
        "corpus.jsonl",
        b'{"_id": "a", "text": "x", "title": null}',
        "line 1: found title = None",
    ),
    "half a character": (
        "corpus.jsonl",
        b'{"_id": "a", "text": "\\ud800"}',
        "line 1: found half a surrogate pair",
    ),
    "blank question": (
        "queries.jsonl",
        b'{"_id": "q1", "text": " "}',
        "line 1: found a question without text",
    ),
    "an id twice": (
        "corpus.jsonl",
        b'{"_id": "a", "text": "x"}\n{"_id": "a", "text": "y"}',
        "corpus.jsonl, line 2: found _id 'a', which line 1 has too",
    ),
    "no header": ("qrels/test.tsv", b"q1\tharbour\t1\n", "test.tsv, line 1: found the header 'q1"),
    "another header": (
        "qrels/test.tsv",
        b"qid\tdoc\tscore\n",
        r"line 1: found the header 'qid\\tdoc\\tscore', expected",
    ),
    "spaces for tabs": ("qrels/test.tsv", HEADER + b"q1 harbour 1\n", "line 2: found 1 columns, expected 3"),
    "four columns": ("qrels/test.tsv", HEADER + b"q1\t0\tharbour\t1\n", "line 2: found 4 columns"),
    "half a point": (
        "qrels/test.tsv",
        HEADER + b"q1\tharbour\t0.5\n",
        "line 2: found the score '0.5', expected a whole",
    ),
    "unknown question": ("qrels/test.tsv", HEADER + b"q9\tharbour\t1\n", "line 2: found the question 'q9'"),
    "unknown article": ("qrels/test.tsv", HEADER + b"q1\tport\t1\n", "line 2: found the article 'port'"),
    "a pair twice": (
        "qrels/test.tsv",
        HEADER + b"q1\tbridge\t1\n" * 2,
        "line 3: found 'q1' with 'bridge' again",
    ),
    "a judged unanswerable": (
        "qrels/test.tsv",
        HEADER + b"q5\tbridge\t1\n",
        "line 2: found an article for 'q5'",
    ),
    "nothing judged": ("qrels/test.tsv", HEADER + b"q1\tbridge\t0\n", "test.tsv: found no judged question"),
    "unknown answered": (
        "answers.jsonl",
        b'{"query_id": "q9"}',
        "answers.jsonl, line 1: found an answer to 'q9'",
    ),
    "text for answers": (
        "answers.jsonl",
        b'{"query_id": "q1", "answers": "x"}',
        "line 1: found 'x' in answers",
    ),
    "numbers for answers": (
        "answers.jsonl",
        b'{"query_id": "q1", "answers": [5]}',
        "line 1: found 5 in answers",
    ),
    "no text in answers": (
        "answers.jsonl",
        b'{"query_id": "q1", "evidence": [{}]}',
        "line 1: found {} in evidence",
    ),
}


@pytest.mark.parametrize(("name", "content", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_folder_is_named_by_file_and_line(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    path = write_folder(tmp_path / "set") / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_beir(tmp_path / "set")
    assert "qa eval FOLDER" in str(caught.value)


def test_the_shared_sets_are_read(shared_dir: Path) -> None:
    for name in ("clapnq_dev", "multihop_rag_sample", "chunking_evaluation", "nq_oracle"):
        data = read_beir(shared_dir / "eval" / name)
        assert data.accepted.keys() >= data.relevant.keys(), name
        assert all(article.text for article in data.articles)
