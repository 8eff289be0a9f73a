"""LeNetClassifier among scikit-learn's own: its battery of checks, cloning, pickling, grids."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from lenet.datasets import load_digits8x8

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from lenet.sklearn import LeNetClassifier, _laid


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([LeNetClassifier()])
def test_battery_of_checks_is_passed(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def fitted():
    rows, y = load_digits(return_X_y=True)
    return LeNetClassifier(epochs=15, random_state=0).fit(rows[:1500], y[:1500]), rows[1500:], y[1500:]


def test_digits_are_learned(fitted):
    classifier, rows, y = fitted
    assert classifier.score(rows, y) > 0.93
    assert classifier.predict_proba(rows).shape == (297, 10)


def test_pickled_classifier_reads_the_same(fitted):
    classifier, rows, _ = fitted
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(classifier)).predict_proba(rows), classifier.predict_proba(rows)
    )


def test_clone_forgets_what_was_learned(fitted):
    copy = clone(fitted[0])
    assert copy.get_params() == fitted[0].get_params()
    assert not hasattr(copy, "network_")


def test_same_random_state_gives_the_same_network():
    rows, y = load_digits(return_X_y=True, n_class=3)
    first, second = (LeNetClassifier(epochs=1, random_state=7).fit(rows, y).predict_proba(rows) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_labels_of_any_kind_come_back():
    rows, y = load_digits(return_X_y=True, n_class=3)
    names = np.array(["zero", "one", "two"])[y]
    classifier = LeNetClassifier(epochs=5, random_state=0).fit(rows, names)
    assert classifier.classes_.tolist() == ["one", "two", "zero"]
    assert classifier.score(rows, names) > 0.9


def test_grid_and_pipeline_work():
    rows, y = load_digits(return_X_y=True, n_class=3)
    pipeline = make_pipeline(StandardScaler(), LeNetClassifier(random_state=0))
    grid = {"lenetclassifier__epochs": np.arange(1, 3), "lenetclassifier__architecture": ["lenet5", "lenet5-max-relu"]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(rows[:200], y[:200])
    assert search.best_params_["lenetclassifier__epochs"] in (1, 2)


def test_mnist_rows_are_laid_out_as_images():
    images = load_digits8x8("test").images
    np.testing.assert_array_equal(_laid(images.reshape(len(images), -1)), images)


@pytest.mark.parametrize(
    ("features", "shape"),
    [
        (1, (28, 28)),
        (10, (28, 28)),
        (64, (24, 24)),
        (784, (28, 28)),
        (1024, (32, 32)),
        (1025, (17, 17)),
        (10_000, (25, 25)),
    ],
)
def test_any_number_of_features_fits(features, shape):
    images = _laid(np.full((2, features), 255, np.uint8))
    assert images.shape == (2, 1, *shape)
    assert images[:, :, shape[0] // 2, shape[1] // 2].min() == 255


def test_features_beyond_those_seen_count_as_the_outermost():
    rows = np.tile([[0.0, 1.0, 0.5, 0.0], [1.0, 0.0, 0.5, 1.0]], (10, 1))
    classifier = LeNetClassifier(epochs=1, random_state=0).fit(rows, [0, 1] * 10)
    np.testing.assert_array_equal(
        classifier.predict_proba(10 * rows - 5 * (rows == 0)),
        classifier.predict_proba(np.rint(rows + 1e-9 * (rows == 0.5))),
    )


def test_the_network_bears_the_names_of_the_labels():
    rows, labels = load_digits(return_X_y=True)
    classifier = LeNetClassifier(epochs=1, random_state=0).fit(rows[:60], labels[:60] + 5)
    assert classifier.network_.classes == tuple(str(label) for label in range(5, 15))
