"""The options that several verbs have, each under one name and with one meaning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from lenet import grammar
from lenet.cli.output import require_drawn
from lenet.errors import GrammarError, InputError
from lenet.files import require_place

__all__ = [
    "PICTURES",
    "any_model",
    "as_is",
    "confusion",
    "csv",
    "data",
    "date_order",
    "decimal",
    "files",
    "json",
    "kind",
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


Callback = Callable[[click.Context, click.Parameter, str | None], str | None]


def place(*suffixes: str) -> Callback:
    """Return what refuses a place for a result before the work is done, and not after it.

    A name with another suffix may be that of a user's own file, which would be overwritten: a slip of the pen.
    """

    def check(_ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
        if value is not None and Path(value).suffix.lower() not in suffixes:
            raise click.BadParameter(f"{value} is no name for what {option.opts[-1]} writes; end it in {suffixes[0]}")
        if value is not None:
            require_place(value)
        return value

    return check


def _picture(_ctx: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Refuse a place for a picture, and a picture that stands there unless lenet drew it."""
    if value is not None and Path(value).suffix.lower() not in PICTURES:
        raise click.BadParameter(f"{value} has no suffix of a picture; call it .png or .jpg")
    if value is not None:
        try:
            require_drawn(value)
        except InputError as error:
            raise click.BadParameter(str(error)) from None
        require_place(value)
    return value


def _known_kind(_ctx: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Refuse a kind of field that there is not."""
    if value is not None and value != "cheque":
        try:
            grammar.get(value)
        except GrammarError as error:
            raise click.BadParameter(str(error)) from None
    return value


class _Share(click.ParamType):  # type: ignore[type-arg]
    """A share of a whole: 1% or 0.01."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f"{value} is no share; give one such as 1% or 0.01, from 0% to 100%", param, ctx)
        if share == 1 and not text.endswith("%"):
            self.fail(f"{value} is all of them, and 1% one in a hundred; give 100% or 1%", param, ctx)
        return share


files = click.argument("files", nargs=-1, required=True, metavar="FILE...")
model = click.option("--model", default="digits", show_default=True, help="A shipped network, or a .safetensors file.")
any_model = click.option(
    "--model", help="A shipped network, or a .safetensors file.  [default: fields for fields, else digits]"
)
kind = click.option(
    "--as", "kind", metavar="KIND", callback=_known_kind,
    help=f"Each picture is one field: {', '.join(grammar.NAMES)}, regex:PATTERN; or a cheque.",
)  # fmt: skip
max_error = click.option(
    "--max-error", type=_Share(), metavar="SHARE", help="Share of all fields that may be accepted though wrong: 1%."
)
decimal = click.option(
    "--decimal", type=click.Choice([".", ","]), help="What stands before decimals, where a text does not settle it."
)
date_order = click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"]), help="The order of dates.")
data = click.option(
    "--data", "data_name", metavar="mnist|digits8x8|FOLDER", help="What to use, instead of FOLDER.  [default: mnist]"
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
