"""The bridge to scikit-learn: `LeNetClassifier`, which clones, pickles and searches grids like any classifier."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lenet.datasets import Dataset
from lenet.errors import InputError, MissingExtraError
from lenet.learning import Recipe, train

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise MissingExtraError(f'scikit-learn is needed ({error}); install it: pip install "lenet[sklearn]"') from error

__all__ = ["LeNetClassifier"]

_INPUT = 32
"""Rows and columns that LeNet-5 reads."""

_DIGIT = 28
"""Smaller squares are enlarged by a whole factor as long as they stay within MNIST's size."""


_BLOCK = 16
"""The engine reads one or a few images in another order of sums; blocks give a row the same bits in any company."""


class LeNetClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """LeNet-5 as a scikit-learn classifier.

    Every row of features is laid row by row into the smallest square that holds it, centred, with zeros around: 784
    features are an image of 28x28, 64 one of 8x8. Small squares are enlarged by a whole factor, large ones averaged
    down, to what the network reads. Features are taken in 256 steps between the smallest and the largest number seen
    by `fit`; numbers beyond count as these.

    Parameters
    ----------
    architecture : {"lenet5", "lenet5-max", "lenet5-relu", "lenet5-max-relu"} or Architecture, default="lenet5"
        The network; it reads one map of 32x32, and its last layer gets a unit for each class.
    epochs : int, default=20
        Times that every row is seen.
    batch_size : int, default=32
        Rows a step.
    learning_rate : float, default=0.05
        The largest rate: it climbs there over a fifth of the steps and then falls to 0.
    random_state : int, RandomState instance or None, default=None
        Decides the first weights and the order of the rows; the same int gives the same network.
    threads : int, default=0
        How many to use; 0 means LENET_THREADS, or else what the machine offers. The result is the same.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels seen by `fit`.
    n_features_in_ : int
        How many features a row has.
    range_ : tuple of two floats
        The smallest and the largest number seen by `fit`.
    network_ : lenet.Network
        The trained network.
    history_ : lenet.History
        What training measured.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from lenet.sklearn import LeNetClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = LeNetClassifier(random_state=0).fit(X[:1500], y[:1500])
    >>> bool(classifier.score(X[1500:], y[1500:]) > 0.9)
    True
    """

    def __init__(
        self,
        architecture: Any = "lenet5",
        *,
        epochs: int = 20,
        batch_size: int = 32,
        learning_rate: float = 0.05,
        random_state: Any = None,
        threads: int = 0,
    ) -> None:
        self.architecture = architecture
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.threads = threads

    def fit(self, X: ArrayLike, y: ArrayLike) -> LeNetClassifier:  # noqa: N803 (scikit-learn's name)
        """Train on rows `X`, `(n_samples, n_features)`, with labels `y`, `(n_samples,)`.

        Raises
        ------
        ValueError
            Rows or labels cannot be used, or there is only one class.
        """
        rows, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, numbers_of = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(f"the labels are all of 1 class, {self.classes_[0]!r}; give rows of two classes or more")
        self.range_ = (float(rows.min()), float(rows.max()))
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        recipe = Recipe(
            epochs=_whole(self.epochs),
            batch=_whole(self.batch_size),
            rate=self.learning_rate,
            seed=seed,
            validation=0,
        )
        names = tuple(map(str, self.classes_))
        if len(set(names)) < len(names):  # such as 1.0 and "1.0" among objects
            names = tuple(f"{name} ({number})" for number, name in enumerate(names))
        data = Dataset(self._images(rows), numbers_of.astype(np.int64), names, name="the rows given to fit")
        self.network_, self.history_ = train(data, self.architecture, recipe=recipe, threads=self.threads)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Return the probabilities of the classes, `(n_samples, n_classes)`, in the order of `classes_`."""
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=np.float64)
        images = self._images(rows)
        if len(images) < _BLOCK:
            images = np.pad(images, ((0, _BLOCK - len(images)), (0, 0), (0, 0), (0, 0)))
        found = self.network_.predict_proba(images, threads=self.threads)[: len(rows)]
        probabilities = found.astype(np.float64)
        return np.asarray(probabilities / probabilities.sum(axis=1, keepdims=True))

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """Return the label of each row, `(n_samples,)`."""
        check_is_fitted(self)
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def _images(self, rows: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return rows of features as images, uint8 `(n, 1, side, side)`."""
        low, high = self.range_
        width = high - low
        if not 0 < width < math.inf:  # all the same, or too far apart for a float to say how far
            return _laid(np.zeros(rows.shape, np.uint8))
        return _laid(np.rint((np.clip(rows, low, high) - low) / width * 255).astype(np.uint8))


def _laid(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay each row into the smallest square that holds it, and bring that to a size that the network reads."""
    count, features = rows.shape
    side = math.isqrt(features - 1) + 1
    before = (side * side - features) // 2
    padded = np.zeros((count, side * side), np.uint8)
    padded[:, before : before + features] = rows
    images = padded.reshape(count, side, side)
    if side <= _INPUT:
        factor = max(1, _DIGIT // side)
        return images.repeat(factor, 1).repeat(factor, 2)[:, np.newaxis]
    factor = -(-side // _INPUT)
    room = -side % factor
    images = np.pad(images, ((0, 0), (room // 2, room - room // 2), (room // 2, room - room // 2)))
    blocks = images.reshape(count, images.shape[1] // factor, factor, -1, factor)
    return np.asarray(np.rint(blocks.mean((2, 4))), np.uint8)[:, np.newaxis]


def _whole(value: Any) -> Any:
    """Return NumPy's integers, which a search of a grid gives, as Python's."""
    return int(value) if isinstance(value, numbers.Integral) and not isinstance(value, bool) else value
