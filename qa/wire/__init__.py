"""The wire contract: the objects that the HTTP interface and `--json` both print."""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.wire.answers import (
        ANSWER_EXAMPLE,
        WireAnswer,
        WireBatch,
        WireResult,
        wire_answer,
    )
    from qa.wire.fields import Wire, WireError
    from qa.wire.indexes import (
        WireArticle,
        WireArticles,
        WireErrorBody,
        WireManifest,
        wire_article,
        wire_manifest,
        wire_report,
        wire_shard,
        wire_summary,
    )
    from qa.wire.questions import MAX_BATCH, AskRequest, BatchRequest
    from qa.wire.replies import answer_of

__all__ = [
    "ANSWER_EXAMPLE",
    "MAX_BATCH",
    "AskRequest",
    "BatchRequest",
    "Wire",
    "WireAnswer",
    "WireArticle",
    "WireArticles",
    "WireBatch",
    "WireError",
    "WireErrorBody",
    "WireManifest",
    "WireResult",
    "answer_of",
    "wire_answer",
    "wire_article",
    "wire_manifest",
    "wire_report",
    "wire_shard",
    "wire_summary",
]

__getattr__ = lazy_door(
    __name__,
    {
        "answers": (
            "ANSWER_EXAMPLE",
            "WireAnswer",
            "WireBatch",
            "WireResult",
            "wire_answer",
        ),
        "fields": ("Wire", "WireError"),
        "indexes": (
            "WireArticle",
            "WireArticles",
            "WireErrorBody",
            "WireManifest",
            "wire_article",
            "wire_manifest",
            "wire_report",
            "wire_shard",
            "wire_summary",
        ),
        "questions": ("MAX_BATCH", "AskRequest", "BatchRequest"),
        "replies": ("answer_of",),
    },
)
