"""What the page shows of a network is what the network's own methods give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lenet
from lenet.errors import ArchitectureError, InputError
from lenet.network import Network
from lenet.serve.inside import HIDDEN, STEPS, describe, evidence, fitted, ink_from, inside, picture, seen, sweeps
from lenet.serve.sliders import RANGES, STILL, Sliders
from tests.serve.drawings import drawing

PICTURES = Path(__file__).parents[2] / "examples" / "pictures"
DIGITS = lenet.load("digits")
PAPERS = Network("lenet5-1998", seed=3)


@pytest.mark.parametrize("digit", "137")
def test_a_drawing_is_read(digit):
    assert DIGITS.predict(seen(drawing(digit))[None])[0] == int(digit)


@pytest.mark.parametrize("at", [(0, 0), (60, 0), (0, 60), (60, 60)])
def test_a_small_drawing_in_a_corner_is_seen_as_in_the_middle(at):
    """Pages of others fail on it: ShafeenTejani/mnist-demo#2."""
    image = seen(drawing("3", at=at, size=0.3))
    assert DIGITS.predict(image[None])[0] == 3
    rows, columns = np.indices(image.shape)
    assert abs((rows * image).sum() / image.sum() - 15.5) < 1
    assert abs((columns * image).sum() / image.sum() - 15.5) < 1


def test_nothing_drawn_is_paper():
    assert not seen(np.zeros((96, 96), np.uint8)).any()


def test_bytes_that_are_no_square_are_refused():
    assert ink_from(bytes(96 * 96)).shape == (96, 96)
    for size in (0, 15 * 15, 96 * 96 - 1, 513 * 513):
        with pytest.raises(InputError, match="square"):
            ink_from(bytes(size))


@pytest.mark.parametrize("network", [DIGITS, PAPERS, Network("lenet1", seed=2), Network("deep5", seed=1)])
def test_every_number_inside_is_the_networks_own(network):
    image = seen(drawing("7"))
    numbers, looked_at = inside(network, image), fitted(network, image)
    for layer in describe(network)["layers"]:
        size = layer["maps"] * layer["rows"] * layer["columns"]
        assert np.array_equal(numbers[:size], network.feature_maps(looked_at)[layer["name"]].ravel())
        numbers = numbers[size:]
    assert np.array_equal(numbers, network.predict_proba(looked_at[None])[0])


def test_a_description_has_the_tables_and_the_codes():
    found = describe(PAPERS)
    assert found["parameters"] == 60_000
    assert found["connections"] == 340_908
    assert [len(row) for row in found["layers"][2]["table"]].count(3) == 6
    assert len(found["codes"]) == 10
    assert {len(code) for code in found["codes"]} == {84}
    assert describe(DIGITS)["codes"] is None


def test_networks_that_cannot_be_drawn_are_refused():
    with pytest.raises(InputError, match="one map"):
        describe(lenet.load("fields"))
    with pytest.raises(ArchitectureError):
        describe(Network(replace(lenet.lenet5(), layers=lenet.lenet5().layers[:4])))


@pytest.mark.parametrize("network", [DIGITS, PAPERS])
def test_a_sweep_asks_the_network_at_every_step(network):
    ink = drawing("3")
    resting = Sliders(rotation=10.0)
    (shares,) = sweeps([network], ink, resting)
    assert shares.shape == (len(RANGES), STEPS, 10)
    for number, name in enumerate(RANGES):
        for step in (0, 7, STEPS - 1):
            value = float(np.linspace(*RANGES[name], STEPS)[step])
            image = seen(ink, replace(resting, **{name: value}))
            assert np.allclose(shares[number, step], network.predict_proba(image[None])[0], atol=1e-5)


def test_a_hidden_square_lowers_the_lead_by_what_is_shown():
    image = seen(drawing("3"))
    found = evidence(DIGITS, image, 3)
    assert found.fall.shape == found.hidden.shape == (14, 14)
    row, column = np.unravel_index(np.argmax(found.fall), found.fall.shape)
    covered = image.copy()
    covered[2 * row : 2 * row + HIDDEN, 2 * column : 2 * column + HIDDEN] = 0
    share = DIGITS.predict_proba(covered[None])[0]
    assert found.hidden[row, column] == pytest.approx(share[3], abs=1e-5)
    before = DIGITS.predict_proba(image[None])[0]
    assert found.probability == pytest.approx(before[3], abs=1e-5)
    lead = np.log(before[3] / before[found.rival]) - np.log(share[3] / share[found.rival])
    assert found.fall[row, column] == pytest.approx(lead, abs=1e-2)


def test_hiding_paper_changes_nothing():
    image = np.zeros((32, 32), np.uint8)
    image[20:24, 20:24] = 200
    assert not evidence(DIGITS, image, 1).fall[:3, :3].any()


@pytest.mark.parametrize("network", [DIGITS, PAPERS, Network("lenet1", seed=2)])
def test_the_gradient_is_the_slope_of_the_lead(network):
    image = seen(drawing("7"))
    found = evidence(network, image, 7)
    strongest = np.argsort(np.abs(found.gradient).ravel())[-5:]
    sign = -1 if network.architecture.penalties else 1
    for at in strongest:
        step = np.zeros(32 * 32, np.float32)
        step[at] = 1 / 64
        both = np.stack([image / np.float32(255) + sign * step.reshape(32, 32) for sign in (1, -1)])
        rows, columns = network.architecture.input[1:]
        edge = (32 - rows) // 2
        scores = sign * network.scores(both[:, edge : edge + rows, edge : edge + columns]) / network.temperature
        lead = scores[:, 7] - scores[:, found.rival]
        assert found.gradient.ravel()[at] == pytest.approx(float(lead[0] - lead[1]) * 32, rel=0.03, abs=1e-3)


def test_a_sure_answer_still_has_a_gradient():
    """The gradient of a cross entropy vanishes where the network is sure; the lead's does not."""
    found = evidence(DIGITS, seen(drawing("3")), 3)
    assert found.probability > 0.99
    assert np.abs(found.gradient).max() > 0.1


def test_a_class_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="class 10"):
        evidence(DIGITS, seen(drawing("3")), 10)


@pytest.mark.parametrize("name", ["digit-3.png", "digit-7.jpg", "digit-9.jpg"])
def test_a_picture_becomes_ink_that_is_read_as_the_picture_is(name):
    ink = picture(PICTURES / name)
    assert max(ink.shape) == 96
    square = np.zeros((128, 128), np.uint8)
    square[8 : 8 + ink.shape[0], 9 : 9 + ink.shape[1]] = ink
    assert DIGITS.predict(seen(square, STILL)[None])[0] == int(name[6])


def test_a_picture_with_nothing_on_it_is_refused():
    with pytest.raises(InputError, match="nothing is written"):
        picture(np.full((40, 40), 255, np.uint8))
