"""Commands that build an index, examine it and measure it."""

# ruff: noqa: D301 (the escape \b is click's mark for "do not wrap these lines": it must be the character itself)

from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa.cli.options import DEFAULT_FOLDER, IndexDir, Json, Model, Store, settings_of
from qa.errors import EXIT_ANSWERED, EXIT_INDEX, InputError, QAError

if TYPE_CHECKING:
    from qa.milvus import ShardReport
    from qa.shell import Terminal
    from qa.types import BuildReport

MOST_SHARDS = 4096


def index(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of articles.")] = DEFAULT_FOLDER,
    index_dir: IndexDir = None,
    store: Store = None,
    model: Model = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, and index again whenever the folder changes.")
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N", help="Write one of N parts to the store; other machines write the others."
        ),
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Publish what the shards have written to the store.")
    ] = False,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors.")] = False,
) -> None:
    """Index a folder of articles; run it again after they change.

    Read are Markdown, text, web pages (.html), PDF, Word (.docx), mail (.eml) and JSON lines (.jsonl).

    \b
    Examples:
      qa index
      qa index ~/articles --index-dir ~/articles-index
      qa index ~/articles --watch
      qa index ~/articles --store milvus://db:19530/news --shard 2/8
    """
    from qa.shell import Terminal
    from qa.wiring import build_index, publish_shards, watch_index, write_shard

    terminal = Terminal(quiet=quiet)
    settings = settings_of(index_dir=index_dir, store=store, model=model)
    if watch + publish + (shard is not None) > 1:
        raise InputError(
            "--watch, --shard and --publish are three runs. Give one of them. See: qa index --help"
        )
    if shard is not None:
        number, of = _shard(shard)
        with terminal.progress() as progress:
            written = write_shard(folder, settings, number, of, progress=progress)
        _show_shard(terminal, written, as_json=as_json, quiet=quiet)
        return
    show = partial(_show_report, terminal, as_json=as_json, quiet=quiet)
    if not watch:
        with terminal.progress() as progress:
            build = publish_shards if publish else build_index
            report = build(folder, settings, progress=progress)
        show(report)
        return
    before: BuildReport | QAError | None = None
    for now in watch_index(folder, settings, progress=terminal.progress):
        if isinstance(now, QAError):
            if str(now) != str(before):
                terminal.complain(f"qa: {now}")
        elif (now.published or before is None or isinstance(before, QAError)) and not show(
            now, before=before
        ):
            return
        if before is None:
            terminal.say(f"Watching {folder} (Ctrl-C stops)")
        before = now


def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Folder of an index, or the URL of a store.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The same; what is there is replaced.")],
    model: Model = None,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors.")] = False,
) -> None:
    """Copy an index to a store, or back, without embedding again.

    \b
    Examples:
      qa copy index milvus://db:19530/news
      qa copy milvus://db:19530/news ~/news-index
    """
    from qa.shell import Terminal
    from qa.wiring import copy_index

    terminal = Terminal(quiet=quiet)
    with terminal.progress() as progress:
        report = copy_index(source, target, settings_of(model=model), progress=progress)
    _show_report(terminal, report, as_json=as_json, quiet=quiet)


def _shard(written: str) -> tuple[int, int]:
    number, _, of = written.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of) <= MOST_SHARDS):
        raise InputError(
            f"Found shard {written!r}, expected I/N such as 2/8, N at most {MOST_SHARDS}. See: qa index --help"
        )
    return int(number), int(of)


def _show_shard(terminal: "Terminal", report: "ShardReport", *, as_json: bool, quiet: bool) -> None:
    from qa.shell import shard_lines, skipped_lines

    for line in skipped_lines(report.skipped):
        terminal.say(line)
    if as_json:
        from qa.wire import wire_shard

        terminal.data(wire_shard(report).model_dump_json() + "\n")
    elif not quiet:
        terminal.lines(shard_lines(report))


def _show_report(
    terminal: "Terminal",
    report: "BuildReport",
    *,
    as_json: bool,
    quiet: bool,
    before: "BuildReport | QAError | None" = None,
) -> bool:
    """Print what was indexed, in one line where there was a round before; return whether anybody reads."""
    from qa.shell import index_lines, skipped_lines

    told = set() if before is None or isinstance(before, QAError) else set(skipped_lines(before.skipped))
    for line in skipped_lines(report.skipped):
        if line not in told:
            terminal.say(line)
    if as_json:
        from qa.wire import wire_report

        return terminal.data(wire_report(report).model_dump_json() + "\n")
    return quiet or terminal.lines(islice(index_lines(report), None if before is None else 1))


def doctor(index_dir: IndexDir = None, store: Store = None, model: Model = None) -> None:
    """Examine the index, its model and the disk; embeds a sample of chunks again and compares.

    \b
    Example:
      qa doctor --index-dir ~/articles-index
    """
    from qa.shell import Terminal, check_line
    from qa.wiring import examine_index

    terminal = Terminal()
    healthy = True
    for check in examine_index(settings_of(index_dir=index_dir, store=store, model=model)):
        terminal.lines([check_line(check)])
        healthy = healthy and check.ok
    raise typer.Exit(EXIT_ANSWERED if healthy else EXIT_INDEX)


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
        asked = ask_judged_folder(folder, settings_of(model=model), sample=questions, progress=progress)
        evaluation = evaluate(asked, legs=legs)
    terminal.data(to_json(evaluation) if as_json else visible("\n".join(table_lines(evaluation))) + "\n")
    if run is not None:
        save(run, trec_run(asked.asked))
    if report is not None:
        save(report, html_report(evaluation))
