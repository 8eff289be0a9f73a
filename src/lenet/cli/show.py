"""`lenet show`: the table of layers of a network; its diagram; what it makes of a picture."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from lenet import weights
from lenet.architectures import ZOO, Architecture, named
from lenet.cli import options
from lenet.cli.output import columns, given_bytes, json_line, write_picture
from lenet.errors import InputError
from lenet.network import Network

_HEADER = ("layer", "kind", "input", "output", "trained", "connections", "multiply-adds", "sees", "step")
_COUNTS = ("parameters", "connections", "multiply_adds")


@click.command("show")
@click.argument("name", default="digits")
@click.option("--image", help="A picture of one character: show what every layer makes of it.")
@options.save
@click.option("--diagram", type=click.Path(), callback=options.place(".svg"), help="Draw the network to this SVG file.")
@options.json
def command(name: str, image: str | None, save: str | None, diagram: str | None, as_json: bool) -> None:
    """Show the layers of NAME: a shipped network, a .safetensors file, or an architecture such as lenet5-1998.

    With --image and --save, draw the feature maps of every layer.
    """
    if (image is None) != (save is None):
        raise click.UsageError("--image and --save belong together: the picture to look at, and where to draw the maps")
    if diagram is not None:
        from lenet.drawing import diagram as draw
        from lenet.files import write_whole

        write_whole(diagram, [draw(_architecture(name)).encode()])
    if image is not None and save is not None:
        _save_maps(name, image, save)
    if as_json:
        click.echo(json_line(_record(name)))
    elif diagram is None and image is None:
        click.echo(_table(name))


def _architecture(name: str) -> Architecture:
    return named(name) if name in ZOO else _network(name).architecture


def _network(name: str) -> Network:
    if name in ZOO:
        raise InputError(f"{name} is an architecture, without trained numbers; give a network, such as digits")
    return weights.load(name)


def _save_maps(name: str, image: str, save: str) -> None:
    from lenet.drawing import feature_maps
    from lenet.glyphs import open_glyph

    write_picture(feature_maps(_network(name), open_glyph(given_bytes(image))), save)


def _table(name: str) -> str:
    architecture = _architecture(name)
    rows: list[tuple[str, ...]] = [_HEADER]
    for row in architecture.summary:
        shapes = ("x".join(map(str, shape)) for shape in (row.input, row.output))
        counts = (f"{getattr(row, count):,}" for count in _COUNTS)
        field = f"{row.receptive_field}x{row.receptive_field}"
        rows.append((row.name, row.kind.replace("_", " "), *shapes, *counts, field, str(row.step)))
    rows.append(("all", "", "", "", *(f"{getattr(architecture, count):,}" for count in _COUNTS), "", ""))
    card = None if name in ZOO else _network(name).card
    text = f"{architecture.name}\n\n{columns(rows, right=range(2, 9))}"
    return text if card is None else f"{text}\n\n{card}"


def _record(name: str) -> dict[str, object]:
    architecture = _architecture(name)
    counts = {count: getattr(architecture, count) for count in _COUNTS}
    card = None if name in ZOO else _network(name).card
    return {
        "name": name,
        "architecture": json.loads(architecture.to_json()),
        **counts,
        "layers": [asdict(row) for row in architecture.summary],
        "card": None if card is None else asdict(card),
    }
