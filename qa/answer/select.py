"""Pick the sentences that answer, out of the best passages."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from qa.answer.expect import Kind, expected_kind, names_one
from qa.answer.passages import Evidence
from qa.index import terms
from qa.reader import FoundSpan
from qa.types import Article, Passage, Span

READ_PASSAGES = 3
"""Passages whose sentences compete for the quote."""

MAX_QUOTES = 3
NEAR_BEST = math.log(3)
"""A further quote scores at most this much less than the best one: the odds against it are 3 to 1 at most."""


SPAN_LIMIT = 15.0
"""Beyond it the score of a span says no more."""

SPAN_MARKED = -4.0
"""Least score of a span that is marked: of the words that score less, less than half are right (on held-out rows)."""


@dataclass(frozen=True, slots=True)
class Quote:
    """One or more neighbouring sentences of one passage, `article.text[start:end]`.

    `score` and `signs`, of which it is the weighted sum, are those of its best sentence, and so is `span`: the words
    in which the reader sees the answer, article offsets, if it sees one.
    """

    passage: Passage
    start: int
    end: int
    score: float
    signs: Mapping[str, float]
    span: Span | None = None

    def overlaps(self, other: "Quote") -> bool:
        """Return whether both hold some of the same words."""
        same = self.passage.chunk.article_id == other.passage.chunk.article_id
        return same and self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a question: its terms in each language with their IDF, and what kind of thing it asks for."""

    text: str
    idf: Mapping[str, Mapping[str, float]]
    kind: Kind | None

    @classmethod
    def of(cls, question: str, idf: Mapping[str, Mapping[str, float]]) -> "Asked":
        """Read the question."""
        return cls(question, idf, expected_kind(question))

    def idf_in(self, language: str) -> Mapping[str, float]:
        """Return the terms, with their IDF, to look for in texts whose terms are made in this language."""
        return self.idf.get(language, {})


def rank_sentences(
    evidence: Sequence[Evidence],
    asked: Asked,
    articles: Mapping[str, Article],
    *,
    weights: Mapping[str, float],
) -> list[Quote]:
    """Return every sentence of the best passages as a quote, best first.

    A sentence's score is the weighted sum of its signs, see `_signs`: none of them says enough alone.
    """
    quotes: dict[tuple[str, Span], Quote] = {}
    for each in evidence[:READ_PASSAGES]:
        passage = each.passage
        text = articles[passage.chunk.article_id].text
        found = zip(passage.chunk.sentences, _signs(each, asked, text), _spans(each), strict=True)
        for sentence, signs, span in found:
            score = sum(weight * signs[name] for name, weight in weights.items())
            answer = None
            if span is not None and span.score > SPAN_MARKED:
                answer = passage.chunk.start + span.start, passage.chunk.start + span.end
            # Passages of one article may overlap: the better one keeps the sentence.
            key = (passage.chunk.article_id, sentence)
            quotes.setdefault(key, Quote(passage, *sentence, score, signs, answer))
    return sorted(quotes.values(), key=lambda quote: (-quote.score, quote.passage.rank, quote.start))


def select(sentences: Sequence[Quote], articles: Mapping[str, Article]) -> list[Quote]:
    """Return the best sentence and up to `MAX_QUOTES` - 1 others that score nearly as well, best first."""
    kept = [quote for quote in sentences[:MAX_QUOTES] if quote.score >= sentences[0].score - NEAR_BEST]
    return _join_neighbours(kept, articles)


def _signs(evidence: Evidence, asked: Asked, text: str) -> list[dict[str, float]]:
    """Return the signs of each sentence of a passage; `text` is the article's.

    cosine      with the question
    coverage    share of the question's IDF whose terms the sentence holds
    open        the same, of the terms that title and heading do not hold
    figure      1 if the question asks for a number or a date and the sentence has one
    named       1 if it asks for a person, a place or a reason and the sentence names one, which says less
    passage     score of the passage
    newest      1 if the question is about the present and the passage of the newest article
    span        score of the best span in it over "no answer here", within `SPAN_LIMIT`, the least if it was not read
    """
    passage = evidence.passage
    idf = asked.idf_in(evidence.language)
    given = set(terms(f"{passage.title} {passage.chunk.heading}", evidence.language))
    still_open = {term: weight for term, weight in idf.items() if term not in given}
    kind = asked.kind
    is_figure = kind in ("number", "date")
    names = [
        kind is not None and names_one(kind, text[slice(*span)], asked.text)
        for span in passage.chunk.sentences
    ]
    return [
        {
            "cosine": cosine,
            "coverage": coverage(idf, found),
            "open": coverage(still_open, found),
            "figure": float(named and is_figure),
            "named": float(named and not is_figure),
            "passage": passage.score,
            "newest": evidence.candidate.newest,
            "span": max(-SPAN_LIMIT, min(SPAN_LIMIT, span.score)) if span else -SPAN_LIMIT,
        }
        for cosine, found, named, span in zip(
            evidence.candidate.sentences.tolist(), evidence.terms, names, _spans(evidence), strict=True
        )
    ]


def _spans(evidence: Evidence) -> Sequence[FoundSpan | None]:
    """Return what the reader found in each sentence."""
    if evidence.reading is None:
        return [None] * len(evidence.passage.chunk.sentences)
    return evidence.reading.spans


def coverage(weights: Mapping[str, float], found: Collection[str]) -> float:
    """Return the share, 0 to 1, of the question's IDF whose terms are among those found."""
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in found) / total if total else 0.0


def _join_neighbours(quotes: Sequence[Quote], articles: Mapping[str, Article]) -> list[Quote]:
    """Join quotes of one passage that only blank space divides; the joined quote takes the better place."""
    joined: list[Quote] = []
    for quote in quotes:
        for place, other in enumerate(joined):
            if other.passage is not quote.passage:
                continue
            first, second = sorted((other, quote), key=lambda each: each.start)
            if not articles[quote.passage.chunk.article_id].text[first.end : second.start].strip():
                joined[place] = replace(other, start=first.start, end=second.end)
                break
        else:
            joined.append(quote)
    return joined
