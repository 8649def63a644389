"""Measure answers on data with known ones, and fit what is fitted."""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.evaluate.answers import normalise
    from qa.evaluate.ask import AskedFolder, ask_all, trec_run
    from qa.evaluate.beir import BeirFolder, read_beir
    from qa.evaluate.evaluation import SPAN_MEASURES, Evaluation, evaluate, to_json
    from qa.evaluate.files import expect_writable, save
    from qa.evaluate.indexing import index_articles
    from qa.evaluate.measures import auroc
    from qa.evaluate.report import html_report
    from qa.evaluate.table import table_lines
    from qa.evaluate.training import (
        TrainingRow,
        is_development,
        passage_article,
        topic_of,
        training_rows,
    )

__all__ = [
    "SPAN_MEASURES",
    "AskedFolder",
    "BeirFolder",
    "Evaluation",
    "TrainingRow",
    "ask_all",
    "auroc",
    "evaluate",
    "expect_writable",
    "html_report",
    "index_articles",
    "is_development",
    "normalise",
    "passage_article",
    "read_beir",
    "save",
    "table_lines",
    "to_json",
    "topic_of",
    "training_rows",
    "trec_run",
]

__getattr__ = lazy_door(
    __name__,
    {
        "answers": ("normalise",),
        "ask": ("AskedFolder", "ask_all", "trec_run"),
        "beir": ("BeirFolder", "read_beir"),
        "evaluation": ("SPAN_MEASURES", "Evaluation", "evaluate", "to_json"),
        "files": ("expect_writable", "save"),
        "indexing": ("index_articles",),
        "measures": ("auroc",),
        "report": ("html_report",),
        "table": ("table_lines",),
        "training": (
            "TrainingRow",
            "is_development",
            "passage_article",
            "topic_of",
            "training_rows",
        ),
    },
)
