"""One JSON object a line on stderr, for programs; plain lines where a person looks on."""

import atexit
import logging
import os
import sys
from contextlib import suppress
from queue import Full, Queue
from threading import Thread

import structlog

_KEPT_LINES = 10_000
_FLUSH_SECONDS = 2.0


def configure_logs() -> None:
    """Send what this process logs, its libraries included, to stderr. Questions are in none of it."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendered: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if sys.stderr.isatty():
        rendered = structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Lines()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                rendered,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("qa.request", "qa.answer", "qa.serve"):
        logging.getLogger(name).setLevel(logging.INFO)


class _Lines(logging.Handler):
    """Has a thread of its own write the lines: who stops reading the log must not stop the answers.

    Lines beyond `_KEPT_LINES` that wait are dropped.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting: Queue[str | None] = Queue(_KEPT_LINES)
        # Not through sys.stderr: a thread that hangs in it would abort the process when it ends.
        self._writer = Thread(target=self._write, args=(sys.stderr.fileno(),), daemon=True)
        self._writer.start()
        atexit.register(self._finish)

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(Full):
            self._waiting.put_nowait(self.format(record))

    def _write(self, descriptor: int) -> None:
        while (line := self._waiting.get()) is not None:
            with suppress(OSError):  # nobody reads any more
                os.write(descriptor, f"{line}\n".encode(errors="backslashreplace"))

    def _finish(self) -> None:
        with suppress(Full):
            self._waiting.put_nowait(None)
        self._writer.join(_FLUSH_SECONDS)
