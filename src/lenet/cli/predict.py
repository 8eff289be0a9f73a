"""`lenet predict`: one class a picture."""

from __future__ import annotations

from collections.abc import Iterator

import click
import numpy as np
from numpy.typing import NDArray

from lenet import weights
from lenet.cli import options
from lenet.cli.failures import Failures
from lenet.cli.output import Printer, given_bytes
from lenet.glyphs import open_glyph, open_grey
from lenet.network import Network


@click.command("predict")
@options.files
@options.model
@options.threads
@options.as_is
@options.json
@options.csv
def command(files: tuple[str, ...], model: str, threads: int, as_is: bool, as_json: bool, as_csv: bool) -> int:
    """Say which class each FILE shows, how sure that is, and what would be the second choice.

    A picture holds one character, dark on light or light on dark, of any size; `-` reads one from standard input.
    To read several characters, use `lenet read`.
    """
    printer, failures = Printer(as_json=as_json, as_csv=as_csv), Failures()
    network = weights.load(model)
    for file in files:
        for probabilities in failures.watch(file, _probabilities(file, network, threads, as_is)):
            best, second = (int(index) for index in probabilities.argsort()[::-1][:2])
            record = {
                "file": file,
                "class": network.classes[best],
                "confidence": round(float(probabilities[best]), 4),
                "runner_up": network.classes[second],
                "runner_up_confidence": round(float(probabilities[second]), 4),
            }
            other = f"or {network.classes[second]}, {probabilities[second]:.1%}"
            printer.show(f"{network.classes[best]}  {probabilities[best]:6.1%}  ({other})  {file}", record)
    return failures.status


def _probabilities(file: str, network: Network, threads: int, as_is: bool) -> Iterator[NDArray[np.float32]]:
    """Give the probabilities of the one character on a file."""
    picture = (open_grey if as_is else open_glyph)(given_bytes(file))
    yield network.predict_proba(picture[None], threads=threads)[0]
