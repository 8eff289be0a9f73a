"""`POST /v1/read`: what is written on a picture or document, by the options that `lenet read` has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from time import monotonic
from typing import Any

from lenet.documents import Page, open_document
from lenet.documents.decoders import pages_in
from lenet.errors import ServiceError
from lenet.network import Network
from lenet.reading import FormReader, Reader, Reading, Template, read_cheque, read_page
from lenet.reading.fields import is_field_network
from lenet.reading.readings import SCHEMA
from lenet.serve.bodies import Picture, Request
from lenet.serve.limits import OPTIONS as LIMITS
from lenet.serve.limits import Limits, over
from lenet.serve.refusals import as_json, named, one_of, record_of, refusal, wrong

__all__ = ["OPTIONS", "Readings", "late"]

OPTIONS = ("kind", "max_error", "decimal", "date_order", "template", "model")

READERS = 32
"""Readers that are kept for the next request with the same options."""

PageReader = Callable[[Page], list[Reading]]


class Readings:
    """Read the pictures of requests. May be called from several threads.

    Parameters
    ----------
    networks : by name.
    templates : of forms, by name. Requests name them; none is taken from a request, since templates name files.
    limits : of the service.
    """

    def __init__(self, networks: Mapping[str, Network], templates: Mapping[str, Template], limits: Limits) -> None:
        self._networks, self._templates, self._limits = networks, templates, limits
        self._reader = lru_cache(READERS)(self._new_reader)

    def __call__(self, request: Request, deadline: float) -> bytes:
        """Return the answer to a request as JSON.

        Parameters
        ----------
        request : as it came.
        deadline : of `time.monotonic`, after which no further page is begun.
        """
        asked = request.parsed(self._limits, OPTIONS)
        reader = self._reader(*(asked.options.get(name) for name in OPTIONS))
        if not request.several:
            return as_json(self._result(asked.pictures[0], reader, deadline))
        results = [self._one_of_several(picture, reader, deadline) for picture in asked.pictures]
        return as_json({"schema": SCHEMA, "results": results})

    def _one_of_several(self, picture: Picture, reader: PageReader, deadline: float) -> dict[str, Any]:
        try:
            return self._result(picture, reader, deadline)
        except Exception as error:
            return {"file": picture.name} | record_of(refusal(error))

    def _result(self, picture: Picture, reader: PageReader, deadline: float) -> dict[str, Any]:
        readings = [
            replace(reading, file=picture.name, page=page.number).to_dict()
            for page in self._pages(picture, deadline)
            for reading in reader(page)
        ]
        return {"schema": SCHEMA, "file": picture.name, "readings": readings}

    def _pages(self, picture: Picture, deadline: float) -> Iterator[Page]:
        pages = open_document(picture.data, pixels=self._limits.pixels)
        if pages_in(picture.data, "the data") > self._limits.pages:
            raise self._too_many_pages()
        for page in pages:
            if page.number > self._limits.pages:
                raise self._too_many_pages()
            if monotonic() > deadline:
                raise late(self._limits)
            yield page

    def _too_many_pages(self) -> ServiceError:
        return over("pages", f"the document has more than {self._limits.pages} pages", "send a part of it")

    def _new_reader(
        self,
        kind: str | None,
        max_error: str | None,
        decimal: str | None,
        date_order: str | None,
        template: str | None,
        model: str | None,
    ) -> PageReader:
        """Return what reads a page as the options say, as the options of `lenet read` do."""
        share = None if max_error is None else _share(max_error)
        decimal = decimal and one_of("decimal", decimal, (".", ","))
        date_order = date_order and one_of("date_order", date_order, ("dmy", "mdy", "ymd"))
        if kind is not None and template is not None:
            raise wrong("kind and template were given; they exclude each other: give one of them")
        if kind is None and template is None:
            if (share, decimal, date_order) != (None, None, None):
                raise wrong("max_error, decimal and date_order are for fields; give kind or template, too")
            network = self._network(model or "digits", fields=False)
            return lambda page: read_page(page.picture, model=network, threads=1)
        network = self._network(model or "fields", fields=True)
        if template is not None:
            if (decimal, date_order) != (None, None):
                raise wrong("a template says for each field what decimal and date_order would; leave them out")
            form = FormReader(named("template", template, self._templates), model=network, max_error=share, threads=1)
            return lambda page: list(form.read(page).readings)
        if kind == "cheque":
            order: Any = date_order
            return lambda page: read_cheque(page.picture, model=network, date_order=order, max_error=share, threads=1)
        options: dict[str, Any] = {"max_error": share, "decimal": decimal, "date_order": date_order}
        reader = Reader(kind, model=network, threads=1, **options)
        return lambda page: [reader(page.picture)]

    def _network(self, name: str, *, fields: bool) -> Network:
        network = named("model", name, self._networks)
        if is_field_network(network) and not fields:
            raise wrong(f"the model {name!r} reads whole fields; say with kind what they hold, or leave model out")
        return network


def late(limits: Limits) -> ServiceError:
    """Return the refusal of what takes too long."""
    return ServiceError(
        f"the answer took longer than {limits.seconds:g} seconds, the most that this service gives to one request; "
        f"send fewer pages or pictures, come back later, or start the service with a higher {LIMITS['seconds']}",
        status=503,
        limit=LIMITS["seconds"],
    )


def _share(text: str) -> float:
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise wrong(f"max_error={text!r} is no share; give one such as 0.01 or 1%") from None
