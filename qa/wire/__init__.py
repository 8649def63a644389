"""The wire contract: the objects that the HTTP interface and `--json` both print."""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.wire.answers import ANSWER_EXAMPLE, AskRequest, WireAnswer, wire_answer
    from qa.wire.fields import Wire
    from qa.wire.indexes import (
        WireArticle,
        WireArticles,
        WireErrorBody,
        WireManifest,
        wire_article,
        wire_manifest,
        wire_report,
        wire_summary,
    )

__all__ = [
    "ANSWER_EXAMPLE",
    "AskRequest",
    "Wire",
    "WireAnswer",
    "WireArticle",
    "WireArticles",
    "WireErrorBody",
    "WireManifest",
    "wire_answer",
    "wire_article",
    "wire_manifest",
    "wire_report",
    "wire_summary",
]

__getattr__ = lazy_door(
    __name__,
    {
        "answers": ("ANSWER_EXAMPLE", "AskRequest", "WireAnswer", "wire_answer"),
        "fields": ("Wire",),
        "indexes": (
            "WireArticle",
            "WireArticles",
            "WireErrorBody",
            "WireManifest",
            "wire_article",
            "wire_manifest",
            "wire_report",
            "wire_summary",
        ),
    },
)
