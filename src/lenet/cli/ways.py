"""What reads a page, as the options of `lenet read` say: row by row, as one field, as a cheque, or as a form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import click

from lenet import weights
from lenet.documents import Page
from lenet.reading import FormReader, Reader, Reading, read_cheque, read_page

__all__ = ["PageReader", "Ways", "way_of"]

PageReader = Callable[[Page], list[Reading]]


class Ways(NamedTuple):
    """What reads a page; and what reads a field, where each page is one."""

    of_page: PageReader
    of_field: Reader | None = None


def way_of(
    *,
    kind: str | None,
    template: str | None,
    max_error: float | None,
    decimal: Literal[".", ","] | None,
    date_order: Literal["dmy", "mdy", "ymd"] | None,
    model: str | None,
    threads: int,
) -> Ways:
    """Return what reads as the options say; raise `click.UsageError` where they do not go together."""
    if kind is not None and template is not None:
        raise click.UsageError("--as and --template exclude each other; give one of them")
    if template is not None:
        if (decimal, date_order) != (None, None):
            raise click.UsageError("a template says for each field what --decimal and --date-order would; leave them")
        return Ways(_form(FormReader(template, model=model or "fields", max_error=max_error, threads=threads)))
    if kind == "cheque":
        network = weights.load(model or "fields")
        return Ways(
            lambda page: read_cheque(
                page.picture, model=network, date_order=date_order, max_error=max_error, threads=threads
            )
        )
    if kind is not None:
        reader = Reader(
            kind, model=model or "fields", max_error=max_error, decimal=decimal, date_order=date_order, threads=threads
        )
        return Ways(lambda page: [reader(page.picture)], reader)
    if (max_error, decimal, date_order) != (None, None, None):
        raise click.UsageError("--max-error, --decimal and --date-order are for fields; give --as or --template")
    network = weights.load(model or "digits")
    return Ways(lambda page: read_page(page.picture, model=network, threads=threads))


def _form(reader: FormReader) -> PageReader:
    def of_page(page: Page) -> list[Reading]:
        form = reader.read(page)
        if form.reason or form.turned:
            words = form.reason or "the page lies upside down; it was read all the same"
            click.echo(f"lenet: {page.source}, page {page.number}: {words}", err=True)
        return list(form.readings)

    return of_page
