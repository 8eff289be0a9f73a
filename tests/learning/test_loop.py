"""The loop: it learns, repeats itself to the bit, goes on where it stopped, and says when it cannot."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from lenet.architectures import ZOO, FullConnection, lenet5, named
from lenet.cards import Card
from lenet.datasets import from_arrays, load_digits8x8, load_mnist
from lenet.errors import ArchitectureError, DivergenceError, FormatError, InputError
from lenet.learning import RECIPES, Distortion, Recipe, calibrate, evaluate, train
from lenet.learning.loop import _shifted
from lenet.learning.recipes import usual
from lenet.network import Network

SHORT = Recipe(epochs=3, batch=20, rate=0.05, validation=0.1, seed=5)
ALL_OF_IT = {
    "plain": SHORT,
    "whole pixels": replace(SHORT, distortion=Distortion(shift=1, whole_pixels=True)),
    "adamw, bent, averaged": replace(
        SHORT, optimizer="adamw", rate=0.003, decay=0.05, average=0.9, distortion=Distortion(rotation=9, elastic=0.8)
    ),
}
recipes = pytest.mark.parametrize("recipe", ALL_OF_IT.values(), ids=ALL_OF_IT)


def numbers(network):
    return np.concatenate([array.ravel() for array in network.parameters.values()])


def test_average_of_few_steps_is_their_mean(few):
    recipe = replace(SHORT, batch=230, validation=0, schedule="constant", warmup=0)
    after = [numbers(train(few, recipe=replace(recipe, epochs=epochs)).network) for epochs in (1, 2)]
    mean = numbers(train(few, recipe=replace(recipe, epochs=2, average=0.999)).network)
    np.testing.assert_allclose(mean, (after[0] + after[1]) / 2, atol=1e-6)


def test_digits_are_learned(digits):
    network, history = train(digits, recipe=replace(RECIPES["small"], epochs=20))
    assert evaluate(network, load_digits8x8("test")).error < 0.05
    assert history.loss[-1] < 0.2 * history.loss[0]


@pytest.mark.parametrize("name", [name for name in ZOO if named(name).shapes()[-1][1:] == (1, 1)])
def test_every_network_learns_by_its_usual_recipe(digits, name):
    """Networks of penalties once learned nothing at the rate of the others."""
    recipe = replace(usual(len(digits), named(name)), epochs=4 if name == "deep5" else 20)
    assert evaluate(train(digits, name, recipe=recipe).network, load_digits8x8("test")).error < 0.1


@recipes
def test_same_recipe_gives_the_same_bits(few, recipe):
    first, second = (train(few, recipe=recipe, threads=threads) for threads in (1, 2))
    np.testing.assert_array_equal(numbers(first.network), numbers(second.network))
    assert first.history.loss == second.history.loss


def test_other_seed_gives_other_numbers(few):
    first, second = (train(few, recipe=replace(SHORT, seed=seed)).network for seed in (1, 2))
    assert not np.array_equal(numbers(first), numbers(second))


class PowerCut(BaseException):
    pass


def cut_in_epoch(number):
    def callback(progress):
        if progress.epoch == number and progress.finished is None:
            raise PowerCut

    return callback


@recipes
def test_resumed_training_equals_an_uninterrupted_one(few, tmp_path, recipe):
    whole = train(few, recipe=recipe)
    with pytest.raises(PowerCut):
        train(few, recipe=recipe, checkpoint=tmp_path / "state", callback=cut_in_epoch(3))
    resumed = train(few, resume=tmp_path / "state")
    np.testing.assert_array_equal(numbers(resumed.network), numbers(whole.network))
    for column in ("loss", "training_error", "validation_error"):
        assert getattr(resumed.history, column) == getattr(whole.history, column)


@pytest.fixture(scope="module")
def teacher(few):
    return train(few, "lenet1", recipe=replace(SHORT, epochs=20)).network


@recipes
def test_taught_network_agrees_more_with_its_teacher(few, teacher, recipe):
    network, history = train(few, recipe=replace(recipe, epochs=12), teacher=teacher)
    assert history.loss[-1] < history.loss[0]
    assert np.mean(network.predict(few.images) == teacher.predict(few.images)) > 0.8
    assert network.temperature < 1  # fitted from 1 / recipe.temperature


def test_taught_network_has_the_inverse_temperature_where_nothing_is_held_out(few, teacher):
    network, _ = train(few, recipe=replace(SHORT, validation=0), teacher=teacher)
    assert network.temperature == 1 / SHORT.temperature


def test_taught_network_learns_the_teachers_scores_over_the_temperature(few, teacher):
    wrong_labels = replace(few, labels=(few.labels + 1) % 10)
    network, _ = train(wrong_labels, recipe=replace(SHORT, epochs=20, validation=0, temperature=2.0), teacher=teacher)
    assert np.mean(network.predict(few.images) == teacher.predict(few.images)) > 0.8


@recipes
def test_taught_training_resumes_to_the_same_bits(few, teacher, tmp_path, recipe):
    whole = train(few, recipe=recipe, teacher=teacher, threads=1)
    with pytest.raises(PowerCut):
        train(few, recipe=recipe, teacher=teacher, checkpoint=tmp_path / "state", callback=cut_in_epoch(3))
    resumed = train(few, teacher=teacher, resume=tmp_path / "state", threads=2)
    np.testing.assert_array_equal(numbers(resumed.network), numbers(whole.network))
    assert resumed.network.temperature == whole.network.temperature
    with pytest.raises(InputError, match="another teacher"):
        train(few, resume=tmp_path / "state")


def test_teacher_that_does_not_fit_is_refused(few, teacher):
    with pytest.raises(InputError, match="the teacher reads"):
        train((few.images, [f"class {label}" for label in few.labels]), teacher=teacher)
    with pytest.raises(InputError, match="cross_entropy"):
        train(few, teacher=teacher, recipe=replace(SHORT, loss="squared_error"))


def test_interruption_leaves_the_last_checkpoint(few, tmp_path):
    def interrupt(progress):
        if progress.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(few, recipe=SHORT, checkpoint=tmp_path / "state", callback=interrupt)
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]
    assert len(train(few, resume=tmp_path / "state").history) == 3


def test_finished_training_resumes_to_itself(few, tmp_path):
    network, history = train(few, recipe=SHORT, checkpoint=tmp_path / "state")
    again = train(few, resume=tmp_path / "state")
    np.testing.assert_array_equal(numbers(again.network), numbers(network))
    assert again.history == history


def test_other_data_cannot_resume(few, digits, tmp_path):
    train(few, recipe=SHORT, checkpoint=tmp_path / "state")
    with pytest.raises(InputError, match="other data"):
        train(digits, resume=tmp_path / "state")


def test_other_recipe_cannot_resume(few, tmp_path):
    train(few, recipe=SHORT, checkpoint=tmp_path / "state")
    with pytest.raises(InputError, match="recipe=None"):
        train(few, resume=tmp_path / "state", recipe="quick")


def test_checkpoint_of_another_kind_is_refused(few, tmp_path):
    (tmp_path / "state").write_bytes(b"no checkpoint")
    with pytest.raises(FormatError, match="not a whole checkpoint"):
        train(few, resume=tmp_path / "state")


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
@pytest.mark.parametrize("rate", [1e4, 1e30])
def test_divergence_is_said_so(few, rate):
    recipe = replace(SHORT, rate=rate, schedule="constant", warmup=0, momentum=0.99, epochs=30, loss="squared_error")
    with pytest.raises(DivergenceError, match="lower the rate"):
        train(few, lenet5(activation="relu"), recipe=recipe)


def test_validation_images_are_held_out(few):
    seen = []
    train(few, recipe=replace(SHORT, epochs=1), callback=seen.append)
    assert seen[-1].images == 207
    assert seen[-1].finished.validation_error is not None


def test_validation_may_be_given(few, digits):
    history = train(few, recipe=replace(SHORT, epochs=1), validation=digits.subset(slice(300, 400))).history
    assert history.validation_error[0] is not None


def test_nothing_is_held_out_if_so_asked(few):
    history = train(few, recipe=replace(SHORT, epochs=1, validation=0)).history
    assert history.validation_error == (None,)


def test_progress_is_told_in_order(digits):
    seen = []
    train(digits, recipe=Recipe(epochs=2, batch=10, validation=0), callback=seen.append)
    assert [(told.epoch, told.done, told.finished is None) for told in seen] == [
        (1, 1000, True), (1, 1500, True), (1, 1500, False), (2, 1000, True), (2, 1500, True), (2, 1500, False),
    ]  # fmt: skip
    assert {told.epochs for told in seen} == {2}


def test_network_is_trained_further_on_a_copy(few):
    start = Network("lenet5", seed=3)
    before = numbers(start).copy()
    network, _ = train(few, start, recipe=replace(SHORT, epochs=1, rate=1e-9))
    np.testing.assert_array_equal(numbers(start), before)
    np.testing.assert_allclose(numbers(network), before, atol=1e-6)


def test_last_layer_gets_a_unit_for_each_class():
    images, labels = np.zeros((8, 28, 28), np.uint8), ["cat", "dog", "bird", "cat"] * 2
    network, _ = train((images, labels), recipe=Recipe(epochs=1))
    assert network.classes == ("bird", "cat", "dog")
    assert isinstance(network.architecture.layers[-1], FullConnection)
    assert network.architecture.classes == 3


def test_network_with_fixed_outputs_refuses_other_classes():
    images = np.zeros((4, 28, 28), np.uint8)
    with pytest.raises(ArchitectureError, match="fixed"):
        train((images, [0, 1, 2, 0]), "lenet5-1998")


def test_zero_epochs_give_the_first_numbers(few):
    network, history = train(few, recipe=replace(SHORT, epochs=0))
    np.testing.assert_array_equal(numbers(network), numbers(Network("lenet5", seed=5)))
    assert len(history) == 0


@pytest.mark.parametrize("images", [np.zeros((4, 33, 28), np.uint8), np.zeros((4, 3, 32, 32), np.uint8)])
def test_images_that_do_not_fit_are_refused(images):
    with pytest.raises(InputError, match="does not fit lenet5"):
        train((images, [0] * 4), lenet5(classes=1))


def test_images_may_lie_anywhere_in_memory(few):
    strided = replace(few, images=few.images.repeat(2, 3)[..., ::2])
    network, _ = train(strided, recipe=replace(SHORT, epochs=1))
    np.testing.assert_array_equal(numbers(network), numbers(train(few, recipe=replace(SHORT, epochs=1)).network))


def test_what_is_no_data_set_is_refused():
    with pytest.raises(InputError, match="int was given"):
        train(7)


def test_no_images_are_refused():
    with pytest.raises(InputError, match="no images to train on"):
        train((np.zeros((0, 28, 28), np.uint8), np.zeros(0, int)), lenet5(classes=1))


def test_network_of_other_classes_is_refused(few):
    with pytest.raises(InputError, match="3 outputs"):
        train(few, Network(lenet5(classes=3)))


def test_unknown_network_is_refused(few):
    with pytest.raises(ArchitectureError, match="lenet6"):
        train(few, "lenet6")


def test_shifts_go_every_way_and_lose_nothing_but_the_edge():
    images = np.zeros((18, 1, 5, 5), np.uint8)
    images[:, :, 2, 2] = 255
    places = {tuple(place[1:]) for place in np.argwhere(_shifted(images, 1, 0, 0)[:, 0])}
    assert places == {(row, column) for row in (1, 2, 3) for column in (1, 2, 3)}


@pytest.mark.data
def test_mnist_is_learned_in_seconds(data):
    network, history = train(load_mnist(data=data))
    assert evaluate(network, load_mnist("test", data=data)).error < 0.011
    assert len(history) == 3


def test_network_is_calibrated_on_what_was_held_out(few):
    network, history = train(few, recipe=SHORT)
    assert network.temperature == calibrate(at_temperature(network, 1.0), few.split(SHORT.validation, SHORT.seed)[1])
    assert network.card.figures == {"error on 23 images held out": history.validation_error[-1]}
    assert "calibrated on 23 images" in network.card.summary


def test_network_is_not_called_calibrated_where_nothing_was_held_out(few):
    network, _ = train(few, recipe=replace(SHORT, validation=0))
    assert network.temperature == 1
    assert "nothing was held out" in network.card.summary


def test_card_says_the_recipe_really_used(few, tmp_path):
    train(few, recipe=SHORT, checkpoint=tmp_path / "state")
    card = train(few, resume=tmp_path / "state").network.card
    assert (card.seed, card.recipe["epochs"], card.data) == (5, 3, few.name)
    assert card.version
    assert json.loads(card.to_json())


def test_trained_further_is_another_network(few, teacher):
    """Neither what its card says nor its temperature is true of the new numbers."""
    before = at_temperature(teacher, 7.0)
    before.card = Card("old", "Gets 0.01 % wrong.", figures={"error": 0.0001})
    network, _ = train(few, before, recipe=replace(SHORT, validation=0, epochs=1))
    assert network.temperature == 1
    assert "error" not in network.card.figures
    assert (before.card.name, before.temperature) == ("old", 7.0)


def at_temperature(network, temperature):
    network = network.copy()
    network.temperature = temperature
    return network


def test_resuming_refuses_another_network(few, tmp_path):
    train(few, "lenet1", recipe=SHORT, checkpoint=tmp_path / "state")
    with pytest.raises(InputError, match="the checkpoint holds"):
        train(few, "lenet5", resume=tmp_path / "state")
    assert train(few, "lenet1", resume=tmp_path / "state").network.architecture.name == "lenet1"


def test_resuming_refuses_other_names_of_classes(few, tmp_path):
    train(few, recipe=SHORT, checkpoint=tmp_path / "state")
    with pytest.raises(InputError, match="other classes"):
        train(replace(few, classes=tuple("abcdefghij")), resume=tmp_path / "state")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda few: few.images, "ndarray was given as validation"),
        (lambda few: few.subset([]), "holds no image"),
        (lambda few: replace(few, classes=tuple("abcdefghij")), "the same classes"),
        (lambda few: from_arrays(np.zeros((2, 40, 40), np.uint8), [0, 1], few.classes), "does not fit"),
    ],
)
def test_validation_that_does_not_fit_is_refused_at_the_start(few, given, words):
    with pytest.raises(InputError, match=words):
        train(few, recipe=SHORT, validation=given(few), callback=lambda _: pytest.fail("it trained"))


def test_one_class_is_nothing_to_learn(few):
    with pytest.raises(InputError, match="two classes or more"):
        train((few.images, np.zeros(len(few), int)))


def test_teacher_answers_in_float32(few, teacher, monkeypatch):
    """Rounded answers would be others on other processors."""
    asked = []

    class Engine:
        def probabilities(self, images, temperature, threads, bfloat16):
            asked.append(bfloat16)
            return np.full((len(images), 10), 0.1, np.float32)

        parameters, statistics = teacher._engine.parameters, teacher._engine.statistics

    taught_by = teacher.copy()
    monkeypatch.setattr(taught_by, "_engine", Engine())
    train(few, recipe=replace(SHORT, epochs=1, validation=0), teacher=taught_by)
    assert asked == [False]


def test_shift_beyond_the_image_leaves_a_row():
    images = np.full((30, 1, 3, 5), 9, np.uint8)
    assert _shifted(images, 16, 0).reshape(30, -1).max(1).min() == 9


def test_whoever_is_called_back_sees_the_network_of_that_moment(few):
    seen = []

    def look(progress):
        seen.append((numbers(progress.network).copy(), progress.network.predict(few.images)))

    network = train(few, recipe=replace(SHORT, validation=0, epochs=2), callback=look).network
    assert len(seen) == 4
    np.testing.assert_array_equal(seen[-1][0], numbers(network))
    np.testing.assert_array_equal(seen[-1][1], network.predict(few.images))
    assert not np.array_equal(seen[0][0], seen[-1][0])
    assert (seen[-1][1] == few.labels).mean() > (seen[0][1] == few.labels).mean()


def test_it_calls_back_as_often_as_it_is_told(few):
    steps = []
    recipe = replace(SHORT, batch=20, validation=0, epochs=1)
    train(few, recipe=recipe, every=2, callback=lambda progress: steps.append(progress.done))
    assert steps == [*range(40, len(few), 40), len(few), len(few)]


def test_how_often_it_calls_back_changes_nothing_where_nothing_is_drawn_anew(few):
    often, seldom = (train(few, recipe=SHORT, every=every).network for every in (3, 100))
    np.testing.assert_array_equal(numbers(often), numbers(seldom))


def test_it_cannot_call_back_more_often_than_every_step(few):
    with pytest.raises(InputError, match="every=0"):
        train(few, recipe=SHORT, every=0)
