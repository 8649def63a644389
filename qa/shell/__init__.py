"""What the command line shows and reads: lines for people, saved answers, the standard streams.

The names below are loaded on first use: `qa --help` must not pay for anything.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.shell.batch import answer_lines_of
    from qa.shell.lookup import file_links, find_article, none_fits, slice_text
    from qa.shell.page import page_lines
    from qa.shell.prompt import converse
    from qa.shell.reading import read_lines, read_text
    from qa.shell.render import (
        ARTICLE_HEADINGS,
        answer_lines,
        article_row,
        check_line,
        index_lines,
        metadata_lines,
        replay_line,
        shard_lines,
        skipped_lines,
        visible,
    )
    from qa.shell.terminal import Terminal
    from qa.shell.verify import folder_articles, parse_saved, replay

__all__ = [
    "ARTICLE_HEADINGS",
    "Terminal",
    "answer_lines",
    "answer_lines_of",
    "article_row",
    "check_line",
    "converse",
    "file_links",
    "find_article",
    "folder_articles",
    "index_lines",
    "metadata_lines",
    "none_fits",
    "page_lines",
    "parse_saved",
    "read_lines",
    "read_text",
    "replay",
    "replay_line",
    "shard_lines",
    "skipped_lines",
    "slice_text",
    "visible",
]

__getattr__ = lazy_door(
    __name__,
    {
        "batch": ("answer_lines_of",),
        "lookup": (
            "file_links",
            "find_article",
            "none_fits",
            "slice_text",
        ),
        "page": ("page_lines",),
        "prompt": ("converse",),
        "reading": (
            "read_lines",
            "read_text",
        ),
        "render": (
            "ARTICLE_HEADINGS",
            "answer_lines",
            "article_row",
            "check_line",
            "index_lines",
            "shard_lines",
            "shard_lines",
            "metadata_lines",
            "replay_line",
            "skipped_lines",
            "visible",
        ),
        "terminal": ("Terminal",),
        "verify": (
            "folder_articles",
            "parse_saved",
            "replay",
        ),
    },
)
