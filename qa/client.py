"""Ask a server from Python: `Client("http://127.0.0.1:8000").ask("Why won't NATO admit Ukraine?").answer`."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Any, TypeVar

import urllib3
from pydantic import ValidationError
from urllib3.util import Retry, parse_url

from qa.errors import InputError, ServerError
from qa.filters import NO_FILTERS, Filters
from qa.types import Answer
from qa.wire import MAX_BATCH, Wire, WireAnswer, WireBatch, WireErrorBody, WireResult, answer_of

T = TypeVar("T", bound=Wire)


class Client:
    """Asks one server, and asks again when it is busy; safe to share between threads."""

    def __init__(
        self, base_url: str, api_key: str | None = None, *, timeout_s: float = 30.0, retries: int = 5
    ) -> None:
        """Take where the server is.

        `timeout_s` is that of one try; a reply of 429 or 503 is tried `retries` times again, when the server says
        (Retry-After) or a little later each time, and a connection that cannot be made twice. Raises InputError for a
        URL that is none.
        """
        try:
            url = parse_url(base_url)
        except urllib3.exceptions.LocationParseError as error:
            raise _no_url(base_url) from error
        if url.scheme not in ("http", "https") or not url.host:
            raise _no_url(base_url)
        self._base_url = base_url.rstrip("/")
        headers = {"content-type": "application/json", "accept": "application/json"}
        if api_key is not None:
            headers["authorization"] = f"Bearer {api_key}"
        retry = Retry(
            retries,
            connect=min(2, retries),  # nobody listens: waiting longer seldom helps
            redirect=0,
            allowed_methods=None,  # a question changes nothing: it can be asked twice
            status_forcelist=(429, 503),
            backoff_factor=0.2,
            backoff_jitter=0.2,
            retry_after_max=60,
            raise_on_status=False,
        )
        self._pool = urllib3.PoolManager(
            headers=headers, timeout=timeout_s, retries=retry, maxsize=8, block=False
        )

    def __enter__(self) -> "Client":
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close its connections."""
        self._pool.clear()

    def ask(
        self,
        question: str,
        *,
        k: int = 5,
        max_context_tokens: int | None = None,
        explain: bool = False,
        filters: Filters = NO_FILTERS,
    ) -> WireAnswer:
        """Return the answer to one question.

        Raises InputError when the server refuses the question, ServerError when it cannot be asked.
        """
        return self._post(
            "/ask", _asked(question, k, max_context_tokens, filters, explain=explain), WireAnswer
        )

    def answer(
        self,
        question: str,
        *,
        k: int = 5,
        max_context_tokens: int | None = None,
        explained: bool = False,
        filters: Filters = NO_FILTERS,
    ) -> Answer:
        """Return what `ask` does as the record that an index on this machine would give."""
        found = self.ask(
            question, k=k, max_context_tokens=max_context_tokens, explain=explained, filters=filters
        )
        return answer_of(found)

    def ask_many(
        self,
        questions: Sequence[str],
        *,
        k: int = 5,
        max_context_tokens: int | None = None,
        filters: Filters = NO_FILTERS,
    ) -> Iterator[WireResult]:
        """Yield an answer, or an error, for each question in order; many go together in one request.

        Raises what `ask` does when a request as a whole fails.
        """
        for first in range(0, len(questions), MAX_BATCH):
            some = questions[first : first + MAX_BATCH]
            asked = [_asked(each, k, max_context_tokens, filters, explain=False) for each in some]
            body = {"questions": asked}
            yield from self._post("/ask/batch", body, WireBatch).results

    def _post(self, path: str, body: dict[str, Any], shape: type[T]) -> T:
        where = f"{self._base_url}{path}"
        try:
            response = self._pool.request("POST", where, body=json.dumps(body).encode())
        except urllib3.exceptions.HTTPError as error:
            reason = getattr(error, "reason", None) or error
            raise ServerError(f"Cannot ask {where}: {reason}. Is it running? Start it: qa serve") from error
        if response.status == 200:
            return _parsed(response.data, shape, where)
        told = _parsed(response.data, WireErrorBody, where).error
        if response.status == 422:
            raise InputError(told.message)
        raise ServerError(f"{where} answered {response.status} ({told.code}): {told.message}")


def _asked(
    question: str, k: int, max_context_tokens: int | None, filters: Filters, *, explain: bool
) -> dict[str, Any]:
    asked = {"question": question, "k": k, "max_context_tokens": max_context_tokens, "explain": explain}
    given = {name: value for name, value in asdict(filters).items() if value}
    return {**asked, "filters": given} if given else asked


def _parsed(data: bytes, shape: type[T], where: str) -> T:
    try:
        return shape.model_validate_json(data, extra="ignore")  # a newer server may say more
    except ValidationError as error:
        raise ServerError(
            f"Found something else than {shape.__name__} at {where}; is it a qa server of this version? See: qa --version"
        ) from error


def _no_url(found: str) -> InputError:
    return InputError(
        f"Found the server {found!r}, expected a URL. Try: qa ask QUESTION --server http://127.0.0.1:8000"
    )
