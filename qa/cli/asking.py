"""The command that asks."""

# ruff: noqa: D301 (the escape \b is click's mark for "do not wrap these lines": it must be the character itself)

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa.cli.options import IndexDir, Json, Model, Plain, Store, settings_of
from qa.errors import EXIT_ANSWERED, EXIT_NO_EVIDENCE, InputError

if TYPE_CHECKING:
    from qa.filters import Filters
    from qa.settings import Settings
    from qa.shell import Terminal
    from qa.types import Answer

_MAX_STDIN_BYTES = 64 * 1024  # far more than a question may have, and the limit of the API's body


def ask(
    question: Annotated[
        str | None, typer.Argument(metavar="QUESTION", help="The question; - reads it from stdin.")
    ] = None,
    k: Annotated[
        int | None, typer.Option("-k", metavar="N", help="Passages to return.  [default: 5]")
    ] = None,
    index_dir: IndexDir = None,
    store: Store = None,
    model: Model = None,
    max_context_tokens: Annotated[
        int | None, typer.Option(metavar="N", help="Add `context` for a language model to --json.")
    ] = None,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask a running `qa serve`; QA_API_KEY is its key.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Articles of 2023, 2023-07 or 2023-07-11, or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Articles of that date, or earlier.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="As if it were then: without what came later.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Articles of this publisher; may be repeated.")
    ] = None,
    author: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Articles of this author; may be repeated.")
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Articles in this language, such as en; may be repeated."),
    ] = None,
    article: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="This article only; may be repeated.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what every score is made of.")] = False,
    as_json: Json = False,
    as_jsonl: Annotated[
        bool, typer.Option("--jsonl", help="With -: a question a line, a JSON object a line.")
    ] = False,
    plain: Plain = False,
) -> None:
    """Answer a question with quotes, or say that the articles do not.

    Without a question a terminal gets a prompt: Ctrl-C gives up a question, Ctrl-D ends.

    \b
    Examples:
      qa ask "Why won't NATO admit Ukraine?"
      echo "Which drones did Turkey sell?" | qa ask -
      qa ask "Who opposes the plan?" -k 3 --json | jq .citations
      qa ask "Who met Putin?" --source Reuters --since 2022-02
      qa ask - --jsonl < questions.txt > answers.jsonl

    With --jsonl a line that cannot be used gets {"error": ...} in its place and the others their answers; the exit
    code is then 2, else 1 when any line found no evidence, else 0.
    """
    from qa.filters import Filters
    from qa.shell import Terminal, read_text
    from qa.wiring import open_asker

    terminal = Terminal(plain=plain)
    if as_jsonl and (question != "-" or as_json):
        raise InputError("--jsonl reads questions from stdin and goes without --json. Try: qa ask - --jsonl")
    if question is None and not terminal.converses:
        raise InputError("""No question. Ask one: qa ask "Why won't NATO admit Ukraine?\"""")
    filters = Filters(
        since=since,
        until=until,
        as_of=as_of,
        source=tuple(source or ()),
        author=tuple(author or ()),
        language=tuple(language or ()),
        article=tuple(article or ()),
    )
    settings = settings_of(index_dir=index_dir, store=store, model=model, k=k, server=server)
    # An explanation is also what says which words to mark on a terminal.
    explained = explain or (terminal.screen is not None and not as_json and not as_jsonl)
    asker = open_asker(settings, live=question is None)

    @cache
    def none_fit() -> None:
        terminal.complain(f"qa: {_none_fits(settings, filters)}")

    def answer_to(text: str) -> "Answer":
        found = asker(
            text,
            k=settings.k,
            max_context_tokens=max_context_tokens,
            explained=explained,
            filters=filters,
        )
        if not found.passages:
            none_fit()
        return found

    if as_jsonl:
        from qa.shell import answer_lines_of, read_lines

        raise typer.Exit(answer_lines_of(read_lines(max_bytes=_MAX_STDIN_BYTES), answer_to, terminal.data))
    show = partial(_show_json, terminal) if as_json else _show_lines(terminal, settings, explain)
    if question is None:
        from qa.shell import converse

        terminal.say("Ask a question; Ctrl-D ends.")
        converse(lambda text: show(answer_to(text)), terminal)
        return
    answer = answer_to(read_text(Path("-"), max_bytes=_MAX_STDIN_BYTES) if question == "-" else question)
    show(answer)
    raise typer.Exit(EXIT_ANSWERED if answer.status == "answered" else EXIT_NO_EVIDENCE)


def _none_fits(settings: "Settings", filters: "Filters") -> str:
    from qa.shell import none_fits
    from qa.wiring import open_generation

    there = open_generation(settings).fields() if settings.server is None else ()
    return none_fits(filters, there)


def _show_json(terminal: "Terminal", answer: "Answer") -> None:
    from qa.wire import wire_answer

    terminal.data(wire_answer(answer).model_dump_json() + "\n")


def _show_lines(terminal: "Terminal", settings: "Settings", why: bool) -> Callable[["Answer"], object]:
    """Return what prints an answer: for a terminal with links to the articles' files, and cut to its width."""
    from qa.shell import answer_lines

    screen = terminal.screen
    if screen is None:
        return lambda answer: terminal.lines(answer_lines(answer, why=why))
    from qa.shell import file_links
    from qa.wiring import indexed_folder

    link = file_links(indexed_folder(settings))
    return lambda answer: terminal.lines(answer_lines(answer, why=why, width=screen.width, link=link))
