"""Networks that end in a row of maps, on images of several widths, against the reference."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lenet.architectures import Architecture, Convolution, Subsampling
from lenet.network import Network
from lenet.training import Trainer
from tests import reference
from tests.comparing import assert_close, assert_gradients_close, network_of
from tests.networks import random_field_architecture

SEEDS = range(25)
WIDTHS = (0, 9, 40, 1)  # more columns than the network's own input, in the order of use

# 1x40 in small: pooling of rows alone, kernels higher than wide and wider than high, one row at the end
FIELDS = Architecture(
    "fields",
    (1, 24, 48),
    (
        Convolution("C1", 6, (5, 5), padding=(2, 2), batch_norm=True, activation="scaled_tanh"),
        Subsampling("S1", "max"),
        Convolution("C2", 9, (3, 3), padding=(1, 1), batch_norm=True),
        Subsampling("S2", "max"),
        Convolution("C3", 11, (3, 3), padding=(1, 1), batch_norm=True, activation="relu"),
        Subsampling("S3", "max", (2, 1)),
        Convolution("C4", 13, (3, 3), padding=(0, 1), batch_norm=True, activation="relu"),
        Convolution("OUT", 5, (1, 5), padding=(0, 2), activation="linear"),
    ),
)


def architecture_of(which: int | str) -> Architecture:
    return FIELDS if which == "fields" else random_field_architecture(int(which))


def images_of(architecture: Architecture, more: int, count: int, seed: int = 100) -> NDArray[np.float32]:
    maps, rows, columns = architecture.input
    return np.random.default_rng(seed + more).random((count, maps, rows, columns + more)).astype(np.float32)


def seen(architecture: Architecture, images: NDArray[np.float32]) -> NDArray[np.float64]:
    return reference.scaled(architecture, images.astype(np.float64))


@pytest.mark.parametrize("which", ["fields", *SEEDS])
def test_outputs_of_any_width_are_those_of_the_reference(which: int | str) -> None:
    architecture = architecture_of(which)
    network, values = network_of(architecture)
    for more in WIDTHS:
        images = images_of(architecture, more, 19)
        expected = reference.forward(architecture, values, seen(architecture, images))[-1].output
        found = network.outputs(images)
        assert found.shape[1:] == architecture.shapes(columns=images.shape[3])[-1]
        assert_close(found, expected)
        assert_close(network.outputs(images[:2]), expected[:2])


def passes_of(
    architecture: Architecture, values: reference.Values, more: int, count: int
) -> tuple[NDArray[np.float32], list[reference.Pass]]:
    """Return images, and their passes, that leave no ReLU so near 0 that rounding decides its slope."""
    for seed in range(100, 200):
        images = images_of(architecture, more, count, seed)
        passes = reference.forward(architecture, values, seen(architecture, images), training=True)
        sums = [done.a for done in passes if done.layer.activation == "relu"]
        if all(np.abs(a).min() > 3e-6 * np.abs(a).max() for a in sums):
            return images, passes
    raise AssertionError("no such images")


@pytest.mark.parametrize("which", ["fields", *SEEDS])
def test_gradients_of_any_width_are_those_of_the_reference(which: int | str) -> None:
    architecture = architecture_of(which)
    network, values = network_of(architecture)
    trainer = Trainer(network)
    for more in WIDTHS[:3]:
        images, passes = passes_of(architecture, values, more, 18)
        outputs = trainer.forward(images)
        assert_close(outputs, passes[-1].output)
        deltas = np.random.default_rng(more + 1).normal(size=outputs.shape)
        expected, _ = reference.backward(passes, values, True, deltas)
        flat = trainer.backward(deltas)
        assert_gradients_close(named(network, flat), expected)
        reference.update_statistics(values, passes)
        for name, array in network.statistics.items():
            assert_close(array, values[name])


def named(network: Network, flat: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Name the parts of a flat gradient by finding, in the engine's memory, where each parameter starts."""
    start = network._engine.parameters.ctypes.data
    parts = {}
    for name, view in network.parameters.items():
        at = (view.ctypes.data - start) // 4
        parts[name] = np.lib.stride_tricks.as_strided(flat[at:], view.shape, view.strides)
    return parts


@pytest.mark.parametrize("which", ["fields", *SEEDS[:8]])
def test_bits_do_not_depend_on_threads_or_on_the_widths_before(which: int | str) -> None:
    architecture = architecture_of(which)
    results = []
    for threads, widths in ((1, WIDTHS), (2, WIDTHS), (3, WIDTHS), (2, WIDTHS[::-1])):
        network, _ = network_of(architecture)
        trainer, found = Trainer(network, threads=threads), {}
        for more in widths:
            images = images_of(architecture, more, 40)
            outputs = trainer.forward(images)
            found[more] = (network.outputs(images, threads=threads), outputs, trainer.backward(np.sin(outputs)))
        results.append(found)
    for found in results[1:3]:
        for more in WIDTHS:
            assert all((a == b).all() for a, b in zip(results[0][more], found[more], strict=True))
    for more in WIDTHS:  # the running statistics, which `outputs` reads, do depend on the order
        assert (results[0][more][1] == results[3][more][1]).all()
        assert (results[0][more][2] == results[3][more][2]).all()


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        ("sgd", {"momentum": 0.9, "decay": 0.01}),
        ("sgd", {"momentum": 0.8, "decay": 0.01, "nesterov": True}),
        ("adamw", {"momentum": 0.9, "beta2": 0.99, "decay": 0.1, "epsilon": 1e-3}),
    ],
)
@pytest.mark.parametrize("which", ["fields", *SEEDS[:4]])
def test_updates_are_those_of_the_reference(which: int | str, optimizer: str, options: dict) -> None:
    architecture = architecture_of(which)
    network, values = network_of(architecture)
    trainer, state = Trainer(network, optimizer, **options), {}
    for step, more in enumerate(WIDTHS):
        images, passes = passes_of(architecture, values, more, 17)
        gradients, _ = reference.backward(passes, values, True, passes[-1].output / passes[-1].output.size)
        reference.update_statistics(values, passes)
        if optimizer == "adamw":
            settings = (options[name] for name in ("momentum", "beta2", "decay", "epsilon"))
            reference.adamw(values, gradients, state, step + 1, 0.01, *settings)
        else:
            reference.sgd(values, gradients, state, 0.01, options["momentum"], options["decay"], "nesterov" in options)
        outputs = trainer.forward(images)
        trainer.update(trainer.backward(outputs / outputs.size), 0.01)
    assert trainer.steps == len(WIDTHS)
    for name, array in (network.parameters | network.statistics).items():
        assert np.linalg.norm(array - values[name]) <= 2e-4 * (np.linalg.norm(values[name]) + 0.1), name


def test_narrower_images_than_the_networks_own_are_read_at_their_width() -> None:
    network, values = network_of(FIELDS)
    images = images_of(FIELDS, -20, 5)
    expected = reference.forward(FIELDS, values, seen(FIELDS, images))[-1].output
    assert expected.shape == (5, 5, 1, 7)
    assert_close(network.outputs(images), expected)
    assert_close(network.outputs(images[:, 0]), expected)


@pytest.mark.parametrize("count", [5, 35])
@pytest.mark.parametrize("which", ["fields", *SEEDS])
def test_images_of_unlike_widths_are_read_as_each_by_itself(which: int | str, count: int) -> None:
    """The reference never sees what stands right of an image, and the engine must not let it in."""
    architecture = architecture_of(which)
    network, values = network_of(architecture)
    images, least = images_of(architecture, 37, count), architecture.input[2]
    widths = np.random.default_rng(count).integers(least, images.shape[3], count, endpoint=True)
    found = network.outputs(images, widths=widths, threads=2)
    assert found.shape[1:] == architecture.shapes(columns=images.shape[3])[-1]
    for image, width, outputs in zip(images, widths, found, strict=True):
        own = np.ascontiguousarray(image[np.newaxis, :, :, :width])
        expected = reference.forward(architecture, values, seen(architecture, own))[-1].output[0]
        assert_close(outputs[:, :, : expected.shape[2]], expected)
        assert not outputs[:, :, expected.shape[2] :].any()
    assert (network.outputs(images, widths=widths, threads=1) == found).all()


def test_bits_of_a_block_do_not_depend_on_wider_images_in_it() -> None:
    network, _ = network_of(FIELDS)
    images = (255 * images_of(FIELDS, 48, 32)).astype(np.uint8)
    widths = np.repeat([96, 48, 48, 64], 8)
    found = network.outputs(images, widths=widths)
    for width in (96, 48, 64):
        which = np.flatnonzero(widths == width)
        alone = network.outputs(np.repeat(images[which, :, :, :width], 2, axis=0))[::2]
        assert (found[which, :, :, : alone.shape[3]] == alone).all()


def test_bits_of_a_few_large_images_do_not_depend_on_threads() -> None:
    layers = (Convolution("C", 16, (5, 5), padding=(2, 2)), Convolution("OUT", 2, (40, 3), activation="linear"))
    network, _ = network_of(Architecture("large", (1, 40, 192), layers))
    images = images_of(network.architecture, 0, 5)
    alone = network.outputs(images, threads=1)
    for threads in (2, 3):
        assert (network.outputs(images, threads=threads) == alone).all()
    assert (np.concatenate([network.outputs(images[k : k + 1]) for k in range(5)]) == alone).all()
    images[3, 0, 5, 7] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        network._engine.outputs(images, 2)
