"""From an answer to the outside world: wire objects, the HTTP interface, the terminal.

The names below are loaded on first use: `qa ask` must not pay for fastapi, nor `qa --help` for anything.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.serve.api import create_app
    from qa.serve.lookup import find_article, slice_text
    from qa.serve.render import (
        answer_lines,
        check_line,
        index_lines,
        metadata_lines,
        replay_line,
        skipped_lines,
        visible,
    )
    from qa.serve.server import bind, run
    from qa.serve.terminal import Terminal, read_text
    from qa.serve.verify import folder_articles, parse_saved, replay
    from qa.serve.wire import wire_answer
    from qa.serve.wire_index import wire_report

__all__ = [
    "Terminal",
    "answer_lines",
    "bind",
    "check_line",
    "create_app",
    "find_article",
    "folder_articles",
    "index_lines",
    "metadata_lines",
    "parse_saved",
    "read_text",
    "replay",
    "replay_line",
    "run",
    "skipped_lines",
    "slice_text",
    "visible",
    "wire_answer",
    "wire_report",
]

__getattr__ = lazy_door(
    __name__,
    {
        "api": ("create_app",),
        "lookup": ("find_article", "slice_text"),
        "render": (
            "answer_lines",
            "check_line",
            "index_lines",
            "metadata_lines",
            "replay_line",
            "skipped_lines",
            "visible",
        ),
        "server": ("bind", "run"),
        "terminal": ("Terminal", "read_text"),
        "verify": ("folder_articles", "parse_saved", "replay"),
        "wire": ("wire_answer",),
        "wire_index": ("wire_report",),
    },
)
