"""One shape of error for everything that is not answered, whatever went wrong."""

import json
import logging
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from qa.errors import OverloadedError, QAError, StoreUnavailableError, outcome

RETRY_AFTER_S = 1
"""When to come back after a 503: a question takes a fraction of it."""

_log = logging.getLogger("qa.serve")
_CODES = {
    400: "bad_request",
    401: "key_required",
    403: "origin_not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    408: "body_too_slow",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
    429: "too_many_requests",
}
_SHOWN_NAME_CHARS = 40


class Refusal(HTTPException):
    """A request turned down before it reaches the index; `code` is what clients read."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message, headers)
        self.code = code


def error_response(
    status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Build the one shape of error; any message can be encoded, also one with lone surrogates."""
    return Response(
        json.dumps(error_object(code, message), ensure_ascii=False).encode("utf-8"),
        status,
        headers=headers,
        media_type="application/json",
    )


def error_object(code: str, message: str) -> dict[str, object]:
    """Return the object; lone surrogates in the message become escapes."""
    safe = message.encode("utf-8", "backslashreplace").decode("utf-8")
    return {"error": {"code": code, "message": safe}}


def refusal_response(refusal: HTTPException) -> Response:
    """Answer with a refusal's own words."""
    code = getattr(refusal, "code", None) or _CODES.get(refusal.status_code, f"http_{refusal.status_code}")
    return error_response(refusal.status_code, code, refusal.detail, headers=refusal.headers)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Give starlette's own refusals (unknown route, wrong method) our shape."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 404:
        error.detail = f"Nothing at {shown(request.url.path)}. /openapi.json lists what there is."
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another method")
        error.detail = f"Found {shown(request.method)}, expected {allowed}."
    return refusal_response(error)


async def on_qa_error(request: Request, error: Exception) -> Response:
    """Answer with what the error's class means to a client."""
    if not isinstance(error, QAError):
        raise error
    status, code, message = told(error)
    headers = (
        {"retry-after": str(RETRY_AFTER_S)}
        if isinstance(error, OverloadedError | StoreUnavailableError)
        else None
    )
    return error_response(status, code, message, headers=headers)


def told(error: QAError) -> tuple[int, str, str]:
    """Return status, code and message for a client; what only the operator may read goes to the log instead."""
    found = outcome(error)
    if found.http_status < 500 or isinstance(error, OverloadedError):
        return found.http_status, found.code, str(error)
    # Messages about the index and its model name files of this machine.
    _log.error("%s: %s", type(error).__name__, error)
    return found.http_status, found.code, "The articles cannot be searched now. The server's log says why."


def shown(name: str) -> str:
    """Quote a client's word: short and in ASCII."""
    return ascii(name if len(name) <= _SHOWN_NAME_CHARS else name[:_SHOWN_NAME_CHARS] + "...")
