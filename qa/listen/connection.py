"""A connection that may not dawdle: who opens one has to send the head of a request soon, and to take the response."""

import asyncio
import json

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from qa.gate import error_object

HEAD_SECONDS = 5.0
LINGER_SECONDS = 1.0
LINGER_BYTES = 2**21
STALLED_SECONDS = 10.0


class PromptProtocol(H11Protocol):
    """Closes connections that uvicorn would hold for ever.

    Those on which the head of a request is not complete `HEAD_SECONDS` after it was begun: the time runs from the
    opening of the connection, and from the first byte of each further head; between requests uvicorn's own limit for
    idle connections holds. Those with a response that is out before the request's body is in, `LINGER_SECONDS` or
    `LINGER_BYTES` later: a client that is still sending when the connection closes never sees the response. And those
    on which nobody takes the response for `STALLED_SECONDS`.
    """

    _timer: asyncio.TimerHandle | None = None
    _lingering: asyncio.TimerHandle | None = None
    _discarded = 0
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_SECONDS, self._expire)

    def data_received(self, data: bytes) -> None:
        """Take what came, and wait for the rest of a head, not longer for each piece of it."""
        super().data_received(data)
        if self._lingering is not None:
            self._discarded += len(data)
            if self.conn.their_state is not h11.SEND_BODY:
                self._stop_lingering()
            elif self._discarded > LINGER_BYTES:
                self.transport.close()
        if self.conn.their_state is not h11.IDLE:
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._expire)

    def on_response_complete(self) -> None:
        """Go on to the next request, if this one has come to its end."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._discarded = 0
            self._lingering = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def pause_writing(self) -> None:
        """Begin to wait for the client to take what was sent."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on sending."""
        self._go_on()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        self._go_on()
        self._stop_lingering()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in the shape of all errors."""
        body = json.dumps(error_object("bad_request", f"{msg} Expected HTTP/1.1.")).encode()
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        for event in (
            h11.Response(status_code=400, headers=headers),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_lingering(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None

    def _go_on(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _expire(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()
