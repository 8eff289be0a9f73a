"""`lenet read`: what is written on pictures, scans and PDF files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import click

from lenet import weights
from lenet.cli import options
from lenet.cli.failures import Failures
from lenet.cli.output import Printer, given_bytes, write_picture
from lenet.documents import Page, open_document
from lenet.files import write_whole
from lenet.network import Network
from lenet.reading import Reader, Reading, explain, read_page


@click.command("read")
@options.files
@options.kind
@options.max_error
@options.decimal
@options.date_order
@options.any_model
@options.threads
@options.json
@options.csv
@options.save
@click.option("--report", type=click.Path(), callback=options.place, help="Write why each field is read so: HTML.")
def command(
    files: tuple[str, ...], kind: str | None, max_error: float | None, decimal: Literal[".", ","] | None,
    date_order: Literal["dmy", "mdy", "ymd"] | None, model: str | None, threads: int, as_json: bool, as_csv: bool,
    save: str | None, report: str | None,
) -> int:  # fmt: skip
    """Read what is written on each FILE, row by row in reading order: pictures, scans, PDF, TIFF, DjVu.

    With --as, each picture is one field, and --report shows for each what the network saw, what else it may say, and
    why it is accepted or not. `-` reads from standard input. --save draws boxes, characters and how sure they are over
    the picture of one FILE; page 2 goes to NAME-2.png, and so on.
    """
    if save is not None and len(files) > 1:
        raise click.UsageError(f"--save draws one picture, but {len(files)} files were given; read them one by one")
    if kind is None and (report, max_error, decimal, date_order) != (None, None, None, None):
        raise click.UsageError("--report, --max-error, --decimal and --date-order are for fields; give --as")
    printer, failures = Printer(as_json=as_json, as_csv=as_csv), Failures()
    printer.start(Reading.KEYS)
    network = weights.load(model or ("digits" if kind is None else "fields"))
    reader = None
    if kind is not None:
        reader = Reader(
            kind, model=network, max_error=max_error, decimal=decimal, date_order=date_order, threads=threads
        )
    sections: list[str] = []
    for file in files:
        for page, readings in failures.watch(file, _readings(file, _way(reader, network, threads))):
            place = f"  {file}" + (f", page {page.number}" if page.number > 1 else "") if len(files) > 1 else ""
            for reading in readings:
                refused = "" if reading.accepted or kind is None else f"  rejected: {reading.reason}"
                words = f"{reading.text or 'nothing':<12} {reading.confidence:6.1%}{place}{refused}"
                printer.show(words, reading.to_dict())
            if save is not None:
                _draw(page, readings, save)
            if report is not None and reader is not None:
                sections.append(_explained(reader, page, f"{file}, page {page.number}" if page.number > 1 else file))
    if report is not None:
        _write_report(sections, report)
    return failures.status


def _way(reader: Reader | None, network: Network, threads: int) -> Callable[[Page], list[Reading]]:
    """Return what reads a page: as one field, or row by row."""
    if reader is None:
        return lambda page: read_page(page.picture, model=network, threads=threads)
    return lambda page: [reader(page.picture)]


def _readings(file: str, way: Callable[[Page], list[Reading]]) -> Iterator[tuple[Page, list[Reading]]]:
    """Give each page of a file, and what was read on it."""
    for page in open_document(given_bytes(file)):
        yield page, [replace(reading, file=file, page=page.number) for reading in way(page)]


def _explained(reader: Reader, page: Page, name: str) -> str:
    from lenet.drawing import field_section

    return field_section(explain(reader, page.picture), name)


def _write_report(sections: list[str], report: str) -> None:
    from lenet.drawing import field_report

    write_whole(report, [field_report(sections).encode()])


def _draw(page: Page, readings: list[Reading], save: str) -> None:
    from lenet.drawing import annotate

    path = Path(save) if page.number == 1 else Path(save).with_stem(f"{Path(save).stem}-{page.number}")
    write_picture(annotate(page.picture, readings), str(path))
