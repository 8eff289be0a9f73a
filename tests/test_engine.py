"""The engine against the reference: outputs to 1e-5 of the largest, gradients to 1e-4 of their norm, on every build."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lenet import _engine
from lenet.architectures import (
    ZOO,
    Architecture,
    Convolution,
    FullConnection,
    Subsampling,
    lenet5,
    named,
)
from lenet.network import Network
from tests import reference
from tests.comparing import assert_close, assert_gradients_close, network_of
from tests.networks import random_architecture, random_images, random_labels, random_values

SEEDS = range(60)
NAMES = ("lenet5", "lenet5-max-relu", "lenet5-1998", "lenet4", "lenet1")
LOSSES = ("cross_entropy", "squared_error")


def architecture_of(which: int | str) -> Architecture:
    return named(which) if isinstance(which, str) else random_architecture(which)


@pytest.mark.parametrize("name", _engine.processors())
def test_every_build_passes_this_file(name: str) -> None:
    if name == _engine.processor() or "LENET_PROCESSOR" in os.environ:
        pytest.skip("this run is that one, or was started by it")
    files = [__file__, __file__.replace(".py", "_fields.py")]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files]
    environment = {**os.environ, "LENET_PROCESSOR": name}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_forced_build_is_the_one_that_runs() -> None:
    for name in _engine.processors():
        command = [sys.executable, "-c", "from lenet import _engine; print(_engine.processor())"]
        environment = {**os.environ, "LENET_PROCESSOR": name}
        assert subprocess.run(command, env=environment, capture_output=True, text=True).stdout.strip() == name


# ---- outputs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [*NAMES, *SEEDS])
def test_scores_and_maps_are_those_of_the_reference(which: int | str) -> None:
    architecture = architecture_of(which)
    network, values = network_of(architecture)
    images = random_images(architecture, 19 if isinstance(which, int) else 3, 1)
    passes = reference.forward(architecture, values, reference.place(architecture, images))
    assert_close(network.scores(images), passes[-1].output[:, :, 0, 0])
    for found, made in zip(network.feature_maps(images[0]).values(), passes, strict=True):
        assert_close(found, made.output[0])


@pytest.mark.parametrize("which", ["lenet5-1998", "lenet5", *range(8)])
def test_probabilities_are_the_softmax_over_the_temperature(which: int | str) -> None:
    architecture = architecture_of(which)
    network, values = network_of(architecture)
    images = random_images(architecture, 5, 2)
    outputs = reference.scores(architecture, values, reference.place(architecture, images))
    network.temperature = 2.5
    found = network.predict_proba(images)
    assert_close(found, reference.probabilities(architecture, outputs, 2.5), 1e-4)
    assert found.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-6)


@pytest.mark.parametrize("which", ["lenet5-1998", *range(6)])
def test_bytes_are_the_floats_they_stand_for(which: int | str) -> None:
    architecture = architecture_of(which)
    network, values = network_of(architecture)
    images = random_images(architecture, 5, 3, np.uint8)
    assert_close(network.scores(images), network.scores((images / 255).astype(np.float32)))
    assert_close(network.scores(images), reference.scores(architecture, values, reference.place(architecture, images)))


@pytest.mark.parametrize("rows", range(1, 6))
def test_smaller_images_are_centred_on_paper(rows: int) -> None:
    architecture = Architecture("x", (1, 6, 7), (Convolution("C", 3, (3, 3)), FullConnection("F", 4)), (-0.1, 1.175))
    network, values = network_of(architecture)
    images = random_images(architecture, 3, 4)[:, :, :rows, : rows + 1]
    expected = reference.scores(architecture, values, reference.place(architecture, images))
    assert_close(network.scores(images), expected)
    assert_close(network.scores(images[:, 0]), expected)


@pytest.mark.parametrize("which", ["lenet5", "lenet5-1998", *SEEDS[:20]])
def test_scan_is_the_network_slid_over_the_picture(which: int | str) -> None:
    architecture = architecture_of(which)
    network, values = network_of(architecture)
    maps, rows, columns = architecture.input
    picture = np.random.default_rng(5).random((maps, rows + 5, columns + 12)).astype(np.float32)
    seen = reference.scaled(architecture, picture[np.newaxis].astype(np.float64))
    assert_close(network.scan(picture), reference.forward(architecture, values, seen)[-1].output[0])


def tall_picture(architecture: Architecture, outputs: int) -> NDArray[np.float32]:
    """Return a picture that has so many rows of outputs more than the network, and a few that no output sees."""
    maps, rows, columns = architecture.input
    step = np.prod([getattr(layer, "step", getattr(layer, "stride", (1, 1)))[0] for layer in architecture.layers])
    picture = np.random.default_rng(8).random((maps, rows + outputs * int(step) + int(step) - 1, columns + 3))
    return picture.astype(np.float32)


@pytest.mark.parametrize("which", ["lenet5-1998", *SEEDS[:20]])
def test_scan_of_a_tall_picture_is_put_together_from_bands(which: int | str) -> None:
    architecture = architecture_of(which)
    network, values = network_of(architecture)
    picture = tall_picture(architecture, 37)
    seen = reference.scaled(architecture, picture[np.newaxis].astype(np.float64))
    found = network.scan(picture, threads=1)
    assert_close(found, reference.forward(architecture, values, seen)[-1].output[0])
    for threads in (2, 3):
        assert (network.scan(picture, threads=threads) == found).all()


@pytest.mark.parametrize("name", ["lenet5", "lenet5-1998", "lenet1"])
def test_scan_equals_the_network_on_each_window(name: str) -> None:
    network, _ = network_of(named(name))
    rows, columns = network.architecture.input[1:]
    picture = np.random.default_rng(6).integers(0, 256, (rows + 8, columns + 33)).astype(np.uint8)
    found = network.scan(picture)
    step = network.architecture.summary[-1].step
    for r, c in np.ndindex(found.shape[1:]):
        window = picture[step * r : step * r + rows, step * c : step * c + columns]
        assert_close(found[:, r, c], network.scores(window[np.newaxis])[0])


@pytest.mark.parametrize("which", ["lenet5", *range(10)])
def test_bits_do_not_depend_on_threads_or_neighbours(which: int | str) -> None:
    architecture = architecture_of(which)
    network, _ = network_of(architecture)
    images = random_images(architecture, 70, 7)
    whole = network.scores(images, threads=1)
    assert (network.scores(images, threads=2) == whole).all()
    assert (network.scores(images, threads=5) == whole).all()
    for start, count in ((0, 70), (3, 16), (16, 17), (41, 29)):
        assert (network.scores(images[start : start + count]) == whole[start : start + count]).all()


def naps() -> dict[str, int]:
    """Return how often each thread of this process has gone to sleep."""
    found = {}
    for status in Path("/proc/self/task").glob("*/status"):
        found[status.parent.name] = int(status.read_text().split("\nvoluntary_ctxt_switches:")[1].split()[0])
    return found


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the system does not tell what its threads do")
def test_threads_that_are_not_needed_sleep_on() -> None:
    network, _ = network_of(lenet5())
    network.scores(random_images(network.architecture, 16 * 30, 7), threads=30)
    images = random_images(network.architecture, 64, 7)
    network.scores(images, threads=2)
    before = naps()
    for _ in range(50):
        network.scores(images, threads=2)
    woken = [name for name, count in naps().items() if count - before.get(name, 0) > 5]
    assert len(woken) <= 4  # Python's own thread, the second one, and what a library may run


@pytest.mark.parametrize("which", ["lenet5", *range(10)])
def test_one_image_alone_agrees_with_a_batch(which: int | str) -> None:
    architecture = architecture_of(which)
    network, _ = network_of(architecture)
    images = random_images(architecture, 20, 7)
    assert_close(np.concatenate([network.scores(image[np.newaxis]) for image in images]), network.scores(images))


def test_max_of_equal_numbers_sends_the_gradient_to_the_first() -> None:
    architecture = Architecture("x", (1, 4, 4), (Subsampling("S", "max"), FullConnection("F", 2, activation="linear")))
    network, _ = network_of(architecture)
    inputs = network.gradients(np.ones((1, 4, 4), np.float32), [1]).inputs[0, 0]
    assert (inputs[::2, ::2] != 0).all()
    assert (inputs[1::2] == 0).all()
    assert (inputs[:, 1::2] == 0).all()


def test_c3_map_ignores_the_maps_its_table_leaves_out() -> None:
    layers = (
        Convolution("C", 2, (3, 3), table=((0,), (0, 2)), activation="linear"),
        FullConnection("F", 2, activation="linear"),
    )
    network, _ = network_of(Architecture("x", (3, 5, 5), layers))
    images = random_images(network.architecture, 2, 9)
    changed = images.copy()
    changed[:, 1] += 1
    assert (network.scores(images) == network.scores(changed)).all()
    assert (network.gradients(images, [0, 1]).inputs[:, 1] == 0).all()


# ---- gradients ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("which", [*NAMES, *SEEDS])
def test_gradients_are_those_of_the_reference(which: int | str, loss: str) -> None:
    architecture = architecture_of(which)
    count = 21 if isinstance(which, int) else 2
    network, values = network_of(architecture)
    images, labels = random_images(architecture, count, 10), random_labels(architecture, count, 10)
    seen = reference.place(architecture, images)
    cost, expected, inputs = reference.gradients(architecture, values, seen, labels, loss)
    found = network.gradients(images, labels, loss=loss)
    assert found.loss == pytest.approx(cost, rel=1e-5, abs=1e-6)
    assert_gradients_close(found.parameters, expected)
    assert_gradients_close({"inputs": found.inputs}, {"inputs": inputs})


@pytest.mark.parametrize("which", ["lenet5", *range(8)])
def test_bits_of_gradients_do_not_depend_on_threads(which: int | str) -> None:
    architecture = architecture_of(which)
    network, _ = network_of(architecture)
    images, labels = random_images(architecture, 100, 11), random_labels(architecture, 100, 11)
    alone = network.gradients(images, labels, threads=1)
    for threads in (2, 3):
        shared = network.gradients(images, labels, threads=threads)
        assert shared.loss == alone.loss
        assert (shared.inputs == alone.inputs).all()
        assert all((shared.parameters[name] == array).all() for name, array in alone.parameters.items())


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("seed", range(6))
def test_reference_gradients_are_finite_differences(seed: int, loss: str) -> None:
    architecture = random_architecture(100 + seed)
    values = {name: array.astype(np.float64) for name, array in random_values(architecture, seed).items()}
    seen = reference.place(architecture, random_images(architecture, 3, seed))
    labels = random_labels(architecture, 3, seed)
    _, expected, _ = reference.gradients(architecture, values, seen, labels, loss)
    rng = np.random.default_rng(seed)
    whole = np.sqrt(sum((array**2).sum() for array in expected.values()))
    for name, gradient in expected.items():
        along = rng.normal(size=gradient.shape)
        costs = []
        for sign in (1, -1):
            moved = values | {name: values[name] + sign * 1e-6 * along}
            costs.append(reference.gradients(architecture, moved, seen, labels, loss)[0])
        slope = (costs[0] - costs[1]) / 2e-6
        assert slope == pytest.approx((gradient * along).sum(), abs=1e-4 * (whole + 1) * np.sqrt(along.size)), name


# ---- training -------------------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "sgd": {"momentum": 0.9, "decay": 0.01},
    "sgd plain": {"momentum": 0.0},
    "sgd nesterov": {"momentum": 0.8, "decay": 0.01, "nesterov": True},
    "adamw": {"momentum": 0.9, "beta2": 0.99, "decay": 0.1, "epsilon": 1e-3},  # so that noise near 0 is no direction
}


def reference_training(
    architecture: Architecture, values: reference.Values, seen: NDArray, labels: NDArray, optimizer: str, rates: list
) -> tuple[float, int]:
    """Take the same steps of 16 images; return the sum of losses and the number wrong."""
    options, state, total, wrong = OPTIMIZERS[optimizer], {}, 0.0, 0
    for step, rate in enumerate(rates):
        at = slice(16 * step, 16 * step + 16)
        passes = reference.forward(architecture, values, seen[at], training=True)
        outputs = passes[-1].output[:, :, 0, 0]
        cost, upstream = reference.loss_of(architecture, outputs, labels[at], "cross_entropy")
        gradients, _ = reference.backward(passes, values, True, upstream)
        reference.update_statistics(values, passes)
        best = outputs.argmin(axis=1) if architecture.penalties else outputs.argmax(axis=1)
        total, wrong = total + cost * len(outputs), wrong + int((best != labels[at]).sum())
        if optimizer == "adamw":
            settings = (options[name] for name in ("momentum", "beta2", "decay", "epsilon"))
            reference.adamw(values, gradients, state, step + 1, rate, *settings)
        else:
            momentum, decay = options["momentum"], options.get("decay", 0.0)
            reference.sgd(values, gradients, state, rate, momentum, decay, options.get("nesterov", False))
    return total, wrong


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("which", ["lenet1", *range(12)])
def test_trainer_takes_the_steps_of_the_reference(which: int | str, optimizer: str) -> None:
    architecture = architecture_of(which)
    network, values = network_of(architecture)
    images, labels = random_images(architecture, 40, 12), random_labels(architecture, 40, 12)
    order = np.random.default_rng(12).permutation(40)
    rates = [0.01, 0.005, 0.01]
    seen = reference.place(architecture, images)[order]
    cost, wrong = reference_training(architecture, values, seen, labels[order], optimizer, rates)
    trainer = _engine.Trainer(network._engine, optimizer=optimizer.split()[0], **OPTIMIZERS[optimizer])
    found = trainer.run(images, labels, order, 16, np.array(rates, np.float32))
    assert found[0] == pytest.approx(cost, rel=1e-4)
    assert found[1] == wrong
    assert trainer.step == 3
    for name, array in (network.parameters | network.statistics).items():
        difference = np.linalg.norm(array - values[name])
        assert difference <= 2e-4 * (np.linalg.norm(values[name]) + 0.1), name


@pytest.mark.parametrize("which", ["lenet5", "lenet1", "lenet5-1998", *range(4)])
def test_targets_are_what_the_trainer_goes_towards(which: int | str) -> None:
    architecture = architecture_of(which)
    network, values = network_of(architecture)
    images, labels = random_images(architecture, 20, 16), random_labels(architecture, 20, 16)
    targets = np.random.default_rng(16).dirichlet(np.ones(architecture.classes), 20).astype(np.float32)
    order = np.random.default_rng(17).permutation(20)[:18]
    passes = reference.forward(architecture, values, reference.place(architecture, images)[order], training=True)
    outputs, sign = passes[-1].output[:, :, 0, 0], -1 if architecture.penalties else 1
    found = reference.probabilities(architecture, outputs, 1.0)
    upstream = sign * (found - targets[order]) / 18
    gradients, _ = reference.backward(passes, values, True, upstream)
    reference.sgd(values, gradients, {}, 0.01, 0.0, 0.0, False)
    trainer = _engine.Trainer(network._engine, momentum=0.0)
    cost, wrong = trainer.run(images, labels, order, 18, np.array([0.01], np.float32), targets)
    assert cost == pytest.approx(-(targets[order] * np.log(found)).sum(), rel=1e-4)
    assert wrong == (found.argmax(1) != labels[order]).sum()
    for name, array in network.parameters.items():
        assert np.linalg.norm(array - values[name]) <= 2e-4 * (np.linalg.norm(values[name]) + 0.1), name


def test_targets_of_one_class_are_its_label() -> None:
    numbers = []
    for targets in (None, np.eye(10, dtype=np.float32)):
        network = Network("lenet5", seed=1)
        images, labels = random_images(network.architecture, 10, 18), np.arange(10)
        _engine.Trainer(network._engine).run(images, labels, labels, 10, np.full(1, 0.1, np.float32), targets)
        numbers.append(network._engine.parameters.copy())
    np.testing.assert_array_equal(*numbers)


@pytest.mark.parametrize(
    ("loss", "targets", "message"),
    [
        ("squared_error", np.eye(10), "cross entropy"),
        ("cross_entropy", np.eye(10)[:9], "images, classes"),
        ("cross_entropy", np.eye(10)[:, :9], "images, classes"),
        ("cross_entropy", 2 * np.eye(10), "sum to 1"),
        ("cross_entropy", np.eye(10) - np.eye(10)[::-1], "negative"),
        ("cross_entropy", np.full((10, 10), np.nan), "no number"),
    ],
)
def test_targets_that_are_no_distribution_are_refused(loss: str, targets: NDArray, message: str) -> None:
    network = Network("lenet5", seed=1)
    images, labels = random_images(network.architecture, 10, 18), np.arange(10)
    trainer = _engine.Trainer(network._engine, loss=loss)
    with pytest.raises(ValueError, match=message):
        trainer.run(images, labels, labels, 10, np.full(1, 0.1, np.float32), np.ascontiguousarray(targets, np.float32))


def trained(threads: int, pieces: int) -> tuple[NDArray, NDArray]:
    """Train one pass, in one or several runs that hand on the state; return the numbers and the state."""
    network = Network("lenet5", seed=1)
    images, labels = random_images(network.architecture, 96, 13), random_labels(network.architecture, 96, 13)
    order, state, step = np.arange(96), None, 0
    for part in np.split(order, pieces):
        trainer = _engine.Trainer(network._engine, threads=threads)
        if state is not None:
            trainer.state[...] = state
            trainer.step = step
        trainer.run(images, labels, part, 16, np.full(len(part) // 16, 0.05, np.float32))
        state, step = trainer.state.copy(), trainer.step
    return network._engine.parameters.copy(), state


def test_training_has_the_same_bits_on_any_number_of_threads() -> None:
    assert all((a == b).all() for a, b in zip(trained(1, 1), trained(2, 1), strict=True))


def test_training_resumes_from_its_state_as_if_never_interrupted() -> None:
    assert all((a == b).all() for a, b in zip(trained(2, 1), trained(2, 3), strict=True))


def test_training_on_bytes_takes_the_steps_of_floats() -> None:
    numbers = []
    for dtype in (np.uint8, np.float32):
        network = Network(lenet5(pooling="max"), seed=2)
        images = random_images(network.architecture, 32, 14, np.uint8)[:, :, :28, :28]
        ready = images if dtype is np.uint8 else (images / 255).astype(np.float32)
        trainer = _engine.Trainer(network._engine, threads=1)
        labels = random_labels(network.architecture, 32, 14)
        trainer.run(np.ascontiguousarray(ready), labels, np.arange(32), 16, np.full(2, 0.1, np.float32))
        numbers.append(network._engine.parameters.copy())
    assert_close(numbers[0], numbers[1])


def test_every_named_network_learns_a_small_batch() -> None:
    for name in ZOO:
        network = Network(name, seed=1)
        if network.architecture.shapes()[-1][1:] != (1, 1):
            continue  # it gives maps: learning/test_fields.py
        images, labels = random_images(network.architecture, 32, 15), random_labels(network.architecture, 32, 15)
        optimizer = _engine.Trainer(network._engine, optimizer="adamw")
        first, _ = optimizer.run(images, labels, np.arange(32), 16, np.full(2, 2e-3, np.float32))
        order = np.tile(np.arange(32), 15)
        optimizer.run(images, labels, order, 16, np.full(30, 2e-3, np.float32))
        last, _ = optimizer.run(images, labels, np.arange(32), 16, np.full(2, 2e-3, np.float32))
        assert last < first, name


def test_bfloat16_reads_nothing_past_an_odd_edge() -> None:
    architecture = Architecture("odd", (1, 15, 15), (Convolution("C", 2, (3, 3)), FullConnection("OUT", 4)))
    engine = _engine.Network(architecture.to_json())
    engine.parameters[:] = np.random.default_rng(0).uniform(-0.3, 0.3, engine.parameters.size)
    engine.changed()
    images = np.random.default_rng(1).random((20, 1, 15, 15), dtype=np.float32)
    if engine.has_bfloat16:
        np.testing.assert_allclose(engine.forward(images, bfloat16=True), engine.forward(images), atol=0.02)


def test_backward_after_a_refused_pass_is_refused() -> None:
    engine = _engine.Network(lenet5().to_json())
    images = np.zeros((3, 1, 32, 32), np.float32)
    engine.forward_train(images)
    with pytest.raises(ValueError, match="NaN"):
        engine.forward_train(np.full((40, 1, 32, 32), np.nan, np.float32))
    with pytest.raises(ValueError, match="last forward_train"):
        engine.backward(np.zeros((3, 10), np.float32), True)


def test_steps_before_a_refused_batch_count_everywhere() -> None:
    engine = _engine.Network(lenet5().to_json())
    engine.parameters[:] = np.random.default_rng(0).uniform(-0.1, 0.1, engine.parameters.size)
    engine.changed()
    images = np.random.default_rng(1).random((32, 1, 32, 32), dtype=np.float32)
    engine.forward(images)
    images[20] = np.nan
    labels, order = np.zeros(32, np.int64), np.arange(32)
    with pytest.raises(ValueError, match="NaN"):
        _engine.Trainer(engine).run(images, labels, order, 16, np.full(2, 0.1, np.float32))
    after = engine.forward(images[:16])
    engine.changed()
    np.testing.assert_array_equal(after, engine.forward(images[:16]))
