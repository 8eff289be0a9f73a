"""What is near each pixel: the largest value, the mean; and pictures made smaller to look at them quickly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["closing", "enlarged", "largest_near", "local_mean", "reduced"]

ESTIMATE_SIDE = 400
"""Paper is estimated on a picture about this wide and high: a pixel there is a thin stroke of a page's handwriting."""


def largest_near(values: NDArray[Any], down: int, across: int) -> NDArray[Any]:
    """Return the largest value at most `down` rows and `across` columns away; outside the array everything is 0.

    Windows double from step to step, so it costs the logarithm of their size.
    """
    for axis, reach in ((0, down), (1, across)):
        length = values.shape[axis]
        radius, width = min(reach, length - 1), 1
        if radius <= 0:
            continue
        padded = np.zeros([size + 2 * radius * (axis == i) for i, size in enumerate(values.shape)], values.dtype)
        along = padded if axis == 0 else padded.T
        along[radius : radius + length] = values if axis == 0 else values.T
        while width < 2 * radius + 1:
            step = min(width, 2 * radius + 1 - width)
            along, width = np.maximum(along[:-step], along[step:]), width + step
        values = along if axis == 0 else along.T
    return values


def closing(plane: NDArray[np.uint8], window: int) -> NDArray[np.uint8]:
    """Return the largest value in a window around each pixel, and of those the smallest: dark detail is gone."""
    radius = window // 2
    high = largest_near(plane, radius, radius)
    low: NDArray[np.uint8] = 255 - largest_near(255 - high, radius, radius)
    return low


def local_mean(values: NDArray[np.float32], window: int) -> NDArray[np.float32]:
    """Return the mean of the square of side `window` around each value; at the border of what there is of it."""
    for axis in (0, 1):
        length = values.shape[axis]
        total = np.cumsum(values, axis=axis, dtype=np.float64)
        total = np.concatenate([np.zeros_like(total.take([0], axis)), total], axis=axis)
        first = np.maximum(np.arange(length) - window // 2, 0)
        last = np.minimum(np.arange(length) + window // 2 + 1, length)
        counts = (last - first).reshape((-1, 1) if axis == 0 else (1, -1))
        values = ((total.take(last, axis) - total.take(first, axis)) / counts).astype(np.float32)
    return values


def reduced(plane: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    """Return the plane, averaged over squares so that it holds about `ESTIMATE_SIDE` squared pixels, and their side."""
    from PIL import Image

    factor = max(1, round((plane.size / ESTIMATE_SIDE**2) ** 0.5))
    factor = max(1, min(factor, min(plane.shape) // 16))
    if factor == 1:
        return plane, 1
    return np.asarray(Image.fromarray(plane).reduce(factor)), factor


def enlarged(small: NDArray[np.uint8], factor: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return what `reduced` made smaller by `factor` at the size it had, blended between pixels."""
    from PIL import Image

    if factor == 1:
        return small
    rows, columns = shape
    box = (0, 0, columns / factor, rows / factor)
    return np.asarray(Image.fromarray(small).resize((columns, rows), Image.Resampling.BILINEAR, box))
