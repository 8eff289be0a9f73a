"""The public door: what a network answers, what it refuses, and what its copies share."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lenet.architectures import Architecture, Convolution, FullConnection, lenet5, lenet5_1998
from lenet.cards import Card
from lenet.errors import ArchitectureError, InputError
from lenet.network import Gradients, Network
from tests import reference
from tests.networks import random_images, random_labels

COLOURS = Architecture("colours", (3, 8, 9), (Convolution("C", 4, (3, 3)), FullConnection("OUT", 2)))
NORMED = Architecture("normed", (1, 8, 8), (Convolution("C", 4, (3, 3), batch_norm=True), FullConnection("OUT", 2)))


@pytest.fixture(scope="module")
def network() -> Network:
    return Network("lenet5", seed=1)


@pytest.fixture
def images() -> np.ndarray:
    return random_images(lenet5(), 6, 1)


# ---- answers --------------------------------------------------------------------------------------------------------


def test_answers_have_their_shapes_and_types(network: Network, images: np.ndarray) -> None:
    assert (network.scores(images).shape, network.scores(images).dtype) == ((6, 10), np.float32)
    assert (network.predict_proba(images).shape, network.predict_proba(images).dtype) == ((6, 10), np.float32)
    assert (network.predict(images).shape, network.predict(images).dtype) == ((6,), np.int64)
    assert network.feature_maps(images[0])["C3"].shape == (16, 10, 10)
    assert network.scan(np.zeros((40, 52), np.uint8)).shape == (10, 3, 6)


def test_largest_score_wins(network: Network, images: np.ndarray) -> None:
    assert (network.predict(images) == network.scores(images).argmax(axis=1)).all()
    assert (network.predict(images) == network.predict_proba(images).argmax(axis=1)).all()


def test_smallest_penalty_wins(images: np.ndarray) -> None:
    network = Network("lenet5-1998", seed=1)
    assert (network.scores(images) >= 0).all()
    assert (network.predict(images) == network.scores(images).argmin(axis=1)).all()
    assert (network.predict(images) == network.predict_proba(images).argmax(axis=1)).all()


def test_network_may_be_named_or_described(images: np.ndarray) -> None:
    assert (Network("lenet5", seed=3).scores(images) == Network(lenet5(), seed=3).scores(images)).all()
    with pytest.raises(ArchitectureError, match="no network is called 'lenet6'"):
        Network("lenet6")


def test_one_map_may_be_left_out(network: Network, images: np.ndarray) -> None:
    assert (network.scores(images[:, 0]) == network.scores(images)).all()
    maps, same = network.feature_maps(images[0]), network.feature_maps(images[0, 0])
    assert all((maps[name] == same[name]).all() for name in maps)
    assert (network.scan(images[0]) == network.scan(images[0, 0])).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_other_floats_are_taken_as_float32(network: Network, images: np.ndarray, dtype: type) -> None:
    given = images.astype(dtype)
    assert (network.scores(given) == network.scores(given.astype(np.float32))).all()


def test_lists_and_views_are_taken_as_arrays(network: Network, images: np.ndarray) -> None:
    expected = network.scores(images)
    assert np.abs(network.scores(images.tolist()) - expected).max() < 1e-6
    assert (network.scores(np.asfortranarray(images)) == expected).all()
    assert (network.scores(np.repeat(images, 2, axis=0)[::2]) == expected).all()


def test_feature_maps_are_named_after_the_layers(network: Network, images: np.ndarray) -> None:
    maps = network.feature_maps(images[0])
    assert list(maps) == ["C1", "S2", "C3", "S4", "C5", "F6", "OUTPUT"]
    assert np.abs(maps["OUTPUT"][:, 0, 0] - network.scores(images[:1])[0]).max() < 1e-5


def test_temperature_makes_it_less_sure(images: np.ndarray) -> None:
    network = Network("lenet5", seed=1)
    sure = network.predict_proba(images).max(axis=1)
    network.temperature = 3
    assert (network.predict_proba(images).max(axis=1) < sure).all()


def test_gradients_are_a_record_with_named_arrays(network: Network, images: np.ndarray) -> None:
    found = network.gradients(images, [0, 1, 2, 3, 4, 5])
    assert isinstance(found, Gradients)
    assert {name: array.shape for name, array in found.parameters.items()} == {
        name: array.shape for name, array in network.parameters.items()
    }
    assert found.inputs.shape == (6, 1, 32, 32)
    assert repr(found).startswith("Gradients(loss 2.")


def test_gradients_leave_the_network_as_it_was() -> None:
    network = Network(NORMED, seed=1)
    before = {name: array.copy() for name, array in (network.parameters | network.statistics).items()}
    images, labels = random_images(NORMED, 5, 2), random_labels(NORMED, 5, 2)
    network.gradients(images, labels)
    assert all((array == before[name]).all() for name, array in (network.parameters | network.statistics).items())


# ---- numbers --------------------------------------------------------------------------------------------------------


def test_parameters_have_the_shapes_of_the_records() -> None:
    shapes = {name: array.shape for name, array in Network("lenet5-1998").parameters.items()}
    assert shapes == {
        "C1.weights": (6, 1, 5, 5),
        "C1.biases": (6,),
        "S2.coefficients": (6,),
        "S2.biases": (6,),
        "C3.weights": (60, 5, 5),
        "C3.biases": (16,),
        "S4.coefficients": (16,),
        "S4.biases": (16,),
        "C5.weights": (120, 16, 5, 5),
        "C5.biases": (120,),
        "F6.weights": (84, 120),
        "F6.biases": (84,),
    }


def test_what_is_written_into_parameters_is_used_at_once(images: np.ndarray) -> None:
    network = Network("lenet5", seed=1)
    weights = network.parameters["OUTPUT.weights"]
    before = network.scores(images)
    weights *= 2
    network.parameters["OUTPUT.biases"][...] = 1
    assert np.allclose(network.scores(images), 2 * before + 1, atol=1e-5)
    network.parameters["C1.weights"][...] = 0
    assert np.ptp(network.scores(images), axis=0).max() == 0
    weights[...] = 0
    assert (network.predict_proba(images) == np.float32(0.1)).all()
    assert (network.scan(np.ones((32, 36), np.float32)) == 1).all()


def test_statistics_are_those_of_batch_norm() -> None:
    network = Network(NORMED, seed=1)
    assert {name: array.tolist() for name, array in network.statistics.items()} == {
        "C.mean": [0] * 4,
        "C.variance": [1] * 4,
    }
    images = random_images(NORMED, 3, 1)
    network.statistics["C.mean"][...] = 0.5
    network.statistics["C.variance"][...] = 2
    values = {name: array.astype(np.float64) for name, array in (network.parameters | network.statistics).items()}
    expected = reference.scores(NORMED, values, reference.place(NORMED, images))
    assert np.allclose(network.scores(images), expected, atol=1e-5)


# ---- refusals -------------------------------------------------------------------------------------------------------

SHAPES = {
    (0, 28, 28): "give at least one image",
    (2, 0, 28): "give at least one image",
    (28, 28): r"image\[np.newaxis\]",
    (784,): "expected",
    (2, 3, 28, 28): "1 channel,",
    (2, 1, 33, 32): "slide over larger ones with scan",
    (2, 40, 40): "slide over larger ones with scan",
    (1, 1, 1, 28, 28): r"expected \(n, rows, columns\)",
}


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_wrong_shapes_are_refused(network: Network, shape: tuple[int, ...], dtype: type) -> None:
    given = np.zeros(shape, dtype)
    for ask in (network.scores, network.predict, network.predict_proba):
        with pytest.raises(InputError, match=SHAPES[shape]):
            ask(given)


def test_wrong_channels_are_refused_with_the_right_number() -> None:
    network = Network(COLOURS)
    for shape in ((2, 8, 9), (2, 1, 8, 9), (2, 8, 9, 3)):
        with pytest.raises(InputError, match=r"expected \(n, 3, rows, columns\), at most 3 maps of 8x9"):
            network.predict(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("dtype", [np.int64, np.uint16, np.bool_, np.complex64, object, "U1"])
def test_wrong_types_are_refused(network: Network, dtype: type) -> None:
    for ask in (network.predict_proba, network.scan):
        with pytest.raises(InputError, match="expected uint8"):
            ask(np.zeros((32, 32) if ask == network.scan else (1, 32, 32), dtype))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_that_are_not_finite_are_refused(bad: float, dtype: type) -> None:
    for name in ("lenet5", "lenet5-max-relu"):
        network, images = Network(name), np.zeros((3, 28, 28), dtype)
        images[1, 4, 5] = bad
        for ask in (network.scores, network.predict_proba, network.predict):
            with pytest.raises(InputError, match="NaN" if np.isnan(bad) else "infinite"):
                ask(images)
        with pytest.raises(InputError, match="finite"):
            network.gradients(images, [0, 1, 2])
        with pytest.raises(InputError, match="finite"):
            network.feature_maps(images[1])
        with pytest.raises(InputError, match="finite"):
            network.scan(np.full((40, 40), bad, dtype))


def test_things_that_are_no_arrays_are_refused(network: Network) -> None:
    for given in (None, "digits.png", [[1.0], [1.0, 2.0]], {}):
        with pytest.raises(InputError):
            network.predict(given)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(31, 40), (40,), (2, 40, 40), (1, 1, 40, 40), (0, 0)])
def test_pictures_that_cannot_be_scanned_are_refused(network: Network, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="1 map of 32x32 or larger"):
        network.scan(np.zeros(shape, np.uint8))


def test_feature_maps_take_one_image(network: Network, images: np.ndarray) -> None:
    with pytest.raises(InputError, match="expected one image"):
        network.feature_maps(images)


LABELS = {
    "0 to 9": [0, 1, 2, 3, 4, 10],
    "label -1": [0, 1, 2, 3, 4, -1],
    "expected 6 whole numbers": [0, 1, 2],
    "labels of float64": [0.0, 1, 2, 3, 4, 5],
    "labels of <U1": list("012345"),
}


@pytest.mark.parametrize("words", LABELS)
def test_wrong_labels_are_refused(network: Network, images: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        network.gradients(images, LABELS[words])  # type: ignore[arg-type]


def test_unknown_loss_is_refused(network: Network, images: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"'hinge'.*cross_entropy, squared_error"):
        network.gradients(images, np.zeros(6, int), loss="hinge")


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf])
def test_wrong_temperature_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="above 0"):
        Network("lenet1").temperature = value


def test_wrong_number_of_class_names_is_refused() -> None:
    network = Network("lenet1")
    with pytest.raises(InputError, match=r"2 names.*10 outputs"):
        network.classes = ("a", "b")
    network.classes = list("abcdefghij")
    assert network.classes == tuple("abcdefghij")


# ---- copies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [Network.copy, copy.deepcopy, lambda given: pickle.loads(pickle.dumps(given))])
@pytest.mark.parametrize("architecture", [lenet5(), lenet5_1998(), NORMED], ids=lambda a: a.name)
def test_copies_agree_and_have_memory_of_their_own(how: object, architecture: Architecture) -> None:
    network = Network(architecture, seed=4)
    network.card, network.temperature = Card("x", "For tests."), 1.5
    network.classes = [f"class {index}" for index in range(architecture.classes)]
    twin = how(network)  # type: ignore[operator]
    images = random_images(architecture, 3, 4)
    assert (twin.predict_proba(images) == network.predict_proba(images)).all()
    assert (twin.card, twin.temperature, twin.classes) == (network.card, 1.5, network.classes)
    before = network.scores(images)
    for array in twin.parameters.values():
        array[...] = 0
    assert (network.scores(images) == before).all()


def test_repr_is_one_line(network: Network) -> None:
    assert repr(network) == "Network('lenet5': 61,706 parameters, 10 classes)"


def test_bfloat16_is_near_or_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(3).random((40, 1, 32, 32), dtype=np.float32)
    network, padded = Network(lenet5(), seed=1), Network(lenet5_1998(), seed=1)
    if network.has_bfloat16:
        exact = network.scores(images)
        assert np.abs(network.scores(images, bfloat16=True) - exact).max() < 0.02 * np.abs(exact).max()
    with pytest.raises(InputError, match="AVX512-BF16"):
        padded.scores(images, bfloat16=True)


# ---- maps of outputs ------------------------------------------------------------------------------------------------

FIELDS = Architecture("fields", (1, 8, 16), (Convolution("C", 4, (5, 5)), Convolution("OUT", 3, (4, 3))))


def test_outputs_of_a_network_that_sorts_are_its_scores(network: Network, images: np.ndarray) -> None:
    assert (network.outputs(images)[:, :, 0, 0] == network.scores(images)).all()
    assert (network.outputs(images[:, :, 2:-2, 2:-2]).shape) == (6, 10, 1, 1)


def test_outputs_follow_the_width_of_the_images() -> None:
    network = Network(FIELDS, seed=1)
    for width in (7, 16, 31):
        assert network.outputs(np.zeros((2, 8, width), np.uint8)).shape == (2, 3, 1, width - 6)


def test_outputs_follow_what_is_written_into_the_parameters() -> None:
    network, images = Network(FIELDS, seed=1), random_images(FIELDS, 7, 1)
    before, parameters = network.outputs(images), network.parameters
    assert (network.outputs(images) == before).all()
    parameters["OUT.biases"][0] += 1
    assert (network.outputs(images)[:, 0] != before[:, 0]).all()


def test_maps_are_no_scores() -> None:
    network = Network(FIELDS, seed=1)
    images = random_images(FIELDS, 7, 1)
    for ask in (network.scores, network.predict, network.predict_proba):
        with pytest.raises(ArchitectureError, match="fields gives 3 maps of 1x10 outputs"):
            ask(images)
    with pytest.raises(ArchitectureError, match="fields gives 3 maps of 1x10 outputs"):
        network.gradients(images, np.zeros(7, int))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 9, 16)), "at most 1 map of 8x16; make them smaller"),
        (np.zeros((2, 2, 8, 16)), "give pictures of 1 channel"),
        (np.zeros((8, 16)), "a single image"),
        (np.zeros((0, 8, 16)), "at least one image"),
        (np.full((2, 8, 20), np.nan), "NaN"),
    ],
)
def test_outputs_refuse_what_does_not_fit(images: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Network(FIELDS).outputs(images)


@pytest.mark.parametrize(
    ("widths", "message"),
    [
        ([16], "shape \\(1,\\) were given; expected 2 whole numbers"),
        ([16.0, 9.0], "widths of float64"),
        ([16, 21], "the width 21 was given; expected 1 to 20"),
        ([0, 16], "the width 0 was given"),
    ],
)
def test_widths_have_to_be_those_of_the_images(widths: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Network(FIELDS).outputs(np.zeros((2, 8, 20), np.uint8), widths=np.array(widths))


def test_widths_are_for_networks_that_read_any(network: Network, images: np.ndarray) -> None:
    with pytest.raises(InputError, match="reads images of one width; leave them out"):
        network.outputs(images, widths=np.full(len(images), 20))
    with pytest.raises(ArchitectureError, match="layer OUT"):
        Network(FIELDS).outputs(np.zeros((2, 8, 20), np.uint8), widths=np.array([20, 6]))


def test_outputs_of_images_narrower_than_a_kernel_are_refused() -> None:
    with pytest.raises(ArchitectureError, match="layer OUT"):
        Network(FIELDS).outputs(np.zeros((2, 8, 6)))


@pytest.mark.parametrize("what", [5, None, b"lenet5", lenet5])
def test_what_is_no_architecture_is_refused(what):
    with pytest.raises(ArchitectureError, match="was given to build"):
        Network(what)


@pytest.mark.parametrize("threads", [1.5, -1, True, "2", 10**6, None])
def test_threads_are_a_whole_number_from_0(threads):
    network, image = Network("lenet1"), np.zeros((1, 28, 28), np.uint8)
    for compute in (network.predict, network.predict_proba, network.outputs):
        with pytest.raises(InputError, match="threads="):
            compute(image, threads=threads)
    with pytest.raises(InputError, match="threads="):
        network.scan(image, threads=threads)
    with pytest.raises(InputError, match="threads="):
        network.gradients(image, [0], threads=threads)
    assert (network.predict(image, threads=np.int64(1)) == network.predict(image)).all()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("LENET_THREADS", "foo"), ("LENET_THREADS", "-3"), ("LENET_THREADS", "0"), ("LENET_PROCESSOR", "foo")],
)
def test_environment_that_cannot_be_followed_is_one_sentence(variable, value):
    code = "from lenet.cli import main; main(['predict', 'examples/pictures/digit-3.png'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1], env=os.environ | {variable: value}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(f"lenet: {variable} is '{value}'")


def test_bytes_as_floats_are_refused():
    """They once were read as they are, and half of them wrongly."""
    network, digits = Network("lenet1"), np.full((40, 28, 28), 255, np.uint8)
    for compute in (network.predict, network.predict_proba, network.outputs):
        with pytest.raises(InputError, match="divide them by 255"):
            compute(digits.astype(np.float32))
    assert network.predict(digits.astype(np.float32) / 255 * 1.2).shape == (40,)


# ---- numbers that are not finite ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["C1.weights", "OUT.biases", "C1.variance"])
def test_numbers_of_the_network_that_are_not_finite_are_named(name: str, bad: float) -> None:
    layers = (Convolution("C1", 4, (5, 5), batch_norm=True), FullConnection("OUT", 3))
    network = Network(Architecture("x", (1, 8, 8), layers), seed=1)
    images = random_images(network.architecture, 20, 1)
    network.scores(images)
    (network.parameters | network.statistics)[name].flat[0] = bad
    for ask in (network.scores, network.predict, network.predict_proba, network.outputs):
        for some in (images, images[:1]):
            with pytest.raises(InputError, match=f"{name} of the network holds NaN or infinite numbers"):
                ask(some)
    for ask in (network.scan, network.feature_maps):
        with pytest.raises(InputError, match=f"{name} of the network holds NaN or infinite numbers"):
            ask(images[0])
    (network.parameters | network.statistics)[name].flat[0] = 1
    assert np.isfinite(network.scores(images)).all()
