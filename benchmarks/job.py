"""What a contender's process holds ready: something to time, and what it computed, to be compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

__all__ = ["Job", "timed"]

WARM_UP = 0.2
"""Part of the time that goes by before the clock starts: threads wake, clocks rise, caches fill."""


@dataclass(frozen=True)
class Job:
    """Something to time.

    Parameters
    ----------
    rate : takes seconds, works for about so long, returns things done per second.
    answer : the probabilities of the first images, `(n, classes)`, to be compared with lenet's; None in training.
    """

    rate: Callable[[float], float]
    answer: np.ndarray | None = None


def timed(call: Callable[[], object], things: int) -> Callable[[float], float]:
    """Return a function that repeats `call`, which does `things` things, and returns how many a second were done."""

    def rate(seconds: float) -> float:
        start = perf_counter()
        while perf_counter() - start < WARM_UP * seconds:
            call()
        calls, start = 0, perf_counter()
        while (passed := perf_counter() - start) < seconds or calls == 0:
            call()
            calls += 1
        return things * calls / passed

    return rate
