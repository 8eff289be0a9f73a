"""How the page's routes answer: what they return as JSON, files as files; within the limits, off the event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from lenet.serve.bodies import Gone, read_body
from lenet.serve.limits import late
from lenet.serve.refusals import as_json, wrong

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    from lenet.serve.service import Service

    Answer = Callable[[Request], Awaitable[Any]]

__all__ = ["file", "object_of", "off_loop", "off_loop_with_body", "router_of", "service_of", "whole_number"]

_LONGEST = 65_536
"""Bytes of an object that a page sends; of ours: they have some hundred."""


def router_of(routes: Iterable[tuple[str, str, Answer]]) -> APIRouter:
    """Return a router of methods, paths and answers; an answer that is no response yet becomes JSON."""
    from fastapi import APIRouter

    router = APIRouter()
    for method, path, answer in routes:
        router.add_route(path, _endpoint(answer), [method], include_in_schema=False)
    return router


def _endpoint(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    from starlette.responses import Response

    async def endpoint(request: Request) -> Response:
        limits = service_of(request).limits
        try:
            async with asyncio.timeout(limits.seconds):
                found = await answer(request)
        except TimeoutError:
            raise late(limits) from None
        except Gone:
            return Response(status_code=400)  # to nobody
        return found if isinstance(found, Response) else file(as_json(found), "application/json")

    return endpoint


async def object_of(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request carries."""
    try:
        found = json.loads(await read_body(request.receive, _LONGEST))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise wrong("the body is no JSON object; send one")
    return found


def whole_number(request: Request, name: str) -> int:
    """Return a number of the address; 0 where it is left out."""
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise wrong(f"{name} was given as {text!r}; give a whole number")
    return int(text)


async def off_loop(request: Request, work: Callable[..., Any], *arguments: Any) -> Any:
    """Do work in a thread of the service, as far as it has places, and wait for what it returns."""
    return await service_of(request).run(work, *arguments)


async def off_loop_with_body(request: Request, work: Callable[..., Any], *arguments: Any) -> Any:
    """Receive a request's body and work on it likewise; the body is the first argument."""
    return await service_of(request).run_on(request.scope, request.receive, lambda body: work(body, *arguments))


def service_of(request: Request) -> Service:
    """Return the service that a request came to."""
    service: Service = request.app.state.service
    return service


def file(content: bytes, kind: str, *, name: str = "") -> Response:
    """Return a response that is a file: of a media type, under a name where it is to be kept."""
    from starlette.responses import Response

    kept = {"content-disposition": f'attachment; filename="{name}"'} if name else {}
    return Response(content, media_type=kind, headers={"cache-control": "no-store", **kept})
