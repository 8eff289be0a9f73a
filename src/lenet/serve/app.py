"""The routes of the service, put together."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenet.errors import InputError, LenetError, MissingExtraError, ServiceError
from lenet.reading.readings import SCHEMA
from lenet.serve import description
from lenet.serve.correct_routes import correct_router
from lenet.serve.endpoints import Detecting, Predicting, Reading
from lenet.serve.guard import Guard
from lenet.serve.jobs import Jobs
from lenet.serve.limits import Limits
from lenet.serve.refusals import as_json, headers_of, record_of, refusal
from lenet.serve.service import Service

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

__all__ = ["PAGE", "create_app"]

PAGE = Path(__file__).with_name("page")
"""The files of the live page."""

ROUTERS = (("page_routes", "page_router"), ("field_routes", "field_router"), ("train_routes", "train_router"))
"""Modules beside this one, each with a function that returns an APIRouter: what the live page asks."""

_TOKEN = re.compile(r"[\w.~-]{1,200}", re.ASCII)


def create_app(
    *,
    limits: Limits | None = None,
    models: Sequence[str | os.PathLike[str]] = (),
    templates: Sequence[str | os.PathLike[str]] = (),
    token: str | None = None,
    hosts: Collection[str] = (),
    correct: str | os.PathLike[str] | None = None,
    corrections: str | os.PathLike[str] | None = None,
    threads: int = 0,
) -> FastAPI:
    """Return the service as an ASGI application.

    Parameters
    ----------
    limits : what one request may ask for, and how many may wait.
    models : paths of networks beside the shipped ones; requests name them by their file's name without suffix.
    templates : paths of forms' templates, named likewise.
    token : what has to be shown with every request but those for /health and /ready; None asks for nothing.
    hosts : names by which the service may be called, beside addresses and localhost.
    correct : results of `lenet read --out results.jsonl` whose rejected readings the page lets a person correct.
    corrections : the folder to keep corrections in, the only thing that is written; None keeps them in the browser.
    threads : how many requests are read at once, each on one; 0 for as many as `lenet` uses by default.

    Returns
    -------
    The application; its `state.service` holds the networks, and does work in threads (`Service.run`); its `state.jobs`
    holds long work.

    Raises
    ------
    MissingExtraError
        FastAPI is not installed.
    InputError, FormatError, GrammarError
        A model, a template or the token cannot be used.
    """
    fastapi = _fastapi()
    if token is not None and not _TOKEN.fullmatch(token):
        raise InputError("the token cannot be used; give one of up to 200 letters, digits and . _ ~ -")
    service = Service(models=models, templates=templates, limits=limits, threads=threads)
    app: FastAPI = fastapi.FastAPI(
        title="lenet",
        version=service.version,
        description="Reads handwritten digits, amounts and dates. Everything is computed on this machine.",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    app.state.jobs = Jobs()
    _add_work(app, service)
    _add_looks(app, service)
    for module, name in ROUTERS:
        if find_spec(f"lenet.serve.{module}") is not None:
            app.include_router(getattr(import_module(f"lenet.serve.{module}"), name)())
    app.include_router(correct_router(correct, corrections))
    _add_page(app)
    _describe(app, service)
    _add_errors(app)
    own = {path for route in app.routes if isinstance(path := getattr(route, "path", None), str)}
    app.add_middleware(Guard, service=service, hosts=hosts, token=token, paths=own)
    return app


def _fastapi() -> Any:
    try:
        return import_module("fastapi")
    except ImportError as error:
        raise MissingExtraError("the service needs FastAPI and uvicorn: pip install 'lenet[serve]'") from error


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Warm up beside the first requests, which are told to wait."""
    service: Service = app.state.service
    warming = asyncio.create_task(service.start())
    warming.add_done_callback(_tell_of_failure)
    yield
    await asyncio.to_thread(app.state.jobs.close)
    service.stop()
    await asyncio.gather(warming, return_exceptions=True)


def _tell_of_failure(warming: asyncio.Task[None]) -> None:
    """Have it logged where the networks could not be made ready: or a service would never answer, and not say why."""
    if not warming.cancelled() and (error := warming.exception()) is not None:
        about = {"message": "the networks cannot be made ready, so nothing is answered", "exception": error}
        warming.get_loop().call_exception_handler(about)


def _add_work(app: FastAPI, service: Service) -> None:
    """Add the routes that do work; they are plain ASGI, since every microsecond between them and the engine counts."""
    from starlette.routing import Route

    for path, endpoint in (
        ("/v1/predict", Predicting(service, several=False)),
        ("/v1/predict/batch", Reading(service, service.predict, several=True)),
        ("/v1/read", Reading(service, service.read, several=False)),
        ("/v1/read/batch", Reading(service, service.read, several=True)),
        ("/v1/detect", Detecting(service)),
    ):
        app.router.routes.append(Route(path, endpoint, methods=["POST"], include_in_schema=False))


def _add_looks(app: FastAPI, service: Service) -> None:
    """Add the routes that say how the service is."""
    from fastapi.responses import HTMLResponse, PlainTextResponse

    def health(_: Request) -> Response:
        return _json({"status": "alive", "predicting": service.predicting.taken, "reading": service.reading.taken})

    def ready(_: Request) -> Response:
        available = service.ready and not service.leaving
        return _json({"ready": available}, 200 if available else 503)

    def version(_: Request) -> Response:
        return _json(service.facts())

    def metrics(_: Request) -> Response:
        return PlainTextResponse(service.metrics.text(), media_type="text/plain; version=0.0.4")

    def docs(_: Request) -> Response:
        return HTMLResponse(description.page(app.openapi()))

    for look in (health, ready, version, metrics, docs):
        app.router.add_route(f"/{look.__name__}", _at_once(look), methods=["GET"], include_in_schema=False)


def _at_once(look: Any) -> Any:
    """Return a function as a coroutine, so that it runs in the event loop and not in a thread: it takes no time."""

    async def answer(request: Request) -> Response:
        response: Response = look(request)
        return response

    return answer


def _add_page(app: FastAPI) -> None:
    """Add the files of the live page where there are any; without, / leads to the description."""
    from fastapi.responses import FileResponse, RedirectResponse
    from fastapi.staticfiles import StaticFiles

    index = PAGE / "index.html"

    async def front(_: Request) -> Response:
        return FileResponse(index) if index.exists() else RedirectResponse("/docs")

    app.router.add_route("/", front, methods=["GET"], include_in_schema=False)
    if index.exists():
        app.mount("/page", StaticFiles(directory=PAGE), name="page")


def _describe(app: FastAPI, service: Service) -> None:
    """Have OpenAPI describe the plain routes, too."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        described: dict[str, Any] = generated()
        described["paths"] = description.paths(service.limits) | described["paths"]
        return described

    app.openapi = openapi  # type: ignore[method-assign]


def _add_errors(app: FastAPI) -> None:
    """Answer every error with a sentence in JSON, whichever route raised it."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    metrics = app.state.service.metrics

    async def refuse(_: Request, error: Exception) -> Response:
        refused = refusal(error)
        if refused.limit:
            metrics.refused(refused.limit)
        return _refused(refused)

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error.__cause__, ServiceError):  # a body that turned out too long, wrapped by FastAPI
            return _refused(error.__cause__)
        return _refused(ServiceError(_words(error), status=error.status_code), error.headers)

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        faults = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        return _refused(ServiceError(f"the request is not as it should be ({faults}); see /docs", status=422))

    async def bug(_request: Request, _error: Exception) -> Response:
        sentence = "something failed inside lenet, which is a mistake of its own; its log has what happened"
        return _refused(ServiceError(sentence, status=500))

    app.add_exception_handler(LenetError, refuse)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, bug)


def _words(error: Any) -> str:
    if error.status_code == 404:
        return "there is no such route; /docs lists them"
    if error.status_code == 405:
        return "the route is there, but not for this method; /docs lists them"
    return str(error.detail)


def _refused(refused: ServiceError, headers: Any = None) -> Response:
    return _json(record_of(refused), refused.status, {**headers_of(refused), **(headers or {})})


def _json(record: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    from fastapi.responses import Response

    content = as_json({"schema": SCHEMA} | record)
    return Response(content, status_code=status, headers=headers, media_type="application/json")
