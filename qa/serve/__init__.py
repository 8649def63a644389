"""The HTTP service: routes, what guards them, and the process that runs them.

The names below are loaded on first use: `qa ask` must not pay for fastapi, nor `qa --help` for anything.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.serve.api import create_app
    from qa.serve.server import bind, run

__all__ = ["bind", "create_app", "run"]

__getattr__ = lazy_door(__name__, {"api": ("create_app",), "server": ("bind", "run")})
