"""Examples from rows: answers where they stand, and wrong passages that hold none."""

import random
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from qa.answer import Answerer
from qa.evaluate import TrainingRow, normalise, passage_article
from qa.index import build_generation, open_generation
from qa.models import FakeEmbedder
from qa.train.examples import HARDEST, Example, Retrieved, articles_of, examples_of, retrieve
from qa.types import Article, ChunkerSettings

HARBOUR = (
    "The harbour of Ribe was closed on Monday. A storm had broken the eastern mole. "
    "Repairs of the mole will take until spring. The harbour master is Inger Dahl."
)
MILL = (
    "The mill burnt down in 1904. Harald Moe built it again in 1911. Its wheel came from Bergen. "
    "The new mill was larger than the first."
)
SHIP = "The ship left the harbour of Oslo in 1911. Its captain was Olav Lie. Nobody saw the ship again."
BAG = "This bag was closed on Monday with two straps. The first strap broke after a day. I sent it back to Bergen."
LONG = "The council met. " * 60 + "It agreed at last."


def row(name: str, kind: str, question: str, title: str, context: str, *answers: str) -> TrainingRow:
    spans = tuple((context.index(answer), context.index(answer) + len(answer)) for answer in answers)
    return TrainingRow(name, kind, question, title, context, spans)


ROWS = (
    row(
        "h1",
        "wiki",
        "Why was the harbour of Ribe closed?",
        "Ribe_harbour",
        HARBOUR,
        "A storm",
        "storm had broken",
    ),
    row("h2", "wiki", "Who is the harbour master?", "Ribe_harbour", HARBOUR, "Inger Dahl"),
    row("h3", "wiki", "When and why was it closed?", "Ribe_harbour", HARBOUR, "on Monday. A storm"),
    row("m1", "selqa", "When did the mill burn down?", "The mill", MILL, "The mill burnt down in 1904."),
    row("m2", "wiki", "Who built the mill again in 1911?", "The mill", MILL, "Harald Moe"),
    row("s1", "wiki", "Who was the ship's captain?", "Ships", SHIP, "Olav Lie"),
    row("b1", "squadshifts_amazon_reviews", "What broke after a day?", "a1.example", BAG, "The first strap"),
    row("u1", "timeqa_human", "Who closed the mill in 1950?", "The mill", MILL),
    row("l1", "wiki", "What did the council do?", "Council", LONG, LONG),
)
EVERY = {each.id: each for each in ROWS}
ARTICLES = articles_of(ROWS)
SEEDS = range(40)


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    return index_of(ARTICLES.values(), tmp_path_factory.mktemp("index"))


@cache
def found(name: str, answerer: Answerer) -> Retrieved:
    return retrieve(EVERY[name], ARTICLES[passage_article(EVERY[name]).id], answerer)


def made(name: str, answerer: Answerer, seed: int) -> list[Example]:
    return list(
        examples_of(
            EVERY[name], found(name, answerer), article=ARTICLES.__getitem__, chance=random.Random(seed)
        )
    )


def of_kind(kind: str, answerer: Answerer) -> list[tuple[TrainingRow, Example]]:
    pairs = [
        (each, example)
        for each in ROWS
        for seed in SEEDS
        for example in made(each.id, answerer, seed)
        if example.kind == kind
    ]
    assert len({each.id for each, _ in pairs}) > 1 or kind == "marked"
    return pairs


def answers(row: TrainingRow) -> list[str]:
    return [row.context[start:end] for start, end in row.answers]


def test_titles_that_say_something_are_kept() -> None:
    titles = {article.text: article.title for article in ARTICLES.values()}
    assert titles == {HARBOUR: "Ribe harbour", MILL: "The mill", SHIP: "Ships", BAG: "", LONG: "Council"}
    assert list(ARTICLES) == sorted(ARTICLES)


def test_the_answering_chunks_hold_an_answer_and_the_others_none(answerer: Answerer) -> None:
    for each in ROWS[:7]:
        retrieved = found(each.id, answerer)
        assert retrieved.gold
        assert retrieved.others
        for chunk in retrieved.gold:
            assert ARTICLES[chunk.article_id].text == each.context
            assert any(chunk.start <= start and end <= chunk.end for start, end in each.answers)
        for chunk in retrieved.others:
            text = normalise(ARTICLES[chunk.article_id].text[chunk.start : chunk.end])
            assert not any(normalise(answer) in text for answer in answers(each))


GLUED = {
    "160": "A line of 160-character texts ran over the hill.",
    "young": "Old servants—young ones too—ran over the hill.",
    "Meltzer": "It was Meltzer's dog that ran over the hill.",
    "STRASSE": "All along the straße it ran over the hill.",
    "the hill": "It ran over a hill.",
}
"""What holds the answer, but in other words or with something stuck to it."""


def index_of(articles: Iterable[Article], folder: Path, **limits: int) -> Answerer:
    embedder = FakeEmbedder(max_tokens=limits.get("max_tokens", 30))
    chunker = ChunkerSettings(version=1, max_tokens=limits.get("max_tokens", 30), overlap_tokens=8)
    build_generation(lambda: list(articles), folder, embedder=embedder, chunker=chunker)
    return Answerer(open_generation(folder), embedder)


@pytest.mark.parametrize("answer", GLUED)
def test_a_passage_that_holds_the_answer_with_something_stuck_to_it_is_not_wrong(
    answer: str, tmp_path: Path
) -> None:
    asked = row("g", "wiki", "What ran over the hill?", "T", f"This is what we want: {answer}.", answer)
    other = row("o", "wiki", "What?", "T", "Cows ran over the hill of Moss.")
    glued = row("x", "wiki", "What?", "T", GLUED[answer])
    articles = articles_of([asked, glued, other])
    retrieved = retrieve(asked, passage_article(asked), index_of(articles.values(), tmp_path))
    texts = {articles[each.article_id].text for each in retrieved.others}
    assert texts == ({other.context} if answer != "the hill" else set())


def test_a_chunk_that_holds_part_of_the_answer_is_not_wrong(tmp_path: Path) -> None:
    words = [f"{place} lies at the shore." for place in ("Moss", "Ribe", "Lund", "Hamar", "Skien", "Bergen")]
    context = " ".join(words)
    asked = row("p", "wiki", "What lies at the shore?", "T", context, f"{words[1]} {words[2]}")
    article = passage_article(asked)
    answerer = index_of([article], tmp_path, max_tokens=14)
    chunks = answerer.generation.chunks_of(article.id)
    ((start, end),) = asked.answers
    touching = [each for each in chunks if each.start < end and start < each.end]
    retrieved = retrieve(asked, article, answerer)
    assert len(retrieved.gold) < len(touching) < len(chunks)
    assert {each.start for each in retrieved.others} == {
        each.start for each in chunks if each not in touching
    }


def test_at_most_so_many_wrong_passages_as_one_is_chosen_from(tmp_path: Path) -> None:
    asked = row("m", "wiki", "Who walked in the rain?", "T", "Olav walked in the rain.", "Olav")
    others = [row(str(n), "wiki", "?", "T", f"Nobody walked in the rain of {n}.") for n in range(HARDEST + 3)]
    articles = articles_of([asked, *others])
    retrieved = retrieve(asked, passage_article(asked), index_of(articles.values(), tmp_path))
    assert len(retrieved.others) == HARDEST


def test_a_passage_that_the_index_does_not_have_gives_nothing(answerer: Answerer) -> None:
    for answer in ((), ("Sweyn",)):
        other = row("x", "wiki", "Who was the ship's captain?", "Other", "It was Sweyn.", *answer)
        assert retrieve(other, passage_article(other), answerer) == Retrieved((), ())


def test_spans_point_at_the_answers(answerer: Answerer) -> None:
    assert any(found(each.id, answerer).gold[0].start for each in ROWS[:7])
    for each, example in of_kind("answered", answerer):
        inside = [example.text[start:end] for start, end in example.spans]
        assert inside
        assert set(inside) <= set(answers(each))
        assert example.text in each.context
        assert example.relevant is True
        assert example.question == each.question
    (one, *_) = made("h1", answerer, 0)
    assert [one.text[start:end] for start, end in one.spans] == ["A storm", "storm had broken"]


def test_a_retrieved_passage_holds_no_answer(answerer: Answerer) -> None:
    for each, example in of_kind("retrieved", answerer):
        assert not any(normalise(answer) in normalise(example.text) for answer in answers(each))
        assert (example.spans, example.relevant) == ((), False)
        assert example.question == each.question
        assert any(example.text in article.text for article in ARTICLES.values())


def test_a_cut_passage_has_lost_every_answering_sentence(answerer: Answerer) -> None:
    sentences = [each.strip().rstrip(".") for each in " ".join((HARBOUR, MILL, SHIP, BAG)).split(". ")]
    for each, example in of_kind("cut", answerer):
        answering = [
            sentence
            for sentence in sentences
            if sentence in each.context
            and (
                any(answer.rstrip(".") in sentence for answer in answers(each))
                or any(
                    each.context.index(sentence) < end
                    and start < each.context.index(sentence) + len(sentence)
                    for start, end in each.answers
                )
            )
        ]
        assert answering
        assert not any(sentence in example.text for sentence in answering)
        assert not any(normalise(answer) in normalise(example.text) for answer in answers(each))
        left = [sentence for sentence in sentences if sentence in each.context and sentence in example.text]
        assert left
        assert example.text == ". ".join(left) + "."
        assert (example.spans, example.relevant, example.question) == ((), None, each.question)


def test_a_cut_passage_has_no_sentence_with_the_answer_and_something_stuck_to_it(tmp_path: Path) -> None:
    text = "Meltzer ran. It was Meltzer's dog. Rain fell."
    asked = row("c", "wiki", "Who ran?", "T", text, "Meltzer")
    answerer = index_of([passage_article(asked)], tmp_path)
    retrieved = retrieve(asked, passage_article(asked), answerer)
    found = [
        example.text
        for seed in SEEDS
        for example in examples_of(
            asked, retrieved, article=articles_of([asked]).__getitem__, chance=random.Random(seed)
        )
        if example.kind == "cut"
    ]
    assert set(found) == {"Rain fell."}


def test_a_swapped_question_is_asked_of_the_answering_passage(answerer: Answerer) -> None:
    for each, example in of_kind("swapped", answerer):
        assert example.question != each.question
        assert example.text in each.context
        assert any(answer in example.text for answer in answers(each))
        assert (example.spans, example.relevant) == ((), None)


def test_a_question_marked_as_unanswerable(answerer: Answerer) -> None:
    for seed in SEEDS:
        (example,) = made("u1", answerer, seed)
        assert (example.kind, example.spans, example.relevant) == ("marked", (), None)
        assert example.question == EVERY["u1"].question
        assert example.text in MILL


def test_a_marked_passage_is_the_one_that_the_data_mark_and_of_it_the_best_chunk(answerer: Answerer) -> None:
    """Even where every other passage has more of the question's words."""
    asked = row(
        "u2", "wiki", "Why was the harbour of Ribe closed on Monday, not the new mill?", "The mill", MILL
    )
    retrieved = retrieve(asked, ARTICLES[passage_article(asked).id], answerer)
    assert retrieved.gold == ()
    (chunk,) = retrieved.others
    assert chunk.article_id == passage_article(asked).id
    assert MILL[chunk.start : chunk.end].endswith("The new mill was larger than the first.")
    best, *_ = answerer.search(asked.question, k=1).candidates
    assert answerer.generation.chunks([best.row])[0].article_id != chunk.article_id


def test_an_answer_that_no_chunk_holds_whole_is_no_example(answerer: Answerer) -> None:
    assert found("l1", answerer).gold == ()
    assert made("l1", answerer, 0) == []


def test_one_answer_at_most_one_near_miss(answerer: Answerer) -> None:
    for name in ("h1", "m2", "s1", "b1"):
        counts = [Counter(example.kind for example in made(name, answerer, seed)) for seed in SEEDS]
        assert all(each["answered"] == each["retrieved"] == 1 for each in counts)
        near = [each["cut"] + each["swapped"] for each in counts]
        assert set(near) == {0, 1}


def test_the_same_seed_makes_the_same_examples(answerer: Answerer) -> None:
    for name in EVERY:
        assert made(name, answerer, 5) == made(name, answerer, 5)
    assert len({tuple(made("h1", answerer, seed)) for seed in SEEDS}) > 3


def test_titles_stand_before_most_passages_of_sets_that_have_them(answerer: Answerer) -> None:
    headers = Counter(example.header for each, example in of_kind("answered", answerer) if each.id == "h1")
    assert set(headers) == {"Ribe harbour", ""}
    assert headers["Ribe harbour"] > headers[""]
    assert {example.header for seed in SEEDS for example in made("b1", answerer, seed)} == {""}


def test_a_sentence_that_answers_and_a_long_answer_are_loose(answerer: Answerer) -> None:
    loose = {each.id: {example.loose for example in made(each.id, answerer, 1)} for each in ROWS[:7]}
    assert loose == {
        "h1": {False},
        "h2": {False},
        "h3": {False},
        "m1": {True},
        "m2": {False},
        "s1": {False},
        "b1": {False},
    }
    words = " ".join(f"w{number}" for number in range(21))
    for answer, expected in ((words, True), (words.partition(" ")[2], False)):
        long = row("x", "wiki", "What?", "T", f"It says {words}.", answer)
        chunk = answerer.generation.chunks([0])[0]
        article = Article(id=chunk.article_id, title="", text=long.context, sha256="")
        whole = type(chunk)(chunk.article_id, 0, len(long.context), "", ((0, len(long.context)),))
        (example, *_) = examples_of(
            long, Retrieved((whole,), ()), article={article.id: article}.__getitem__, chance=random.Random(1)
        )
        assert example.loose is expected


def test_a_topic_is_a_title_or_else_the_passage(answerer: Answerer) -> None:
    assert {example.topic for example in made("h1", answerer, 1)} == {"Ribe_harbour"}
    untitled = TrainingRow("x", "wiki", "Who was the captain?", "", SHIP, EVERY["s1"].answers)
    (example, *_) = examples_of(
        untitled, found("s1", answerer), article=ARTICLES.__getitem__, chance=random.Random(1)
    )
    assert example.topic == SHIP
