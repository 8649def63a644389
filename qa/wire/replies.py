"""From what a server said back to the records that the rest of this package works with."""

from qa.types import (
    Answer,
    Chunk,
    Citation,
    Context,
    ExplainedPassage,
    ExplainedQuote,
    Explanation,
    IndexInfo,
    Mention,
    Part,
    Passage,
)
from qa.wire.answers import WireAnswer, WireCitation, WireMention, WirePassage
from qa.wire.explanations import WireExplanation, WirePart


def answer_of(wire: WireAnswer) -> Answer:
    """Return the answer that `wire_answer` was given, but for headings and sentences, which do not travel."""
    return Answer(
        question=wire.question,
        status=wire.status,
        text=wire.answer,
        confidence=wire.confidence,
        citations=tuple(_citation(each) for each in wire.citations),
        differing=wire.differing,
        corroborated_by=_mentions(wire.corroborated_by),
        passages=tuple(_passage(each) for each in wire.passages),
        passages_read=wire.passages_read,
        facets={
            field: {each.value: each.articles for each in getattr(wire.facets, field)}
            for field in type(wire.facets).model_fields
        },
        context=Context(**wire.context.model_dump()) if wire.context else None,
        explanation=_explanation(wire.explanation) if wire.explanation else None,
        index=IndexInfo(**wire.index.model_dump()),
        timings_ms=wire.timing_ms,
    )


def _citation(wire: WireCitation) -> Citation:
    return Citation(
        article_id=wire.document_id,
        title=wire.document_title,
        source=wire.source,
        author=wire.author,
        published=wire.published,
        url=wire.url,
        start=wire.start_char_index,
        end=wire.end_char_index,
        start_line=wire.start_line,
        end_line=wire.end_line,
        start_page=wire.start_page,
        end_page=wire.end_page,
        section=wire.section,
        quote=wire.cited_text,
        sha256=wire.document_sha256,
        answer_start=wire.start_index,
        answer_end=wire.end_index,
        passage=wire.passage,
        answer_span=wire.answer_span,
        also_in=_mentions(wire.also_in),
    )


def _mentions(wire: list[WireMention]) -> tuple[Mention, ...]:
    return tuple(Mention(each.document_id, each.document_title, each.source) for each in wire)


def _passage(wire: WirePassage) -> Passage:
    return Passage(
        chunk=Chunk(wire.document_id, wire.start_char_index, wire.end_char_index, "", ()),
        title=wire.document_title,
        text=wire.text,
        rank=wire.rank,
        score=wire.score,
        dense=wire.scores.dense,
        lexical=wire.scores.lexical,
        sha256=wire.document_sha256,
        highlights=tuple(wire.highlights),
    )


def _explanation(wire: WireExplanation) -> Explanation:
    return Explanation(
        passages=tuple(
            ExplainedPassage(each.rank, _parts(each.parts), tuple(each.matched_words))
            for each in wire.passages
        ),
        quotes=tuple(
            ExplainedQuote(
                each.passage, each.start_char_index, each.end_char_index, each.score, _parts(each.parts)
            )
            for each in wire.quotes
        ),
        confidence=_parts(wire.confidence_parts),
    )


def _parts(parts: list[WirePart]) -> tuple[Part, ...]:
    return tuple(Part(each.name, each.value, each.weight) for each in parts)
