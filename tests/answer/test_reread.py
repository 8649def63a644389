"""Reading: it orders the best passages anew, finds the quote and the words in it, and knows its limits."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from qa.answer import Answerer
from qa.answer.reread import READ_AT_MOST, softplus
from qa.index import build_generation, open_generation
from qa.models import FakeEmbedder
from qa.reader import FakeReader
from qa.types import Article, ChunkerSettings

CHUNKER = ChunkerSettings(version=1, max_tokens=24, overlap_tokens=4)
TEXTS = (
    "The storm broke the mole in May. The council met twice.",
    "The harbour closed on Monday. Pilots blamed the storm that broke the northern mole.",
    "Grain ships waited. The pilots went home.",
)
QUESTION = "When did the storm break the northern mole?"


def answerer(folder: Path, reader: FakeReader | None, language: str | None = None) -> Answerer:
    articles = [
        Article(id=f"{n}.txt", title=f"Article {n}", text=text, sha256=str(n), language=language)
        for n, text in enumerate(TEXTS)
    ]
    build_generation(lambda: articles, folder, embedder=FakeEmbedder(), chunker=CHUNKER)
    return Answerer(open_generation(folder), FakeEmbedder(), reader=reader, refuse_below=0.0)


def test_scores_fall_and_ranks_count(tmp_path: Path) -> None:
    found = answerer(tmp_path, FakeReader()).search(QUESTION, k=3)
    scores = [passage.score for passage in found.passages]
    assert scores == sorted(scores, reverse=True)
    assert [passage.rank for passage in found.passages] == [1, 2, 3]
    rows = [candidate.row for candidate in found.candidates]
    assert [each.candidate.row for each in found.evidence] == [
        row for row in rows if row in rows[: len(rows)]
    ]
    assert all(each.reading is not None for each in found.evidence)


def test_a_passage_that_was_not_read_keeps_its_score(tmp_path: Path) -> None:
    plain = answerer(tmp_path, None).search(QUESTION, k=3)
    read = answerer(tmp_path, FakeReader(at_most=1)).search(QUESTION, k=3)
    before = {each.candidate.row: each.passage.score for each in plain.evidence}
    for each in read.evidence:
        if each.reading is None:
            assert each.passage.score == before[each.candidate.row]
        else:
            assert each.passage.score > before[each.candidate.row]
    assert sum(each.reading is not None for each in read.evidence) == 1


def test_the_span_stands_in_its_quote(tmp_path: Path) -> None:
    asked = answerer(tmp_path, FakeReader())
    answer = asked.ask(QUESTION)
    assert answer.passages_read == 3
    spans = [citation.answer_span for citation in answer.citations]
    assert any(spans)
    for citation in answer.citations:
        if citation.answer_span is not None:
            start, end = citation.answer_span
            assert citation.start <= start < end <= citation.end


def test_what_the_reader_was_not_trained_on_is_not_read(tmp_path: Path) -> None:
    german = answerer(tmp_path / "de", FakeReader(), language="de").ask(QUESTION)
    plain = answerer(tmp_path / "plain", None, language="de").ask(QUESTION)
    assert german.passages_read == plain.passages_read == 0
    assert german.confidence == plain.confidence
    assert [p.score for p in german.passages] == [p.score for p in plain.passages]
    assert [c.quote for c in german.citations] == [c.quote for c in plain.citations]


def test_the_same_is_read_however_little_is_shown(tmp_path: Path) -> None:
    asked = answerer(tmp_path, FakeReader())
    one, all_of_them = asked.ask(QUESTION, k=1), asked.ask(QUESTION, k=50)
    assert one.confidence == all_of_them.confidence
    assert one.passages_read == all_of_them.passages_read <= READ_AT_MOST


@given(st.floats(-700, 700))
def test_softplus(logit: float) -> None:
    assert softplus(logit) >= 0
    assert softplus(logit) >= logit
    assert softplus(logit) + softplus(-logit) >= abs(logit)
