"""What the page asks in its field mode: a reading with its proof, a reading alone, and a field to try."""

from __future__ import annotations

import base64
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from lenet import grammar
from lenet.datasets.found import digits_here
from lenet.datasets.synthetic import number_text, synthetic_fields
from lenet.errors import InputError
from lenet.network import Network
from lenet.reading import Reader, explain
from lenet.serve.answering import answered, body_of, off_loop
from lenet.serve.proofs import png, proof_values

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request

__all__ = ["Readers", "field_router"]

_TRIES = 20_000
"""Texts that are drawn to find one of the kind asked for."""


class Readers:
    """Readers as pages ask for them; they share one network.

    Parameters
    ----------
    network : for whole fields; None is the shipped "fields", loaded at first use.
    """

    def __init__(self, network: Network | None = None) -> None:
        self._network = network
        self.reader = lru_cache(maxsize=32)(self._reader)

    @property
    def network(self) -> Network:
        """The network for whole fields."""
        if self._network is None:
            from lenet.weights import load

            self._network = load("fields")
        return self._network

    def asked(self, request: Request) -> Reader:
        """Return the reader that the parameters of an address ask for; raise `InputError` or `GrammarError`."""
        given = request.query_params
        return self.reader(
            given.get("kind", "digits"), given.get("decimal") or None, given.get("date_order") or None,
            _share(given.get("max_error", "")),
        )  # fmt: skip

    def _reader(self, kind: str, decimal: Any, date_order: Any, max_error: float | None) -> Reader:
        return Reader(kind, model=self.network, decimal=decimal, date_order=date_order, max_error=max_error)


def field_router(readers: Readers | None = None) -> APIRouter:
    """Return the routes of field mode, under `/field/`.

    Parameters
    ----------
    readers : with the network that reads; None is the shipped one.
    """
    from fastapi import APIRouter

    asked = Readers() if readers is None else readers

    async def proof(request: Request) -> dict[str, Any]:
        reader, picture = asked.asked(request), await body_of(request)
        return dict(await off_loop(lambda: proof_values(explain(reader, picture), reader.grammar)))

    async def reading(request: Request) -> dict[str, Any]:
        reader, picture = asked.asked(request), await body_of(request)
        return dict(await off_loop(lambda: reader(picture).to_dict()))

    async def sample(request: Request) -> dict[str, str]:
        given = request.query_params
        return dict(await off_loop(sample_of, given.get("kind", "digits"), _number(given.get("seed", "0"))))

    router = APIRouter()
    for path, answer, method in (
        ("/field/proof", proof, "POST"),
        ("/field/reading", reading, "POST"),
        ("/field/sample", sample, "GET"),
    ):
        router.add_route(path, answered(answer), [method], include_in_schema=False)
    return router


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


def _share(text: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise InputError(f"max_error was given as {text!r}; give a share such as 0.01") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError(f"the seed was given as {text!r}; give a whole number")
    return int(text)
