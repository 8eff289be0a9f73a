"""What the live page asks while somebody draws: plain routes under `/inside/`, the quickest of them at every stroke."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lenet.errors import ArchitectureError, InputError, LenetError
from lenet.network import Network
from lenet.serve import inside
from lenet.serve.answering import file, off_loop, off_loop_with_body, router_of, service_of, whole_number
from lenet.serve.bodies import read_body
from lenet.serve.sliders import RANGES, Sliders
from lenet.serve.units import unit

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["Shelf", "Shown", "page_router", "shelf_of"]

_MOST_ADDED = 8
"""Networks trained in pages that are offered; the oldest makes room; of ours."""
_BESIDE = 2
"""Networks that are looked at side by side; each costs the event loop its time."""
_FRESH = "its numbers are random and nobody has trained it; this is what every network starts from."
_AS_PAPER = "As the paper has it (connection table, trained subsampling, distances to drawn digits)"


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
    """The networks that the page offers: those of the service that it can draw, and untrained ones beside them.

    Parameters
    ----------
    networks : of the service, by name.
    """

    def __init__(self, networks: dict[str, Network]) -> None:
        self._shown = {name: _shown(name, network) for name, network in networks.items() if _can_be_drawn(network)}
        for one in (
            Shown("untrained", "LeNet-5, untrained", f"The same layers, but {_FRESH}", Network("lenet5", seed=1)),
            Shown(
                "1998-untrained",
                "LeNet-5 of 1998, untrained",
                f"{_AS_PAPER}, but {_FRESH}",
                Network("lenet5-1998", seed=1),
            ),
        ):
            self._shown.setdefault(one.name, one)
        self._training: asyncio.Future[Shown] | None = None
        self._added: list[str] = []

    def __iter__(self) -> Iterator[Shown]:
        return iter(tuple(self._shown.values()))

    def named(self, name: str) -> Network:
        """Return the network of that name; raise `InputError` where there is none."""
        if name not in self._shown:
            raise InputError(f"no network is called {name!r} here; choose one of {', '.join(self._shown)}")
        return self._shown[name].network

    def add(self, one: Shown) -> None:
        """Offer a network that was trained in a page; of the same name, the new one."""
        self._added = [name for name in self._added if name != one.name] + [one.name]
        self._shown[one.name] = one
        for name in self._added[:-_MOST_ADDED]:
            del self._shown[name]
        self._added = self._added[-_MOST_ADDED:]

    async def trained_1998(self) -> Shown:
        """Train the network of 1998 on what this machine has, some seconds long, or return the one trained before.

        All who ask meanwhile wait for one training; one that failed is begun anew by the next who asks.
        """
        if "1998" in self._shown:
            return self._shown["1998"]
        if self._training is None or self._training.done():
            self._training = asyncio.ensure_future(asyncio.to_thread(self._train_1998))
        return await asyncio.shield(self._training)

    def _train_1998(self) -> Shown:
        network, data, images = _trained_1998()
        note = f"{_AS_PAPER}, trained here on {images:,} digits of {data}."
        self._shown["1998"] = Shown("1998", "LeNet-5 of 1998, trained here", note, network)
        return self._shown["1998"]


def _can_be_drawn(network: Network) -> bool:
    try:
        inside.describe(network)
    except (ArchitectureError, InputError):
        return False
    return True


def _shown(name: str, network: Network) -> Shown:
    if name == "digits":
        return Shown(name, "LeNet-5, trained", "The shipped network: tanh, averages, ten scores.", network)
    note = network.card.summary if network.card is not None else "A network that the service was started with."
    return Shown(name, name, note, network)


def _trained_1998() -> tuple[Network, str, int]:
    """Train lenet5-1998 on MNIST where it lies on this machine, and else on the digits inside scikit-learn.

    The loss is the paper's first, the distance to the right drawing (eq. 8): F6 then draws the digit for all to see,
    which it does not where the distances only have to differ.
    """
    from lenet.architectures import lenet5_1998
    from lenet.datasets import load_digits8x8, load_mnist
    from lenet.learning import train
    from lenet.learning.recipes import usual

    try:
        data = load_mnist("train", download=False)
    except LenetError:
        data = load_digits8x8("train")
    recipe = replace(usual(len(data), lenet5_1998()), loss="squared_error", validation=0.05)
    return train(data, "lenet5-1998", recipe=recipe).network, data.name, len(data)


def page_router() -> APIRouter:
    """Return the routes that the live page asks, for an application whose `state.service` is a `Service`."""
    return router_of(
        [
            ("GET", "/inside/networks", _networks),
            ("POST", "/inside/maps", _maps),
            ("POST", "/inside/unit", _unit),
            ("POST", "/inside/sweeps", _sweeps),
            ("POST", "/inside/evidence", _evidence),
            ("POST", "/inside/picture", _picture),
            ("POST", "/inside/train-1998", _train_1998),
        ]
    )


def shelf_of(request: Request) -> Shelf:
    """Return the networks that the page offers; they stand in the application's `state`."""
    state = request.app.state
    if not hasattr(state, "shelf"):
        state.shelf = Shelf(dict(service_of(request).networks))
    shelf: Shelf = state.shelf
    return shelf


def _networks_of(request: Request) -> list[Network]:
    names = request.query_params.get("networks", "digits").split(",", _BESIDE)
    if len(names) > _BESIDE:
        raise InputError(f"more than {_BESIDE} networks were asked at once; name up to {_BESIDE}")
    shelf = shelf_of(request)
    return [shelf.named(name) for name in names]


async def _drawing(request: Request) -> inside.Image:
    return inside.ink_from(await read_body(request.receive, inside.LARGEST**2))


def _numbers(arrays: Sequence[Any]) -> Response:
    """Return arrays as float32, one after the other."""
    from starlette.responses import Response

    content = np.concatenate([np.asarray(array, np.float32).ravel() for array in arrays]).tobytes()
    return Response(content, media_type="application/octet-stream")


# ---- the answers ----------------------------------------------------------------------------------------------------


async def _networks(request: Request) -> Any:
    """Answer with what is offered, and how far the sliders go."""
    ranges = {name: {"from": low, "to": high} for name, (low, high) in RANGES.items()}
    return {"networks": [one.to_dict() for one in shelf_of(request)], "sliders": ranges, "steps": inside.STEPS}


async def _maps(request: Request) -> Response:
    """Answer a stroke: 32x32 as seen, and every number inside. In the event loop: handing it on would take longer."""
    image = inside.seen(await _drawing(request), Sliders.of(request.query_params))
    return _numbers([image / 255, *(inside.inside(network, image) for network in _networks_of(request))])


async def _unit(request: Request) -> Any:
    """Answer with one unit, worked out."""
    image = inside.seen(await _drawing(request), Sliders.of(request.query_params))
    network = _networks_of(request)[0]
    place = (whole_number(request, "map"), whole_number(request, "row"), whole_number(request, "column"))
    return unit(network, inside.fitted(network, image), request.query_params.get("layer", ""), place).to_dict()


async def _sweeps(request: Request) -> Response:
    """Answer with the probabilities along every slider, network by network."""
    ink, sliders = await _drawing(request), Sliders.of(request.query_params)
    return _numbers(await off_loop(request, inside.sweeps, _networks_of(request), ink, sliders))


async def _evidence(request: Request) -> Response:
    """Answer with rival, probability, 32x32 of the gradient, and the two square maps of hidden squares."""
    image = inside.seen(await _drawing(request), Sliders.of(request.query_params))
    network, label = _networks_of(request)[0], whole_number(request, "label")
    found = await off_loop(request, inside.evidence, network, image, label)
    return _numbers([[found.rival, found.probability], found.gradient, found.fall, found.hidden])


async def _picture(request: Request) -> Response:
    """Answer a picture of any format with its ink: rows, columns, then a byte for each pixel."""
    ink = await off_loop_with_body(request, inside.picture, service_of(request).limits.pixels)
    return file(bytes(ink.shape) + ink.tobytes(), "application/octet-stream")


async def _train_1998(request: Request) -> Any:
    """Answer, when it is trained, with the network of 1998; not in the service's lanes, which would wait for it."""
    return (await shelf_of(request).trained_1998()).to_dict()
