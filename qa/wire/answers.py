"""The wire contract: what the API and `--json` say, in the names that clients of this field already parse.

`document_*` and `*_char_index` name a place in an article, `start_index` and `end_index` a place in
the answer. Every offset is a half-open range of Unicode code points, as `offset_unit` repeats.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, JsonValue

from qa.types import Answer, Citation, Mention, Passage
from qa.wire.explanations import WireExplanation, wire_explanation
from qa.wire.fields import Offset, OffsetUnit, Wire, WireError

SCHEMA_VERSION: Final = 1
Probability = Annotated[float, Field(ge=0, le=1)]


class WireMention(Wire):
    """Another article that says the same."""

    document_id: str = Field(description="the article's path under the indexed folder")
    document_title: str = Field(description="the article's title")
    source: str | None = Field(description="publisher")


class WireCitation(Wire):
    """A verbatim quote and both of its places: in the answer and in the article."""

    start_index: Offset = Field(description="where the quote starts in `answer`")
    end_index: Offset = Field(description="where the quote ends in `answer`, exclusive")
    type: Literal["char_location"] = Field("char_location", description="offsets count characters")
    document_id: str = Field(description="the article's path under the indexed folder")
    document_title: str = Field(description="the article's title")
    source: str | None = Field(description="publisher")
    author: str | None = Field(description="author")
    published: str | None = Field(description="date of publication: a year, a month or a day in ISO 8601")
    url: str | None = Field(description="where the article was published")
    start_char_index: Offset = Field(description="where the quote starts in the article's text")
    end_char_index: Offset = Field(description="where the quote ends in the article's text, exclusive")
    start_line: int = Field(ge=1, description="first line of the quote in the article")
    end_line: int = Field(ge=1, description="last line of the quote in the article")
    start_page: int | None = Field(
        ge=1, description="first page of the quote in the article; null when it has no pages"
    )
    end_page: int | None = Field(ge=1, description="last page of the quote in the article")
    section: str | None = Field(description="heading above the quote; null when the article has pages")
    cited_text: str = Field(description="exactly the article's text between the two char indexes")
    document_sha256: str = Field(description="hash of the article that was quoted")
    passage: int = Field(ge=1, description="`rank` of the passage that holds the quote")
    answer_span: tuple[Offset, Offset] | None = Field(
        description="[start, end) of the words in the quote that answer, as offsets in the article's text; null when "
        "no reader has found any"
    )
    also_in: list[WireMention] = Field(
        description="copies of the article that hold the quote word for word, by id; the first 20"
    )


class WireScores(Wire):
    """The two halves of a passage's score."""

    dense: float = Field(description="similarity of meaning")
    lexical: float = Field(description="shared words")


class WirePassage(Wire):
    """A piece of an article offered as evidence."""

    rank: int = Field(ge=1, description="1 is the best")
    score: float = Field(description="higher is better; comparable only within one answer")
    scores: WireScores = Field(description="what `score` is made of")
    document_id: str = Field(description="the article's path under the indexed folder")
    document_title: str = Field(description="the article's title")
    start_char_index: Offset = Field(description="where the passage starts in the article's text")
    end_char_index: Offset = Field(description="where it ends, exclusive")
    text: str = Field(description="exactly the article's text between the two char indexes")
    document_sha256: str = Field(description="hash of the article that the passage is from")
    highlights: list[tuple[Offset, Offset]] = Field(
        description="[start, end) of the quoted sentences, as offsets in the article's text"
    )


class WireFacet(Wire):
    """One value that an answer could be narrowed to by a filter."""

    value: str = Field(description="what the filter would take; a year for `since` and `until`")
    articles: int = Field(ge=1, description="how many of the articles that were ranked have it")


class WireFacets(Wire):
    """What the articles that were ranked could be narrowed by, in each field at most 10 values, most frequent first."""

    source: list[WireFacet] = Field(description="publishers")
    author: list[WireFacet] = Field(description="authors; of an article with several each counts")
    language: list[WireFacet] = Field(description="languages, ISO 639-1")
    year: list[WireFacet] = Field(description="years of publication")


class WireContext(Wire):
    """Numbered passages to put in front of a language model."""

    text: str = Field(description="the passages, numbered by rank")
    tokens: int = Field(ge=0, description="length of `text` in tokens of `encoding`")
    encoding: str = Field(description="name of the tiktoken encoding that counted")


class WireIndex(Wire):
    """Which index answered."""

    generation: str = Field(description="name of the generation")
    model: str = Field(description="embedding model")
    chunks: int = Field(ge=0, description="chunks in the index")
    articles: int = Field(ge=0, description="articles in the index")


_EXAMPLE_CITED = "Washington fears being drawn into the war."
ANSWER_EXAMPLE: dict[str, JsonValue] = {
    "schema_version": 1,
    "question": "Why won't NATO admit Ukraine?",
    "status": "answered",
    "answer": _EXAMPLE_CITED,
    "confidence": 0.91,
    "citations": [
        {
            "start_index": 0,
            "end_index": 42,
            "type": "char_location",
            "document_id": "nato-ukraine.md",
            "document_title": "Why the alliance hesitates",
            "source": "A newspaper",
            "author": "A. Writer",
            "published": "2023-07-11",
            "url": None,
            "start_char_index": 1042,
            "end_char_index": 1084,
            "start_line": 12,
            "end_line": 12,
            "start_page": None,
            "end_page": None,
            "section": "What the allies want",
            "cited_text": _EXAMPLE_CITED,
            "document_sha256": "0" * 64,
            "passage": 1,
            "answer_span": [1058, 1084],
            "also_in": [
                {"document_id": "nato-wire.md", "document_title": "Allies hesitate", "source": "Another one"}
            ],
        }
    ],
    "differing": 0,
    "corroborated_by": [],
    "passages": [
        {
            "rank": 1,
            "score": 0.87,
            "scores": {"dense": 0.66, "lexical": 7.4},
            "document_id": "nato-ukraine.md",
            "document_title": "Why the alliance hesitates",
            "start_char_index": 1042,
            "end_char_index": 1126,
            "text": f"{_EXAMPLE_CITED} Allies want a ceasefire before they talk.",
            "document_sha256": "0" * 64,
            "highlights": [[1042, 1084]],
        }
    ],
    "passages_read": 8,
    "facets": {
        "source": [{"value": "A newspaper", "articles": 3}, {"value": "An agency", "articles": 1}],
        "author": [{"value": "A. Writer", "articles": 2}],
        "language": [{"value": "en", "articles": 4}],
        "year": [{"value": "2023", "articles": 3}, {"value": "2022", "articles": 1}],
    },
    "offset_unit": "unicode_code_points",
    "context": None,
    "explanation": None,
    "index": {"generation": "g-000001", "model": "all-MiniLM-L6-v2", "chunks": 38, "articles": 5},
    "timing_ms": {"embed": 9.1, "search": 1.2, "total": 14.8},
}


class WireAnswer(Wire):
    """The reply to one question: verbatim quotes with their places, or an honest "no evidence"."""

    model_config = ConfigDict(json_schema_extra={"examples": [ANSWER_EXAMPLE]})

    schema_version: Literal[1] = Field(SCHEMA_VERSION, description="version of this object")
    question: str = Field(description="the question that was answered")
    status: Literal["answered", "no_evidence"] = Field(description="whether the articles hold an answer")
    answer: str | None = Field(description="verbatim quotes, or null when there is no evidence")
    confidence: Probability = Field(description="probability that the passages hold an answer")
    citations: list[WireCitation] = Field(description="one for each quote, in the order of `answer`")
    differing: int = Field(
        ge=0,
        description="how many of the first citations differ: each answers with another number or date than the first; 0 "
        "when none does among `passages`",
    )
    corroborated_by: list[WireMention] = Field(
        description="articles of other publishers that give the same answer as the first citation; copies count once"
    )
    passages: list[WirePassage] = Field(description="the best passages, best first, answered or not")
    passages_read: int = Field(ge=0, description="how many of the best passages the reader has read")
    facets: WireFacets = Field(description="what `filters` could narrow this answer by")
    offset_unit: OffsetUnit = Field("unicode_code_points", description="unit of every index in this object")
    context: WireContext | None = Field(description="present when `max_context_tokens` was given")
    explanation: WireExplanation | None = Field(description="present when `explain` was true")
    index: WireIndex = Field(description="which index answered")
    timing_ms: dict[str, float] = Field(description="wall time of each stage in milliseconds")


class WireResult(Wire):
    """What became of one question of a batch: an answer, or an error."""

    answer: WireAnswer | None = Field(description="as `POST /ask` returns it")
    error: WireError | None = Field(description="why there is no answer")


class WireBatch(Wire):
    """The replies to the questions of a batch, in their order."""

    results: list[WireResult] = Field(description="one for each question")


def wire_answer(answer: Answer) -> WireAnswer:
    """Turn an answer into the object that the API and `qa ask --json` both return."""
    return WireAnswer(
        schema_version=SCHEMA_VERSION,
        question=answer.question,
        status=answer.status,
        answer=answer.text,
        confidence=answer.confidence,
        citations=[_citation(citation) for citation in answer.citations],
        differing=answer.differing,
        corroborated_by=_mentions(answer.corroborated_by),
        passages=[_passage(passage) for passage in answer.passages],
        passages_read=answer.passages_read,
        facets=WireFacets(**{field: _facets(counts) for field, counts in answer.facets.items()}),
        offset_unit="unicode_code_points",
        context=WireContext.model_validate(answer.context) if answer.context else None,
        explanation=wire_explanation(answer.explanation) if answer.explanation else None,
        index=WireIndex.model_validate(answer.index),
        timing_ms=dict(answer.timings_ms),
    )


def _mentions(mentions: Iterable[Mention]) -> list[WireMention]:
    return [
        WireMention(document_id=each.article_id, document_title=each.title, source=each.source)
        for each in mentions
    ]


def _facets(counts: Mapping[str, int]) -> list[WireFacet]:
    return [WireFacet(value=value, articles=articles) for value, articles in counts.items()]


def _citation(citation: Citation) -> WireCitation:
    return WireCitation(
        start_index=citation.answer_start,
        end_index=citation.answer_end,
        type="char_location",
        document_id=citation.article_id,
        document_title=citation.title,
        source=citation.source,
        author=citation.author,
        published=citation.published,
        url=citation.url,
        start_char_index=citation.start,
        end_char_index=citation.end,
        start_line=citation.start_line,
        end_line=citation.end_line,
        start_page=citation.start_page,
        end_page=citation.end_page,
        section=citation.section,
        cited_text=citation.quote,
        document_sha256=citation.sha256,
        passage=citation.passage,
        answer_span=citation.answer_span,
        also_in=_mentions(citation.also_in),
    )


def _passage(passage: Passage) -> WirePassage:
    return WirePassage(
        rank=passage.rank,
        score=passage.score,
        scores=WireScores(dense=passage.dense, lexical=passage.lexical),
        document_id=passage.chunk.article_id,
        document_title=passage.title,
        start_char_index=passage.chunk.start,
        end_char_index=passage.chunk.end,
        text=passage.text,
        document_sha256=passage.sha256,
        highlights=list(passage.highlights),
    )
