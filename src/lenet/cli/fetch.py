"""`lenet fetch`: bring a data set to this machine."""

from __future__ import annotations

import click

from lenet.cli import options
from lenet.cli.output import Progress
from lenet.datasets import fetch_mnist, load_mnist


@click.command("fetch")
@click.argument("name", type=click.Choice(["mnist"]))
@options.quiet
def command(name: str, quiet: bool) -> None:
    """Fetch the data set NAME, check it, and keep it in the cache; what is already here is only checked."""
    with Progress(quiet=quiet) as shown:
        fetch_mnist(progress=shown.download)
    for part in ("train", "test"):
        dataset = load_mnist(part, download=False)
        click.echo(f"{dataset.name}: {len(dataset):,} images of {len(dataset.classes)} classes")
