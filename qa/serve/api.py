"""The HTTP interface: routes and their documentation. What every request passes is in front.py."""

from collections.abc import Callable
from typing import Any, Literal

from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from qa import __version__
from qa.answer import Answerer
from qa.errors import ArticleNotFoundError, QAError
from qa.gate import CONTENT_TYPE, Front, Metrics, Refusal, on_http_exception, on_qa_error
from qa.serve.asking import Asking
from qa.serve.page import PATHS, page
from qa.serve.policy import Policy
from qa.serve.pool import Pool
from qa.serve.requests import check_ask, read_ask, read_batch
from qa.wire import (
    AskRequest,
    BatchRequest,
    Wire,
    WireAnswer,
    WireArticle,
    WireArticles,
    WireBatch,
    WireErrorBody,
    WireManifest,
    wire_article,
    wire_manifest,
    wire_summary,
)


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
        401: "no valid API key, where one is needed",
        403: "the Origin header names another site",
        404: "no such article",
        408: "the body did not come in time",
        413: "the body is too large",
        415: "the body is not application/json in UTF-8",
        422: "the request is not what was expected; the message names the field",
        429: "too many requests with this key, or of this client; Retry-After says when to come back",
        500: "something went wrong here",
        503: "the index or its model cannot be used, or too many questions wait: Retry-After says when to come back",
    }
    return {status: {"model": WireErrorBody, "description": meanings[status]} for status in statuses}


def _body(shape: type[BaseModel]) -> dict[str, Any]:
    content = {"application/json": {"schema": shape.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


def create_app(current: Callable[[], Answerer], policy: Policy | None = None) -> FastAPI:
    """Build the application; `current` returns the answerer to use, and each question calls it once.

    So a new generation is taken up between questions. `app.state.draining` makes /readyz fail, and `app.state.give_up()`
    ends what is still computed.
    """
    app = FastAPI(
        title="qa",
        version=__version__,
        description="Questions to a folder of articles: verbatim quotes with their places, or no evidence.",
        docs_url=None,  # the stock pages load scripts from a CDN: this service asks nobody
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: on_http_exception, QAError: on_qa_error},
        responses=_errors(400, 401, 403, 429, 500),
    )
    app.state.draining = False
    policy = policy or Policy()
    metrics = Metrics()
    app.add_middleware(
        Front,
        allowed_hosts=policy.allowed_hosts,
        keys=policy.keys,
        rate=policy.rate,
        metrics=metrics,
        # A prober has no key and asks often, and the page is where a key is typed in.
        open_paths=PATHS | {"/healthz", "/readyz"},
        log_questions=policy.log_questions,
    )
    pool = Pool(threads=policy.threads, queue=policy.queue, deadline_s=policy.deadline_s)
    app.state.give_up = pool.stop
    asking = Asking(current, pool, metrics)
    for router in (_questions(asking), _articles(asking), _operations(asking, metrics), page()):
        app.include_router(router)
    return app


def _questions(asking: Asking) -> APIRouter:
    router = APIRouter()
    refused = _errors(408, 413, 415, 422, 503)

    @router.post("/ask", response_model=WireAnswer, responses=refused, openapi_extra=_body(AskRequest))
    async def ask(request: Request) -> Response:
        """Answer a question with verbatim quotes, or say that there is no evidence."""
        asked = await read_ask(request)
        request.state.questions = [asked.question]
        return _json(await asking.answer(request, asked))

    @router.post("/ask/batch", response_model=WireBatch, responses=refused, openapi_extra=_body(BatchRequest))
    async def batch(request: Request) -> Response:
        """Answer up to 100 questions, in their order; one that cannot be answered has its error in its place."""
        asked = [_checked(value) for value in (await read_batch(request)).questions]
        request.state.questions = [one.question for one in asked if isinstance(one, AskRequest)]
        return _json(await asking.batch(request, asked))

    return router


def _articles(asking: Asking) -> APIRouter:
    router = APIRouter()

    @router.get("/articles", response_model=WireArticles, responses=_errors(503))
    async def articles() -> Response:
        """List the articles of the index."""
        found = await asking.look(
            lambda answerer: [wire_summary(each) for each in answerer.generation.articles()]
        )
        return _json(WireArticles(articles=found))

    # The id is looked up in the index's own table and never reaches the file system.
    @router.get("/articles/{document_id:path}", response_model=WireArticle, responses=_errors(404, 422, 503))
    async def article(document_id: str) -> Response:
        """Return one article with its stored text; offsets of citations and passages point into it."""
        try:
            found = await asking.look(lambda answerer: answerer.generation.article(document_id))
        except ArticleNotFoundError as error:
            raise ArticleNotFoundError(
                f"No article {document_id!r} here. List them: GET /articles"
            ) from error
        return _json(wire_article(found))

    return router


def _operations(asking: Asking, metrics: Metrics) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz", response_model=WireAlive)
    async def healthz() -> Response:
        """Say that the process runs."""
        return _json(WireAlive(status="ok"))

    @router.get("/readyz", response_model=WireReady, responses=_errors(503))
    async def readyz(request: Request) -> Response:
        """Say that the index is open, and that this process goes on taking questions."""
        if request.app.state.draining:
            raise Refusal(503, "Shutting down. Ask another server.", code="draining")
        generation = await asking.look(lambda answerer: answerer.generation.manifest.generation)
        return _json(WireReady(status="ready", generation=generation))

    @router.get("/info", response_model=WireManifest, responses=_errors(503))
    async def info() -> Response:
        """Return the manifest of the open index."""
        return _json(wire_manifest(await asking.look(lambda answerer: answerer.generation.manifest)))

    @router.get("/metrics", response_class=Response, responses=_errors(503))
    async def measured() -> Response:
        """Return what an operator watches, in the text format of Prometheus."""
        await asking.look(lambda answerer: None)  # the open generation is among it
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    return router


def _checked(value: object) -> AskRequest | Refusal:
    try:
        return check_ask(value)
    except Refusal as refusal:
        return refusal


def _json(model: BaseModel) -> Response:
    return Response(model.model_dump_json(), media_type="application/json")
