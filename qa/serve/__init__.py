"""The HTTP service: routes, what guards them, and the processes that run them.

The names below are loaded on first use: `qa --help` must not pay for fastapi.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.serve.api import create_app
    from qa.serve.keys import Keys
    from qa.serve.logs import configure_logs
    from qa.serve.policy import LOOPBACK_HOSTS, Policy
    from qa.serve.rates import Rate
    from qa.serve.server import bind, is_loopback, run, url_of
    from qa.serve.workers import run_workers

__all__ = [
    "LOOPBACK_HOSTS",
    "Keys",
    "Policy",
    "Rate",
    "bind",
    "configure_logs",
    "create_app",
    "is_loopback",
    "run",
    "run_workers",
    "url_of",
]

__getattr__ = lazy_door(
    __name__,
    {
        "api": ("create_app",),
        "keys": ("Keys",),
        "logs": ("configure_logs",),
        "policy": ("LOOPBACK_HOSTS", "Policy"),
        "rates": ("Rate",),
        "server": ("bind", "is_loopback", "run", "url_of"),
        "workers": ("run_workers",),
    },
)
