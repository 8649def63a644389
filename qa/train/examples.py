"""From rows of questions and passages to the examples a reader learns from, hard negatives included."""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from qa.answer import Answerer
from qa.errors import ArticleNotFoundError
from qa.evaluate import TrainingRow, normalise, passage_article, topic_of
from qa.filters import NO_FILTERS, Filters
from qa.reader import header_text
from qa.train.swap import swapped
from qa.types import Article, Chunk, Span

Kind = Literal["answered", "retrieved", "cut", "swapped", "marked"]
"""Where an example comes from: the passage that answers, the best wrong ones of our own retriever, the answering
passage without its answering sentences, or asked about another name or number, and what the data mark themselves."""

SHARES = {
    "squadshifts_amazon_reviews": 0.6,  # informal, and of one kind
    "policyqa": 0.2,  # 661 wordings of questions
    "qamr": 0.3,  # 268 passages
}
"""How much of a set is used; all of the others."""

UNTITLED = ("squadshifts_amazon_reviews", "policyqa", "qamr")
"""Sets whose titles are numbers or names of hosts."""

SENTENCE_SETS = ("squad_train_sentences_nqg", "selqa")
LOOSE_WORDS = 20
"""From so many words on an answer says which sentence answers, not where exactly it begins and ends."""

POOL = 30
"""How many of the best candidates wrong passages are looked for among."""

HARDEST = 5
"""The wrong passage of an example is one of so many best ones, not always the very best: that one may be right."""

NEAR_SHARE = 0.6
"""How many of the answered examples are also turned into a near miss."""

TITLE_SHARE = 0.8
"""How many examples come with title and heading: a reader must also do without, as some articles do."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Example:
    """A question and a passage. `spans` are the answers, offsets in `text`; none when it is not answered here.

    `loose` says that the answer stands somewhere inside a span. `relevant` is None where nobody can tell. `source`
    is the set, `topic` the title of the question's article, or its passage where there is no title.
    """

    question: str
    header: str
    text: str
    spans: tuple[Span, ...]
    loose: bool
    relevant: bool | None
    kind: Kind
    source: str
    topic: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Chunks for a row, best first: `gold` answer it, and `others` do not.

    For a row that its passage does not answer, `others` is the best chunk of that passage.
    """

    gold: tuple[Chunk, ...]
    others: tuple[Chunk, ...]


def retrieve(row: TrainingRow, article: Article, answerer: Answerer) -> Retrieved:
    """Return the chunks of the row's passage that hold an answer, and the best chunks of the index that hold none.

    There are none at all when the index has no chunk of the passage: it is empty, or of the other side.
    """
    generation = answerer.generation
    try:
        own = generation.chunks_of(article.id)
    except ArticleNotFoundError:
        return Retrieved((), ())
    within = NO_FILTERS if row.answers else Filters(article=(article.id,))
    found = answerer.search(row.question, k=1, filters=within).candidates[: POOL if row.answers else 1]
    texts = [row.context[start:end] for start, end in row.answers]
    others = (
        chunk
        for chunk in generation.chunks([candidate.row for candidate in found])
        if not (chunk.article_id == article.id and _touched(row.answers, (chunk.start, chunk.end)))
        and not _holds(generation.article(chunk.article_id).text[chunk.start : chunk.end], texts)
    )
    gold = tuple(chunk for chunk in own if _inside(row.answers, chunk))
    return Retrieved(gold, tuple(islice(others, HARDEST)))


def examples_of(
    row: TrainingRow,
    found: Retrieved,
    *,
    article: Callable[[str], Article],
    chance: random.Random,
) -> Iterator[Example]:
    """Yield the row's examples: its answer, a wrong passage that looks right, often a near miss."""
    if not row.answers:
        for chunk in found.others:
            yield _example(row, chunk, article(chunk.article_id), (), "marked", chance)
        return
    if not found.gold:
        return
    chunk = found.gold[0]
    answered = _example(
        row, chunk, article(chunk.article_id), _inside(row.answers, chunk), "answered", chance
    )
    yield answered
    if found.others:
        other = chance.choice(found.others)
        yield _example(row, other, article(other.article_id), (), "retrieved", chance)
    if chance.random() < NEAR_SHARE:
        ways = [_cut(answered, chunk), _swapped(answered, chance)]
        if possible := [way for way in ways if way is not None]:
            yield chance.choice(possible)


def _example(
    row: TrainingRow,
    chunk: Chunk,
    article: Article,
    spans: Sequence[Span],
    kind: Kind,
    chance: random.Random,
) -> Example:
    titled = row.set not in UNTITLED and chance.random() < TITLE_SHARE
    loose = row.set in SENTENCE_SETS or any(
        len(row.context[start:end].split()) > LOOSE_WORDS for start, end in row.answers
    )
    return Example(
        question=row.question,
        header=header_text(article.title, chunk.heading) if titled else "",
        text=article.text[chunk.start : chunk.end],
        spans=tuple((start - chunk.start, end - chunk.start) for start, end in spans),
        loose=loose,
        relevant=True if spans else None if kind == "marked" else False,
        kind=kind,
        source=row.set,
        topic=topic_of(row),
    )


def _touched(spans: Sequence[Span], part: Span) -> bool:
    return any(first < part[1] and part[0] < last for first, last in spans)


def _holds(text: str, answers: Sequence[str]) -> bool:
    """Return whether an answer stands in a text, as SQuAD compares them or word by word.

    The former makes one word of "160-char" and of "Meltzer's", and of "young—old" with the dash between.
    """
    for same in (normalise, _words):
        found = same(text)
        if any(same(answer) in found for answer in answers):
            return True
    return False


def _words(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _inside(spans: Sequence[Span], chunk: Chunk) -> tuple[Span, ...]:
    return tuple(span for span in spans if chunk.start <= span[0] and span[1] <= chunk.end)


def _cut(answered: Example, chunk: Chunk) -> Example | None:
    """Return the passage without every sentence that holds an answer, if any sentence is left."""
    answers = [answered.text[start:end] for start, end in answered.spans]
    sentences = [(start - chunk.start, end - chunk.start) for start, end in chunk.sentences]
    kept = [
        answered.text[start:end]
        for start, end in sentences
        if not _touched(answered.spans, (start, end)) and not _holds(answered.text[start:end], answers)
    ]
    if not kept or len(kept) == len(sentences):
        return None
    return replace(answered, text=" ".join(kept), spans=(), relevant=None, kind="cut")


def _swapped(answered: Example, chance: random.Random) -> Example | None:
    """Return the question about another name, number or date than the one that the passage answers."""
    answers = [answered.text[start:end] for start, end in answered.spans]
    question = swapped(answered.question, answered.text, answers, chance)
    if question is None:
        return None
    return replace(answered, question=question, spans=(), relevant=None, kind="swapped")


def articles_of(rows: Sequence[TrainingRow]) -> Mapping[str, Article]:
    """Return the rows' passages as articles, by id; titles that say nothing are left out."""
    found = {}
    for row in rows:
        article = passage_article(row)
        title = "" if row.set in UNTITLED else article.title.replace("_", " ")
        found[article.id] = replace(article, title=title)
    return dict(sorted(found.items()))
