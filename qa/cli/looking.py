"""Commands that list articles, show them and check quotes."""

# ruff: noqa: D301 (the escape \b is click's mark for "do not wrap these lines": it must be the character itself)

from pathlib import Path
from typing import Annotated

import typer

from qa.cli.options import IndexDir, Json, Store, settings_of


def articles(index_dir: IndexDir = None, store: Store = None, as_json: Json = False) -> None:
    """List the articles of the index.

    In a pipe one article a line, with tabs between id, title, source, date and number of chunks.

    \b
    Examples:
      qa articles
      qa articles | cut -f 1
    """
    from qa.shell import ARTICLE_HEADINGS, Terminal, article_row
    from qa.wiring import open_generation

    listed = open_generation(settings_of(index_dir=index_dir, store=store)).articles()
    terminal = Terminal()
    if as_json:
        from qa.wire import WireArticles, wire_summary

        whole = WireArticles(articles=[wire_summary(each) for each in listed])
        terminal.data(whole.model_dump_json() + "\n")
    else:
        terminal.table(ARTICLE_HEADINGS, map(article_row, listed), elastic=("title", "source"))


def show(
    article_id: Annotated[
        str, typer.Argument(metavar="ARTICLE_ID", help="Id of an article, as citations name it.")
    ],
    start: Annotated[int | None, typer.Option(metavar="N", help="First character, counted from 0.")] = None,
    end: Annotated[int | None, typer.Option(metavar="N", help="Character to stop before.")] = None,
    metadata: Annotated[
        bool,
        typer.Option("--metadata", help="Print what is known of it instead, and where each value was found."),
    ] = False,
    index_dir: IndexDir = None,
    store: Store = None,
) -> None:
    """Print the stored text of an article, or a part of it.

    In a pipe the text comes out exactly. On a terminal a part is shown marked, among the lines around it.

    \b
    Examples:
      qa show nato-ukraine.md
      qa show nato-ukraine.md --start 1042 --end 1187
      qa show nato-ukraine.md --metadata
    """
    from qa.shell import Terminal, find_article, metadata_lines, page_lines, slice_text, visible
    from qa.wiring import open_generation

    article = find_article(open_generation(settings_of(index_dir=index_dir, store=store)), article_id)
    text = slice_text(article, start, end)
    terminal = Terminal()
    if metadata:
        terminal.data("".join(f"{line}\n" for line in metadata_lines(article, provenance=True)))
        return
    for line in metadata_lines(article):
        terminal.say(line)
    if terminal.screen is not None and text != article.text:
        first = start or 0
        terminal.lines(page_lines(article, (first, first + len(text)), screen=terminal.screen))
        return
    if terminal.is_interactive:
        text = visible(text) + ("" if text.endswith("\n") else "\n")
    terminal.data(text)


def verify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Answers saved with --json; - reads them from stdin.")
    ],
    index_dir: IndexDir = None,
    store: Store = None,
    folder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Compare with the files in this folder, not with the index."),
    ] = None,
) -> None:
    """Check that saved quotes are still where the answers say.

    One line for each citation: ok, changed or missing. Exit code 0 when all are ok, else 1.

    \b
    Examples:
      qa verify answer.json
      qa verify answer.json --folder seeds
    """
    from qa.shell import Terminal, folder_articles, parse_saved, read_text, replay, replay_line

    saved = parse_saved(read_text(file))
    if folder is not None:
        with folder_articles(folder) as find:
            replayed = list(replay(saved, find))
    else:
        from qa.wiring import open_generation

        replayed = list(replay(saved, open_generation(settings_of(index_dir=index_dir, store=store)).article))
    terminal = Terminal()
    terminal.lines(replay_line(one) for one in replayed)
    if not replayed:
        terminal.say("No citations to check.")
    raise typer.Exit(0 if all(one.verdict == "ok" for one in replayed) else 1)
