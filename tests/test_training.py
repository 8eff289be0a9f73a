"""Training by hand: what `Trainer` refuses, and that it learns; the numbers are compared in test_engine_fields.py."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

import lenet.training
from lenet.architectures import Architecture, Convolution, Subsampling
from lenet.errors import ArchitectureError, InputError
from lenet.learning import train
from lenet.network import Network
from lenet.training import Trainer

FIELDS = Architecture(
    "fields",
    (1, 8, 16),
    (
        Convolution("C", 4, (5, 5), padding=(2, 2), batch_norm=True, activation="relu"),
        Subsampling("S", "max"),
        Convolution("OUT", 3, (4, 3), padding=(0, 1), activation="linear"),
    ),
)


@pytest.fixture
def trainer() -> Trainer:
    return Trainer(Network(FIELDS, seed=1))


def test_the_example_runs() -> None:
    assert doctest.testmod(lenet.training).failed == 0


def test_a_row_of_outputs_learns_where_the_ink_is(trainer: Trainer) -> None:
    rng = np.random.default_rng(0)
    errors = []
    for step in range(60):
        images = rng.integers(0, 2, (16, 1, 1, 4 + step % 3)).repeat(8, axis=2).repeat(4, axis=3).astype(np.float32)
        wanted = images[:, :, 0, ::2]
        wrong = trainer.forward(images)[:, 0] - wanted
        errors.append(float(np.square(wrong).mean()))
        deltas = np.stack([wrong, 0 * wrong, 0 * wrong], axis=1) / wrong.size
        trainer.update(trainer.backward(deltas), rate=0.02)
    assert np.mean(errors[-5:]) < 0.2 * np.mean(errors[:5])


def test_steps_and_state_are_all_that_goes_on(trainer: Trainer) -> None:
    images = np.random.default_rng(1).random((4, 8, 20), np.float32)

    def step(by: Trainer) -> None:
        by.update(by.backward(by.forward(images) / 50), rate=0.01)

    step(trainer)
    other = Trainer(trainer.network.copy())
    other.state[...], other.steps = trainer.state, trainer.steps
    step(trainer)
    step(other)
    assert other.steps == 2
    for name, array in (trainer.network.parameters | trainer.network.statistics).items():
        np.testing.assert_array_equal(array, (other.network.parameters | other.network.statistics)[name])


def test_what_was_trained_is_what_reads(trainer: Trainer) -> None:
    images = np.random.default_rng(1).random((9, 8, 20), np.float32)
    before = trainer.network.outputs(images)
    trainer.update(trainer.backward(trainer.forward(images)), rate=0.1)
    after = trainer.network.outputs(images)
    assert (after != before).any()
    np.testing.assert_array_equal(after, trainer.network.copy().outputs(images))


@pytest.mark.parametrize(
    ("deltas", "message"),
    [
        (np.zeros((2, 3, 1, 9)), "expected floats of shape"),
        (np.zeros((2, 3, 1, 10), int), "expected floats of shape"),
        (np.full((2, 3, 1, 10), np.nan), "NaN"),
        ([[1], [1, 2]], "numpy.stack"),
    ],
)
def test_deltas_that_do_not_fit_are_refused(trainer: Trainer, deltas: object, message: str) -> None:
    trainer.forward(np.zeros((2, 8, 20), np.float32))
    with pytest.raises(InputError, match=message):
        trainer.backward(deltas)  # type: ignore[arg-type]


def test_going_back_needs_a_pass_that_was_not_refused(trainer: Trainer) -> None:
    deltas = np.zeros((2, 3, 1, 10), np.float32)
    with pytest.raises(InputError, match="forward pass before"):
        trainer.backward(deltas)
    trainer.forward(np.zeros((2, 8, 20), np.float32))
    with pytest.raises(InputError, match="NaN"):
        trainer.forward(np.full((2, 8, 20), np.nan, np.float32))
    with pytest.raises(InputError, match="forward pass before"):
        trainer.backward(deltas)


@pytest.mark.parametrize("gradient", [np.zeros(3), np.zeros((1, 5)), "no"])
def test_gradients_of_another_length_are_refused(trainer: Trainer, gradient: object) -> None:
    with pytest.raises(InputError, match="as backward returns them"):
        trainer.update(gradient, 0.1)  # type: ignore[arg-type]


def test_a_gradient_that_is_not_finite_is_refused(trainer: Trainer) -> None:
    before = trainer.network.copy().parameters
    with pytest.raises(InputError, match="lower the learning rate"):
        trainer.update(np.full(trainer.state.size // 2, np.inf), 0.1)
    for name, array in trainer.network.parameters.items():
        np.testing.assert_array_equal(array, before[name])


def test_an_unknown_optimizer_is_refused() -> None:
    with pytest.raises(InputError, match="'adam'"):
        Trainer(Network(FIELDS), "adam")  # type: ignore[arg-type]


def test_images_too_narrow_or_too_high_are_refused(trainer: Trainer) -> None:
    with pytest.raises(ArchitectureError, match="layer S"):
        trainer.forward(np.zeros((2, 8, 1), np.float32))
    with pytest.raises(InputError, match="at most 1 map of 8x20"):
        trainer.forward(np.zeros((2, 9, 20), np.float32))


def test_training_by_labels_refuses_maps_of_outputs() -> None:
    data = (np.zeros((6, 8, 16), np.uint8), np.array([0, 1, 2] * 2))
    with pytest.raises(ArchitectureError, match="3 maps of 1x8 outputs"):
        train(data, FIELDS)
    with pytest.raises(ArchitectureError, match="3 maps of 1x8 outputs"):
        train(data, Network(FIELDS))


def test_outputs_of_parameters_that_are_not_finite_are_nan(trainer: Trainer) -> None:
    trainer.network.parameters["C.weights"][0, 0, 0, 0] = np.nan
    assert np.isnan(trainer.forward(np.zeros((2, 8, 20), np.float32))).all()
