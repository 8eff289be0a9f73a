"""A reader of whole documents: every page row by row, as one field, as a cheque, or as a form."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lenet.documents import Page, open_document
from lenet.errors import InputError, LenetError
from lenet.network import Network
from lenet.reading.fields import is_field_network
from lenet.reading.pages import network_for, read_page
from lenet.reading.reader import Reader
from lenet.reading.readings import Reading

if TYPE_CHECKING:
    from lenet.documents.pages import Source
    from lenet.reading.forms import FormReader
    from lenet.reading.templates import Template

__all__ = ["DocumentReader", "PageResult", "why"]

TOGETHER = 64
"""Documents that are read at once where each is a field: no more than a killed run may well read again."""

TURNED = "the page lies upside down; it was read all the same"
"""What is odd about a form."""


@dataclass(frozen=True, eq=False)
class PageResult:
    """What came of a page, or why a document gave no more.

    Parameters
    ----------
    document : number of the document among those given, from 0.
    page : number of the page in it, from 1; of the page that failed, where one did.
    readings : what was read; none on an empty page.
    error : why the document cannot be read from this page on; None where it can.
    note : what is odd about a page that was read all the same.
    """

    document: int
    page: int
    readings: tuple[Reading, ...] = ()
    error: Exception | None = None
    note: str = ""

    @property
    def failure(self) -> str:
        """The error in one line; empty where there is none."""
        return "" if self.error is None else why(self.error)


class DocumentReader:
    """Read documents: pictures, scans, PDF files. It keeps nothing between calls and can be pickled.

    Parameters
    ----------
    kind : what each page is, a field of that kind as for `lenet.Reader`, or "cheque"; None for pages of digits that
        are read row by row.
    template : what stands where on each page, as for `lenet.read_form`.
    model : a network; left out, "fields" for fields, cheques and forms, and else "digits".
    max_error, decimal, date_order : as for `lenet.Reader`; a template says the last two itself.
    threads : how many to use; 0 for as many as `lenet` uses by default.

    Raises
    ------
    GrammarError
        There is no such kind of field.
    InputError
        The options do not go together, or there is no such network or template, or the network reads something else.

    Attributes
    ----------
    field : the `lenet.Reader` of pages that are one field, else None.
    together : how many documents are read at once. The last digits of a confidence depend on who else is read at once,
        so whoever wants the same numbers again gives the same documents together.
    """

    def __init__(
        self,
        kind: Any = None,
        *,
        template: str | os.PathLike[str] | Template | None = None,
        model: str | os.PathLike[str] | Network | None = None,
        max_error: float | None = None,
        decimal: Literal[".", ","] | None = None,
        date_order: Literal["dmy", "mdy", "ymd"] | None = None,
        threads: int = 0,
    ) -> None:
        self.kind, self.max_error, self.decimal, self.date_order = kind, max_error, decimal, date_order
        self.threads = threads
        self._check(template is not None)
        plain = kind is None and template is None
        self.network = network_for(model if model is not None else "digits" if plain else "fields")
        if plain and (is_field_network(self.network) or self.network.architecture.input[0] != 1):
            raise InputError(
                f"{self.network} knows no single characters, by which pages are read; say with kind (--as) what each "
                "page holds, or leave model out"
            )
        self._form = None if template is None else self._form_reader(template)
        self.field = None
        if kind not in (None, "cheque"):
            self.field = Reader(
                kind,
                model=self.network,
                max_error=max_error,
                decimal=decimal,
                date_order=date_order,
                threads=threads,
            )
        self.together = 1 if self.field is None else TOGETHER

    def _check(self, has_template: bool) -> None:
        if self.kind is not None and has_template:
            raise InputError("kind and template were given; a page is read in one way: leave one of them out")
        if has_template and (self.decimal, self.date_order) != (None, None):
            raise InputError("a template says for each field what decimal and date_order would; leave them out")
        if self.kind == "cheque" and self.decimal is not None:
            raise InputError("decimal was given for cheques, which are read without it; leave it out")
        options = (self.max_error, self.decimal, self.date_order)
        if self.kind is None and not has_template and options != (None, None, None):
            raise InputError("max_error, decimal and date_order are for fields; give a kind or a template with them")

    def _form_reader(self, template: str | os.PathLike[str] | Template) -> FormReader:
        from lenet.reading.forms import FormReader  # who reads fields does not wait for forms

        return FormReader(template, model=self.network, max_error=self.max_error, threads=self.threads)

    def __reduce__(self) -> tuple[Any, ...]:
        options: dict[str, Any] = {
            "template": None if self._form is None else self._form.template,
            "model": self.network,
            "max_error": self.max_error,
            "decimal": self.decimal,
            "date_order": self.date_order,
            "threads": self.threads,
        }
        return partial(type(self), self.kind, **options), ()

    def read(self, page: Page) -> tuple[list[Reading], str]:
        """Read one page; return what stands on it, and what is odd about the page."""
        if self._form is not None:
            form = self._form.read(page)
            return list(form.readings), form.reason or (TURNED if form.turned else "")
        if self.field is not None:
            return [self.field(page.picture)], ""
        if self.kind == "cheque":
            from lenet.reading.cheques import read_cheque

            options: dict[str, Any] = {"date_order": self.date_order, "max_error": self.max_error}
            return read_cheque(page.picture, model=self.network, threads=self.threads, **options), ""
        return read_page(page.picture, model=self.network, threads=self.threads), ""

    def pages(
        self,
        documents: Sequence[tuple[str | None, Source]],
        *,
        after: int = 0,
        opener: Callable[..., Iterator[Page]] = open_document,
    ) -> Iterator[PageResult]:
        """Read documents page by page; one that cannot be read gives its error in its turn, and the next is read.

        Parameters
        ----------
        documents : the name of each, which its readings carry, and what it is: a path, bytes or a picture.
        after : how many pages of the first document to leave out.
        opener : called with a document and `after`, gives its pages as `open_document` does; what it raises is that
            document's error.
        """
        if self.field is not None:
            return self._fields(self.field, documents, after, opener)
        return self._pages(documents, after, opener)

    def _pages(
        self, documents: Sequence[tuple[str | None, Source]], after: int, opener: Callable[..., Iterator[Page]]
    ) -> Iterator[PageResult]:
        for number, (name, source) in enumerate(documents):
            page = after if number == 0 else 0
            try:
                for scan in opener(source, after=page):
                    page = scan.number
                    readings, note = self.read(scan)
                    yield PageResult(number, page, _named(readings, name, page), note=note)
            except Exception as error:  # one of a million documents must not end the run, whatever is wrong with it
                yield PageResult(number, page + 1, error=error)

    def _fields(
        self,
        reader: Reader,
        documents: Sequence[tuple[str | None, Source]],
        after: int,
        opener: Callable[..., Iterator[Page]],
    ) -> Iterator[PageResult]:
        """Read pages that are fields, as many of them at once as the reader takes."""
        opened: deque[PageResult] = deque()

        def pictures() -> Iterator[NDArray[np.uint8]]:
            for number, (_, source) in enumerate(documents):
                page = after if number == 0 else 0
                try:
                    for scan in opener(source, after=page):
                        page = scan.number
                        opened.append(PageResult(number, page))
                        yield scan.picture
                except Exception as error:  # as above
                    opened.append(PageResult(number, page + 1, error=error))

        for result in reader.many(pictures(), keep_going=True):
            yield from _until_read(opened)
            place = opened.popleft()
            if isinstance(result, LenetError):
                yield replace(place, error=result)
            else:
                yield replace(place, readings=_named([result], documents[place.document][0], place.page))
        yield from _until_read(opened)

    def __repr__(self) -> str:
        way = repr(self.kind) if self._form is None else repr(self._form.template)
        return f"DocumentReader({way}, {self.network!r})"


def why(error: Exception) -> str:
    """Say in one line why a document cannot be read."""
    if isinstance(error, LenetError):
        return " ".join(str(error).split())
    if isinstance(error, MemoryError):
        return "there is not enough memory for it; use fewer processes, or make it smaller"
    return f"{type(error).__name__}: {' '.join(str(error).split())}; this is a mistake of lenet: report it"


def _named(readings: Sequence[Reading], name: str | None, page: int) -> tuple[Reading, ...]:
    return tuple(replace(reading, file=name, page=page) for reading in readings)


def _until_read(opened: deque[PageResult]) -> Iterator[PageResult]:
    """Give the failures that stand before the next page that was read."""
    while opened and opened[0].error is not None:
        yield opened.popleft()
