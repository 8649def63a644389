"""Compare what other articles answer with the first quote: some contradict it, some say the same."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from qa.answer.newer import as_good
from qa.answer.numbers import contradict, numbers
from qa.answer.passages import Evidence
from qa.answer.select import Asked, Quote, rank_sentences
from qa.filters import folded
from qa.index import terms
from qa.types import Article

LEAST_SPAN = 0.0
"""Score of a span from which on the reader would rather take it for the answer than say that there is none."""

SLACK = 1.5
"""In logits of the reader: less than it takes to prefer the newest, for a passage about something else has a number, too."""


class Compared(NamedTuple):
    """The best sentences of the articles that give another number or date, and of those that answer the same."""

    differing: list[Quote]
    agreeing: list[Quote]


def compare(
    evidence: Sequence[Evidence],
    quotes: Sequence[Quote],
    question: str,
    articles: Mapping[str, Article],
    *,
    asked: Asked,
    weights: Mapping[str, float],
    copies_of: Callable[[str], Iterable[Article]],
) -> Compared:
    """Return what other articles answer that answer equally well: one sentence of each, best first.

    Only what a reader has read can be compared: it sees which words of a sentence are the answer. An article and its
    copies (`copies_of` returns those of one) are one source, and so are articles that agree and have one publisher.
    """
    compared = Compared([], [])
    said = _answer(quotes[0], articles) if quotes else ""
    if not said:
        return compared
    told = {quotes[0].passage.chunk.article_id}
    same: list[Quote] = []
    for each in as_good(evidence, question, slack=SLACK):
        if each.passage.chunk.article_id in told:
            continue
        [best, *_] = rank_sentences([each], asked, articles, weights=weights)
        other = _answer(best, articles)
        if contradict(numbers(said), numbers(other)):  # a later edition of the same report may do so, too
            compared.differing.append(best)
            told.add(each.passage.chunk.article_id)
        elif _same(said, other, each.language):
            same.append(best)
    apart = [quote for quote in same if quote.passage.chunk.article_id not in told]
    compared.agreeing.extend(_independent(quotes[0], apart, articles, copies_of))
    return compared


def _independent(
    first: Quote,
    others: Sequence[Quote],
    articles: Mapping[str, Article],
    copies_of: Callable[[str], Iterable[Article]],
) -> list[Quote]:
    """Return those of other sources than the first quote and than one another."""
    found: list[Quote] = []
    ids: set[str] = set()
    publishers: set[str] = set()
    for quote in (first, *others) if others else ():  # the copies are read only where it matters
        article_id = quote.passage.chunk.article_id
        if article_id in ids:
            continue
        printed = [articles[article_id], *copies_of(article_id)]
        if publishers.isdisjoint(map(_publisher, printed)):
            found.append(quote)
            ids.update(article.id for article in printed)
            publishers.update(map(_publisher, printed))
    return found[1:]


def _same(one: str, other: str, language: str) -> bool:
    """Tell whether two answers are the same but for how much of it they say: in numbers where there are any."""
    found = numbers(one), numbers(other)
    if any(found):
        return bool(found[0].keys() & found[1].keys()) and not contradict(*found)
    first, second = set(terms(one, language)), set(terms(other, language))
    return bool(first and second) and (first <= second or second <= first)


def _publisher(article: Article) -> str:
    """Return who published an article; one without a publisher is by itself."""
    return folded(article.source) if article.source else f"\n{article.id}"


def _answer(quote: Quote, articles: Mapping[str, Article]) -> str:
    """Return the words in which the reader sees the answer, "" where it is not sure."""
    if quote.span is None or quote.signs["span"] < LEAST_SPAN:
        return ""
    return articles[quote.passage.chunk.article_id].text[slice(*quote.span)]
