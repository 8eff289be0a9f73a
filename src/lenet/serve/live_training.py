"""A training to be watched: filters and error come from noise, a look every ten steps or a few times a second."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architectures import Convolution, named
from lenet.datasets import Dataset, load_digits8x8, load_mnist
from lenet.errors import DownloadError, InputError, MissingExtraError
from lenet.inputs import thread_count
from lenet.learning import Distortion, Progress, Recipe, train
from lenet.network import Network
from lenet.serve.jobs import Job, Stopped

__all__ = ["ARCHITECTURES", "DATA", "Plan", "choices", "kernels_of", "watch"]

ARCHITECTURES = ("lenet5", "lenet5-max-relu", "lenet5-1998", "lenet4", "lenet1")
"""Networks that learn within seconds."""
DATA = ("mnist", "digits8x8")
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Learning rates to choose from; the largest is there to be seen failing."""
BATCHES = (8, 32, 64, 256)
HELD_OUT = 1_000
"""Digits of MNIST's training part that are held out; of digits8x8 it is its test part, mostly of other writers."""
_EVERY = 10
"""Steps between two looks at first, when most happens; of ours."""
_SECONDS = 0.15
"""Least time between two looks, so that looking takes a small part of it; of ours."""
_SHOWN_WRONG = 20
"""Digits still read wrong that are sent with a look; of ours."""
_SHOWN_KERNELS = 12
"""Kernels of the second convolution that are sent with a look; of ours."""
_PASSES = {"mnist": 3, "digits8x8": 20}
"""Passes over the data until a training ends by itself; of ours: about as long as one likes to watch."""


@dataclass(frozen=True)
class Plan:
    """What a page asks to be trained.

    Parameters
    ----------
    data, architecture : of `DATA` and `ARCHITECTURES`.
    rate : the largest learning rate, above 0 and up to 1.
    batch : images a step, 1 to 1,024.
    seed : decides the noise that it starts from.

    Raises
    ------
    InputError
        A value cannot be used.
    """

    data: str = "digits8x8"
    architecture: str = "lenet5"
    rate: float = 0.03
    batch: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value, known in (("data", self.data, DATA), ("network", self.architecture, ARCHITECTURES)):
            if value not in known:
                raise InputError(f"the {name} {value!r} was asked for; choose one of {', '.join(known)}")
        for name, number, most in (("rate", self.rate, 1.0), ("batch", self.batch, 1024.0)):
            if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number <= most:
                raise InputError(f"the {name} is {number!r}; give a number above 0 and up to {most:g}")
        for name, number in (("batch", self.batch), ("seed", self.seed)):
            if not isinstance(number, int) or not 0 <= number < 1 << 31:
                raise InputError(f"the {name} is {number!r}; give a whole number, 0 or more")

    def recipe(self) -> Recipe:
        """Return how it is trained; of ours: as "quick", with the rate and batch asked for."""
        return Recipe(
            epochs=_PASSES[self.data], batch=self.batch, rate=self.rate, warmup=0.05, nesterov=True, validation=0,
            distortion=Distortion(shift=1, whole_pixels=True), seed=self.seed,
        )  # fmt: skip


def choices() -> dict[str, Any]:
    """Return what a page may choose from; data that are not on this machine are left out."""
    return {
        "data": [name for name in DATA if _is_here(name)],
        "architectures": [{"name": name, "parameters": named(name).parameters} for name in ARCHITECTURES],
        "rates": RATES,
        "batches": BATCHES,
        "usual": {"lenet5-1998": 0.003},
    }


def watch(plan: Plan, job: Job) -> Network:
    """Train as planned and report every look to the job; return the network as it is when it is over or stopped."""
    training, held_out = _data(plan.data)
    network = Network(plan.architecture, seed=plan.seed)
    network.classes = training.classes
    looks = _Looks(job, held_out, len(training))
    try:
        job.report(**looks.of(network, None))
        return train(
            training, network, recipe=plan.recipe(), validation=held_out, callback=looks.progress,
            every=_EVERY, threads=max(1, thread_count(0) // 2),
        ).network  # fmt: skip
    except Stopped:
        if looks.now is not None and looks.now.network is not None:
            network = looks.now.network.copy()
            job.tell(**looks.of(network, looks.now))  # it went on since the last look
        job.network = network
        raise


def kernels_of(network: Network) -> list[dict[str, Any]]:
    """Return kernels of the first two convolutions: name, rows, columns, and numbers in rows, a list a kernel."""
    shown: list[dict[str, Any]] = []
    for layer in [layer for layer in network.architecture.layers if isinstance(layer, Convolution)][:2]:
        weights = network.parameters[f"{layer.name}.weights"]
        rows, columns = weights.shape[-2:]
        most = weights.size if not shown else _SHOWN_KERNELS
        some = np.round(weights.reshape(-1, rows * columns)[:most], 3)
        shown.append({"name": layer.name, "rows": rows, "columns": columns, "kernels": some.tolist()})
    return shown


class _Looks:
    """Looks at a network while it learns."""

    def __init__(self, job: Job, held_out: Dataset, images: int) -> None:
        self.job, self.held_out, self.images = job, held_out, images
        self.started = self.last = time.perf_counter()
        self.now: Progress | None = None

    def progress(self, now: Progress) -> None:
        """Report a look at a training, unless the last one was just now."""
        assert now.network is not None
        self.now = now
        due = time.perf_counter() - self.last >= _SECONDS if now.done < now.images else now.finished is not None
        self.job.report(**self.of(now.network, now) if due else {})

    def of(self, network: Network, now: Progress | None) -> dict[str, Any]:
        """Return a look: the point of the curve, the kernels, and the digits still wrong."""
        self.last = time.perf_counter()
        shares = network.predict_proba(self.held_out.images, threads=1)
        found = shares.argmax(1)
        wrong = np.flatnonzero(found != self.held_out.labels)
        return {
            "point": self._point(now, len(wrong) / len(found)),
            "kernels": kernels_of(network),
            "wrong": self._wrong(wrong, found, shares),
            "by_digit": self._by_digit(wrong),
            "held_out": len(found),
            "wrong_count": len(wrong),
            "total": self.images * (1 if now is None else now.epochs),
            "classes": self.held_out.classes,
        }

    def _point(self, now: Progress | None, error: float) -> dict[str, Any]:
        return {
            "seen": 0 if now is None else (now.epoch - 1) * self.images + now.done,
            "seconds": round(time.perf_counter() - self.started, 2),
            "loss": None if now is None else round(now.loss, 4),
            "training_error": None if now is None else round(now.training_error, 4),
            "held_out_error": round(error, 4),
        }

    def _wrong(
        self, wrong: NDArray[np.int64], found: NDArray[np.int64], shares: NDArray[np.float32]
    ) -> list[dict[str, Any]]:
        """Return the first digits that are still wrong; in the order of the data, so that one sees them go."""
        classes, size = self.held_out.classes, self.held_out.images.shape[-1]
        return [
            {
                "index": k,
                "label": classes[self.held_out.labels[k]],
                "read": classes[found[k]],
                "sure": round(float(shares[k, found[k]]), 3),
                "size": size,
                "ink": base64.b64encode(self.held_out.images[k].tobytes()).decode(),
            }
            for k in wrong[:_SHOWN_WRONG].tolist()
        ]

    def _by_digit(self, wrong: NDArray[np.int64]) -> list[float]:
        """Return for each class the share of its held-out digits that is wrong."""
        size, labels = len(self.held_out.classes), self.held_out.labels
        counts = np.bincount(labels[wrong], minlength=size) / np.maximum(1, np.bincount(labels, minlength=size))
        return [round(share, 4) for share in counts.tolist()]


@lru_cache(maxsize=2)
def _data(name: str) -> tuple[Dataset, Dataset]:
    """Return what is trained on, and what is held out."""
    if name == "digits8x8":
        return load_digits8x8("train"), load_digits8x8("test")
    digits = load_mnist("train", download=False)
    return digits.subset(slice(None, -HELD_OUT)), digits.subset(slice(-HELD_OUT, None))


def _is_here(name: str) -> bool:
    try:
        _data(name)
    except (DownloadError, MissingExtraError):
        return False
    return True
