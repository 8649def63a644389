"""The processes of the service: they take an address, and stop without losing an answer.

The names below are loaded on first use: what binds goes before what is slow.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.listen.logs import configure_logs
    from qa.listen.server import bind, is_loopback, run, url_of
    from qa.listen.workers import run_workers

__all__ = [
    "bind",
    "configure_logs",
    "is_loopback",
    "run",
    "run_workers",
    "url_of",
]

__getattr__ = lazy_door(
    __name__,
    {
        "logs": ("configure_logs",),
        "server": ("bind", "is_loopback", "run", "url_of"),
        "workers": ("run_workers",),
    },
)
