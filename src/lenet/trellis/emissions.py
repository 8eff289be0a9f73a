"""What a network says of a field, checked at the door; and the engine's refusals as errors of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lenet.errors import GraphError, InputError

__all__ = ["Emissions", "asked", "asked_graph", "checked"]

Emissions = NDArray[np.floating[Any]]
Result = TypeVar("Result")


def checked(emissions: ArrayLike) -> NDArray[np.float32]:
    """Return emissions as the engine takes them; it looks for NaN itself."""
    scores = np.ascontiguousarray(emissions, np.float32)
    if scores.ndim != 2 or scores.shape[1] < 1:
        raise InputError(f"emissions of shape {scores.shape} were given; (frames, symbols) were expected")
    return scores


def asked(function: Callable[..., Result], *given: object) -> Result:
    """Search; what the engine refuses is the fault of the emissions."""
    try:
        return function(*given)
    except ValueError as error:
        raise InputError(f"{error}; give natural-log scores (frames, symbols) and what fits them") from None


def asked_graph(function: Callable[..., Result], *given: object) -> Result:
    """Make something ready; what the engine refuses is the fault of the graph."""
    try:
        return function(*given)
    except ValueError as error:
        raise GraphError(f"{error}; see lenet.trellis for what is expected") from None
