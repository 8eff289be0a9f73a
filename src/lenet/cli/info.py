"""`lenet info`: what this installation has and uses."""

from __future__ import annotations

import os
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import click

from lenet import _engine, weights
from lenet.cli import options
from lenet.cli.output import columns, json_line
from lenet.datasets import load_mnist
from lenet.downloads import cache_folder
from lenet.errors import LenetError
from lenet.inputs import check_environment

_EXTRAS = {"sklearn": "sklearn", "torch": "torch", "onnx": "onnx", "serve": "fastapi"}


@click.command("info")
@options.json
def command(as_json: bool) -> None:
    """Say which version this is, which processor build runs, and where data and models are."""
    facts = _facts()
    if as_json:
        click.echo(json_line(facts))
    else:
        rows = [(name.replace("_", " "), _for_people(value)) for name, value in facts.items()]
        click.echo(columns(rows))


def _facts() -> dict[str, object]:
    check_environment()
    return {
        "version": version("lenet"),
        "processor": _engine.processor(),
        "processors": list(_engine.processors()),
        "threads": _engine.default_threads(),
        "models": list(weights.shipped()),
        "data": os.environ.get("LENET_DATA", ""),
        "cache": str(cache_folder()),
        "mnist": _has_mnist(),
        "extras": [name for name, module in _EXTRAS.items() if find_spec(module) is not None],
        "djvu": which("ddjvu") is not None,
        "package": str(Path(weights.__file__).parent),
    }


def _has_mnist() -> bool:
    try:
        load_mnist("test", download=False)
    except LenetError:
        return False
    return True


def _for_people(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value) or "not set"
