"""`lenet export`: a network as a file for other programs."""

from __future__ import annotations

import click

from lenet import weights
from lenet.cli import options


@click.command("export")
@click.argument("file", type=click.Path(), callback=options.place(".onnx"))
@options.model
def command(file: str, model: str) -> None:
    """Write a network to FILE, an .onnx file that takes any number of images."""
    from lenet.export import export

    click.echo(f"written to {export(weights.load(model), file)}")
