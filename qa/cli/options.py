"""Options that several commands have, and the settings that come of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa.errors import InputError

if TYPE_CHECKING:
    from qa.settings import Settings

DEFAULT_FOLDER = Path("seeds")

IndexDir = Annotated[
    Path | None, typer.Option("--index-dir", metavar="DIR", help="Folder of the index.  [default: index]")
]
Store = Annotated[
    str | None,
    typer.Option("--store", metavar="URL", help="Milvus that holds the index: milvus://HOST:19530/NAME."),
]
Model = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="Embedding model.  [default: built in]")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Plain = Annotated[bool, typer.Option("--plain", help="No colours, no wrapping.")]


def settings_of(**flags: object) -> "Settings":
    """Return the settings, with these flags before all else.

    Raises InputError for a bad setting, or two places for one index.
    """
    from qa.settings import load_settings

    settings = load_settings(flags)
    if flags.get("index_dir") is not None and settings.store is not None:
        raise InputError(
            f"Found --index-dir {flags['index_dir']} and the store {settings.store} (--store, QA_STORE), expected one "
            "place that holds the index. Leave one of them out."
        )
    return settings
