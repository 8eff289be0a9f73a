"""The options that several verbs have, each under one name and with one meaning."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["PICTURES", "confusion", "csv", "data", "files", "json", "model", "quiet", "save", "seed", "threads"]

PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Suffixes of the pictures that can be written."""


def _picture(_ctx: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Refuse a place for a picture before the work is done, and not after it."""
    if value is not None and Path(value).suffix.lower() not in PICTURES:
        raise click.BadParameter(f"{value} has no suffix of a picture; call it .png or .jpg")
    return value


files = click.argument("files", nargs=-1, required=True, metavar="FILE...")
model = click.option("--model", default="digits", show_default=True, help="A shipped network, or a .safetensors file.")
data = click.option(
    "--data", "data_name", default="mnist", show_default=True, metavar="mnist|digits8x8|FOLDER", help="What to use."
)
seed = click.option("--seed", type=int, default=None, help="Decides everything that is drawn by chance.")
threads = click.option(
    "--threads", type=click.IntRange(min=0), default=0, help="How many to use; 0: LENET_THREADS, or all cores."
)
json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
csv = click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, with a header.")
save = click.option("--save", type=click.Path(dir_okay=False), callback=_picture, help="Draw the result to this file.")
confusion = click.option(
    "--confusion", type=click.Path(dir_okay=False), callback=_picture, help="Draw which class was taken for which."
)
quiet = click.option("--quiet", is_flag=True, help="Show no progress.")
