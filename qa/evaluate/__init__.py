"""Measure answers on data with known ones, and fit what is fitted."""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.evaluate.ask import AskedFolder, ask_all, trec_run
    from qa.evaluate.beir import BeirFolder, read_beir
    from qa.evaluate.evaluation import Evaluation, evaluate, to_json
    from qa.evaluate.files import expect_writable, save
    from qa.evaluate.report import html_report
    from qa.evaluate.table import table_lines

__all__ = [
    "AskedFolder",
    "BeirFolder",
    "Evaluation",
    "ask_all",
    "evaluate",
    "expect_writable",
    "html_report",
    "read_beir",
    "save",
    "table_lines",
    "to_json",
    "trec_run",
]

__getattr__ = lazy_door(
    __name__,
    {
        "ask": ("AskedFolder", "ask_all", "trec_run"),
        "beir": ("BeirFolder", "read_beir"),
        "evaluation": ("Evaluation", "evaluate", "to_json"),
        "files": ("expect_writable", "save"),
        "report": ("html_report",),
        "table": ("table_lines",),
    },
)
