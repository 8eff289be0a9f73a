"""What the page asks in its field mode: a reading with its proof, a reading alone, and a field to try."""

from __future__ import annotations

import base64
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet import grammar
from lenet.datasets.found import digits_here
from lenet.datasets.synthetic import number_text, synthetic_fields
from lenet.errors import InputError
from lenet.network import Network
from lenet.reading import Reader, explain
from lenet.reading.pages import open_field
from lenet.serve.answering import off_loop, off_loop_with_body, router_of, service_of, whole_number
from lenet.serve.proofs import png, proof_values
from lenet.serve.refusals import share_of

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request

__all__ = ["Readers", "field_router"]

_TRIES = 4_000
"""Texts that are drawn to find one of the kind asked for."""


class Readers:
    """Readers as pages ask for them: they share one network, and are made once for each choice of options."""

    def __init__(self) -> None:
        self.reader = lru_cache(maxsize=32)(_reader)

    def asked(self, request: Request) -> Reader:
        """Return the reader that the parameters of an address ask for; a pattern may take a second.

        Raises
        ------
        InputError, GrammarError
            The parameters cannot be used.
        """
        given, network = request.query_params, service_of(request).networks["fields"]
        share = share_of("max_error", given["max_error"]) if given.get("max_error") else None
        options = given.get("decimal") or None, given.get("date_order") or None, share
        return self.reader(given.get("kind", "digits"), network, *options)


def field_router() -> APIRouter:
    """Return the routes of field mode, under `/field/`."""
    readers = Readers()

    def proven(picture: bytes, request: Request) -> Any:
        reader = readers.asked(request)
        return proof_values(explain(reader, _opened(picture, request)), reader.grammar)

    def read(picture: bytes, request: Request) -> Any:
        return readers.asked(request)(_opened(picture, request)).to_dict()

    async def proof(request: Request) -> Any:
        return await off_loop_with_body(request, proven, request)

    async def reading(request: Request) -> Any:
        return await off_loop_with_body(request, read, request)

    async def sample(request: Request) -> Any:
        kind, seed = request.query_params.get("kind", "digits"), whole_number(request, "seed")
        return await off_loop(request, sample_of, kind, seed)

    return router_of(
        [
            ("POST", "/field/proof", proof),
            ("POST", "/field/reading", reading),
            ("GET", "/field/sample", sample),
        ]
    )


def _opened(picture: bytes, request: Request) -> NDArray[np.uint8]:
    return open_field(picture, pixels=service_of(request).limits.pixels).page.picture


def _reader(kind: str, network: Network, decimal: Any, date_order: Any, max_error: float | None) -> Reader:
    return Reader(kind, model=network, decimal=decimal, date_order=date_order, max_error=max_error, threads=1)


def sample_of(kind: str, seed: int) -> dict[str, str]:
    """Return a synthetic field of a kind: `text`, and `picture` as the address of a PNG that stands in it.

    Raises
    ------
    InputError
        Nothing that is written here is of this kind.
    GrammarError
        There is no such kind.
    MissingExtraError
        There are no digits on this machine to write with.
    """
    known = grammar.get(kind)
    rng = np.random.default_rng(seed)
    drawn = (number_text(rng) for _ in range(_TRIES))
    text = next((words for words in drawn if known.matches(words) and len(words) > 2), None)
    if text is None:
        raise InputError(f"no sample of the kind {known.name} can be written here; write one yourself")
    field = next(iter(islice(synthetic_fields(digits_here("test"), 1, seed=seed, text=lambda _: text), 1)))
    return {"text": text, "picture": f"data:image/png;base64,{base64.b64encode(png(field.picture)).decode()}"}
