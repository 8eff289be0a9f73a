"""Which colour ink has: how much of the paper's light it takes away, of red, green and blue each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.documents.paper import paper

__all__ = ["apart", "parted", "tint_of", "tints_of"]

LEAST_APART = 0.05
"""Angle between two inks that are not one; print in one ink stays within 0.02 on good photographs; of ours."""
CLEAR = 0.8
"""Two inks explain this share of the variance of angles between them, or they are not told apart; of ours."""


def tints_of(picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the share of the paper's light that is missing at each pixel, 255 for all of it.

    Parameters
    ----------
    picture : uint8 `(rows, columns)` or `(rows, columns, 3)`, dark ink on light paper.

    Returns
    -------
    uint8 `(rows, columns, 3)`; None for pictures without colours.
    """
    if picture.ndim == 2 or not (np.ptp(picture, axis=2) > 8).any():
        return None
    lost = []
    for channel in range(3):
        plane = np.ascontiguousarray(picture[:, :, channel])
        seen = np.minimum(1, plane / np.maximum(1, paper(plane)).astype(np.float32))
        lost.append((255 * (1 - seen)).astype(np.uint8))
    return np.stack(lost, axis=2)


def tint_of(tints: NDArray[np.uint8], marks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the colour of the ink at some pixels, of length 1; (0, 0, 0) where they have none."""
    total = tints[marks].sum(axis=0, dtype=np.float64)
    return np.asarray(total / max(1e-9, float(np.linalg.norm(total))))


def apart(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the angle between two tints, 0 to pi / 2."""
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return math.acos(min(1.0, float(one @ other) / length)) if length else 0.0


def parted(angles: NDArray[np.float64]) -> float | None:
    """Return the angle that parts two inks; None where there is but one, or they cannot be told apart.

    Parameters
    ----------
    angles : of pieces of ink, each to the tint of one of the inks.

    References
    ----------
    Otsu, A threshold selection method from gray-level histograms, 1979.
    """
    ordered = np.sort(angles)
    if len(ordered) < 2 or ordered[-1] - ordered[0] < LEAST_APART:
        return None
    count = np.arange(1, len(ordered))
    below = np.cumsum(ordered)[:-1] / count
    above = (ordered.sum() - np.cumsum(ordered)[:-1]) / (len(ordered) - count)
    share = count / len(ordered)
    between = share * (1 - share) * (above - below) ** 2
    best = int(between.argmax())
    if above[best] - below[best] < LEAST_APART or between[best] < CLEAR * ordered.var():
        return None
    return float(ordered[best] + ordered[best + 1]) / 2
