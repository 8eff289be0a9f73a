"""The numbers before training: bounds, zeros and seeds."""

from __future__ import annotations

import numpy as np
import pytest

from lenet.architectures import Architecture, Convolution, FullConnection, lenet5, lenet5_1998
from lenet.initial import initial_numbers
from lenet.network import Network


@pytest.mark.parametrize(("name", "fan_in"), [("C1", 25), ("C5", 400), ("F6", 120)])
def test_weights_of_1998_are_within_the_bound_of_the_paper(name: str, fan_in: int) -> None:
    weights = initial_numbers(lenet5_1998(), 1)[f"{name}.weights"]
    assert 0.9 * 2.4 / fan_in < np.abs(weights).max() <= np.float32(2.4 / fan_in)
    assert weights.std() == pytest.approx(2.4 / fan_in / 3**0.5, rel=0.15)


def test_c3_maps_are_bounded_by_their_own_fan_in() -> None:
    weights = initial_numbers(lenet5_1998(), 1)["C3.weights"]
    for maps, links, fan_in in ((slice(0, 6), slice(0, 18), 75), (9, slice(18, 54), 100), (1, slice(54, 60), 150)):
        assert 0.95 * 2.4 / fan_in < np.abs(weights[links]).max() <= np.float32(2.4 / fan_in), maps


def test_coefficients_of_1998_start_at_0_6() -> None:
    assert (initial_numbers(lenet5_1998(), 1)["S2.coefficients"] == np.float32(0.6)).all()


@pytest.mark.parametrize(("activation", "gain"), [("tanh", 3), ("relu", 6)])
def test_popular_weights_keep_the_variance(activation: str, gain: int) -> None:
    weights = initial_numbers(lenet5(activation=activation), 1)["C5.weights"]  # type: ignore[arg-type]
    assert 0.99 * (gain / 400) ** 0.5 < np.abs(weights).max() <= np.float32((gain / 400) ** 0.5)


def test_biases_start_at_0_and_batch_norm_changes_nothing() -> None:
    layers = (Convolution("C", 2, (3, 3), batch_norm=True), FullConnection("F", 2))
    network = Network(Architecture("x", (1, 5, 5), layers))
    parameters, statistics = network.parameters, network.statistics
    assert not parameters["F.biases"].any()
    assert not parameters["C.shift"].any()
    assert not statistics["C.mean"].any()
    assert (parameters["C.scale"] == 1).all()
    assert (statistics["C.variance"] == 1).all()


def test_seed_decides() -> None:
    one, same, other = (initial_numbers(lenet5(), seed)["C1.weights"] for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).all()
