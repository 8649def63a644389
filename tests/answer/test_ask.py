"""Answers over hostile articles: everything cited replays, and what is shown does not change what is known."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.answer import Answerer, line_range
from qa.errors import InputError
from qa.index import build_generation, open_generation
from qa.models import FakeEmbedder
from qa.types import Answer, Article, ChunkerSettings

WORDS = [
    "harbour",
    "storm",
    "café",
    "re\u0301sume\u0301",
    "👩‍🚀",
    "שלום",
    "مرحبا",
    "𝒜𝒷",
    "ship's",
    "won't",
    "日本語",
    "5.5",
]
SPACES = [" ", "  ", "\n", "\n\n", "\u00a0", "\u2028", "\t", "\r", "\x00 ", "\ufeff "]
ENDS = [".", "!", "?", "…", "。", ".”", ""]
PIECE = st.tuples(st.sampled_from(WORDS), st.sampled_from(ENDS), st.sampled_from(SPACES)).map("".join)
TEXT = (
    st.lists(PIECE, min_size=3, max_size=60).map("".join).map(lambda text: unicodedata.normalize("NFC", text))
)
CHUNKER = ChunkerSettings(version=1, max_tokens=24, overlap_tokens=6)


def answerer(folder: Path, texts: list[str]) -> Answerer:
    articles = [
        Article(id=f"{n}.txt", title=f"Article {n}", text=t, sha256=str(n)) for n, t in enumerate(texts)
    ]
    build_generation(lambda: articles, folder, embedder=FakeEmbedder(), chunker=CHUNKER)
    return Answerer(open_generation(folder), FakeEmbedder(), refuse_below=0.0)


def check_replays(answer: Answer, asked: Answerer) -> None:
    for citation in answer.citations:
        text = asked.generation.article(citation.article_id).text
        assert text[citation.start : citation.end] == citation.quote
        assert answer.text is not None
        assert answer.text[citation.answer_start : citation.answer_end] == citation.quote
        assert (citation.start_line, citation.end_line) == line_range(text, (citation.start, citation.end))
        assert 1 <= citation.passage <= len(answer.passages)
    for passage in answer.passages:
        text = asked.generation.article(passage.chunk.article_id).text
        assert text[passage.chunk.start : passage.chunk.end] == passage.text
        for start, end in passage.highlights:
            assert passage.chunk.start <= start < end <= passage.chunk.end


@settings(max_examples=60)
@given(texts=st.lists(TEXT, min_size=1, max_size=3), question=TEXT)
def test_every_citation_and_passage_replays(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], question: str
) -> None:
    # The same paragraph twice: finding a quote again by its text would give the first place for both.
    asked = answerer(tmp_path_factory.mktemp("index"), [f"{text}\n\n{text}" for text in texts])
    if not question.strip():
        return
    for k in (1, 5):
        check_replays(asked.ask(question, k=k, max_context_tokens=200), asked)


def test_confidence_does_not_depend_on_how_much_is_shown(tmp_path: Path) -> None:
    texts = [
        "The harbour closed in May.",
        "The storm came in June.",
        "Ships left the harbour in a storm.",
        "It rained.",
    ]
    asked = answerer(tmp_path, texts)
    answers = [asked.ask("When did the storm close the harbour?", k=k) for k in (1, 2, 3, 4)]
    assert len({answer.confidence for answer in answers}) == 1
    assert [len(answer.passages) for answer in answers] == [1, 2, 3, 4]
    assert all(citation.passage == 1 for citation in answers[0].citations)


def test_context_holds_what_fits_and_counts_it(tmp_path: Path) -> None:
    asked = answerer(
        tmp_path, ["The harbour closed in May. <|endoftext|> It opened in June.", "The storm came."]
    )
    question = "When did the harbour close?"
    whole = asked.ask(question, max_context_tokens=500).context
    assert whole is not None
    assert whole.text.startswith("[1] Article 0\nThe harbour closed in May.")
    assert "[2] Article 1\nThe storm came." in whole.text
    assert asked.ask(question, max_context_tokens=whole.tokens).context == whole
    less = asked.ask(question, max_context_tokens=14).context
    assert less is not None
    assert less.text == "[1] Article 0\nThe harbour closed in May."
    assert less.tokens <= 14
    nothing = asked.ask(question, max_context_tokens=1).context
    assert nothing is not None
    assert (nothing.text, nothing.tokens) == ("", 0)


@pytest.mark.parametrize(
    ("question", "k", "message"),
    [
        ("  ", 5, "The question is empty"),
        ("x" * 2001, 5, "2,001 characters"),
        ("\ud800?", 5, "half a surrogate pair"),
        ("Why?", 0, "k is 0"),
        ("Why?", 51, "k is 51"),
    ],
)
def test_what_cannot_be_asked(tmp_path: Path, question: str, k: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        answerer(tmp_path, ["The harbour closed in May."]).ask(question, k=k)
