"""The front door: what every request passes, in and out, before and after the routes."""

import logging
import re
from collections.abc import Collection
from time import perf_counter
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.gate.keys import Keys
from qa.gate.metrics import Metrics
from qa.gate.rates import Rate
from qa.gate.refusals import Refusal, error_response, refusal_response

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NO_ROUTE = "none"

_log = logging.getLogger("qa.serve")
_requests = structlog.get_logger("qa.request")


class Front:
    """ASGI middleware: hosts, origins, keys and rates on the way in; headers, counts and a line of log on the way out.

    No exception leaves it with its details, and whatever it refuses has the one shape of error.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_hosts: Collection[str],
        keys: Keys,
        rate: Rate | None,
        metrics: Metrics,
        open_paths: Collection[str],
        log_questions: bool,
    ) -> None:
        """Take names of hosts without a port, IPv6 addresses in brackets; no keys let everyone in.

        `open_paths` need no key and are not counted by `rate`.
        """
        self._app = app
        self._allowed = frozenset(host.lower() for host in allowed_hosts)
        self._keys = keys
        self._rate = rate
        self._metrics = metrics
        self._open_paths = frozenset(open_paths)
        self._log_questions = log_questions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer for the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        extra = {"x-request-id": given if _REQUEST_ID.fullmatch(given) else uuid4().hex, **SECURITY_HEADERS}
        owner, status = None, 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                out = MutableHeaders(scope=message)
                for name, value in extra.items():
                    out.setdefault(name, value)
            await send(message)

        try:
            owner = self._admit(scope, headers)
            if self._rate is not None and scope["path"] not in self._open_paths:
                extra |= self._rate.count(owner or _client(scope))
            await self._app(scope, receive, watched)
        except Refusal as refusal:
            await refusal_response(refusal)(scope, receive, watched)
        except ClientDisconnect:
            status = 499  # as nginx logs it; nobody is there to get it
        except Exception:  # whatever it is: its details are for the log, not for a client
            _log.exception("unexpected error in request %s", extra["x-request-id"])
            if status:
                raise  # half a response is out: only closing the connection tells the client
            response = error_response(
                500, "internal_error", "Something went wrong here. The server's log has it."
            )
            await response(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            seconds = perf_counter() - began
            asked = scope.get("state", {}).get("questions")
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(seconds)
            _requests.info(
                "request",
                request_id=extra["x-request-id"],
                method=scope["method"],
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
                key=owner,
                **({"questions": asked} if self._log_questions and asked else {}),
            )

    def _admit(self, scope: Scope, headers: Headers) -> str | None:
        """Return the name of the request's key, None where none is needed. Raises Refusal."""
        host = self._host(headers.getlist("host"))
        origin = headers.getlist("origin")
        # Only a page of ours may ask: others would read private articles through their visitors' browsers.
        if origin and origin != [f"{scope['scheme']}://{host}"]:
            raise Refusal(403, "Found an Origin header of another site, expected none or this site's own.")
        if not self._keys or scope["path"] in self._open_paths:
            return None
        given = headers.getlist("authorization")
        owner = self._keys.owner(given[0].encode("latin-1")) if len(given) == 1 else None
        if owner is None:
            raise Refusal(
                401,
                "Found no valid API key, expected one in the header: Authorization: Bearer KEY.",
                headers={"www-authenticate": "Bearer"},
            )
        return owner

    def _host(self, hosts: list[str]) -> str:
        """Return the Host header. Raises Refusal when it is not one of ours.

        A page of a foreign site can point its own name at 127.0.0.1 (DNS rebinding); its requests then carry that name.
        """
        match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if match is None or match[1].lower() not in self._allowed:
            raise Refusal(
                400,
                f"Host header not allowed; expected one of {', '.join(sorted(self._allowed))}.",
                code="host_not_allowed",
            )
        return hosts[0]


def _client(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else "unknown"
