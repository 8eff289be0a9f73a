"""A unit worked out in float64 comes to what the engine found, and depends on no pixel outside its field."""

from __future__ import annotations

import numpy as np
import pytest

import lenet
from lenet.architectures import ZOO, Architecture, Convolution, FullConnection, Subsampling
from lenet.errors import InputError
from lenet.network import Network
from lenet.serve.inside import fitted, seen
from lenet.serve.units import receptive_field, unit
from tests.serve.drawings import drawing

IMAGE = seen(drawing("3"))
PADDED = Architecture(
    "padded",
    (1, 32, 32),
    (
        Convolution("A", 3, (3, 5), stride=(2, 1), padding=(1, 2), batch_norm=True, activation="relu"),
        Subsampling("B", "max", (3, 3), stride=(2, 2)),
        Convolution("C", 4, (3, 3), table=((0,), (1, 2), (0, 2), (0, 1, 2)), activation="sigmoid"),
        Subsampling("D", "trainable", copies=2, activation="scaled_tanh"),
        FullConnection("E", 5, batch_norm=True),
        FullConnection("F", 3, activation="linear"),
    ),
)


def _networks():
    yield lenet.load("digits")
    yield from (Network(name, seed=1) for name in ZOO if name != "fields")
    shaken = Network(PADDED, seed=5)
    rng = np.random.default_rng(0)
    for array in (*shaken.parameters.values(), *shaken.statistics.values()):
        array[...] = rng.uniform(0.3, 1.1, array.shape)
    yield shaken


NETWORKS = tuple(_networks())


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.architecture.name)
def test_the_sum_is_the_engines(network):
    image = fitted(network, IMAGE)
    rng = np.random.default_rng(1)
    for summary in network.architecture.summary:
        for _ in range(4):
            place = tuple(int(rng.integers(size)) for size in summary.output)
            found = unit(network, image, summary.name, place)
            assert found.engine == network.feature_maps(image)[summary.name][place]
            assert found.value == pytest.approx(found.engine, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.architecture.name)
def test_pixels_outside_the_field_do_not_matter_and_those_inside_do(network):
    image = np.ascontiguousarray(fitted(network, IMAGE))
    rng = np.random.default_rng(2)
    for index, summary in enumerate(network.architecture.summary):
        place = tuple(int(rng.integers(size)) for size in summary.output)
        left, top, right, bottom = receptive_field(network.architecture, index, place)
        outside = rng.integers(0, 256, image.shape).astype(np.uint8)
        outside[top:bottom, left:right] = image[top:bottom, left:right]
        before, after = (network.feature_maps(one)[summary.name][place] for one in (image, outside))
        assert after == pytest.approx(before, abs=1e-5)
        assert (bottom - top, right - left) <= (summary.receptive_field + 8,) * 2


def test_what_c3_reads_stands_in_the_table():
    found = unit(Network("lenet5-1998", seed=1), IMAGE, "C3", (9, 4, 5))
    assert [term.map for term in found.terms] == [0, 3, 4, 5]
    assert found.reads == "S2"
    assert found.field == (10, 8, 24, 22)
    assert {(term.top, term.left) for term in found.terms} == {(4, 5)}


def test_the_first_layer_reads_the_picture_in_the_networks_scale():
    found = unit(Network("lenet5-1998", seed=1), IMAGE, "C1", (0, 0, 0))
    assert found.reads == "input"
    assert found.terms[0].inputs == pytest.approx(np.full((5, 5), -0.1))
    assert found.field == (0, 0, 5, 5)


def test_a_distance_is_to_the_drawing_of_the_class():
    network = Network("lenet5-1998", seed=1)
    found = unit(network, IMAGE, "OUTPUT", (4, 0, 0))
    code = network.architecture.layers[-1].codes[4]
    assert [float(term.weights[0, 0]) for term in found.terms] == list(code)
    assert sum(term.total for term in found.terms) == pytest.approx(found.engine, rel=1e-5)


def test_the_steps_lead_from_the_sum_to_the_value():
    found = unit(lenet.load("digits"), IMAGE, "C1", (2, 10, 12))
    total, bias, both, value = (number for _, number in found.steps)
    assert total == pytest.approx(sum(float((term.inputs * term.weights).sum()) for term in found.terms))
    assert both == pytest.approx(total + bias)
    assert value == pytest.approx(np.tanh(both))
    assert found.to_dict()["value"] == value


@pytest.mark.parametrize(("layer", "place"), [("C9", (0, 0, 0)), ("C1", (6, 0, 0)), ("S2", (0, 14, 0))])
def test_a_unit_that_is_not_there_is_refused(layer, place):
    with pytest.raises(InputError):
        unit(lenet.load("digits"), IMAGE, layer, place)
