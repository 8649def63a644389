"""Explanations: the parts of every score add up to it."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.answer import Answerer, fitted
from qa.index import build_generation, open_generation
from qa.models import FakeEmbedder
from qa.reader import FakeReader
from qa.types import Article, ChunkerSettings, Part

WORDS = ["harbour", "storm", "mole", "council", "pilots", "in 2019", "because", "Vilnius", "won't"]
SENTENCE = st.lists(st.sampled_from(WORDS), min_size=2, max_size=9).map(
    lambda words: f"The {' '.join(words)}."
)
TEXTS = st.lists(st.lists(SENTENCE, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=4)


def total(parts: tuple[Part, ...]) -> float:
    return sum(part.value * part.weight for part in parts)


@given(texts=TEXTS, question=SENTENCE, read=st.sampled_from([0, 1, 12]))
def test_the_parts_add_up(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], question: str, read: int
) -> None:
    folder = tmp_path_factory.mktemp("index")
    articles = [
        Article(id=f"{n}.txt", title=f"Storm {n}", text=text, sha256="") for n, text in enumerate(texts)
    ]
    chunker = ChunkerSettings(version=1, max_tokens=40, overlap_tokens=6)
    build_generation(lambda: articles, folder, embedder=FakeEmbedder(), chunker=chunker)
    reader = FakeReader(at_most=read) if read else None
    asked = Answerer(open_generation(folder), FakeEmbedder(), reader=reader, refuse_below=0.0)
    for k in (1, 5):
        answer = asked.ask(question, k=k, explained=True)
        assert answer.explanation is not None
        assert [each.rank for each in answer.explanation.passages] == [each.rank for each in answer.passages]
        for explained, passage in zip(answer.explanation.passages, answer.passages, strict=True):
            assert total(explained.parts) == pytest.approx(passage.score)
            assert all(word in f"{passage.title} {passage.text}" for word in explained.matched)
        for quote, citation in zip(answer.explanation.quotes, answer.citations, strict=True):
            assert total(quote.parts) == pytest.approx(quote.score)
            assert (quote.passage, quote.start, quote.end) == (citation.passage, citation.start, citation.end)
        odds = math.log(answer.confidence / (1 - answer.confidence))
        assert total(answer.explanation.confidence) == pytest.approx(odds)


def test_who_does_not_ask_why_is_not_told(tmp_path: Path) -> None:
    article = Article(id="a.txt", title="Storm", text="The storm broke the mole.", sha256="")
    chunker = ChunkerSettings(version=1, max_tokens=40, overlap_tokens=6)
    build_generation(lambda: [article], tmp_path, embedder=FakeEmbedder(), chunker=chunker)
    assert Answerer(open_generation(tmp_path), FakeEmbedder()).ask("What broke?").explanation is None


def test_the_shipped_weights_are_of_signs_that_there_are(tmp_path: Path) -> None:
    article = Article(id="a.txt", title="Storm", text="The storm broke the mole.", sha256="")
    chunker = ChunkerSettings(version=1, max_tokens=40, overlap_tokens=6)
    build_generation(lambda: [article], tmp_path, embedder=FakeEmbedder(), chunker=chunker)
    for reader in (None, FakeReader()):
        found = Answerer(open_generation(tmp_path), FakeEmbedder(), reader=reader).search("What broke?", k=1)
        assert found.weights is fitted().weights(read=reader is not None)
        assert found.weights.passage.keys() <= found.candidates[0].signs.keys()
        assert found.weights.quote.keys() <= found.sentences[0].signs.keys()
        assert found.weights.confidence.keys() <= found.signs.keys()


def test_reading_only_adds() -> None:
    """Else what was not read would have another score than retrieval gave it."""
    read, unread = fitted().read.passage, fitted().unread.passage
    assert unread.items() < read.items()
    assert all(read[name] > 0 for name in read.keys() - unread.keys())
