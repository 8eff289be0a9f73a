"""`POST /v1/predict`: which class each picture shows; what waits together goes through the network together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet._engine import components
from lenet.documents import open_document
from lenet.documents.cleanup import even_ink, strokes
from lenet.documents.pictures import small_png
from lenet.errors import LenetError, ServiceError
from lenet.glyphs import even_glyph, open_glyph, open_grey
from lenet.network import Network
from lenet.reading.fields import is_field_network
from lenet.reading.readings import SCHEMA
from lenet.serve.bodies import Picture, Request
from lenet.serve.limits import Limits
from lenet.serve.refusals import as_json, named, one_of, record_of, refusal, wrong

__all__ = ["OPTIONS", "PREPARATIONS", "Predictions"]

OPTIONS = ("model", "prepare")

PREPARATIONS = ("ink", "grey", "none")
"""What is made of a picture: one of MNIST's kind, wherever its character stands (`lenet.open_glyph`); grey, squeezed to
32x32 (`lenet predict --as-is`); or nothing, since it is as the network reads it: paper black, ink white."""


SMALL = 16_000
"""Bytes of a request that may be answered at once; of ours. A digit of 28x28 has some hundred."""


FEW_PIXELS, FEW_PARTS = 4096, 4
"""A character of so many parts at most, on so small a picture, is put together in a millisecond or two; of ours."""


@dataclass(eq=False)
class _Seen:
    """A picture as the network sees it, and what comes of it."""

    name: str | None
    network: Network
    image: NDArray[np.uint8]
    shares: NDArray[np.float32] | None = None


_Entry = _Seen | tuple[str | None, ServiceError]


class Predictions:
    """Answer requests for classes, many in one go.

    Parameters
    ----------
    networks : by name; those that read no single characters are passed over.
    limits : of the service.
    """

    def __init__(self, networks: Mapping[str, Network], limits: Limits) -> None:
        self._networks = {
            name: network
            for name, network in networks.items()
            if network.architecture.input[0] == 1 and not is_field_network(network)
        }
        self._limits = limits

    def __call__(self, requests: Sequence[Request]) -> list[bytes | Exception]:
        """Return for each request its answer as JSON, or its error."""
        opened = [self._opened(request) for request in requests]
        _classify(entry for one in opened if isinstance(one, list) for entry in one if isinstance(entry, _Seen))
        return [
            one if isinstance(one, Exception) else _answer(one, several=request.several)
            for one, request in zip(opened, requests, strict=True)
        ]

    def at_once(self, requests: Sequence[Request]) -> list[bytes | Exception | None]:
        """Answer those requests that take no time: a small PNG that is an image already, or a stroke on even paper.

        Returns
        -------
        As from a call, and None for the others. A picture that cannot be used is one of them.
        """
        opened = [self._opened_at_once(request) if len(request.body) <= SMALL else None for request in requests]
        _classify([one for one in opened if one is not None])
        return [None if one is None else _answer([one], several=False) for one in opened]

    def _opened_at_once(self, request: Request) -> _Seen | None:
        try:
            asked = request.parsed(self._limits, OPTIONS)
            network = self._networks[asked.options.get("model", "digits")]
            picture = small_png(asked.pictures[0].data)
            prepare = asked.options.get("prepare", "ink")
            if picture is None or prepare not in ("ink", "none"):
                return None
            image = _quick_glyph(picture) if prepare == "ink" else _as_read(picture, network)
        except (LenetError, KeyError):  # no such model, say: the other way says it better
            return None
        return None if image is None else _Seen(asked.pictures[0].name, network, image)

    def _opened(self, request: Request) -> list[_Entry] | Exception:
        try:
            asked = request.parsed(self._limits, OPTIONS)
            network = named("model", asked.options.get("model", "digits"), self._networks)
            prepare = one_of("prepare", asked.options.get("prepare", "ink"), PREPARATIONS)
            entries = [self._entry(picture, network, prepare) for picture in asked.pictures]
        except Exception as error:
            return error
        alone = None if request.several else entries[0]
        return alone[1] if isinstance(alone, tuple) else entries

    def _entry(self, picture: Picture, network: Network, prepare: str) -> _Entry:
        """Open one picture; of several, one that cannot be used does not spoil the others."""
        try:
            return _Seen(picture.name, network, self._image(picture.data, network, prepare))
        except Exception as error:
            return picture.name, refusal(error)

    def _image(self, data: bytes, network: Network, prepare: str) -> NDArray[np.uint8]:
        if prepare == "ink":
            return open_glyph(data, pixels=self._limits.pixels)
        if prepare == "grey":
            return open_grey(data, pixels=self._limits.pixels)
        return _as_read(next(open_document(data, pixels=self._limits.pixels)).picture, network)


def _as_read(picture: NDArray[np.uint8], network: Network) -> NDArray[np.uint8]:
    """Return a picture that is as the network reads it; refuse others."""
    rows, columns = network.architecture.input[1:]
    if picture.ndim != 2 or picture.shape[0] > rows or picture.shape[1] > columns:
        raise wrong(
            f"a picture of shape {picture.shape} was given with prepare=none; expected grey of at most "
            f"{rows} x {columns} pixels, paper black and ink white: leave prepare out to have it prepared"
        )
    return picture


def _quick_glyph(picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return what `lenet.open_glyph` does, where that is quick."""
    image = even_glyph(picture)
    if image is not None or picture.ndim != 2 or picture.size > FEW_PIXELS:
        return image
    ink = even_ink(picture)
    few = ink is not None and len(components(strokes(ink).view(np.uint8))[1]) <= FEW_PARTS
    return open_glyph(picture) if few else None


def _classify(seen: Iterable[_Seen]) -> None:
    """Run every network once for each size of image."""
    groups: dict[tuple[int, tuple[int, ...]], list[_Seen]] = {}
    for one in seen:
        groups.setdefault((id(one.network), one.image.shape), []).append(one)
    for group in groups.values():
        shares = group[0].network.predict_proba(np.stack([one.image for one in group]), threads=1)
        for one, share in zip(group, shares, strict=True):
            one.shares = share


def _answer(entries: Sequence[_Entry], *, several: bool) -> bytes:
    records = [_record(entry) for entry in entries]
    return as_json({"schema": SCHEMA, "results": records} if several else records[0])


def _record(entry: _Entry) -> dict[str, Any]:
    """Return what `lenet predict --json` prints, and the probabilities of all classes."""
    if isinstance(entry, tuple):
        name, error = entry
        return {"file": name} | record_of(error)
    assert entry.shares is not None
    shares, names = entry.shares.tolist(), entry.network.classes
    order = sorted(range(len(shares)), key=shares.__getitem__, reverse=True)
    best, second = order[0], order[1]
    return {
        "schema": SCHEMA,
        "file": entry.name,
        "class": names[best],
        "confidence": round(shares[best], 4),
        "runner_up": names[second],
        "runner_up_confidence": round(shares[second], 4),
        "probabilities": {name: round(share, 6) for name, share in zip(names, shares, strict=True)},
    }
