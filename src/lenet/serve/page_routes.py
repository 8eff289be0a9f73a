"""The page's own routes: its files, and what it asks while somebody draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["PAGE", "page_router"]

PAGE = Path(__file__).with_name("page")
"""The folder of the page's files; all of them are served, and nothing else is."""

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_router() -> APIRouter:
    """Return the routes of the live page: `/`, its files under `/page/`, and what they ask under `/inside/`."""
    from fastapi import APIRouter
    from starlette.responses import Response

    files = {path.name: path.read_bytes() for path in sorted(PAGE.iterdir()) if path.suffix in _TYPES}

    async def file(request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in files:
            return Response("there is no such file of the page", 404)
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return Response(files[name], media_type=_TYPES[Path(name).suffix], headers=headers)

    router = APIRouter()
    router.add_route("/", file, ["GET"], include_in_schema=False)
    router.add_route("/page/{name}", file, ["GET"], include_in_schema=False)
    return router
