"""The command line: parse, call, print. Everything heavy is imported inside the command that needs it."""

# ruff: noqa: D301 (the escape \b is click's mark for "do not wrap these lines": it must be the character itself)

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa.errors import EXIT_ANSWERED, EXIT_INDEX, EXIT_NO_EVIDENCE, InputError

if TYPE_CHECKING:
    from qa.settings import Settings

DEFAULT_FOLDER = Path("seeds")
_MAX_STDIN_BYTES = 64 * 1024  # far more than a question may have, and the limit of the API's body

app = typer.Typer(
    name="qa",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich would double the time of --help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

IndexDir = Annotated[
    Path | None, typer.Option("--index-dir", metavar="DIR", help="Folder of the index.  [default: index]")
]
Model = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="Embedding model.  [default: built in]")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Plain = Annotated[bool, typer.Option("--plain", help="No colours, no wrapping.")]


def _version(wanted: bool) -> None:
    if wanted:
        from qa import __version__

        typer.echo(f"qa {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Ask a folder of articles; every answer is a verbatim quote with its source.

    \b
    Examples:
      qa index                                  index the articles in seeds/
      qa ask "Why won't NATO admit Ukraine?"
      qa ask "Which drones did Turkey sell?" --json > answer.json
      qa verify answer.json                     are the quotes still there?

    Exit codes: 0 answered, 1 no evidence, 2 error, 3 the index cannot be used.
    """


@app.command()
def index(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder with .md and .txt files.")
    ] = DEFAULT_FOLDER,
    index_dir: IndexDir = None,
    model: Model = None,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors.")] = False,
) -> None:
    """Index a folder of articles; run it again after they change.

    \b
    Examples:
      qa index
      qa index ~/articles --index-dir ~/articles-index
    """
    from qa.shell import Terminal, index_lines, skipped_lines
    from qa.wiring import build_index

    terminal = Terminal(quiet=quiet)
    settings = _settings(index_dir=index_dir, model=model)
    with terminal.progress() as progress:
        report = build_index(folder, settings, progress=progress)
    for line in skipped_lines(report):
        terminal.say(line)
    if as_json:
        from qa.wire import wire_report

        terminal.data(wire_report(report).model_dump_json() + "\n")
    elif not quiet:
        terminal.lines(index_lines(report))


@app.command()
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
    from qa.wiring import open_answerer

    settings = _settings(index_dir=index_dir, model=model, k=k)
    text = read_text(Path("-"), max_bytes=_MAX_STDIN_BYTES) if question == "-" else question
    answerer = open_answerer(settings)
    answer = answerer.ask(text, k=settings.k, max_context_tokens=max_context_tokens, explained=explain)
    terminal = Terminal(plain=plain)
    if as_json:
        from qa.wire import wire_answer

        terminal.data(wire_answer(answer).model_dump_json() + "\n")
    else:
        terminal.lines(answer_lines(answer))
    raise typer.Exit(EXIT_ANSWERED if answer.status == "answered" else EXIT_NO_EVIDENCE)


@app.command()
def serve(
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="Loopback address.  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Port; 0 picks a free one.  [default: 8000]")
    ] = None,
    index_dir: IndexDir = None,
    model: Model = None,
) -> None:
    """Answer questions over HTTP on this machine.

    \b
    Examples:
      qa serve
      curl -s localhost:8000/ask -H 'content-type: application/json' -d '{"question": "Who opposes the plan?"}'
    """
    import logging

    from qa.serve import bind, run
    from qa.shell import Terminal

    settings = _settings(host=host, port=port, index_dir=index_dir, model=model)
    with bind(settings.host, settings.port) as listener:
        from qa.wiring import make_app

        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        application = make_app(settings)
        address, number = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        Terminal().complain(f"Serving on http://{shown}:{number} (Ctrl-C stops)")
        run(application, listener)


@app.command()
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

    article = find_article(open_generation(_settings(index_dir=index_dir)), article_id)
    text = slice_text(article, start, end)
    terminal = Terminal()
    for line in metadata_lines(article):
        terminal.say(line)
    if terminal.is_interactive:
        text = visible(text) + ("" if text.endswith("\n") else "\n")
    terminal.data(text)


@app.command()
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

        replayed = list(replay(saved, open_generation(_settings(index_dir=index_dir)).article))
    terminal = Terminal()
    terminal.lines(replay_line(one) for one in replayed)
    if not replayed:
        terminal.say("No citations to check.")
    raise typer.Exit(0 if all(one.verdict == "ok" for one in replayed) else 1)


@app.command()
def doctor(index_dir: IndexDir = None, model: Model = None) -> None:
    """Examine the index, its model and the disk; embeds a sample of chunks again and compares.

    \b
    Example:
      qa doctor --index-dir ~/articles-index
    """
    from qa.shell import Terminal, check_line
    from qa.wiring import examine_index

    terminal = Terminal()
    healthy = True
    for check in examine_index(_settings(index_dir=index_dir, model=model)):
        terminal.lines([check_line(check)])
        healthy = healthy and check.ok
    raise typer.Exit(EXIT_ANSWERED if healthy else EXIT_INDEX)


@app.command()
def eval(  # commands are documented, and suggested after errors, by the names of their functions
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Judged folder in the layout of BEIR.")],
    legs: Annotated[bool, typer.Option("--legs", help="Compare with dense, lexical and RRF.")] = False,
    questions: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Ask N of them, always the same.  [default: all]")
    ] = None,
    run: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a TREC run.")] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with charts.")] = None,
    model: Model = None,
    as_json: Json = False,
) -> None:
    """Measure retrieval, quotes and refusals on judged questions.

    \b
    Examples:
      qa eval ~/eval/nq
      qa eval ~/eval/nq --legs --questions 200 --report nq.html
    """
    from qa.evaluate import evaluate, expect_writable, html_report, save, table_lines, to_json, trec_run
    from qa.shell import Terminal, visible
    from qa.wiring import ask_judged_folder

    expect_writable(run, report)
    terminal = Terminal()
    with terminal.progress() as progress:
        asked = ask_judged_folder(folder, _settings(model=model), sample=questions, progress=progress)
        evaluation = evaluate(asked, legs=legs)
    terminal.data(to_json(evaluation) if as_json else visible("\n".join(table_lines(evaluation))) + "\n")
    if run is not None:
        save(run, trec_run(asked.asked))
    if report is not None:
        save(report, html_report(evaluation))


def _settings(**flags: object) -> "Settings":
    from qa.settings import load_settings

    return load_settings(flags)
