"""Filters apply before the best are cut off: what they leave is found as if there were nothing else."""

import json
import math
import random
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from qa.answer import Answerer
from qa.answer.retrieve import POOL, retrieve
from qa.answer.weights import fitted
from qa.filters import Filters
from qa.index import Generation, build_generation, open_generation
from qa.index import dense as dense_leg
from qa.models import FakeEmbedder, Vectors
from qa.reader import FakeReader
from qa.types import Article, ChunkerSettings
from qa.wire import wire_answer

CHUNKER = ChunkerSettings(version=1, max_tokens=24, overlap_tokens=0)
WORDS = (
    "harbour",
    "storm",
    "bridge",
    "ships",
    "closed",
    "opened",
    "trains",
    "minister",
    "spoke",
    "Cairo",
    "echo",
)
SOURCES = ("Reuters", "BBC", "The Times", None)
AUTHORS = ("Ann Lee", "Bo Li", "Cy Poe", None)
LANGUAGES = ("en", "de", None)
QUESTION = "Why was the harbour closed by a storm?"


def corpus(count: int) -> list[Article]:
    chance = random.Random(9)

    def sentence() -> str:
        return f"The {' '.join(chance.choices(WORDS, k=9))} {chance.randrange(10**6)}."

    def published() -> str | None:
        day = date(2015, 1, 1) + timedelta(days=chance.randrange(3650))
        return chance.choice((None, str(day), str(day)[:7], str(day)[:4]))

    return [
        Article(
            f"{number:04}.md",
            f"Article {number}",
            " ".join(sentence() for _ in range(chance.randrange(1, 9))),
            str(number),
            source=chance.choice(SOURCES),
            author=chance.choice((*AUTHORS, "Ann Lee, Bo Li")),
            published=published(),
            language=chance.choice(LANGUAGES),
        )
        for number in range(count)
    ]


ARTICLES = corpus(400)


def random_filters(chance: random.Random) -> Filters:
    def some(values: tuple[str | None, ...]) -> tuple[str, ...]:
        known = [value.upper() for value in values if value]
        return tuple(chance.sample(known, chance.choice((0, 0, 1, 2)))) if len(known) > 1 else ()

    def day() -> str | None:
        found = str(date(2014, 6, 1) + timedelta(days=chance.randrange(4000)))
        return chance.choice((None, None, found, found[:7], found[:4]))

    ids = [each.id for each in chance.sample(ARTICLES, 20)] if chance.random() < 0.2 else []
    first, last = sorted((day() or "", day() or ""))
    return Filters(
        since=first or None,
        until=last or None,
        as_of=day(),
        source=some(SOURCES),
        author=some(AUTHORS),
        language=some(LANGUAGES),
        article=tuple(ids),
    )


@cache
def days(written: str) -> frozenset[str]:
    year = int(written[:4])
    every = (date(year, 1, 1) + timedelta(days=day) for day in range(365 + (year % 4 == 0)))
    return frozenset(str(day) for day in every if str(day).startswith(written))


def fits(article: Article, filters: Filters) -> bool:
    """Say in another way than the index does whether an article fits: a date by all of its days."""

    def one_of(value: str | None, wanted: tuple[str, ...]) -> bool:
        names = (value or "").upper().split(", ")
        return not wanted or bool(set(names) & set(wanted))

    there = days(article.published) if article.published else frozenset()
    return (
        one_of(article.source, filters.source)
        and one_of(article.author, filters.author)
        and one_of(article.language, filters.language)
        and (not filters.article or article.id in filters.article)
        and (filters.since is None or max(there, default="") >= min(days(filters.since)))
        and (filters.until is None or min(there, default="9999") <= max(days(filters.until)))
        and (filters.as_of is None or min(there, default="") <= max(days(filters.as_of)))
    )


@pytest.fixture(scope="module", params=["exact", "codes"])
def generation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generation:
    folder = tmp_path_factory.mktemp("index")
    with pytest.MonkeyPatch.context() as patched:
        if request.param == "codes":
            patched.setattr(dense_leg, "QUANTISED_FROM", 100)
        build_generation(lambda: ARTICLES, folder, embedder=FakeEmbedder(), chunker=CHUNKER)
    found = open_generation(folder)
    assert found.manifest.dense_kind == ("flat_ip" if request.param == "exact" else "flat_ip+rabitq")
    assert found.manifest.chunks > 5 * POOL
    return found


@cache
def sentences_of(generation: Generation, row: int) -> Vectors:
    return generation.sentences.of_chunk(row).astype(np.float32)


def by_hand(generation: Generation, question: str, filters: Filters) -> tuple[dict[int, float], set[int]]:
    """Compare the question with every chunk of the articles that fit, one by one.

    Return the scores of all that may be offered, and the rows that must be: of those that are exactly as good as the
    last that is offered, some are not.
    """
    rows = [row for each in ARTICLES if fits(each, filters) for row in generation.rows_of_article(each.id)]
    vector = FakeEmbedder().embed_questions([question])[0]
    lexical = generation.lexical.scores(question).astype(np.float64)
    sample = generation.sentences.sample_scores(vector)
    weights = fitted().unread.passage
    scores: dict[int, float] = {}
    must: set[int] = set()
    near = dict(
        zip(rows, (generation.dense.vectors(np.array(rows, dtype=np.int64)) @ vector).tolist(), strict=True)
    )
    words = {row: float(lexical[row]) for row in rows if lexical[row] > 0}
    for leg in (near, words):
        last = min(sorted(leg.values(), reverse=True)[:POOL], default=0.0)
        must |= {row for row, score in leg.items() if score > last + 1e-5 or len(leg) <= POOL}
        for row in (row for row, score in leg.items() if score >= last - 1e-5):
            sentences = sentences_of(generation, row) @ vector
            dense = (float(sentences.max()) - float(sample.mean())) / float(sample.std())
            other = (lexical[row] - lexical.mean()) / lexical.std()
            scores[row] = weights["dense"] * dense + weights["lexical"] * other
    return scores, must


def test_filters_find_what_comparing_everything_finds(generation: Generation) -> None:
    chance = random.Random(10)
    empty, narrow, missed, asked = 0, 0, 0, 0
    for _ in range(200):
        filters, question = random_filters(chance), f"Why {' '.join(chance.choices(WORDS, k=4))}?"
        vector = FakeEmbedder().embed_questions([question])[0]
        found = [each.row for each in retrieve(generation, question, vector, filters=filters)]
        scores, must = by_hand(generation, question, filters)
        asked += len(must)
        missed += len(must - set(found))
        if generation.manifest.dense_kind == "flat_ip" or len(must) < POOL:
            assert must <= set(found) <= scores.keys()
        ranked = [scores[row] for row in found if row in scores]
        assert ranked == pytest.approx(sorted(ranked, reverse=True), abs=1e-4)
        empty += not found
        narrow += 0 < len(found) < 20
    assert empty > 5
    assert narrow > 20
    # Where many fit, the codes choose whom to compare, as they do without a filter.
    assert missed <= (0 if generation.manifest.dense_kind == "flat_ip" else asked / 10)


def test_a_score_is_the_same_with_and_without_filters(generation: Generation) -> None:
    vector = FakeEmbedder().embed_questions([QUESTION])[0]
    every = {each.row: each.score for each in retrieve(generation, QUESTION, vector)}
    some = retrieve(generation, QUESTION, vector, filters=Filters(source=("BBC",)))
    assert len(every.keys() & {each.row for each in some}) > 10
    assert all(math.isclose(every[each.row], each.score, abs_tol=1e-5) for each in some if each.row in every)


@pytest.mark.parametrize("reader", [None, FakeReader()])
def test_when_nothing_fits_there_is_no_evidence(generation: Generation, reader: FakeReader | None) -> None:
    asked = Answerer(generation, FakeEmbedder(), reader=reader, refuse_below=0.0)
    answer = asked.ask(QUESTION, filters=Filters(article=("no.md",)), explained=True, max_context_tokens=100)
    assert (answer.status, answer.text, answer.citations, answer.passages) == ("no_evidence", None, (), ())
    assert answer.passages_read == 0
    assert answer.confidence < 0.01
    assert answer.facets == {"source": {}, "author": {}, "language": {}, "year": {}}
    assert answer.context is not None
    assert (answer.context.text, answer.context.tokens) == ("", 0)
    assert answer.explanation is not None
    odds = sum(part.value * part.weight for part in answer.explanation.confidence)
    assert answer.confidence == pytest.approx(1 / (1 + math.exp(-odds)))
    assert json.loads(wire_answer(answer).model_dump_json())["passages"] == []


def test_what_fits_is_what_is_quoted_and_counted(generation: Generation) -> None:
    answer = Answerer(generation, FakeEmbedder(), refuse_below=0.0).ask(
        QUESTION, k=50, filters=Filters(source=("bbc",), since="2018", until="2019")
    )
    assert answer.citations
    assert {citation.source for citation in answer.citations} == {"BBC"}
    assert answer.facets["source"] == {
        "BBC": sum(fits(each, Filters(source=("BBC",), since="2018", until="2019")) for each in ARTICLES)
    }
    assert answer.facets["year"].keys() == {"2018", "2019"}
