"""Options that several commands have, and the settings that come of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from qa.settings import Settings

DEFAULT_FOLDER = Path("seeds")

IndexDir = Annotated[
    Path | None, typer.Option("--index-dir", metavar="DIR", help="Folder of the index.  [default: index]")
]
Model = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="Embedding model.  [default: built in]")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Plain = Annotated[bool, typer.Option("--plain", help="No colours, no wrapping.")]


def settings_of(**flags: object) -> "Settings":
    """Return the settings, with these flags before all else."""
    from qa.settings import load_settings

    return load_settings(flags)
