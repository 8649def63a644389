"""Answer one question from one generation of an index."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from time import perf_counter

from qa.answer.abstain import confidence, confidence_signs
from qa.answer.bounds import MAX_K, MAX_QUESTION_CHARS
from qa.answer.cite import cite, mention, pack_context
from qa.answer.compare import compare
from qa.answer.explain import explain
from qa.answer.facets import count_facets
from qa.answer.newer import asks_about_now, prefer_newest, with_newest
from qa.answer.passages import Evidence, read_passages
from qa.answer.reread import READ_AT_MOST, reread
from qa.answer.retrieve import Candidate, retrieve
from qa.answer.select import MAX_QUOTES, READ_PASSAGES, Asked, Quote, rank_sentences, select
from qa.answer.weights import Fitted, Weights, fitted
from qa.errors import InputError, OverloadedError
from qa.filters import NO_FILTERS, Filters
from qa.index import OpenIndex, question_terms
from qa.models import Embedder, Vectors
from qa.reader import Reader
from qa.types import Answer, Article, IndexInfo, Mention, Passage

MOST_COPIES_READ = 200
"""So many copies of an article are looked into: whether they hold a quote, and who published them."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class Answerer:
    """Asks one generation; safe to share between threads if its embedder is."""

    def __init__(
        self,
        generation: OpenIndex,
        embedder: Embedder,
        *,
        reader: Reader | None = None,
        read_budget_ms: float | None = None,
        refuse_below: float | None = None,
        weights: Fitted | None = None,
    ) -> None:
        """Take an open index and the model that made it.

        `reader`: reads the best passages, as many as it can in `read_budget_ms`; None leaves them unread.
        `weights`: of all signs; None takes those that ship. `refuse_below`: least confidence of an answer; None
        takes the threshold of the weights.
        """
        self.generation = generation
        self._embedder = embedder
        self._reader = reader
        self._read_budget_ms = read_budget_ms
        self._weights = weights or fitted()
        self._refuse_below = self._weights.threshold if refuse_below is None else refuse_below

    def ask(
        self,
        question: str,
        *,
        k: int = 5,
        max_context_tokens: int | None = None,
        explained: bool = False,
        filters: Filters = NO_FILTERS,
        vector: Vectors | None = None,
        given_up: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """Return quotes with citations, or an answer whose status is "no_evidence", and `k` passages either way.

        There are fewer when the index has no more, or only copies of them, and none when `filters` fit no article.
        `max_context_tokens` asks for the passages packed for a language model, `explained` for what every score is made
        of; `vector` is the question's,
        where `embed` has made it already. Raises InputError for a question or number out of bounds, and OverloadedError
        between two stages once `given_up` says that nobody waits for the answer any more.
        """
        question = _checked(question, k, max_context_tokens)
        clock = _Clock(given_up)
        found = self.search(question, k=k, filters=filters, vector=vector, lap=clock.lap)
        copies_of = partial(self._copies_of, filters=filters)
        text, citations = cite(found.quotes, found.articles, copies_of=copies_of)
        clock.lap("cite")
        probability = confidence(found.signs, found.weights.confidence)
        answered = bool(citations) and probability >= self._refuse_below
        context = None
        if max_context_tokens is not None:
            context = pack_context(found.passages, found.articles, max_tokens=max_context_tokens)
            clock.lap("context")
        explanation = (
            explain(found.evidence[:k], found.quotes, found.signs, found.asked, weights=found.weights)
            if explained
            else None
        )
        manifest = self.generation.manifest
        return Answer(
            question=question,
            status="answered" if answered else "no_evidence",
            text=text if answered else None,
            confidence=probability,
            citations=citations if answered else (),
            differing=found.differing if answered else 0,
            corroborated_by=found.agreeing if answered else (),
            passages=found.passages,
            passages_read=sum(each.reading is not None for each in found.evidence),
            facets=self._facets(found.candidates),
            context=context,
            explanation=explanation,
            index=IndexInfo(manifest.generation, manifest.model.name, manifest.chunks, manifest.articles),
            timings_ms=clock.laps(),
        )

    def embed(self, questions: Sequence[str]) -> Vectors:
        """Return one row a question, as `ask` takes them: many at once cost less than one by one."""
        return self._embedder.embed_questions([question.strip() for question in questions])

    def _copies_of(self, article_id: str, *, filters: Filters) -> Iterator[Article]:
        return map(
            self.generation.article,
            islice(self.generation.copies(article_id, filters=filters), MOST_COPIES_READ),
        )

    def search(
        self,
        question: str,
        *,
        k: int,
        filters: Filters = NO_FILTERS,
        vector: Vectors | None = None,
        lap: Callable[[str], None] = lambda stage: None,
    ) -> "Found":
        """Return everything an answer is made of, before deciding whether there is one."""
        if vector is None:
            vector = self.embed([question])[0]
        lap("embed")
        candidates: Sequence[Candidate] = retrieve(self.generation, question, vector, filters=filters)
        # The same passages are read for every k: how sure an answer is must not depend on how much is shown.
        least = READ_PASSAGES if self._reader is None else READ_AT_MOST
        evidence, articles = read_passages(self.generation, candidates, k=max(k, least))
        lap("retrieve")
        if self._reader is not None:
            evidence, candidates = reread(
                evidence,
                candidates,
                question,
                reader=self._reader,
                weights=self._weights.read.passage,
                budget_ms=self._read_budget_ms,
            )
            lap("read")
        wanted = question_terms(question, self.generation.languages)
        idf = self.generation.idf(frozenset(chain.from_iterable(wanted.values())))
        asked = Asked.of(
            question, {language: {each: idf[each] for each in found} for language, found in wanted.items()}
        )
        weights = self._weights.weights(read=any(each.reading is not None for each in evidence))
        if evidence and asks_about_now(question):
            evidence, candidates = prefer_newest(evidence, candidates, question, articles)
            weights = with_newest(weights)
        sentences = rank_sentences(evidence, asked, articles, weights=weights.quote)
        shown = [quote for quote in sentences if quote.passage.rank <= k]
        quotes = select(shown, articles)
        differing, agreeing = compare(
            evidence[:least],
            quotes,
            question,
            articles,
            asked=asked,
            weights=weights.quote,
            copies_of=partial(self._copies_of, filters=filters),
        )
        others = [quote for quote in differing if quote.passage.rank <= k]
        rest = [quote for quote in quotes[1:] if not any(map(quote.overlaps, others))]
        quotes = [*quotes[:1], *others, *rest][:MAX_QUOTES]
        found = Found(
            asked=asked,
            candidates=tuple(candidates),
            evidence=evidence,
            passages=tuple(_highlighted(each.passage, quotes) for each in evidence[:k]),
            articles=articles,
            sentences=tuple(sentences),
            quotes=tuple(quotes),
            differing=min(len(others), MAX_QUOTES - 1) + 1 if others else 0,
            agreeing=tuple(mention(articles[each.passage.chunk.article_id]) for each in agreeing),
            signs=confidence_signs(evidence, sentences, asked),
            weights=weights,
        )
        lap("select")
        return found

    def _facets(self, candidates: Sequence[Candidate]) -> Mapping[str, Mapping[str, int]]:
        return count_facets(self.generation.fields_of_rows([candidate.row for candidate in candidates]))


@dataclass(frozen=True, slots=True)
class Found:
    """What an answer is made of.

    `candidates` are all chunks that were ranked, best first, `evidence` those that were read, `passages` those
    that are shown; `articles` has the articles of what was read, `sentences` the sentences of the best of it,
    best first, `quotes` those of them that are shown, the first `differing` of which contradict the very first, and
    `agreeing` the articles that say the same as the first; `signs` speak for an answer, and `weights` are those of all
    signs.
    """

    asked: Asked
    candidates: tuple[Candidate, ...]
    evidence: tuple[Evidence, ...]
    passages: tuple[Passage, ...]
    articles: Mapping[str, Article]
    sentences: tuple[Quote, ...]
    quotes: tuple[Quote, ...]
    differing: int
    agreeing: tuple[Mention, ...]
    signs: Mapping[str, float]
    weights: Weights


class _Clock:
    """Wall time of each stage and of all of them, in milliseconds."""

    def __init__(self, given_up: Callable[[], bool]) -> None:
        self._given_up = given_up
        self._start = self._last = perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        if self._given_up():
            raise OverloadedError("Nobody waits for this answer any more. Ask again.")
        now = perf_counter()
        self._laps[stage] = round((now - self._last) * 1000, 3)
        self._last = now

    def laps(self) -> dict[str, float]:
        return {**self._laps, "total": round((perf_counter() - self._start) * 1000, 3)}


def _highlighted(passage: Passage, quotes: Sequence[Quote]) -> Passage:
    spans = sorted(
        (quote.start, quote.end)
        for quote in quotes
        if quote.passage.chunk.article_id == passage.chunk.article_id
        and passage.chunk.start <= quote.start
        and quote.end <= passage.chunk.end
    )
    return replace(passage, highlights=tuple(spans))


def _checked(question: str, k: int, max_context_tokens: int | None) -> str:
    question = question.strip()
    if not question:
        raise InputError('The question is empty. Ask one: qa ask "Why won\'t NATO admit Ukraine?"')
    if len(question) > MAX_QUESTION_CHARS:
        raise InputError(
            f"The question has {len(question):,} characters; at most {MAX_QUESTION_CHARS:,} are taken."
        )
    if _SURROGATE.search(question):
        raise InputError(
            "The question holds half a surrogate pair, which is no character. Send valid Unicode."
        )
    if not 1 <= k <= MAX_K:
        raise InputError(f"k is {k}; expected a number of passages from 1 to {MAX_K}.")
    if max_context_tokens is not None and max_context_tokens < 1:
        raise InputError(f"max_context_tokens is {max_context_tokens}; expected at least 1.")
    return question
