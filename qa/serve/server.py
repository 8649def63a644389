"""Run the application on a loopback address."""

import errno
import signal
import socket
from typing import TYPE_CHECKING

from qa.errors import InputError

if TYPE_CHECKING:
    from fastapi import FastAPI

# The addresses whose names the guard lets through as Host; all of 127.0.0.0/8 would be more.
_LOOPBACK = {
    "127.0.0.1": (socket.AF_INET, "127.0.0.1"),
    "localhost": (socket.AF_INET, "127.0.0.1"),
    "::1": (socket.AF_INET6, "::1"),
}
_SHUTDOWN_SECONDS = 10


def bind(host: str, port: int) -> socket.socket:
    """Take the address before anything slow is loaded; port 0 picks a free one.

    Raises InputError when the host is not one of this machine's own or the port cannot be had.
    """
    if host not in _LOOPBACK:
        raise InputError(
            f"Found host {host!r}, expected one of {', '.join(_LOOPBACK)}: this version has no keys, "
            "so it serves this machine only. Run: qa serve"
        )
    family, address = _LOOPBACK[host]
    # asyncio sends without delay only where the protocol is named: else each answer waits 40 ms for an
    # acknowledgement between its head and its body.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        reason = "it is in use" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        raise InputError(
            f"Cannot listen on {host} port {port}: {reason}. Choose another: qa serve --port 0"
        ) from error
    return listener


def run(app: "FastAPI", listener: socket.socket) -> None:
    """Serve until the process is told to stop; Ctrl-C comes out as KeyboardInterrupt, SIGTERM returns."""
    import uvicorn

    config = uvicorn.Config(
        app,
        access_log=False,  # goes to stdout otherwise, and paths name what people read
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    # uvicorn stops by itself on SIGTERM and then raises the signal again for us: there is nothing left to do.
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)
