"""Global training: gradients by finite differences through graph and network, and a loss that falls."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lenet
from lenet.datasets.labelled_fields import Fields
from lenet.errors import InputError
from lenet.learning import Recipe
from lenet.learning.segments import segment_loss, segment_network, train_segments
from lenet.segments import SEGMENT_CLASSES, make_segments
from lenet.training import Trainer
from tests.documents.test_cuts import string
from tests.writing import on_paper


def picture(text, gap=0.3):
    return on_paper(string(text, gap=gap)[0], contrast=0.8)


@pytest.fixture(scope="module")
def segments():
    return make_segments([picture("304", gap=-0.03)])[0]


@pytest.mark.parametrize("text", ["304", "34", "3-4", "30.4"])
def test_the_gradient_by_scores_is_that_of_finite_differences(segments, text):
    scores = np.random.default_rng(len(text)).normal(0, 1, (len(segments), len(SEGMENT_CLASSES))).astype(np.float32)
    found = segment_loss(segments, scores, text)
    rng, step = np.random.default_rng(3), 0.05
    for _ in range(25):
        place = rng.integers(len(segments)), rng.integers(len(SEGMENT_CLASSES))
        more, less = scores.copy(), scores.copy()
        more[place] += step
        less[place] -= step
        rise = segment_loss(segments, more, text).loss - segment_loss(segments, less, text).loss
        assert found.deltas[place] == pytest.approx(rise / (2 * step), abs=2e-4)


def test_probabilities_of_all_texts_add_up_to_one():
    """Two atoms and no others: every text of one or two characters, counted out."""
    segments = make_segments([picture("11", gap=0.4)])[0]
    scores = np.random.default_rng(0).normal(0, 1, (len(segments), len(SEGMENT_CLASSES))).astype(np.float32)
    signs = "0123456789-"
    texts = [a + b for a in signs for b in ["", *signs]]
    closed = [segment_loss(segments, scores, text).loss for text in texts if not text.isdigit()]
    digits = [a + b for a in "0123456789" for b in ["", *"0123456789"]]
    opened = [segment_loss(segments, scores, text).loss for text in digits]
    assert segments.segmentation.atoms == 2
    only_signs = [segment_loss(segments, scores, text).loss for text in ("-", "--")]
    assert sum(math.exp(-loss) for loss in opened) + sum(math.exp(-loss) for loss in only_signs) == pytest.approx(1)
    assert all(loss > 0 for loss in closed)


def test_an_exact_text_is_one_of_those_that_an_open_one_stands_for(segments):
    """Of two atoms "3" alone may be 3 in one piece, or 3 beside a sign where the text is open."""
    two = make_segments([picture("11", gap=0.4)])[0]
    scores = np.random.default_rng(5).normal(0, 1, (len(two), len(SEGMENT_CLASSES))).astype(np.float32)
    exact = math.exp(-segment_loss(two, scores, "3", exact=True).loss)
    beside = sum(math.exp(-segment_loss(two, scores, text).loss) for text in ("-3", "3-"))
    assert math.exp(-segment_loss(two, scores, "3").loss) == pytest.approx(exact + beside)
    assert segment_loss(two, scores, "3-", exact=True).loss == segment_loss(two, scores, "3-").loss


def test_what_cannot_be_spelled_has_no_gradient(segments):
    scores = np.zeros((len(segments), len(SEGMENT_CLASSES)), np.float32)
    found = segment_loss(segments, scores, "1" * (segments.segmentation.atoms + 1))
    assert found.loss == math.inf
    assert not found.deltas.any()
    assert not found.right


def test_the_gradient_goes_into_the_network(segments):
    """Finite differences by some of the network's own numbers, through segments and graph."""
    network = segment_network(lenet.load("digits"))
    trainer = Trainer(network, "sgd")
    count = len(segments)

    def loss():
        return segment_loss(segments, trainer.forward(segments.images).reshape(count, -1), "304")

    deltas = loss().deltas
    gradient = trainer.backward(deltas.reshape(count, -1, 1, 1))
    numbers = network._arena[0]
    for place in np.argsort(-abs(gradient))[[0, 3, 20, 100]]:
        before, step = numbers[place], 1e-2
        numbers[place] = before + step
        network._engine.changed()
        more = loss().loss
        numbers[place] = before - step
        network._engine.changed()
        less = loss().loss
        numbers[place] = before
        network._engine.changed()
        assert gradient[place] == pytest.approx((more - less) / (2 * step), rel=0.05, abs=1e-3)


def test_a_network_for_segments_begins_with_what_digits_knows():
    digits = lenet.load("digits")
    network = segment_network(digits)
    images = np.random.default_rng(0).integers(0, 256, (5, 2, 28, 28), np.uint8)
    scores = network.scores(images)
    np.testing.assert_allclose(scores[:, 1:11], digits.scores(images[:, 0]), atol=1e-4)
    assert not scores[:, [0, 11]].any()


def fields(texts):
    return Fields([picture(text, gap=0.1) for text in texts], tuple(texts), tuple(texts), "drawn")


def test_the_loss_falls_and_drawn_fields_are_read():
    data = fields(["304", "17", "52", "906", "48", "2371", "60", "85"])
    recipe = Recipe(optimizer="adamw", epochs=12, batch=4, rate=3e-3, warmup=0.1, validation=0.0)
    seen = []
    network, history = train_segments(
        data, segment_network(lenet.load("digits")), recipe=recipe, validation=data, callback=seen.append
    )
    losses = [epoch.loss for epoch in history.epochs]
    assert losses[-1] < 0.3 * losses[0]
    assert history.epochs[-1].validation_error == 0
    assert [progress.finished for progress in seen] == list(history.epochs)
    again, _ = train_segments(data, segment_network(lenet.load("digits")), recipe=recipe)
    images = np.zeros((1, 2, 28, 28), np.uint8)
    np.testing.assert_array_equal(network.scores(images), again.scores(images))


def test_exact_fields_pass_beside_open_ones():
    recipe = Recipe(optimizer="adamw", epochs=1, batch=4, rate=1e-3, validation=0.0)
    seen = []
    train_segments(
        fields(["12", "3"]),
        segment_network(lenet.load("digits")),
        exact=fields(["45"]),
        recipe=recipe,
        callback=seen.append,
    )
    assert [progress.images for progress in seen] == [3]


def test_what_cannot_be_trained_is_refused():
    with pytest.raises(InputError, match="a network for segments, as segment_network makes"):
        train_segments(fields(["12"]), lenet.load("digits"))
    with pytest.raises(InputError, match="LeNet-5 of the ten digits"):
        segment_network(segment_network(lenet.load("digits")))
    with pytest.raises(InputError, match="at least one field"):
        train_segments(Fields([], (), (), "none"), segment_network(lenet.load("digits")))
