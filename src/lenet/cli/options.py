"""The options that several verbs have, each under one name and with one meaning."""

from __future__ import annotations

import click

__all__ = ["csv", "data", "files", "json", "model", "quiet", "save", "seed", "threads"]

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
save = click.option("--save", type=click.Path(dir_okay=False), help="Write a picture of the result to this file.")
quiet = click.option("--quiet", is_flag=True, help="Show no progress.")
