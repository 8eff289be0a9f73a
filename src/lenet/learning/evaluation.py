"""What a network gets wrong: errors with their interval, confusion, worst mistakes, rejection, calibration."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.datasets import Dataset
from lenet.errors import InputError
from lenet.network import Network

__all__ = ["Evaluation", "Mistake", "Rejection", "calibrate", "evaluate", "wilson"]

_BINS = 15
"""Bins of confidence, of equal width (Guo et al., On Calibration of Modern Neural Networks, 2017)."""

_REJECTED = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
"""Shares of the images, least confident first, whose rejection is reported; of ours."""

_TEMPERATURES = (0.05, 20.0)
"""Where `calibrate` looks; of ours: far beyond what any network that learned needs."""

_SMALLEST = 1e-12
"""Probability below which the log loss of an image no longer grows: float32 rounds them to 0."""


@dataclass(frozen=True)
class Mistake:
    """An image that was read wrong: its index, its label, what it was read as, and with what probability."""

    index: int
    label: str
    predicted: str
    confidence: float


@dataclass(frozen=True)
class Rejection:
    """What is left when the least confident images are rejected.

    Parameters
    ----------
    rejected : share of the images that are rejected.
    threshold : the confidence that an accepted image has at least.
    error : share of the accepted images that are wrong.
    """

    rejected: float
    threshold: float
    error: float


@dataclass(frozen=True)
class Evaluation:
    """How well a network reads a data set.

    Parameters
    ----------
    name : of the data set.
    count, errors : images, and those read wrong.
    error : errors over count, from 0 to 1.
    interval : of the error, 95 % (Wilson).
    confusion : rows are labels, columns what was read; counts.
    classes : the names of both.
    worst : mistakes, most confident first.
    log_loss : mean of minus the natural logarithm of the right class's probability.
    calibration_error : expected difference of confidence and share of right ones, over 15 bins.
    rejection : errors left when 0 to 10 % of the images are rejected.
    """

    name: str
    count: int
    errors: int
    error: float
    interval: tuple[float, float]
    confusion: tuple[tuple[int, ...], ...]
    classes: tuple[str, ...]
    worst: tuple[Mistake, ...]
    log_loss: float
    calibration_error: float
    rejection: tuple[Rejection, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as values that `json.dumps` takes."""
        return asdict(self)

    def to_json(self) -> str:
        """Return the evaluation as JSON."""
        return json.dumps(self.to_dict())

    def __repr__(self) -> str:
        low, high = self.interval
        return (
            f"Evaluation({self.name!r}: {self.errors:,} of {self.count:,} wrong, "
            f"error {self.error:.2%}, 95 % interval {low:.2%} to {high:.2%})"
        )


def evaluate(network: Network, dataset: Dataset, *, worst: int = 20, threads: int = 0) -> Evaluation:
    """Let a network read a data set, and count.

    Parameters
    ----------
    network : what reads.
    dataset : images with their labels; its classes have to be the network's, or some of them, in any order.
    worst : how many mistakes to list.
    threads : how many to use; 0 means LENET_THREADS, or else what the machine offers. The result is the same.

    Raises
    ------
    InputError
        The data set is empty, or its images or classes are not the network's.
    """
    dataset = _fitted(network, dataset)
    probabilities = network.predict_proba(dataset.images, threads=threads).astype(np.float64)
    found, labels, count = probabilities.argmax(1), dataset.labels, len(dataset)
    confidence = probabilities[np.arange(count), found]
    right = found == labels
    errors, size = count - int(right.sum()), len(dataset.classes)
    confusion = np.bincount(labels * size + found, minlength=size * size).reshape(size, size)
    return Evaluation(
        name=dataset.name,
        count=count,
        errors=errors,
        error=errors / count,
        interval=wilson(errors, count),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        classes=dataset.classes,
        worst=_worst(dataset, found, confidence, worst),
        log_loss=_log_loss(probabilities, labels),
        calibration_error=_calibration_error(confidence, right),
        rejection=_rejection(confidence, right),
    )


def calibrate(network: Network, dataset: Dataset, *, threads: int = 0) -> float:
    """Return the temperature with which the network's probabilities fit best; assign it to `Network.temperature`.

    The data have to be held out from training. The mean log loss is minimised by a golden-section search. Where they
    are few, they move the present temperature little: its logarithm has a normal prior of deviation 1, so that ten
    images, all of them right, do not make a network sure of everything.

    Raises
    ------
    InputError
        The data set is empty, or its images or classes are not the network's.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017.
    """
    dataset = _fitted(network, dataset)
    scores = network.scores(dataset.images, threads=threads).astype(np.float64)
    scores = -scores if network.architecture.penalties else scores
    right = scores[np.arange(len(dataset)), dataset.labels]

    before = math.log(network.temperature)

    def loss(logarithm: float) -> float:
        cold = scores / math.exp(logarithm)
        top = cold.max(1)
        each = np.log(np.exp(cold - top[:, np.newaxis]).sum(1)) + top - right / math.exp(logarithm)
        return float(np.sum(each)) + (logarithm - before) ** 2 / 2

    ratio = (math.sqrt(5) - 1) / 2
    low, high = map(math.log, _TEMPERATURES)
    while high - low > 1e-4:
        left, right_end = high - ratio * (high - low), low + ratio * (high - low)
        if loss(left) < loss(right_end):
            high = right_end
        else:
            low = left
    return math.exp((low + high) / 2)


def wilson(errors: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, which stays within 0 and 1 for few errors (Wilson 1927)."""
    z = 1.959964
    share = errors / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def _fitted(network: Network, dataset: Dataset) -> Dataset:
    """Return the data with the network's classes, found by their names."""
    if not len(dataset):
        raise InputError(f"{dataset} is empty; give at least one image")
    if dataset.classes == network.classes:
        return dataset
    unknown = set(dataset.classes) - set(network.classes)
    if unknown or len(set(network.classes)) < len(network.classes):
        raise InputError(
            f"{dataset.name} has the classes {', '.join(dataset.classes)}, but the network reads "
            f"{', '.join(network.classes)}; give data of the network's classes, by their names"
        )
    places = np.array([network.classes.index(name) for name in dataset.classes], np.int64)
    return replace(dataset, labels=places[dataset.labels], classes=network.classes)


def _worst(dataset: Dataset, found: NDArray[np.int64], confidence: NDArray[Any], most: int) -> tuple[Mistake, ...]:
    """Return the most confident mistakes, most confident first."""
    wrong = np.flatnonzero(found != dataset.labels)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    names = dataset.classes
    return tuple(Mistake(int(i), names[dataset.labels[i]], names[found[i]], float(confidence[i])) for i in order)


def _log_loss(probabilities: NDArray[Any], labels: NDArray[np.int64]) -> float:
    right = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(right, _SMALLEST)).mean())


def _calibration_error(confidence: NDArray[Any], right: NDArray[np.bool_]) -> float:
    """Return the mean over images of |mean confidence - share right| of the bin that the image falls in."""
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, confidence, _BINS) - np.bincount(bins, right, _BINS)
    return float(np.abs(gaps).sum() / len(confidence))


def _rejection(confidence: NDArray[Any], right: NDArray[np.bool_]) -> tuple[Rejection, ...]:
    """Return the errors left after rejecting each of the shares in `_REJECTED`."""
    order = np.argsort(confidence, kind="stable")
    kept_wrong = np.concatenate([np.cumsum(~right[order][::-1])[::-1], [0]])
    curve = []
    for share in _REJECTED:
        first = min(round(share * len(order)), len(order) - 1)
        error = float(kept_wrong[first] / (len(order) - first))
        curve.append(Rejection(first / len(order), float(confidence[order[first]]), error))
    return tuple(curve)
