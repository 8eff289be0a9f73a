"""Evaluation, with a network whose probabilities are written down: every figure by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from lenet.architectures import lenet5
from lenet.datasets import from_arrays
from lenet.errors import InputError
from lenet.learning import Rejection, calibrate, evaluate
from lenet.learning.evaluation import wilson
from lenet.network import Network

PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]], np.float32)
LABELS = [0, 1, 0, 1]
"""The third and the fourth are wrong, with 0.6 and 0.7."""


class Written:
    """Reads images, of which nothing but the number matters, by what is written down."""

    classes = ("0", "1")
    architecture = lenet5(classes=2)
    temperature = 1.0

    def __init__(self, probabilities):
        self.probabilities = probabilities

    def predict_proba(self, images, *, threads):
        return self.probabilities[: len(images)]

    def scores(self, images, *, threads):
        return np.log(self.probabilities[: len(images)])


@pytest.fixture
def evaluation():
    return evaluate(Written(PROBABILITIES), dataset(LABELS))


def dataset(labels, classes=("0", "1")):
    return from_arrays(np.zeros((len(labels), 28, 28), np.uint8), labels, classes, name="four")


def test_errors_are_counted(evaluation):
    assert (evaluation.count, evaluation.errors, evaluation.error) == (4, 2, 0.5)
    assert evaluation.confusion == ((1, 1), (1, 1))


def test_most_confident_mistakes_come_first(evaluation):
    assert [(m.index, m.label, m.predicted) for m in evaluation.worst] == [(3, "1", "0"), (2, "0", "1")]
    assert [m.confidence for m in evaluation.worst] == pytest.approx([0.7, 0.6])


def test_list_of_mistakes_is_as_long_as_asked():
    assert len(evaluate(Written(PROBABILITIES), dataset(LABELS), worst=1).worst) == 1


def test_log_loss_and_calibration_are_means(evaluation):
    assert evaluation.log_loss == pytest.approx(-np.log([0.9, 0.8, 0.4, 0.3]).mean())
    assert evaluation.calibration_error == pytest.approx((0.1 + 0.2 + 0.6 + 0.7) / 4)


def test_probability_of_zero_is_no_infinite_loss():
    assert math.isfinite(evaluate(Written(np.array([[1.0, 0.0]], np.float32)), dataset([1])).log_loss)


def test_least_confident_are_rejected_first():
    right = np.full((100, 2), [0.9, 0.1], np.float32)
    right[:4] = [[0.51, 0.49], [0.48, 0.52], [0.45, 0.55], [0.4, 0.6]]
    curve = evaluate(Written(right), dataset([0] * 100)).rejection
    assert curve[0] == Rejection(0.0, pytest.approx(0.51), 0.03)
    assert [point for point in curve if point.rejected == 0.02] == [
        Rejection(0.02, pytest.approx(0.55), pytest.approx(2 / 98))
    ]
    assert curve[-1] == Rejection(0.1, pytest.approx(0.9), 0.0)


def test_values_are_plain(evaluation):
    assert json.loads(evaluation.to_json())["confusion"] == [[1, 1], [1, 1]]
    assert repr(evaluation).startswith("Evaluation('four': 2 of 4 wrong, error 50.00%, 95 % interval 15.00% to 85.00%)")


def test_interval_is_wilsons():
    for bound in wilson(81, 10_000):
        deviation = math.sqrt(bound * (1 - bound) / 10_000)
        assert abs(bound - 0.0081) == pytest.approx(1.959964 * deviation)
    assert wilson(0, 100) == pytest.approx((0, 0.036993), abs=1e-6)
    assert wilson(100, 100) == pytest.approx((0.963007, 1), abs=1e-6)


def test_temperature_undoes_overconfidence():
    random = np.random.default_rng(0)
    sure = random.uniform(0.05, 0.95, 20_000)
    labels = (random.uniform(size=20_000) < sure).astype(int)
    scores = 3 * np.log(np.stack([1 - sure, sure], 1))
    network = Written(np.exp(scores).astype(np.float32))
    assert calibrate(network, dataset(labels)) == pytest.approx(3, rel=0.05)


def test_few_images_all_right_do_not_make_it_sure_of_everything():
    right = np.full((10, 2), [0.9, 0.1], np.float32)
    assert 0.5 < calibrate(Written(right), dataset([0] * 10)) < 1


def test_other_classes_are_refused():
    with pytest.raises(InputError, match="yes, no"):
        evaluate(Written(PROBABILITIES), dataset(LABELS, ["yes", "no"]))


def test_empty_data_set_is_refused():
    with pytest.raises(InputError, match="empty"):
        calibrate(Written(PROBABILITIES), dataset(np.zeros(0, int)))


def test_real_network_is_evaluated():
    evaluation = evaluate(Network("lenet5"), dataset([0] * 8, tuple("0123456789")))
    assert evaluation.errors in (0, 8)
    assert sum(map(sum, evaluation.confusion)) == 8


def test_some_of_the_classes_are_found_by_their_names():
    """A folder with a few digits only is measured as those digits."""
    network = Network("lenet5", seed=3)
    images = np.random.default_rng(0).integers(0, 256, (6, 28, 28), np.uint8)
    whole = evaluate(network, from_arrays(images, [7, 3, 3, 7, 7, 3], tuple("0123456789")))
    some = evaluate(network, from_arrays(images, ["7", "3", "3", "7", "7", "3"]))
    assert some == whole
    with pytest.raises(InputError, match="ace"):
        evaluate(network, from_arrays(images, ["7", "3", "3", "7", "7", "ace"]))
