"""The HTTP interface: routes, the page, and the threads that compute answers.

The names below are loaded on first use: `qa --help` must not pay for fastapi.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.serve.api import create_app
    from qa.serve.policy import LOOPBACK_HOSTS, Policy

__all__ = [
    "LOOPBACK_HOSTS",
    "Policy",
    "create_app",
]

__getattr__ = lazy_door(
    __name__,
    {
        "api": ("create_app",),
        "policy": ("LOOPBACK_HOSTS", "Policy"),
    },
)
