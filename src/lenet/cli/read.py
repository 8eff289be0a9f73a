"""`lenet read`: what is written on pictures, scans and PDF files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from lenet import weights
from lenet.cli import options
from lenet.cli.failures import Failures
from lenet.cli.output import Printer, given_bytes, write_picture
from lenet.documents import Page, open_document
from lenet.network import Network
from lenet.reading import Reading, read, read_cheque, read_page


@click.command("read")
@options.files
@click.option(
    "--as",
    "kind",
    type=click.Choice(["digits", "cheque"]),
    help="What each picture is: one field of digits, or a whole cheque.",
)
@options.model
@options.threads
@options.json
@options.csv
@options.save
def command(
    files: tuple[str, ...], kind: str | None, model: str, threads: int, as_json: bool, as_csv: bool, save: str | None
) -> int:
    """Read what is written on each FILE, row by row in reading order: pictures, scans, PDF, TIFF, DjVu.

    With --as digits, each picture is one field; with --as cheque a whole cheque, of which amount and date are read by a
    network for whole fields (--model). `-` reads from standard input. --save draws boxes, digits and how sure they
    are over the picture of one FILE; page 2 goes to NAME-2.png, and so on.
    """
    if save is not None and len(files) > 1:
        raise click.UsageError(f"--save draws one picture, but {len(files)} files were given; read them one by one")
    printer, failures = Printer(as_json=as_json, as_csv=as_csv), Failures()
    printer.start(Reading.KEYS)
    network = weights.load(model)
    for file in files:
        for page, readings in failures.watch(file, _readings(file, kind, network, threads)):
            place = f"  {file}" + (f", page {page.number}" if page.number > 1 else "") if len(files) > 1 else ""
            for reading in readings:
                name = f"{reading.field:<8}" if reading.field else ""
                printer.show(
                    f"{name}{reading.text or 'nothing':<12} {reading.confidence:6.1%}{place}", reading.to_dict()
                )
            if save is not None:
                _draw(page, readings, save)
    return failures.status


def _readings(file: str, kind: str | None, network: Network, threads: int) -> Iterator[tuple[Page, list[Reading]]]:
    """Give each page of a file, and what was read on it."""
    for page in open_document(given_bytes(file)):
        if kind is None:
            found = read_page(page.picture, model=network, threads=threads)
        elif kind == "cheque":
            found = read_cheque(page.picture, model=network, threads=threads)
        else:
            found = [read(page.picture, kind, model=network, threads=threads)]
        yield page, [replace(reading, file=file, page=page.number) for reading in found]


def _draw(page: Page, readings: list[Reading], save: str) -> None:
    from lenet.drawing import annotate

    path = Path(save) if page.number == 1 else Path(save).with_stem(f"{Path(save).stem}-{page.number}")
    write_picture(annotate(page.picture, readings), str(path))
