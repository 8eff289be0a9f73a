"""The numbers a network has before it is trained."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lenet.architectures import Architecture, Convolution, FullConnection, Shape, Subsampling

__all__ = ["PAPER_BOUND", "initial_numbers"]

PAPER_BOUND = 2.4
"""Weights of the paper's networks start within 2.4 over the fan-in (LeCun et al. 1998, Appendix A)."""


def initial_numbers(architecture: Architecture, seed: int) -> dict[str, NDArray[np.float32]]:
    """Draw the numbers that a training starts from.

    Weights are uniform: within sqrt(6 / fan-in) under relu (He et al. 2015) and sqrt(3 / fan-in) elsewhere, so that
    sums keep the variance of the inputs; but as the paper says (`PAPER_BOUND`) in a network that squashes as it does.
    It leaves open how coefficients of subsampling start; ours are the end of its rule, 0.6 on the sum of four.

    Parameters
    ----------
    architecture : what to draw for.
    seed : the same one draws the same numbers.

    Returns
    -------
    float32 arrays by names such as "C1.weights", in public shapes. What starts at 0 (biases, shifts, means) is
    left out.
    """
    rng = np.random.default_rng(seed)
    as_paper = any(layer.activation == "scaled_tanh" for layer in architecture.layers)
    numbers: dict[str, NDArray[np.float32]] = {}
    for layer, shape in zip(architecture.layers, architecture.shapes()[:-1], strict=True):
        if isinstance(layer, Subsampling) and layer.pooling == "trainable":
            numbers[f"{layer.name}.coefficients"] = np.array(
                [PAPER_BOUND / inputs for inputs in layer.fan_in(shape)], np.float32
            )
        if not isinstance(layer, Convolution | FullConnection):
            continue
        weights = layer.weight_shape(shape)
        bound = _bounds(layer, shape, as_paper).reshape(-1, *(1,) * (len(weights) - 1))
        numbers[f"{layer.name}.weights"] = (bound * rng.uniform(-1, 1, weights)).astype(np.float32)
        if layer.batch_norm:
            for kind in ("scale", "variance"):
                numbers[f"{layer.name}.{kind}"] = np.ones(layer.output(shape)[0], np.float32)
    return numbers


def _bounds(layer: Convolution | FullConnection, shape: Shape, as_paper: bool) -> NDArray[np.float64]:
    """Return how far from 0 each first-axis entry of the weights may start."""
    fan_in = np.array(layer.fan_in(shape), np.float64)
    if isinstance(layer, Convolution) and layer.table is not None:
        fan_in = np.repeat(fan_in, [len(row) for row in layer.table])
    if as_paper:
        return PAPER_BOUND / fan_in
    return np.sqrt((6 if layer.activation == "relu" else 3) / fan_in)
