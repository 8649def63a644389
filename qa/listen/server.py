"""Run the application: take the address, serve, stop without losing an answer."""

import asyncio
import errno
import ipaddress
import signal
import socket
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING

from qa.errors import InputError

if TYPE_CHECKING:
    from fastapi import FastAPI

_LOCAL = {"localhost": "127.0.0.1"}
_SHUTDOWN_SECONDS = 8
_GIVE_UP_SECONDS = 6.0
"""How long after SIGTERM what is not answered yet is told so: before uvicorn would cut it off."""
_DRAINING_SECONDS = 1.0
"""How long /readyz fails before no connection is taken any more: a balancer asks about once a second."""


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach the address. Raises InputError when it is none."""
    try:
        return ipaddress.ip_address(_LOCAL.get(host, host)).is_loopback
    except ValueError as error:
        raise InputError(
            f"Found host {host!r}, expected localhost or an IP address. Run: qa serve --host 127.0.0.1"
        ) from error


def bind(host: str, port: int) -> socket.socket:
    """Take the address before anything slow is loaded; port 0 picks a free one.

    Raises InputError when it is no address, or one that cannot be had.
    """
    is_loopback(host)
    address = _LOCAL.get(host, host)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio sends without delay only where the protocol is named: else each answer waits 40 ms for an
    # acknowledgement between its head and its body.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        reason = "it is in use" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        raise InputError(
            f"Cannot listen on {host} port {port}: {reason}. Choose another: qa serve --port 0"
        ) from error
    return listener


def url_of(listener: socket.socket) -> str:
    """Return where the service is."""
    address, port = listener.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def run(app: "FastAPI", listener: socket.socket, *, trusted_proxies: Sequence[str] = ()) -> None:
    """Serve until the process is told to stop; Ctrl-C comes out as KeyboardInterrupt, SIGTERM returns.

    Then /readyz fails first, the questions that are there are answered, or refused where that takes too long, and no
    new ones are taken.
    """
    import uvicorn

    from qa.listen.connection import PromptProtocol

    config = uvicorn.Config(
        app,
        http=PromptProtocol,
        ws="none",
        access_log=False,  # front.py writes the lines
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=5,
        # By default it believes whoever comes from this machine about where requests come from.
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )

    told: list[int] = []

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if told:
                self.handle_exit(told[0], None)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            if sig == signal.SIGINT or app.state.draining:
                super().handle_exit(sig, frame)
                return
            app.state.draining = True
            loop = asyncio.get_running_loop()
            loop.call_later(_DRAINING_SECONDS, super().handle_exit, sig, frame)
            loop.call_later(_GIVE_UP_SECONDS, app.state.give_up)

    # uvicorn does not listen to signals yet when it is made, and raises them again when it has stopped.
    before = signal.signal(signal.SIGTERM, lambda sig, frame: told.append(sig))
    try:
        Server(config).run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)
