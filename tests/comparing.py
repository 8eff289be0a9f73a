"""Networks with the same numbers twice, for the engine and for the reference, and how near their answers have to be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lenet.architectures import Architecture
from lenet.network import Network
from tests import reference
from tests.networks import random_values


def network_of(architecture: Architecture, seed: int = 0) -> tuple[Network, reference.Values]:
    """Return a network with random numbers, and the same numbers in float64."""
    network, values = Network(architecture), random_values(architecture, seed)
    for name, array in (network.parameters | network.statistics).items():
        array[...] = values[name]
    return network, {name: array.astype(np.float64) for name, array in values.items()}


def assert_close(found: NDArray, expected: NDArray, tolerance: float = 1e-5) -> None:
    """Compare relative to the largest number."""
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= tolerance * max(np.abs(expected).max(), 1e-3)


def assert_gradients_close(found: dict, expected: dict, tolerance: float = 1e-4) -> None:
    """Compare relative to the norm of the whole gradient: one array's may be 0 (a bias before batch norm)."""
    assert found.keys() == expected.keys()
    whole = np.sqrt(sum((array**2).sum() for array in expected.values()))
    for name, array in expected.items():
        assert np.linalg.norm(found[name] - array) <= tolerance * (whole + 1e-9), name
