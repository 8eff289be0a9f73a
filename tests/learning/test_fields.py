"""Training on whole fields learns, is the same again after an interruption, and refuses what it cannot learn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import lenet
from lenet.architectures import Architecture
from lenet.datasets.labelled_fields import Fields
from lenet.datasets.synthetic import synthetic_fields
from lenet.errors import DivergenceError, InputError
from lenet.learning.fields import FIELD_CLASSES, train_fields
from lenet.learning.history import Progress
from lenet.learning.recipes import RECIPES
from lenet.reading.fields import emissions_of
from lenet.strips import make_strips

SHORT = replace(RECIPES["fields"], epochs=2, batch=8, warmup=0.0)


@pytest.fixture(scope="module")
def digits() -> lenet.Dataset:
    return lenet.load_digits8x8("train")


@pytest.fixture(scope="module")
def fields(digits) -> Fields:
    made = list(synthetic_fields(digits, 24, seed=3, text=lambda rng: str(rng.integers(10, 9999))))
    return Fields([f.picture for f in made], tuple(f.text for f in made), tuple(map(str, range(24))))


class StopError(Exception):
    """Somebody interrupts a training."""


def stop(progress: Progress) -> None:
    """Interrupt a training in its second epoch."""
    if progress.epoch == 2:
        raise StopError


def numbers(network: lenet.Network) -> np.ndarray:
    return np.concatenate([values.ravel() for values in network.parameters.values()])


@pytest.fixture(scope="module")
def trained(fields, digits):
    return train_fields(fields, digits, recipe=SHORT, synthetic=24, validation=fields)


def test_the_loss_falls_and_errors_are_measured(trained):
    network, history = trained
    assert network.classes == FIELD_CLASSES
    assert history.loss[1] < 0.7 * history.loss[0]
    assert all(0 <= error <= 1 for error in history.validation_error)
    assert np.isfinite(numbers(network)).all()


def test_an_interrupted_training_ends_in_the_same_numbers(trained, fields, digits, tmp_path):
    state = tmp_path / "state.safetensors"

    with pytest.raises(StopError):
        train_fields(fields, digits, recipe=SHORT, synthetic=24, checkpoint=state, callback=stop)
    again = train_fields(fields, digits, resume=state, synthetic=24)
    assert np.array_equal(numbers(again.network), numbers(trained.network))


def test_threads_do_not_change_the_numbers(trained, fields, digits):
    for threads in (1, 2):
        again = train_fields(fields, digits, recipe=SHORT, synthetic=24, threads=threads).network
        assert np.array_equal(numbers(again), numbers(trained.network)), threads


def test_other_fields_do_not_go_on_from_a_checkpoint(fields, digits, tmp_path):
    state = tmp_path / "state.safetensors"
    train_fields(fields, digits, recipe=replace(SHORT, epochs=1), synthetic=8, checkpoint=state)
    with pytest.raises(InputError, match="other data"):
        train_fields(fields.subset(range(12)), digits, resume=state, synthetic=8)


def test_fields_or_digits_alone_are_enough(fields, digits):
    brief = replace(SHORT, epochs=1)
    assert len(train_fields(fields, recipe=brief).history) == 1
    assert len(train_fields(None, digits, recipe=brief, synthetic=16).history) == 1
    with pytest.raises(InputError, match="neither"):
        train_fields(None)


def test_going_on_from_a_network_leaves_that_one_alone(trained, fields):
    before = numbers(trained.network).copy()
    more = train_fields(fields, start=trained.network, recipe=replace(SHORT, epochs=1)).network
    assert np.array_equal(numbers(trained.network), before)
    assert not np.array_equal(numbers(more), before)


def test_what_teachers_see_is_learned(trained, fields):
    start, strips = lenet.Network(trained.network.architecture, seed=9), make_strips(fields.pictures)
    start.classes = FIELD_CLASSES
    images = [strip.image for strip in strips]

    def apart(network):
        pairs = zip(emissions_of(network, images, 0), emissions_of(trained.network, images, 0), strict=True)
        return np.mean([(np.exp(b) * (b - a)).sum(axis=1).mean() for a, b in pairs])

    taught = train_fields(fields, start=start, recipe=SHORT, teachers=[trained.network, trained.network])
    assert apart(taught.network) < 0.8 * apart(train_fields(fields, start=start, recipe=SHORT).network)


def test_a_training_goes_on_with_the_same_teachers_alone(trained, fields, tmp_path):
    state, other = tmp_path / "state.safetensors", trained.network.copy()
    other.parameters["OUTPUT.biases"][...] += 0.1
    both = [trained.network, other]

    with pytest.raises(StopError):
        train_fields(fields, recipe=SHORT, teachers=both, checkpoint=state, callback=stop)
    again = train_fields(fields, teachers=both[::-1], resume=state).network
    assert np.array_equal(numbers(again), numbers(train_fields(fields, recipe=SHORT, teachers=both).network))
    for teachers in ([], [trained.network], [other, other]):
        with pytest.raises(InputError, match="another teacher"):
            train_fields(fields, teachers=teachers, resume=state)


def test_teachers_say_nothing_of_exact_fields(trained, fields):
    ignorant = lenet.Network(trained.network.architecture, seed=9)
    ignorant.classes = FIELD_CLASSES
    longer, one = replace(SHORT, epochs=4), fields.subset([0])
    taught = train_fields(fields, start=trained.network, recipe=longer, teachers=[ignorant])
    exact = train_fields(one, exact=fields, start=trained.network, recipe=longer, teachers=[ignorant])
    assert exact.history.loss[-1] < 0.8 * taught.history.loss[-1]


def test_a_teacher_without_finite_answers_ends_the_training(trained, fields):
    teacher = trained.network.copy()
    teacher.parameters["OUTPUT.weights"][...] = 3e38
    with pytest.raises(DivergenceError, match="in epoch 1"):
        train_fields(fields, recipe=SHORT, teachers=[teacher])


def test_as_many_synthetic_fields_pass_as_are_wanted(fields, digits):
    seen = []

    def note(progress):
        seen.append(progress.done)

    for beside in (0.0, 0.5):
        train_fields(fields, digits, recipe=replace(SHORT, epochs=1), synthetic=24, beside=beside, callback=note)
    assert seen == [24, 36]


def test_texts_and_networks_that_do_not_fit_are_refused(fields):
    strange = Fields(fields.pictures[:1], ("12é",), ("strange.png",))
    with pytest.raises(InputError, match=r"strange\.png"):
        train_fields(strange)
    with pytest.raises(InputError, match="whole fields"):
        train_fields(fields, start=lenet.load("digits"))
    with pytest.raises(InputError, match="as a teacher"):
        train_fields(fields, teachers=[lenet.load("digits")])
    wider = lenet.Network(
        Architecture("wider", (1, 40, 160), lenet.architectures.field_network(len(FIELD_CLASSES)).layers[2:])
    )
    wider.classes = FIELD_CLASSES
    with pytest.raises(InputError, match="the same strides"):
        train_fields(fields, teachers=[wider])
