"""What stands between a request and the index: host check, body limits, parsing, one shape of error.

FastAPI's own body parsing is not used: its 422 echoes the input, which turns a lone surrogate or a
NaN into a 500. `FastAPI(max_body_size=...)` is not used either: it answers 413 in plain text.
"""

import json
import logging
import re
from collections.abc import Collection

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.errors import QAError, outcome
from qa.wire import AskRequest

MAX_BODY_BYTES = 64 * 1024
# Somewhat too long a body is read to its end and thrown away: a client that is still sending when the
# connection closes never sees why.
_MAX_DISCARDED_BYTES = 32 * MAX_BODY_BYTES
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")

_log = logging.getLogger("qa.serve")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
_JSON_TYPE = re.compile(
    r'application/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?utf-?8"?[ \t]*)?', re.IGNORECASE
)
_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
}
_SHOWN_ERRORS = 3
_SHOWN_NAME_CHARS = 40
_SHOWN_NUMBER = 10**9


class Refusal(HTTPException):
    """A request turned down before it reaches the index."""


class Guard:
    """ASGI middleware: refuse foreign hosts, and let no exception out with its details.

    A page of a foreign site can point its own name at 127.0.0.1 (DNS rebinding); its requests then
    carry that name in Host, which is how they are told apart.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: Collection[str]) -> None:
        self._app = app
        self._allowed = frozenset(host.lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer for the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            if self._is_allowed(Headers(scope=scope).getlist("host")):
                await self._app(scope, receive, watched)
            else:
                known = ", ".join(sorted(self._allowed))
                response = error_response(
                    400, "host_not_allowed", f"Host header not allowed; expected one of {known}."
                )
                await response(scope, receive, watched)
        except ClientDisconnect:
            _log.debug("client left before its request was complete")
        except Exception:
            _log.exception("unexpected error on %s %r", scope["method"], scope["path"])
            if started:
                raise  # half a response is out: only closing the connection tells the client
            response = error_response(
                500, "internal_error", "Something went wrong here. The server's log has it."
            )
            await response(scope, receive, send)

    def _is_allowed(self, hosts: list[str]) -> bool:
        if len(hosts) != 1:
            return False
        match = _HOST.fullmatch(hosts[0])
        return match is not None and match[1].lower() in self._allowed


def error_response(
    status: int, code: str, message: str, *, headers: dict[str, str] | None = None
) -> Response:
    """Build the one shape of error; any message can be encoded, also one with lone surrogates."""
    safe = message.encode("utf-8", "backslashreplace").decode("utf-8")
    body = json.dumps({"error": {"code": code, "message": safe}}, ensure_ascii=False)
    return Response(body.encode("utf-8"), status, headers=headers, media_type="application/json")


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Give starlette's own refusals (unknown route, wrong method) our shape."""
    if not isinstance(error, HTTPException):
        raise error
    message = error.detail
    if error.status_code == 404:
        message = f"Nothing at {_shown(request.url.path)}. /openapi.json lists what there is."
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another method")
        message = f"Found {_shown(request.method)}, expected {allowed}."
    code = _CODES.get(error.status_code, f"http_{error.status_code}")
    return error_response(error.status_code, code, message, headers=dict(error.headers or {}))


async def on_qa_error(request: Request, error: Exception) -> Response:
    """Answer with what the error's class means to a client."""
    if not isinstance(error, QAError):
        raise error
    found = outcome(error)
    if found.http_status >= 500:
        _log.error("%s on %s: %s", type(error).__name__, request.url.path, error)
    return error_response(found.http_status, found.code, str(error))


async def read_ask(request: Request) -> AskRequest:
    """Read and check the body of `POST /ask`.

    Raises Refusal (413, 415, 422) with a message that names the field and never repeats the input.
    """
    types = request.headers.getlist("content-type")
    if len(types) != 1 or not _JSON_TYPE.fullmatch(types[0].strip()):
        found = "another content-type" if types else "no content-type"
        raise Refusal(415, f"Found {found}, expected application/json in UTF-8.")
    body = await _read_body(request)
    try:
        asked = AskRequest.model_validate_json(body)
    except ValidationError as error:
        raise Refusal(422, _describe(error)) from None
    # Only now: the text is known to be valid JSON of bounded depth, which json.loads alone is not.
    json.loads(body.decode("utf-8"), object_pairs_hook=_refuse_repeats, parse_int=str, parse_float=str)
    return asked


async def _read_body(request: Request) -> bytes:
    size = 0
    body = bytearray()
    async for piece in request.stream():
        size += len(piece)
        if size <= MAX_BODY_BYTES:
            body += piece
        elif size > _MAX_DISCARDED_BYTES:
            break
    if size > MAX_BODY_BYTES:
        message = f"Found a body of more than {MAX_BODY_BYTES} bytes, expected at most that."
        # Otherwise uvicorn would go on taking the rest, to keep the connection for the next request.
        raise Refusal(413, message, headers={"connection": "close"})
    return bytes(body)


def _refuse_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal(422, "Found a field that is given twice, expected each field once.")
    return found


def _describe(error: ValidationError) -> str:
    # include_input stays on for the kind and size of what was found; the input itself is never repeated.
    details = error.errors(include_url=False, include_context=False)
    return " ".join(_describe_one(detail) for detail in details[:_SHOWN_ERRORS])


def _describe_one(detail: ErrorDetails) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    where = name or "The body"
    if detail["type"] == "json_invalid":
        return f"The body is not JSON in UTF-8. {detail['msg']}."
    if detail["type"] == "extra_forbidden":
        return f"Unknown field {_shown(name)}; expected only {', '.join(AskRequest.model_fields)}."
    if detail["type"] == "missing":
        return f"{where} is missing."
    return f"{where}: found {_kind(detail['input'])}. {detail['msg']}."


def _kind(value: object) -> str:
    """Say what a JSON value is without repeating it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value) if abs(value) < _SHOWN_NUMBER else "a very large number"
    if isinstance(value, float):
        return "a number that is not whole"
    if isinstance(value, str):
        return f"a string of {len(value)} character{'s' * (len(value) != 1)}"
    return "a list" if isinstance(value, list) else "an object"


def _shown(name: str) -> str:
    """Quote a client's word: short and in ASCII."""
    return ascii(name if len(name) <= _SHOWN_NAME_CHARS else name[:_SHOWN_NAME_CHARS] + "...")
