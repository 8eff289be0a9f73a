"""`lenet read --out`: any number of documents, read over all cores into one file."""

from __future__ import annotations

from typing import Any

import click

from lenet.cli.output import Progress
from lenet.reading import read_folder

__all__ = ["read_batch"]


def read_batch(files: tuple[str, ...], out: str, *, kind: str | None, quiet: bool, **given: Any) -> int:
    """Read files and folders to `out`, and return the exit status: 1 where something could not be read."""
    if "-" in files:
        raise click.UsageError("- was given, and --out reads files and folders; leave it out, or save it as a file")
    with Progress(quiet=quiet) as progress:
        batch = read_folder(files, out, kind, progress=progress.batch, **given)
    if batch.passed_over and not quiet:
        click.echo(
            f"lenet: {batch.passed_over:,} passed over: files not named as pictures or documents, or links to folders",
            err=True,
        )
    if not batch.bad:
        return 0
    click.echo(
        f"lenet: {batch.bad:,} of {batch.documents:,} documents cannot be read; {batch.bad_path} says why", err=True
    )
    return 1
