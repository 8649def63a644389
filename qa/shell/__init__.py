"""What the command line shows and reads: lines for people, saved answers, the standard streams.

The names below are loaded on first use: `qa --help` must not pay for anything.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.shell.lookup import find_article, slice_text
    from qa.shell.render import (
        answer_lines,
        check_line,
        index_lines,
        metadata_lines,
        replay_line,
        skipped_lines,
        visible,
    )
    from qa.shell.terminal import Terminal, read_text
    from qa.shell.verify import folder_articles, parse_saved, replay

__all__ = [
    "Terminal",
    "answer_lines",
    "check_line",
    "find_article",
    "folder_articles",
    "index_lines",
    "metadata_lines",
    "parse_saved",
    "read_text",
    "replay",
    "replay_line",
    "skipped_lines",
    "slice_text",
    "visible",
]

__getattr__ = lazy_door(
    __name__,
    {
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
        "terminal": ("Terminal", "read_text"),
        "verify": ("folder_articles", "parse_saved", "replay"),
    },
)
