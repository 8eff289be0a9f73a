"""How often the shipped `digits` is wrong on MNIST's test set."""

from __future__ import annotations

import json

import lenet
from benchmarks.records import Figure
from lenet.errors import DownloadError


def measure() -> list[Figure]:
    """Return the error in percent, and what its card says; nothing where MNIST cannot be had."""
    try:
        test = lenet.load_mnist("test", download=False)
    except DownloadError as error:
        print(f"  left out: {error}")
        return []
    network = lenet.load("digits")
    error = 100 * lenet.evaluate(network, test).error
    figures = [
        Figure.of("accuracy", "digits on MNIST's test set", [error], "%", "", "error of `digits` on MNIST's test set")
    ]
    known = json.loads(network.card.to_json()).get("figures", {}) if network.card else {}
    return figures + [
        Figure.of("accuracy", f"its card: {name}", [float(value)], "", "")
        for name, value in dict(known).items()
        if isinstance(value, int | float)
    ]
