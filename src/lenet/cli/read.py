"""`lenet read`: what is written on pictures, scans and PDF files, printed or written to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lenet.cli import options
from lenet.cli.ways import check_way


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
@click.option("--report", callback=options.place(".html", ".htm"), help="Write why each field is read so: HTML.")
@click.option("--out", metavar="results.jsonl|.csv|.parquet", help="Write results to this file as they come.")
@click.option("--resume", is_flag=True, help="Go on with --out where an earlier run ended.")
@click.option("--processes", type=click.IntRange(min=0), help="How many read for --out; 0: one a core.  [default: 0]")
@options.quiet
def command(
    files: tuple[str, ...], save: str | None, report: str | None, out: str | None, resume: bool,
    processes: int | None, quiet: bool, as_json: bool, as_csv: bool, **given: Any,
) -> int:  # fmt: skip
    """Read what is written on each FILE, row by row in reading order: pictures, scans, PDF, TIFF, DjVu; or folders.

    With --as, each picture is one field, and --report shows for each what the network saw, what else it may say, and
    why it is accepted or not; with --as cheque, a whole cheque; with --template, a form. `-` reads from standard
    input. --save draws boxes, digits and how sure they are over the picture of one FILE; page 2 goes to NAME-2.png.
    --out reads any number of files over all cores; what cannot be read is set aside in NAME.bad.jsonl.
    """
    if report is not None and given["kind"] in (None, "cheque"):
        raise click.UsageError("--report is for fields; give --as with what they hold")
    check_way(**given)
    if out is not None:
        if save is not None or report is not None or as_json or as_csv:
            raise click.UsageError("--out writes a file; --save, --report, --json and --csv are for what is printed")
        from lenet.cli.read_batch import read_batch

        return read_batch(files, out, resume=resume, processes=processes or 0, quiet=quiet, **given)
    if resume or processes is not None:
        raise click.UsageError("--resume and --processes are for a file of results; say with --out which")
    if save is not None and (len(files) > 1 or Path(files[0]).is_dir()):
        raise click.UsageError("--save draws one picture, but more were given; read them one by one")
    if save is not None and Path(save).resolve() == Path(files[0]).resolve():
        raise click.UsageError(f"--save would write over {save}, which is to be read; choose another name")
    from lenet.cli.read_pages import read_pages

    return read_pages(files, save=save, report=report, as_json=as_json, as_csv=as_csv, **given)
