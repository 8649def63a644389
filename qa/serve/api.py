"""The HTTP interface: routes and their documentation. Checks of requests are in guards.py."""

from collections.abc import Callable, Collection
from typing import Any, Literal, TypeVar

import anyio
import anyio.to_thread
from fastapi import FastAPI, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from qa import __version__
from qa.answer import Answerer
from qa.errors import ArticleNotFoundError, QAError
from qa.serve.guards import LOOPBACK_HOSTS, Guard, on_http_exception, on_qa_error, read_ask
from qa.wire import (
    AskRequest,
    Wire,
    WireAnswer,
    WireArticle,
    WireArticles,
    WireErrorBody,
    WireManifest,
    wire_answer,
    wire_article,
    wire_manifest,
    wire_summary,
)

DEFAULT_WORKERS = 2

T = TypeVar("T")


class WireAlive(Wire):
    """The process runs."""

    status: Literal["ok"] = Field("ok", description="always ok: a dead process does not answer")


class WireReady(Wire):
    """The index is open."""

    status: Literal["ready"] = Field("ready", description="questions can be answered")
    generation: str = Field(description="name of the open generation")


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    meanings = {
        400: "the Host header names another site",
        404: "no such article",
        413: "the body is too large",
        415: "the body is not application/json in UTF-8",
        422: "the request is not what was expected; the message names the field",
        500: "something went wrong here",
        503: "the index or its model cannot be used",
    }
    return {status: {"model": WireErrorBody, "description": meanings[status]} for status in statuses}


def create_app(
    current: Callable[[], Answerer],
    *,
    workers: int = DEFAULT_WORKERS,
    allowed_hosts: Collection[str] = LOOPBACK_HOSTS,
) -> FastAPI:
    """Build the application; `current` returns the answerer to use, and each request calls it once.

    So a new generation is taken up between requests. At most `workers` threads touch the index at a time. `allowed_hosts` are names without a port,
    IPv6 addresses in brackets.
    """
    app = FastAPI(
        title="qa",
        version=__version__,
        description="Questions to a folder of articles: verbatim quotes with their places, or no evidence.",
        docs_url=None,  # the stock pages load scripts from a CDN: this service asks nobody
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: on_http_exception, QAError: on_qa_error},
        responses=_errors(400, 500),
    )
    app.add_middleware(Guard, allowed_hosts=allowed_hosts)
    limiter = anyio.CapacityLimiter(workers)
    # Who only asks which generation is open does not queue behind questions.
    looking = anyio.CapacityLimiter(1)

    async def on_index(work: Callable[[], T]) -> T:
        # Embedding and searching block for milliseconds to seconds: never on the event loop.
        return await anyio.to_thread.run_sync(work, limiter=limiter)

    @app.post(
        "/ask",
        response_model=WireAnswer,
        responses=_errors(413, 415, 422, 503),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": AskRequest.model_json_schema()}},
            }
        },
    )
    async def ask(request: Request) -> Response:
        """Answer a question with verbatim quotes, or say that there is no evidence."""
        asked = await read_ask(request)
        answer = await on_index(
            lambda: current().ask(
                asked.question,
                k=asked.k,
                max_context_tokens=asked.max_context_tokens,
                explained=asked.explain,
            )
        )
        return _json(wire_answer(answer))

    @app.get("/articles", response_model=WireArticles, responses=_errors(503))
    async def articles() -> Response:
        """List the articles of the index."""
        found = await on_index(lambda: [wire_summary(article) for article in current().generation.articles()])
        return _json(WireArticles(articles=found))

    # The id is looked up in the index's own table and never reaches the file system.
    @app.get("/articles/{document_id:path}", response_model=WireArticle, responses=_errors(404, 422, 503))
    async def article(document_id: str) -> Response:
        """Return one article with its stored text; offsets of citations and passages point into it."""
        try:
            found = await on_index(lambda: current().generation.article(document_id))
        except ArticleNotFoundError as error:
            raise ArticleNotFoundError(
                f"No article {document_id!r} here. List them: GET /articles"
            ) from error
        return _json(wire_article(found))

    @app.get("/healthz", response_model=WireAlive)
    async def healthz() -> Response:
        """Say that the process runs."""
        return _json(WireAlive(status="ok"))

    @app.get("/readyz", response_model=WireReady)
    async def readyz() -> Response:
        """Say that the index is open."""
        answerer = await anyio.to_thread.run_sync(current, limiter=looking)
        return _json(WireReady(status="ready", generation=answerer.generation.manifest.generation))

    @app.get("/info", response_model=WireManifest)
    async def info() -> Response:
        """Return the manifest of the open index."""
        answerer = await anyio.to_thread.run_sync(current, limiter=looking)
        return _json(wire_manifest(answerer.generation.manifest))

    return app


def _json(model: BaseModel) -> Response:
    return Response(model.model_dump_json(), media_type="application/json")
