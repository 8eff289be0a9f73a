"""The page's own routes: its files, and what it asks while somebody draws."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lenet.errors import InputError, LenetError
from lenet.network import Network
from lenet.serve import inside
from lenet.serve.sliders import RANGES, Sliders
from lenet.serve.units import unit

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    Endpoint = Callable[[Request], Awaitable[Response]]

__all__ = ["PAGE", "Shelf", "Shown", "page_router"]

PAGE = Path(__file__).with_name("page")
"""The folder of the page's files; all of them are served, and nothing else is."""

PICTURE_LIMIT = 20_000_000
"""Bytes of a picture that is laid on the drawing surface."""

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Shown:
    """A network that the page offers: its name in addresses, what it is called, and a sentence on it."""

    name: str
    title: str
    note: str
    network: Network

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready to become JSON."""
        return {"name": self.name, "title": self.title, "note": self.note, **inside.describe(self.network)}


class Shelf:
    """The networks that the page offers.

    Parameters
    ----------
    model : another one, to stand first.
    """

    def __init__(self, model: Network | None = None) -> None:
        from lenet.weights import load

        fresh = "its numbers are random and nobody has trained it; this is what every network starts from."
        offered = [
            Shown("digits", "LeNet-5, trained", "The shipped network: tanh, averages, ten scores.", load("digits")),
            Shown("untrained", "LeNet-5, untrained", f"The same layers, but {fresh}", Network("lenet5", seed=1)),
            Shown(
                "1998-untrained",
                "LeNet-5 of 1998, untrained",
                f"As the paper has it (connection table, trained subsampling, distances to drawn digits), but {fresh}",
                Network("lenet5-1998", seed=1),
            ),
        ]
        if model is not None:
            title = model.card.name if model.card is not None else model.architecture.name
            offered.insert(0, Shown("model", title, "The network that the program was started with.", model))
        self._shown = {one.name: one for one in offered}
        self._training = threading.Lock()

    def __iter__(self) -> Any:
        return iter(self._shown.values())

    def named(self, name: str) -> Network:
        """Return the network of that name; raise `InputError` where there is none."""
        if name not in self._shown:
            raise InputError(f"no network is called {name!r} here; choose one of {', '.join(self._shown)}")
        return self._shown[name].network

    def train_1998(self) -> Shown:
        """Train the network of 1998 on what this machine has, some seconds long, or return the one trained before."""
        with self._training:
            if "1998" not in self._shown:
                network, data, images = _trained_1998()
                note = f"As the paper has it, trained here on {images:,} digits of {data}."
                self._shown["1998"] = Shown("1998", "LeNet-5 of 1998, trained here", note, network)
            return self._shown["1998"]


def _trained_1998() -> tuple[Network, str, int]:
    """Train lenet5-1998 on MNIST where it lies on this machine, and else on the digits inside scikit-learn."""
    from lenet.datasets import load_digits8x8, load_mnist
    from lenet.learning import train

    try:
        data = load_mnist("train", download=False)
    except LenetError:
        data = load_digits8x8("train")
    return train(data, "lenet5-1998").network, data.name, len(data)


def page_router(model: Network | None = None) -> APIRouter:
    """Return the routes of the live page: `/`, its files under `/page/`, and what they ask under `/inside/`.

    Parameters
    ----------
    model : a network to show first, beside those that the page always offers.

    Raises
    ------
    InputError
        The network is none that the page can draw.
    """
    from fastapi import APIRouter

    router = APIRouter()
    shelf = Shelf(model)
    for one in shelf:
        inside.describe(one.network)
    file = _files()
    for path, endpoint, method in (
        ("/", file, "GET"),
        ("/page/{name}", file, "GET"),
        ("/inside/networks", _answered(_networks, shelf), "GET"),
        ("/inside/maps", _answered(_maps, shelf), "POST"),
        ("/inside/unit", _answered(_unit, shelf), "POST"),
        ("/inside/sweeps", _answered(_sweeps, shelf), "POST"),
        ("/inside/evidence", _answered(_evidence, shelf), "POST"),
        ("/inside/picture", _answered(_picture, shelf), "POST"),
        ("/inside/train-1998", _answered(_train_1998, shelf), "POST"),
    ):
        router.add_route(path, endpoint, [method], include_in_schema=False)
    return router


def _files() -> Endpoint:
    """Return the endpoint of the page's files, which are read once."""
    from starlette.responses import Response

    files = {path.name: path.read_bytes() for path in sorted(PAGE.iterdir()) if path.suffix in _TYPES}
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}

    async def file(request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in files:
            return Response("there is no such file of the page", 404)
        return Response(files[name], media_type=_TYPES[Path(name).suffix], headers=headers)

    return file


def _answered(answer: Callable[[Request, Shelf], Awaitable[Response]], shelf: Shelf) -> Endpoint:
    """Return an endpoint that says what was wrong with a request in a sentence, as JSON."""
    from starlette.responses import JSONResponse

    async def endpoint(request: Request) -> Response:
        try:
            return await answer(request, shelf)
        except LenetError as error:
            return JSONResponse({"error": str(error)}, 422)

    return endpoint


def _networks_of(request: Request, shelf: Shelf) -> list[Network]:
    return [shelf.named(name) for name in request.query_params.get("networks", "digits").split(",")]


def _number(request: Request, name: str) -> int:
    """Return a whole number of the address."""
    text = request.query_params.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise InputError(f"{name} was given as {text!r}; give a whole number")
    return int(text)


async def _drawing(request: Request) -> inside.Image:
    return inside.ink_from(await request.body())


def _numbers(arrays: Sequence[Any]) -> Response:
    """Return arrays as float32, one after the other."""
    from starlette.responses import Response

    content = np.concatenate([np.asarray(array, np.float32).ravel() for array in arrays]).tobytes()
    return Response(content, media_type="application/octet-stream")


# ---- the answers ----------------------------------------------------------------------------------------------------


async def _networks(request: Request, shelf: Shelf) -> Response:
    from starlette.responses import JSONResponse

    ranges = {name: {"from": low, "to": high} for name, (low, high) in RANGES.items()}
    return JSONResponse({"networks": [one.to_dict() for one in shelf], "sliders": ranges, "steps": inside.STEPS})


async def _maps(request: Request, shelf: Shelf) -> Response:
    """Answer a stroke: 32x32 as seen, and every number inside. At once, as anything else would take longer."""
    image = inside.seen(await _drawing(request), Sliders.of(request.query_params))
    return _numbers([image / 255, *(inside.inside(network, image) for network in _networks_of(request, shelf))])


async def _unit(request: Request, shelf: Shelf) -> Response:
    from starlette.responses import JSONResponse

    image = inside.seen(await _drawing(request), Sliders.of(request.query_params))
    network = _networks_of(request, shelf)[0]
    place = (_number(request, "map"), _number(request, "row"), _number(request, "column"))
    found = unit(network, inside.fitted(network, image), request.query_params.get("layer", ""), place)
    return JSONResponse(found.to_dict())


async def _sweeps(request: Request, shelf: Shelf) -> Response:
    from starlette.concurrency import run_in_threadpool

    ink, sliders = await _drawing(request), Sliders.of(request.query_params)
    return _numbers(await run_in_threadpool(inside.sweeps, _networks_of(request, shelf), ink, sliders))


async def _evidence(request: Request, shelf: Shelf) -> Response:
    """Answer with rival, probability, 32x32 of the gradient, and the two square maps of hidden squares."""
    from starlette.concurrency import run_in_threadpool

    image = inside.seen(await _drawing(request), Sliders.of(request.query_params))
    label = _number(request, "label")
    found = await run_in_threadpool(inside.evidence, _networks_of(request, shelf)[0], image, label)
    return _numbers([[found.rival, found.probability], found.gradient, found.fall, found.hidden])


async def _picture(request: Request, shelf: Shelf) -> Response:
    """Answer a picture of any format with its ink: rows, columns, then a byte for each pixel."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response

    body = await request.body()
    if not 0 < len(body) <= PICTURE_LIMIT:
        raise InputError(f"a picture of {len(body):,} bytes was sent; send one of up to {PICTURE_LIMIT:,} bytes")
    ink = await run_in_threadpool(inside.picture, body)
    return Response(bytes(ink.shape) + ink.tobytes(), media_type="application/octet-stream")


async def _train_1998(request: Request, shelf: Shelf) -> Response:
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse

    return JSONResponse((await run_in_threadpool(shelf.train_1998)).to_dict())
