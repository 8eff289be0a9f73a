"""`POST /v1/read`: what is written on a picture or document, by the options that `lenet read` has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from time import monotonic
from typing import Any

from lenet.documents import Page, open_document
from lenet.documents.decoders import pages_in
from lenet.errors import ServiceError
from lenet.network import Network
from lenet.reading import DocumentReader, Template
from lenet.reading.readings import SCHEMA
from lenet.serve.bodies import Picture, Request
from lenet.serve.limits import Limits, late, over
from lenet.serve.refusals import as_json, named, one_of, record_of, refusal, share_of

__all__ = ["OPTIONS", "Readings"]

OPTIONS = ("kind", "max_error", "decimal", "date_order", "template", "model")

READERS = 32
"""Readers that are kept for the next request with the same options."""


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
        """Return the answer to a request as JSON; fields of several pictures go through the network together.

        Parameters
        ----------
        request : as it came.
        deadline : of `time.monotonic`, after which no further page is opened.
        """
        asked = request.parsed(self._limits, OPTIONS)
        reader = self._reader(*(asked.options.get(name) for name in OPTIONS))
        results = self._results(asked.pictures, reader, deadline, several=request.several)
        return as_json({"schema": SCHEMA, "results": results} if request.several else results[0])

    def _results(
        self, pictures: Sequence[Picture], reader: DocumentReader, deadline: float, *, several: bool
    ) -> list[dict[str, Any]]:
        """Read pictures; of several, one that cannot be used does not spoil the others."""
        results: list[dict[str, Any]] = [{"schema": SCHEMA, "file": one.name, "readings": []} for one in pictures]
        documents = [(picture.name, picture.data) for picture in pictures]
        for found in reader.pages(documents, opener=partial(self._pages, deadline=deadline)):
            if found.error is None:
                results[found.document]["readings"] += [reading.to_dict() for reading in found.readings]
            elif several:
                results[found.document] = {"file": documents[found.document][0]} | record_of(refusal(found.error))
            else:
                raise found.error
        return results

    def _pages(self, data: bytes, *, deadline: float, after: int = 0) -> Iterator[Page]:
        pages = open_document(data, pixels=self._limits.pixels, after=after)
        if pages_in(data, "the data") > self._limits.pages:
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
    ) -> DocumentReader:
        """Return what reads documents as the options say, as the options of `lenet read` do."""
        plain = kind is None and template is None
        options: dict[str, Any] = {
            "decimal": decimal and one_of("decimal", decimal, (".", ",")),
            "date_order": date_order and one_of("date_order", date_order, ("dmy", "mdy", "ymd")),
            "max_error": None if max_error is None else share_of("max_error", max_error),
            "template": template and named("template", template, self._templates),
            "model": named("model", model or ("digits" if plain else "fields"), self._networks),
        }
        return DocumentReader(kind, **options, threads=1)
