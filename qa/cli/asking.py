"""Commands that ask, show and check."""

# ruff: noqa: D301 (the escape \b is click's mark for "do not wrap these lines": it must be the character itself)

from pathlib import Path
from typing import Annotated

import typer

from qa.cli.options import IndexDir, Json, Model, Plain, settings_of
from qa.errors import EXIT_ANSWERED, EXIT_NO_EVIDENCE, InputError

_MAX_STDIN_BYTES = 64 * 1024  # far more than a question may have, and the limit of the API's body


def ask(
    question: Annotated[
        str | None, typer.Argument(metavar="QUESTION", help="The question; - reads it from stdin.")
    ] = None,
    k: Annotated[
        int | None, typer.Option("-k", metavar="N", help="Passages to return.  [default: 5]")
    ] = None,
    index_dir: IndexDir = None,
    model: Model = None,
    max_context_tokens: Annotated[
        int | None, typer.Option(metavar="N", help="Add `context` for a language model to --json.")
    ] = None,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask a running `qa serve`; QA_API_KEY is its key.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what every score is made of.")] = False,
    as_json: Json = False,
    plain: Plain = False,
) -> None:
    """Answer a question with quotes, or say that the articles do not.

    \b
    Examples:
      qa ask "Why won't NATO admit Ukraine?"
      echo "Which drones did Turkey sell?" | qa ask -
      qa ask "Who opposes the plan?" -k 3 --json | jq .citations
    """
    if question is None:
        raise InputError("""No question. Ask one: qa ask "Why won't NATO admit Ukraine?\"""")
    from qa.shell import Terminal, answer_lines, read_text
    from qa.wiring import open_asker

    settings = settings_of(index_dir=index_dir, model=model, k=k, server=server)
    text = read_text(Path("-"), max_bytes=_MAX_STDIN_BYTES) if question == "-" else question
    answer = open_asker(settings)(
        text, k=settings.k, max_context_tokens=max_context_tokens, explained=explain
    )
    terminal = Terminal(plain=plain)
    if as_json:
        from qa.wire import wire_answer

        terminal.data(wire_answer(answer).model_dump_json() + "\n")
    else:
        terminal.lines(answer_lines(answer))
    raise typer.Exit(EXIT_ANSWERED if answer.status == "answered" else EXIT_NO_EVIDENCE)


def show(
    article_id: Annotated[
        str, typer.Argument(metavar="ARTICLE_ID", help="Id of an article, as citations name it.")
    ],
    start: Annotated[int | None, typer.Option(metavar="N", help="First character, counted from 0.")] = None,
    end: Annotated[int | None, typer.Option(metavar="N", help="Character to stop before.")] = None,
    index_dir: IndexDir = None,
) -> None:
    """Print the stored text of an article, or a part of it.

    In a pipe the text comes out exactly; on a terminal control characters are shown as escapes.

    \b
    Examples:
      qa show nato-ukraine.md
      qa show nato-ukraine.md --start 1042 --end 1187
    """
    from qa.shell import Terminal, find_article, metadata_lines, slice_text, visible
    from qa.wiring import open_generation

    article = find_article(open_generation(settings_of(index_dir=index_dir)), article_id)
    text = slice_text(article, start, end)
    terminal = Terminal()
    for line in metadata_lines(article):
        terminal.say(line)
    if terminal.is_interactive:
        text = visible(text) + ("" if text.endswith("\n") else "\n")
    terminal.data(text)


def verify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Answers saved with --json; - reads them from stdin.")
    ],
    index_dir: IndexDir = None,
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
        replayed = list(replay(saved, folder_articles(folder)))
    else:
        from qa.wiring import open_generation

        replayed = list(replay(saved, open_generation(settings_of(index_dir=index_dir)).article))
    terminal = Terminal()
    terminal.lines(replay_line(one) for one in replayed)
    if not replayed:
        terminal.say("No citations to check.")
    raise typer.Exit(0 if all(one.verdict == "ok" for one in replayed) else 1)
