"""The share of the machine's multiply-add peak that the engine reaches.

The peak is that of independent multiply-adds in registers, measured by the engine in the same rounds. A multiply-add
of the network counts once, and nothing else does: neither tanh, nor pooling, nor memory.
"""

from __future__ import annotations

import numpy as np

from benchmarks.contest import CORES, Candidate, race
from benchmarks.records import Figure
from lenet.architectures import lenet5

BATCHES = (64, 128, 256, 512)


def work() -> tuple[int, int]:
    """Return the multiply-adds of an image, forward and in training.

    Backward every layer costs twice its forward pass, once for its weights and once for its inputs; the first layer
    has no use for the latter.
    """
    network = lenet5()
    forward = [layer.multiply_adds(shape) for layer, shape in zip(network.layers, network.shapes(), strict=False)]
    return sum(forward), 3 * sum(forward) - forward[0]


def measure() -> list[Figure]:
    """Return the peak and the shares, on one thread and on all."""
    figures = []
    forward_work, training_work = work()
    for threads in sorted({1, CORES}):
        standings = race(
            [
                Candidate("peak", "with_lenet", "peak", threads=(threads,)),
                Candidate("forward", "with_lenet", "forward", "", BATCHES, (threads,)),
                Candidate("training", "with_lenet", "training", "", BATCHES, (threads,)),
            ]
        )
        peak, count = standings.rates["peak"], f"{threads} thread{'s' * (threads > 1)}"
        figures.append(Figure.of("peak", "multiply-adds in registers", peak / 1e9, "G/s", count))
        for name, each in (("forward", forward_work), ("training", training_work)):
            shares: np.ndarray = standings.rates[name] * each / peak
            headline = f"share of the multiply-add peak, {name}" if threads == CORES else ""
            figures.append(Figure.of("peak", f"share, {name}", shares, "share", standings.settings[name], headline))
    return figures
