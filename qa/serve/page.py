"""The page at /: a handful of files of this package, in a table that is made once."""

from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

_INDEX = "index.html"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
NAMES = (
    _INDEX,
    "answer.js",
    "api.js",
    "article.js",
    "copy.js",
    "explain.js",
    "filters.js",
    "icon.svg",
    "list.js",
    "main.js",
    "notices.js",
    "place.js",
    "style.css",
    "text.js",
)
"""What is served, and nothing else: a name in a request is looked up here and never reaches the file system."""

PATHS = frozenset({"/", *(f"/static/{name}" for name in NAMES)})


def page() -> APIRouter:
    """Build the routes of the page and of what it is made of."""
    router = APIRouter(include_in_schema=False)
    table = {name: _File(name) for name in NAMES}

    @router.get("/")
    async def index(request: Request) -> Response:
        """Return the page."""
        return table[_INDEX].response(request)

    @router.get("/static/{name:path}")
    async def static(request: Request, name: str) -> Response:
        """Return a file of the page."""
        if name not in table:
            raise HTTPException(404)
        return table[name].response(request)

    return router


class _File:
    def __init__(self, name: str) -> None:
        self._content = files("qa.serve").joinpath("static", name).read_bytes()
        # Always asked for again, and mostly answered with "the same": a new version is seen at once.
        self._headers = {
            "etag": f'"{sha256(self._content).hexdigest()[:32]}"',
            "cache-control": "no-cache",
        }
        self._type = _TYPES[name[name.rindex(".") :]]

    def response(self, request: Request) -> Response:
        if request.headers.get("if-none-match") == self._headers["etag"]:
            return Response(status_code=304, headers=self._headers)
        return Response(self._content, headers=self._headers, media_type=self._type)
