"""The light of the paper: what a picture would look like if nothing were written on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.documents.nearby import closing, enlarged, local_mean, reduced

__all__ = ["paper", "trend"]

LEAST_CONTRAST = 0.07
"""Less than this share of the paper's light is no ink. Pencil takes 0.15 and more; shadow of creased paper 0.05."""

LEVEL = 200
"""Where paper stands once the trend of its light is taken out: ink below and glare above have room in a byte."""

PAPER_SPREAD = 30
"""Most of a picture that is mostly paper lies this close to the trend of its light, noise and all."""


def paper(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Estimate the brightness that each pixel would have without ink, for one channel with dark ink.

    The trend of the light is taken out first, since a closing takes the dark end of a steep gradient for ink. The
    closing (the largest value around, then the smallest of those) removes everything narrower than its window and
    keeps shadows and the edge of the sheet; the mean of what remains paper inside the window then takes away the
    closing's leaning towards bright noise.

    Parameters
    ----------
    plane : uint8 `(rows, columns)`.
    """
    small, factor = reduced(plane)
    light = trend(small, 4)
    if (abs(small - light) < PAPER_SPREAD).mean() < 0.6:  # too much ink to tell how the light falls
        light = np.full_like(light, np.percentile(small, 95))
    level: NDArray[np.uint8] = (small - light + LEVEL).clip(0, 255).astype(np.uint8)
    window = _stroke_proof_window(level)
    closed = closing(level, window).astype(np.float32)
    short = closed - level
    median, fullest = np.percentile(short, (50, 98))
    clear = (short <= max(8.0, min(2 * median, 0.75 * fullest))).astype(np.float32)
    share = local_mean(clear, window)
    lean = local_mean(short * clear, window) / np.maximum(share, 0.02)
    ground = closed - lean + light - LEVEL
    return enlarged(ground.round().clip(1, 255).astype(np.uint8), factor, plane.shape)


def _stroke_proof_window(small: NDArray[np.uint8]) -> int:
    """Choose the closing's window: narrow follows shadows closely, but it has to be wider than the widest stroke.

    The narrow window is enough where it finds the ink that the wide one finds; a marker's stroke filling a small
    picture would be taken for paper by the narrow one.
    """
    wide = int(max(24, round(min(small.shape) * 0.6)))
    narrow = int(max(24, round(min(max(small.shape) * 0.5, small.size**0.5) * 0.12)))
    if narrow >= wide:
        return wide
    found = closing(small, wide) - small
    strong = found > max(0.6 * float(found.max()), LEAST_CONTRAST * 255)
    kept = (closing(small, narrow) - small)[strong] > 0.5 * found[strong]
    return narrow if not strong.any() or kept.mean() > 0.7 else wide


def trend(small: NDArray[Any], passes: int) -> NDArray[np.float32]:
    """Fit a quadratic surface; passes after the first one leave out what is darker than it, so that it is paper's."""
    rows, columns = (np.linspace(-1, 1, size, dtype=np.float32) for size in small.shape)
    step = max(1, round((small.size / 10_000) ** 0.5))
    values = small[::step, ::step].astype(np.float32).ravel()
    terms = _quadratic(rows[::step, None], columns[None, ::step]).reshape(6, -1)
    kept = np.ones(len(values), bool)
    for _ in range(passes):
        trend = np.linalg.lstsq(terms[:, kept].T, values[kept], rcond=None)[0]
        away = values - trend @ terms
        kept = away > -max(3.0, 1.5 * float(np.median(abs(away))))
    return np.asarray(np.tensordot(trend, _quadratic(rows[:, None], columns[None, :]), 1), np.float32)


def _quadratic(y: NDArray[np.float32], x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the six terms of a quadratic surface, each over all rows and columns."""
    return np.stack([y * 0 + x * 0 + 1, y + x * 0, x + y * 0, y * x, y * y + x * 0, x * x + y * 0])
