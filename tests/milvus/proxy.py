"""A line to a server that can be cut, jammed and slowed down."""

import asyncio
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

Mode = Literal["pass", "refuse", "hang", "reset", "late"]
_PIECE = 1 << 16


class Proxy:
    """Listens on a port of this machine and passes on what comes, as its mode has it.

    "refuse": nobody listens, and who is connected is cut off. "hang": connections are taken and nothing passes any more.
    "reset": whoever says something is reset. "late": everything the server says comes `late_s` later.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener: socket.socket | None = None
        self.port = 0
        self.mode: Mode = "pass"
        self.late_s = 0.0
        self._listen()

    def become(self, mode: Mode, *, late_s: float = 0.0) -> None:
        """Change the mode, for those who are connected too."""
        self.mode, self.late_s = mode, late_s
        if mode == "refuse":
            self._stop_listening()
            self._cut()
        elif mode == "reset":
            self._cut()
        if mode != "refuse" and self._listener is None:
            self._listen()
        if mode == "pass":
            self._cut()  # what was swallowed is lost: no connection could go on

    def close(self) -> None:
        """Stop."""
        self._stop_listening()
        self._cut()

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _stop_listening(self) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            with self._lock:
                self._pairs.append((client, server))
            for source, sink, from_server in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pump, args=(source, sink, from_server), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, from_server: bool) -> None:
        with suppress(OSError):
            while data := source.recv(_PIECE):
                if self.mode == "reset":
                    _reset(source)
                    break
                if self.mode == "hang":
                    continue
                if self.mode == "late" and from_server:
                    time.sleep(self.late_s)
                sink.sendall(data)
        for each in (source, sink):
            with suppress(OSError):
                each.close()

    def _cut(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for client, server in pairs:
            _reset(client)
            _reset(server)


def _reset(connection: socket.socket) -> None:
    """Close a connection as a machine that crashed would."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        connection.close()


@contextmanager
def proxied(target: int) -> Iterator[Proxy]:
    """Run a proxy in front of a port."""
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.close()


@contextmanager
def sealed(target: int, certificate: Path, key: Path) -> Iterator[int]:
    """Listen with TLS in front of a port, as HTTP/2 wants it; give the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    listening: futures.Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = futures.Future()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_PIECE):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", target)
        try:
            await asyncio.gather(pump(reader, back), pump(there, writer))
        finally:
            for each in (writer, back):
                each.transport.abort()

    async def listen() -> None:
        server = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=context)
        enough = asyncio.Event()
        listening.set_result((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), enough))
        await enough.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(listen(),), daemon=True)
    thread.start()
    port, loop, enough = listening.result(10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(enough.set)
        thread.join(10)
