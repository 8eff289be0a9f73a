"""`lenet read` without `--out`: what stands on each page is printed, drawn and explained as it is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from lenet.cli.failures import Failures
from lenet.cli.output import Printer, given_bytes, write_picture
from lenet.documents import Page, open_document
from lenet.files import write_whole
from lenet.reading import DocumentReader, Reading

__all__ = ["read_pages"]


def read_pages(
    files: tuple[str, ...], *, save: str | None, report: str | None, as_json: bool, as_csv: bool, **given: Any
) -> int:
    """Read files and folders, and return the exit status."""
    printer, failures, sections = Printer(as_json=as_json, as_csv=as_csv), Failures(), list[str]()
    reader = DocumentReader(given.pop("kind"), **given)
    printer.start(Reading.COLUMNS)
    several = len(files) > 1 or any(map(os.path.isdir, files))
    for file in _files(files) if several else files:
        for page, readings in failures.watch(file, _readings(file, reader)):
            if not readings:
                where = f"{file}, page {page.number}" if page.number > 1 else file
                click.echo(f"lenet: {where}: nothing was found to read", err=True)
            _print(printer, readings, several=several)
            if save is not None:
                _draw(page, readings, save)
            if report is not None:
                sections.append(_explained(reader, page, file))
    if report is not None:
        _write_report(sections, report)
    return failures.status


def _files(files: tuple[str, ...]) -> Iterator[str]:
    from lenet.reading.folders import documents_in

    return documents_in(files)


def _readings(file: str, reader: DocumentReader) -> Iterator[tuple[Page, list[Reading]]]:
    """Give each page of a file, and what was read on it."""
    for page in open_document(given_bytes(file)):
        readings, note = reader.read(page)
        if note:
            click.echo(f"lenet: {page.source}, page {page.number}: {note}", err=True)
        yield page, [replace(reading, file=file, page=page.number) for reading in readings]


def _print(printer: Printer, readings: list[Reading], *, several: bool) -> None:
    for reading in readings:
        name = f"{reading.field:<24} " if reading.field else ""
        place = f"  {reading.file}" + (f", page {reading.page}" if reading.page > 1 else "") if several else ""
        refused = "" if reading.accepted else f"  rejected: {reading.reason}"
        line = f"{name}{reading.text or 'nothing':<12} {reading.confidence:6.1%}{refused}{place}"
        printer.show(line, reading.to_dict(), reading.to_row())


def _explained(reader: DocumentReader, page: Page, file: str) -> str:
    from lenet.drawing import field_section
    from lenet.reading import explain

    assert reader.field is not None
    name = f"{file}, page {page.number}" if page.number > 1 else file
    return field_section(explain(reader.field, page.picture), name)


def _write_report(sections: list[str], report: str) -> None:
    from lenet.drawing import field_report

    write_whole(report, [field_report(sections).encode()])


def _draw(page: Page, readings: list[Reading], save: str) -> None:
    from lenet.drawing import annotate

    path = Path(save) if page.number == 1 else Path(save).with_stem(f"{Path(save).stem}-{page.number}")
    write_picture(annotate(page.picture, readings), str(path))
