"""The command line: parse, call, print. Everything heavy is imported inside the command that needs it."""

# ruff: noqa: D301 (the escape \b is click's mark for "do not wrap these lines": it must be the character itself)

from typing import Annotated

import typer

from qa.cli.asking import ask
from qa.cli.indexing import copy, doctor, eval, index
from qa.cli.looking import articles, show, verify
from qa.cli.serving import serve

app = typer.Typer(
    name="qa",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich would double the time of --help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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


for command in (index, ask, serve, articles, show, verify, copy, doctor, eval):
    app.command()(command)
