"""The command that serves."""

# ruff: noqa: D301 (the escape \b is click's mark for "do not wrap these lines": it must be the character itself)

from typing import Annotated

import typer

from qa.cli.options import IndexDir, Model, Store, settings_of


def serve(
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="Address to listen on.  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Port; 0 picks a free one.  [default: 8000]")
    ] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Processes.  [default: 1]")] = None,
    index_dir: IndexDir = None,
    store: Store = None,
    model: Model = None,
) -> None:
    """Answer questions over HTTP, to other machines only with an API key.

    \b
    Examples:
      qa serve
      QA_API_KEYS_FILE=keys.txt qa serve --host 192.168.1.7
      curl -s localhost:8000/ask -H 'content-type: application/json' -d '{"question": "Who opposes the plan?"}'
    """
    from functools import partial

    from qa.listen import bind, url_of
    from qa.shell import Terminal
    from qa.wiring import check_service, serve_worker

    settings = settings_of(
        host=host, port=port, workers=workers, index_dir=index_dir, store=store, model=model
    )
    check_service(settings)
    with bind(settings.host, settings.port) as listener:
        Terminal().complain(f"Serving on {url_of(listener)} (Ctrl-C stops)")
        if settings.workers == 1:
            serve_worker(settings, listener)
        else:
            from qa.listen import run_workers

            run_workers(partial(serve_worker, settings), listener, count=settings.workers)
