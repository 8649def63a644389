"""From the body of a request to what is asked: limits, parsing, and messages that name the field.

FastAPI's own body parsing is not used: its 422 echoes the input, which turns a lone surrogate or a
NaN into a 500. `FastAPI(max_body_size=...)` is not used either: it answers 413 in plain text.
"""

import asyncio
import json
import re
from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request

from qa.gate import Refusal, shown
from qa.wire import AskRequest, BatchRequest

Body = TypeVar("Body", bound=BaseModel)


MAX_BODY_BYTES = 64 * 1024
MAX_BATCH_BYTES = 1024 * 1024
# Somewhat too long a body is read to its end and thrown away: a client that is still sending when the
# connection closes never sees why.
_MAX_DISCARDED_BYTES = 32 * MAX_BODY_BYTES
BODY_SECONDS = 10.0
"""For all of a body, however it trickles in."""

_JSON_TYPE = re.compile(
    r'application/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?utf-?8"?[ \t]*)?', re.IGNORECASE
)
_SHOWN_ERRORS = 3
_SHOWN_NUMBER = 10**9


async def read_ask(request: Request) -> AskRequest:
    """Read and check the body of `POST /ask`; raises as `_read` does."""
    return await _read(request, AskRequest, MAX_BODY_BYTES)


async def read_batch(request: Request) -> BatchRequest:
    """Read and check the body of `POST /ask/batch`; raises as `_read` does."""
    return await _read(request, BatchRequest, MAX_BATCH_BYTES)


def check_ask(value: object) -> AskRequest:
    """Return one question of a batch. Raises Refusal (422) as `read_ask` does."""
    try:
        return AskRequest.model_validate(value)
    except ValidationError as error:
        raise Refusal(422, _describe(error, AskRequest)) from None


async def _read(request: Request, shape: type[Body], most_bytes: int) -> Body:
    """Return the body as an object of this shape.

    Raises Refusal (408, 413, 415, 422) with a message that names the field and never repeats the input.
    """
    types = request.headers.getlist("content-type")
    if len(types) != 1 or not _JSON_TYPE.fullmatch(types[0].strip()):
        found = "another content-type" if types else "no content-type"
        raise Refusal(415, f"Found {found}, expected application/json in UTF-8.")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _read_body(request, most_bytes)
    except TimeoutError:
        raise Refusal(
            408,
            f"The body was not complete after {BODY_SECONDS:g} seconds. Send it again, at once.",
        ) from None
    try:
        found_object = shape.model_validate_json(body)
    except ValidationError as error:
        raise Refusal(422, _describe(error, shape)) from None
    # Only now: the text is known to be valid JSON of bounded depth, which json.loads alone is not.
    json.loads(body.decode("utf-8"), object_pairs_hook=_refuse_repeats, parse_int=str, parse_float=str)
    return found_object


async def _read_body(request: Request, most_bytes: int) -> bytes:
    size = 0
    body = bytearray()
    async for piece in request.stream():
        size += len(piece)
        if size <= most_bytes:
            body += piece
        elif size > most_bytes + _MAX_DISCARDED_BYTES:
            break
    if size > most_bytes:
        raise Refusal(413, f"Found a body of more than {most_bytes} bytes, expected at most that.")
    return bytes(body)


def _refuse_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal(422, "Found a field that is given twice, expected each field once.")
    return found


def _describe(error: ValidationError, shape: type[BaseModel]) -> str:
    # include_input stays on for the kind and size of what was found; the input itself is never repeated.
    details = error.errors(include_url=False, include_context=False)
    return " ".join(_describe_one(detail, shape) for detail in details[:_SHOWN_ERRORS])


def _describe_one(detail: ErrorDetails, shape: type[BaseModel]) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    where = name or "The body"
    if detail["type"] == "json_invalid":
        return f"The body is not JSON in UTF-8. {detail['msg']}."
    if detail["type"] == "extra_forbidden":
        return f"Unknown field {shown(name)}; expected only {', '.join(_fields(shape, detail))}."
    if detail["type"] == "missing":
        return f"{where} is missing."
    return f"{where}: found {_kind(detail['input'])}. {detail['msg']}."


def _fields(shape: type[BaseModel], detail: ErrorDetails) -> Iterable[str]:
    """Return the names of the fields that are known where a stray one was found."""
    known = shape
    for part in detail["loc"][:-1]:
        inner = known.model_fields[str(part)].annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            known = inner
    return known.model_fields


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
