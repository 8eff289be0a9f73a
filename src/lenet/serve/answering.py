"""How the page's routes answer: bodies up to a limit, work off the event loop, refusals as a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from lenet.errors import InputError, LenetError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    Endpoint = Callable[[Request], Awaitable[Response]]
    Answer = Callable[[Request], Awaitable[Any]]

__all__ = ["PICTURE_LIMIT", "answered", "body_of", "file", "object_of", "off_loop"]

PICTURE_LIMIT = 20_000_000
"""Bytes of a picture that the page sends."""


def answered(answer: Answer) -> Endpoint:
    """Return the endpoint for an answer: what is no response becomes JSON, an error of ours a sentence and 422."""
    from starlette.responses import JSONResponse, Response

    async def endpoint(request: Request) -> Response:
        try:
            found = await answer(request)
        except LenetError as error:
            return JSONResponse({"error": str(error)}, 422)
        return found if isinstance(found, Response) else JSONResponse(found)

    return endpoint


async def body_of(request: Request, limit: int = PICTURE_LIMIT) -> bytes:
    """Return the body of a request; raise `InputError` as soon as it is longer than the limit."""
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise InputError(f"more than {limit:,} bytes were sent, the most that is taken here; send less at once")
        pieces.append(piece)
    return b"".join(pieces)


async def object_of(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request carries."""
    import json

    try:
        found = json.loads(await body_of(request, 100_000))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError("the body is no JSON object; send one")
    return found


async def off_loop(work: Callable[..., Any], *arguments: Any) -> Any:
    """Do work in a thread of its own and wait for it, so that other requests do not."""
    from starlette.concurrency import run_in_threadpool

    return await run_in_threadpool(work, *arguments)


def file(content: bytes, kind: str, *, name: str = "", more: Mapping[str, str] | None = None) -> Response:
    """Return a response that is a file: of a media type, under a name where it is to be kept."""
    from starlette.responses import Response

    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", **(more or {})}
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(content, media_type=kind, headers=headers)
