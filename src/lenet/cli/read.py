"""`lenet read`: what is written on pictures, scans and PDF files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from lenet.cli import options
from lenet.cli.failures import Failures
from lenet.cli.output import Printer, Progress, given_bytes, write_picture
from lenet.cli.ways import PageReader, Ways, way_of
from lenet.documents import Page, open_document
from lenet.documents.pages import count_pages
from lenet.files import write_whole
from lenet.reading import Reading, Results


@click.command("read")
@options.files
@options.kind
@click.option("--template", metavar="form.yaml", help="Each page is a form; the file says what stands where on it.")
@options.max_error
@options.decimal
@options.date_order
@options.any_model
@options.threads
@options.json
@options.csv
@options.save
@click.option("--report", type=click.Path(), callback=options.place, help="Write why each field is read so: HTML.")
@click.option("--out", metavar="results.jsonl|.csv", help="Write results to this file as they come.")
@click.option("--resume", is_flag=True, help="Go on with --out where an earlier run ended.")
@options.quiet
def command(
    files: tuple[str, ...], save: str | None, report: str | None, out: str | None, resume: bool, quiet: bool,
    as_json: bool, as_csv: bool, **given: Any,
) -> int:  # fmt: skip
    """Read what is written on each FILE, row by row in reading order: pictures, scans, PDF, TIFF, DjVu.

    With --as, each picture is one field, and --report shows for each what the network saw, what else it may say, and
    why it is accepted or not; with --as cheque, a whole cheque; with --template, a form. `-` reads from standard
    input. --save draws boxes, digits and how sure they are over the picture of one FILE; page 2 goes to NAME-2.png.
    """
    if save is not None and len(files) > 1:
        raise click.UsageError(f"--save draws one picture, but {len(files)} files were given; read them one by one")
    if save is not None and Path(save).resolve() in {Path(file).resolve() for file in files}:
        raise click.UsageError(f"--save would write over {save}, which is to be read; choose another name")
    if resume and out is None:
        raise click.UsageError("--resume goes on with a file of results; say with --out which")
    if report is not None and given["kind"] in (None, "cheque"):
        raise click.UsageError("--report is for fields; give --as with what they hold")
    ways, failures, sections = way_of(**given), Failures(), list[str]()
    printer = Printer(as_json=as_json, as_csv=as_csv)
    with Results(out, files, resume=resume) if out else nullcontext() as results, Progress(quiet=quiet) as progress:
        if results is None:
            printer.start(Reading.KEYS)
        shown = _Shown(progress, files)
        for file in files:
            for page, readings in failures.watch(file, _readings(file, ways.of_page, results)):
                if results is not None:
                    results.write(readings)
                    shown.page(file, page, len(readings))
                else:
                    _print(printer, readings, several=len(files) > 1)
                if save is not None:
                    _draw(page, readings, save)
                if report is not None:
                    sections.append(_explained(ways, page, file))
    if report is not None:
        _write_report(sections, report)
    return failures.status


def _readings(file: str, reader: PageReader, results: Results | None) -> Iterator[tuple[Page, list[Reading]]]:
    """Give each page of a file that is still to be read, and what was read on it."""
    if results is not None and not results.wants(file):
        return
    for page in open_document(given_bytes(file)):
        if results is None or results.wants(file, page.number):
            yield page, [replace(reading, file=file, page=page.number) for reading in reader(page)]


def _print(printer: Printer, readings: list[Reading], *, several: bool) -> None:
    for reading in readings:
        name = f"{reading.field:<24} " if reading.field else ""
        place = f"  {reading.file}" + (f", page {reading.page}" if reading.page > 1 else "") if several else ""
        refused = "" if reading.accepted else f"  rejected: {reading.reason}"
        line = f"{name}{reading.text or 'nothing':<12} {reading.confidence:6.1%}{refused}{place}"
        printer.show(line, reading.to_dict())


class _Shown:
    """Counts what was read, for the bar."""

    def __init__(self, progress: Progress, files: tuple[str, ...]) -> None:
        self._progress, self._files = progress, files
        self._pages: dict[str, int] = {}
        self._readings, self._start = 0, time.monotonic()

    def page(self, file: str, page: Page, readings: int) -> None:
        self._readings += readings
        if file not in self._pages:
            self._pages = {file: 1 if file == "-" else count_pages(file)}
        share = (self._files.index(file) + min(1.0, page.number / self._pages[file])) / len(self._files)
        seconds = time.monotonic() - self._start
        self._progress.reading(f"{file}, page {page.number}", share, self._readings, seconds)


def _explained(ways: Ways, page: Page, file: str) -> str:
    from lenet.drawing import field_section
    from lenet.reading import explain

    assert ways.of_field is not None
    name = f"{file}, page {page.number}" if page.number > 1 else file
    return field_section(explain(ways.of_field, page.picture), name)


def _write_report(sections: list[str], report: str) -> None:
    from lenet.drawing import field_report

    write_whole(report, [field_report(sections).encode()])


def _draw(page: Page, readings: list[Reading], save: str) -> None:
    from lenet.drawing import annotate

    path = Path(save) if page.number == 1 else Path(save).with_stem(f"{Path(save).stem}-{page.number}")
    write_picture(annotate(page.picture, readings), str(path))
