"""What the page asks while a network learns: to begin, to look, to pause, to stop, and for what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from lenet.errors import ServiceError
from lenet.network import Network
from lenet.serve.answering import file, object_of, off_loop, router_of, whole_number
from lenet.serve.jobs import Busy, Job
from lenet.serve.live_training import Plan, choices, watch
from lenet.serve.page_routes import Shown, shelf_of
from lenet.serve.refusals import one_of, wrong
from lenet.weights import as_bytes

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request

__all__ = ["begin", "train_router"]

_WANTED = {"run": "running", "pause": "paused", "stop": "stopped"}
_RETRY = 10
"""Seconds after which a page may try again where others train already; of ours."""


def train_router() -> APIRouter:
    """Return the routes of training, under `/train/`, and those of all long work, under `/jobs/`."""

    async def start(request: Request) -> Any:
        asked = await object_of(request)
        session, plan = _session(asked), _plan(asked)
        return begin(request, session, lambda job: watch(plan, job))

    async def choose(request: Request) -> Any:
        return await off_loop(request, choices)

    async def look(request: Request) -> Any:
        return _job(request).since(whole_number(request, "since"), whole_number(request, "version"))

    async def want(request: Request) -> Any:
        wanted, job = one_of("want", request.path_params["want"], tuple(_WANTED)), _job(request)
        job.want(_WANTED[wanted])
        return {"id": job.id}

    async def network(request: Request) -> Any:
        found = _network(request)
        return file(await off_loop(request, as_bytes, found), "application/octet-stream", name="trained.safetensors")

    async def show(request: Request) -> Any:
        found, key = _network(request), request.path_params["id"]
        title = f"{found.architecture.name}, trained in this page"
        shown = Shown(f"trained-{key[:6]}", title, "It was trained in this page.", found)
        shelf_of(request).add(shown)
        return shown.to_dict()

    return router_of(
        [
            ("GET", "/train/choices", choose),
            ("POST", "/train/start", start),
            ("GET", "/jobs/{id}", look),
            ("GET", "/jobs/{id}/network", network),
            ("POST", "/jobs/{id}/show", show),
            ("POST", "/jobs/{id}/{want}", want),
        ]
    )


def begin(request: Request, session: str, work: Callable[[Job], Network]) -> dict[str, str]:
    """Start a job of the service for a page and return its id; raise `ServiceError` 429 where too many run."""
    try:
        return {"id": request.app.state.jobs.start(session, work).id}
    except Busy:
        raise ServiceError(
            f"other pages train already, as many as this machine carries; try again in {_RETRY} seconds",
            status=429,
            retry_after=_RETRY,
        ) from None


def _session(asked: dict[str, Any]) -> str:
    session = asked.pop("session", None)
    if not isinstance(session, str) or not 0 < len(session) <= 64:
        raise wrong("the session is missing; give a word of the page's own choosing, up to 64 characters")
    return session


def _plan(asked: dict[str, Any]) -> Plan:
    unknown = set(asked) - {field.name for field in fields(Plan)}
    if unknown:
        raise wrong(f"{', '.join(sorted(unknown))} cannot be chosen for a training; leave it out")
    return Plan(**asked)


def _job(request: Request) -> Job:
    job: Job | None = request.app.state.jobs.get(request.path_params["id"])
    if job is None:
        raise ServiceError("there is no such training any more; start another", status=404)
    return job


def _network(request: Request) -> Network:
    job = _job(request)
    if job.network is None or not job.has_ended:
        raise wrong("there is no trained network yet; let the training end, or stop it")
    return job.network
