"""Ask every question of a judged folder as `qa ask` does, and keep what is measured."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.answer import Answerer, Found, confidence, fitted
from qa.errors import InputError
from qa.evaluate.answers import Accepted
from qa.evaluate.beir import BeirFolder
from qa.filters import Filters
from qa.types import Manifest

if TYPE_CHECKING:
    from qa.index import OpenIndex

OURS = "qa"
LEGS = ("dense", "lexical", "RRF(60)")
PASSAGES = (1, 3, 5)
"""Numbers of passages that are searched for an answer; the last is what `qa ask` shows."""

_RRF = 60  # Cormack, Clarke and Büttcher 2009
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class BestQuote:
    """The first quote of an answer; `sentences` counts those of the chunk that it touches."""

    article_id: str
    text: str
    sentences: int


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether an accepted answer stands in what came back.

    In the best quote, the first one, whatever article it is from; in the best quote of a relevant article asked
    alone; in the first `PASSAGES`, of whatever articles. `span_given`: F1 over tokens and equality of the words that
    a reader marks in the quote of that article, None where none has read or the accepted answers are sentences.
    """

    in_quote: bool
    in_quote_given: bool
    in_passages: tuple[bool, ...]
    span_given: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with what came back.

    `rankings` holds article ids, best first, an article at its best chunk, by `OURS` and each of `LEGS`.
    `checked` is None where no accepted answer stands in a relevant article. `holds`: one of the first passages
    holds an accepted answer; `right`: the best quote does. Where nothing is checked, coming from a relevant
    article counts instead; for an unanswerable question both are False.
    """

    id: str
    answerable: bool
    rankings: Mapping[str, tuple[str, ...]]
    confidence: float
    quote: BestQuote | None
    checked: Checked | None
    holds: bool
    right: bool


@dataclass(frozen=True, slots=True)
class AskedFolder:
    """All that was asked of a folder, the index that answered, and the least confidence of an answer."""

    data: BeirFolder
    manifest: Manifest
    refuse_below: float
    asked: tuple[Asked, ...]


def ask_all(
    data: BeirFolder,
    answerer: Answerer,
    *,
    refuse_below: float | None = None,
    sample: int | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> AskedFolder:
    """Ask every question that is judged or marked as unanswerable, or `sample` of them.

    `refuse_below`: least confidence of an answer; None takes the shipped threshold. The sample is those whose ids have the smallest hashes: the same ones on every machine, and the larger
    sample holds the smaller one. Raises InputError when none of them is judged.
    """
    texts = {article.id: article.text for article in data.articles}
    names = sorted(data.relevant.keys() | data.unanswerable, key=_hash)[:sample]
    if data.relevant.keys().isdisjoint(names):
        raise InputError(
            f"None of the {len(names)} sampled questions is judged. Ask more of them: qa eval FOLDER --questions N"
        )
    asked: list[Asked] = []
    for name in names:
        progress("ask", len(asked), len(names))
        asked.append(_ask(answerer, data, name, texts))
    progress("ask", len(names), len(names))
    threshold = fitted().threshold if refuse_below is None else refuse_below
    return AskedFolder(data, answerer.generation.manifest, threshold, tuple(asked))


def trec_run(asked: Iterable[Asked]) -> str:
    """Return the rankings in the format of TREC: question, Q0, article, rank, score, name of the run.

    The score counts down to 1, so that it falls strictly: readers sort by it, and break ties as they like.
    Raises InputError for an id with blank space, which the format cannot hold.
    """
    lines: list[str] = []
    for question in asked:
        ranking = question.rankings[OURS]
        for place, article in enumerate(ranking):
            for name in (question.id, article):
                if name.split() != [name]:
                    raise InputError(
                        f"The id {name!r} has blank space in it, which a TREC run cannot hold. "
                        "Change the id, or do without the run: qa eval FOLDER"
                    )
            lines.append(f"{question.id} Q0 {article} {place + 1} {len(ranking) - place} {OURS}\n")
    return "".join(lines)


def _ask(answerer: Answerer, data: BeirFolder, name: str, texts: Mapping[str, str]) -> Asked:
    question, relevant = data.questions[name], data.relevant.get(name, frozenset())
    found = answerer.search(question, k=PASSAGES[-1])
    quote = _best_quote(found)
    checked = _check(answerer, question, found, data.accepted.get(name), relevant, texts)
    return Asked(
        id=name,
        answerable=bool(relevant),
        rankings=_rankings(found, answerer.generation),
        confidence=confidence(found.signs, found.weights.confidence),
        quote=quote,
        checked=checked,
        holds=checked.in_passages[-1]
        if checked
        else any(passage.chunk.article_id in relevant for passage in found.passages),
        right=checked.in_quote if checked else quote is not None and quote.article_id in relevant,
    )


def _check(
    answerer: Answerer,
    question: str,
    found: Found,
    accepted: Accepted | None,
    relevant: Iterable[str],
    texts: Mapping[str, str],
) -> Checked | None:
    if accepted is None:
        return None
    standing = {name: accepted.within(texts.get(name, "")) for name in sorted(relevant)}
    kept = tuple(dict.fromkeys(text for held in standing.values() for text in held))
    if not kept:
        return None
    accepted = Accepted(kept, accepted.sentences)
    # With several relevant articles the first by id that holds an answer is the one asked alone.
    given = next(name for name, held in standing.items() if held)
    there = answerer.search(question, k=PASSAGES[-1], filters=Filters(article=(given,)))
    # None if all of the article is page furniture, which is not indexed.
    alone, span = _best_quote(there), _span(there, accepted)
    quote = _best_quote(found)
    passages = [accepted.held_by(passage.text) for passage in found.passages]
    return Checked(
        in_quote=quote is not None and accepted.held_by(quote.text),
        in_quote_given=alone is not None and accepted.held_by(alone.text),
        in_passages=tuple(any(passages[:k]) for k in PASSAGES),
        span_given=span,
    )


def _span(found: Found, accepted: Accepted) -> tuple[float, float] | None:
    if accepted.sentences or not found.quotes or not any(each.reading for each in found.evidence):
        return None
    quote = found.quotes[0]
    text = found.articles[quote.passage.chunk.article_id].text
    return accepted.overlap(text[slice(*quote.span)]) if quote.span else (0.0, 0.0)


def _best_quote(found: Found) -> BestQuote | None:
    if not found.quotes:
        return None
    quote = found.quotes[0]
    chunk = quote.passage.chunk
    return BestQuote(
        article_id=chunk.article_id,
        text=found.articles[chunk.article_id].text[quote.start : quote.end],
        sentences=sum(start < quote.end and end > quote.start for start, end in chunk.sentences),
    )


def _rankings(found: Found, generation: "OpenIndex") -> dict[str, tuple[str, ...]]:
    """Rank the articles of the candidates; the legs rank the same candidates as we do, each by its own score."""
    candidates = sorted(found.candidates, key=lambda candidate: candidate.row)  # equal scores keep this order
    rows = [candidate.row for candidate in candidates]
    articles = dict(zip(rows, (chunk.article_id for chunk in generation.chunks(rows)), strict=True))
    dense = [c.row for c in sorted(candidates, key=lambda candidate: -candidate.dense)]
    lexical = [c.row for c in sorted(candidates, key=lambda candidate: -candidate.lexical) if c.lexical > 0]
    by_row = {
        OURS: [candidate.row for candidate in found.candidates],
        "dense": dense,
        "lexical": lexical,
        "RRF(60)": _fuse_ranks(dense, lexical),
    }
    return {name: tuple(dict.fromkeys(articles[row] for row in ranking)) for name, ranking in by_row.items()}


def _fuse_ranks(*rankings: Sequence[int]) -> list[int]:
    """Fuse by reciprocal ranks: the sum of 1 / (60 + rank) over the rankings that name a row."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, row in enumerate(ranking, start=1):
            scores[row] = scores.get(row, 0.0) + 1 / (_RRF + rank)
    return sorted(scores, key=lambda row: (-scores[row], row))


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8")).digest()
