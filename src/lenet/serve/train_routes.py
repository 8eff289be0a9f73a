"""What the page asks while a network learns: to begin, to look, to pause, to stop, and for what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from lenet.errors import InputError
from lenet.network import Network
from lenet.serve.answering import answered, file, object_of, off_loop
from lenet.serve.jobs import Busy, Job, Jobs
from lenet.serve.live_training import Plan, choices, watch
from lenet.weights import as_bytes

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["begin", "train_router"]

Offer = Callable[[str, Network], str]

_WANTED = {"run": "running", "pause": "paused", "stop": "stopped"}
_RETRY = 10
"""Seconds after which a page may try again where others train already; of ours."""


def train_router(jobs: Jobs | None = None, offer: Offer | None = None) -> APIRouter:
    """Return the routes of training, under `/train/`, and those of all long work, under `/jobs/`.

    Parameters
    ----------
    jobs : where the work is kept; None makes a place of its own.
    offer : takes what a network is to be called and the network, lets the digit view show it, and returns the name by
        which it does; None where there is no such view.
    """
    from fastapi import APIRouter

    kept = Jobs() if jobs is None else jobs

    async def start(request: Request) -> Any:
        asked = await object_of(request)
        session, plan = _session(asked), _plan(asked)
        return begin(kept, session, lambda job: watch(plan, job))

    async def choose(_: Request) -> Any:
        return await off_loop(choices)

    async def look(request: Request) -> Any:
        return _job(request, kept).since(_counted(request, "since"), _counted(request, "version"))

    async def want(request: Request) -> Any:
        wanted = request.path_params["want"]
        if wanted not in _WANTED:
            raise InputError(f"{wanted!r} was asked of a job; choose one of {', '.join(_WANTED)}")
        job = _job(request, kept)
        job.want(_WANTED[wanted])
        return {"id": job.id}

    async def network(request: Request) -> Any:
        found = _network(_job(request, kept))
        return file(await off_loop(as_bytes, found), "application/octet-stream", name="trained.safetensors")

    async def show(request: Request) -> Any:
        if offer is None:
            raise InputError("this service has no view of digits to show a network in; download it instead")
        found = _network(_job(request, kept))
        return {"name": offer(f"{found.architecture.name}, trained in this page", found)}

    router = APIRouter()
    for path, answer, method in (
        ("/train/choices", choose, "GET"),
        ("/train/start", start, "POST"),
        ("/jobs/{id}", look, "GET"),
        ("/jobs/{id}/network", network, "GET"),
        ("/jobs/{id}/show", show, "POST"),
        ("/jobs/{id}/{want}", want, "POST"),
    ):
        router.add_route(path, answered(answer), [method], include_in_schema=False)
    return router


def begin(jobs: Jobs, session: str, work: Callable[[Job], Network]) -> Response | dict[str, str]:
    """Start a job and return what the page is told: its id, or that it has to wait."""
    from starlette.responses import JSONResponse

    try:
        return {"id": jobs.start(session, work).id}
    except Busy:
        words = f"other pages train already, as many as this machine carries; try again in {_RETRY} seconds"
        return JSONResponse({"error": words}, 429, {"Retry-After": str(_RETRY)})


def _counted(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _session(asked: dict[str, Any]) -> str:
    session = asked.pop("session", None)
    if not isinstance(session, str) or not 0 < len(session) <= 64:
        raise InputError("the session is missing; give a word of the page's own choosing, up to 64 characters")
    return session


def _plan(asked: dict[str, Any]) -> Plan:
    unknown = set(asked) - {field.name for field in fields(Plan)}
    if unknown:
        raise InputError(f"{', '.join(sorted(unknown))} cannot be chosen for a training; leave it out")
    return Plan(**asked)


def _job(request: Request, jobs: Jobs) -> Job:
    job = jobs.get(request.path_params["id"])
    if job is None:
        raise InputError("there is no such training any more; start another")
    return job


def _network(job: Job) -> Network:
    if job.network is None or not job.has_ended:
        raise InputError("there is no trained network yet; let the training end, or stop it")
    return job.network
