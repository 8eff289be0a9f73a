"""The options that several verbs have, each under one name and with one meaning."""

from __future__ import annotations

from pathlib import Path

import click

from lenet.files import require_place

__all__ = [
    "PICTURES",
    "as_is",
    "confusion",
    "csv",
    "data",
    "files",
    "json",
    "max_error",
    "model",
    "place",
    "quiet",
    "save",
    "seed",
    "threads",
]

PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Suffixes of the pictures that can be written."""


def place(_ctx: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Refuse a place for a result before the work is done, and not after it."""
    if value is not None:
        require_place(value)
    return value


def _picture(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    if value is not None and Path(value).suffix.lower() not in PICTURES:
        raise click.BadParameter(f"{value} has no suffix of a picture; call it .png or .jpg")
    return place(ctx, option, value)


def _share(_ctx: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    """Read a share: 1% or 0.01."""
    if value is None:
        return None
    try:
        share = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        raise click.BadParameter(f"{value} is no share; write 1% or 0.01") from None
    if not 0 < share < 1:
        raise click.BadParameter(f"{value} is not between 0 and 1; write 1% or 0.01")
    return share


files = click.argument("files", nargs=-1, required=True, metavar="FILE...")
model = click.option("--model", default="digits", show_default=True, help="A shipped network, or a .safetensors file.")
data = click.option(
    "--data", "data_name", metavar="mnist|digits8x8|FOLDER", help="What to use, instead of FOLDER.  [default: mnist]"
)
max_error = click.option(
    "--max-error", callback=_share, metavar="1%", help="Of all fields, so many may be accepted though they are wrong."
)
as_is = click.option("--as-is", is_flag=True, help="Take pictures that are not ink on paper as they are: grey, 32x32.")
seed = click.option("--seed", type=int, default=None, help="Decides everything that is drawn by chance.")
threads = click.option(
    "--threads", type=click.IntRange(min=0), default=0, help="How many to use; 0: LENET_THREADS, or all cores."
)
json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
csv = click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, with a header.")
save = click.option("--save", type=click.Path(), callback=_picture, help="Draw the result to this file.")
confusion = click.option(
    "--confusion", type=click.Path(), callback=_picture, help="Draw which class was taken for which."
)
quiet = click.option("--quiet", is_flag=True, help="Show no progress.")
