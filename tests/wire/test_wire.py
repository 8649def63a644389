"""The wire contract: the object in the project's first issue, field by field."""

import json
import re
import sys
from dataclasses import replace

import pytest
from pydantic import BaseModel, ValidationError

from qa.filters import days_of
from qa.index import Generation
from qa.types import Answer, Article, Context
from qa.wire import answers, explanations, indexes, questions
from qa.wire.answers import ANSWER_EXAMPLE, WireAnswer, wire_answer
from qa.wire.indexes import wire_article, wire_manifest
from qa.wire.questions import AskRequest, WireFilters


def test_an_answer_is_exactly_the_object_of_the_contract(answer: Answer) -> None:
    head = {
        "type": "char_location",
        "document_id": "a/b.md",
        "document_title": "Harbour",
        "source": "The Gazette",
        "author": "A. Writer",
        "published": "2023-07-11",
        "url": "https://example.org/",
    }
    assert json.loads(wire_answer(answer).model_dump_json()) == {
        "schema_version": 1,
        "question": "Why was the harbour closed?",
        "status": "answered",
        "answer": "The harbour was closed.\n\nIt opened on Friday.",
        "confidence": 0.75,
        "citations": [
            {
                "start_index": 0,
                "end_index": 23,
                **head,
                "start_char_index": 9,
                "end_char_index": 32,
                "start_line": 3,
                "end_line": 3,
                "start_page": None,
                "end_page": None,
                "section": "Why",
                "cited_text": "The harbour was closed.",
                "document_sha256": "f" * 64,
                "passage": 1,
                "answer_span": [11, 31],
                "also_in": [],
            },
            {
                "start_index": 25,
                "end_index": 45,
                **head,
                "start_char_index": 48,
                "end_char_index": 68,
                "start_line": 5,
                "end_line": 6,
                "start_page": None,
                "end_page": None,
                "section": "Why",
                "cited_text": "It opened on Friday.",
                "document_sha256": "f" * 64,
                "passage": 1,
                "answer_span": [50, 67],
                "also_in": [
                    {"document_id": "c.md", "document_title": "Port", "source": "The Echo"},
                    {"document_id": "d.md", "document_title": "Quay", "source": None},
                ],
            },
        ],
        "differing": 0,
        "corroborated_by": [{"document_id": "e.md", "document_title": "Storm", "source": "The Star"}],
        "passages": [
            {
                "rank": 1,
                "score": 0.9,
                "scores": {"dense": 0.5, "lexical": 2.0},
                "document_id": "a/b.md",
                "document_title": "Harbour",
                "start_char_index": 9,
                "end_char_index": 46,
                "text": "The harbour was closed. Ships waited.",
                "document_sha256": "f" * 64,
                "highlights": [[9, 32]],
            },
            {
                "rank": 2,
                "score": 0.7,
                "scores": {"dense": 0.5, "lexical": 2.0},
                "document_id": "a/b.md",
                "document_title": "Harbour",
                "start_char_index": 48,
                "end_char_index": 68,
                "text": "It opened on Friday.",
                "document_sha256": "f" * 64,
                "highlights": [],
            },
        ],
        "passages_read": 2,
        "facets": {
            "source": [{"value": "The Gazette", "articles": 1}],
            "author": [],
            "language": [{"value": "en", "articles": 1}],
            "year": [{"value": "2023", "articles": 1}],
        },
        "offset_unit": "unicode_code_points",
        "context": None,
        "explanation": None,
        "index": {"generation": "gen-000001-abc", "model": "fake", "chunks": 7, "articles": 3},
        "timing_ms": {"total": 1.5},
    }


def test_no_evidence_has_null_for_an_answer_and_the_context_when_there_is_one(answer: Answer) -> None:
    refused = replace(
        answer, status="no_evidence", text=None, citations=(), context=Context("[1] x", 4, "cl100k_base")
    )
    sent = wire_answer(refused).model_dump()
    assert (sent["status"], sent["answer"], sent["citations"]) == ("no_evidence", None, [])
    assert sent["context"] == {"text": "[1] x", "tokens": 4, "encoding": "cl100k_base"}


@pytest.mark.parametrize(
    "broken", [{"confidence": float("nan")}, {"confidence": 1.5}, {"timings_ms": {"a": float("inf")}}]
)
def test_a_number_that_json_cannot_hold_never_leaves(answer: Answer, broken: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        wire_answer(replace(answer, **broken))  # type: ignore[arg-type]


def test_the_example_in_the_documentation_keeps_its_own_promises() -> None:
    example = WireAnswer.model_validate(ANSWER_EXAMPLE)
    [citation], [passage] = example.citations, example.passages
    assert example.answer is not None
    assert example.answer[citation.start_index : citation.end_index] == citation.cited_text
    assert citation.end_char_index - citation.start_char_index == len(citation.cited_text)
    assert passage.end_char_index - passage.start_char_index == len(passage.text)
    assert passage.text[: citation.end_char_index - passage.start_char_index] == citation.cited_text
    assert passage.highlights == [(citation.start_char_index, citation.end_char_index)]


def test_every_field_is_described() -> None:
    models = [
        model
        for module in (answers, explanations, indexes, questions)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, BaseModel)
    ]
    undescribed = [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if not field.description
    ]
    assert len(models) > 15
    assert undescribed == []


def test_examples_of_the_request_are_requests() -> None:
    for example in AskRequest.model_json_schema()["examples"]:
        AskRequest.model_validate(example)


def test_the_schema_takes_for_a_date_what_is_one() -> None:
    [described] = {
        json.dumps(field["anyOf"][0])
        for name, field in WireFilters.model_json_schema()["properties"].items()
        if name in ("since", "until")
    }
    pattern = re.compile(json.loads(described)["pattern"], re.ASCII)
    for year in ("1900", "2000", "2023", "2024", "0999", "999"):
        for month in range(14):
            for written in (
                year,
                f"{year}-{month:02}",
                *(f"{year}-{month:02}-{day:02}" for day in range(33)),
            ):
                assert bool(pattern.search(written)) == (days_of(written) is not None), written
    for written in ("", "2023-7", "2023-07-1", "x2023", "2023x", "20230711"):
        assert not pattern.search(written)


def test_the_schema_takes_for_a_blank_what_is_stripped() -> None:
    pattern = re.compile(AskRequest.model_json_schema()["properties"]["question"]["pattern"], re.ASCII)
    for character in map(chr, range(sys.maxunicode + 1)):
        assert bool(pattern.search(character)) == bool(character.strip()), ascii(character)


def test_an_article_carries_its_text_and_the_unit_of_offsets(article: Article) -> None:
    assert wire_article(article).model_dump() == {
        "document_id": "a/b.md",
        "document_title": "Harbour",
        "source": "The Gazette",
        "author": "A. Writer",
        "published": "2023-07-11",
        "url": "https://example.org/",
        "language": "en",
        "document_sha256": "f" * 64,
        "characters": 68,
        "provenance": {},
        "offset_unit": "unicode_code_points",
        "text": article.text,
    }


def test_a_manifest_keeps_its_names(generation: Generation) -> None:
    manifest = generation.manifest
    sent = wire_manifest(manifest).model_dump()
    assert sent["generation"] == manifest.generation
    assert sent["model"]["name"] == "fake"
    assert sent["lexical"] == dict(manifest.lexical)
    assert sent["files"].keys() == manifest.files.keys()
