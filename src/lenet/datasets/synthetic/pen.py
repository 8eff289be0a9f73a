"""A round pen: strokes through points, as ink."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ink", "Stroke", "drawn", "joined", "resized"]

Ink = NDArray[np.float32]
"""(rows, columns), paper 0, full ink 1."""

Stroke = Sequence[tuple[float, float]]
"""Points (x, y) that the pen goes through."""

_PIECES = 6
"""Straight pieces between two points of a curve."""
_CLOSED = 0.12
"""Distance of the ends, as a share of the curve's extent, below which it goes round without a corner; of ours."""
_SOFT = 0.7
"""Pixels over which the edge of a stroke fades."""


def drawn(strokes: Sequence[Stroke], width: float, bend: float = 1.0) -> tuple[Ink, float, float]:
    """Draw strokes with a pen `width` pixels wide.

    Parameters
    ----------
    strokes : points of each.
    width : pixels of a stroke across.
    bend : how round the way from point to point is: 0 straight, 1 a smooth curve, 1.6 about as round as an ellipse.

    Returns
    -------
    The ink, and the x and y of its first pixel in the coordinates of the strokes.
    """
    curves = [_curve(np.asarray(stroke, np.float32), bend) for stroke in strokes]
    every = np.vstack(curves)
    margin = int(width) + 2
    first = every.min(axis=0) - margin
    columns, rows = (int(extent) + 1 for extent in every.max(axis=0) + margin - first)
    ink = np.zeros((rows, columns), np.float32)
    for curve in curves:
        _draw(ink, curve - first, width)
    return ink, float(first[0]), float(first[1])


def _curve(points: Ink, bend: float) -> Ink:
    """Return many points on a Catmull-Rom spline through the given ones, or nearer to straight lines between them."""
    if len(points) < 3:
        return points
    closed = np.ptp(points[[0, -1]], axis=0).max() < _CLOSED * np.ptp(points, axis=0).max()
    before, after = (points[-2], points[1]) if closed else (2 * points[0] - points[1], 2 * points[-1] - points[-2])
    padded = np.vstack([before, points, after])[:, np.newaxis]
    t = np.linspace(0, 1, _PIECES, endpoint=False, dtype=np.float32)[:, np.newaxis]
    a, b, c, d = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    bent = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    bent = bend * bent + (1 - bend) * (b + (c - b) * t)
    return np.vstack([bent.reshape(-1, 2), points[-1:]])


def _draw(ink: Ink, points: Ink, width: float) -> None:
    """Put a line through points onto ink: how dark a pixel is tells its distance to the line."""
    reach = width / 2 + _SOFT
    for (x0, y0), (x1, y1) in pairwise(points):
        left, right = int(max(0, min(x0, x1) - reach)), int(max(x0, x1) + reach) + 2
        top, bottom = int(max(0, min(y0, y1) - reach)), int(max(y0, y1) + reach) + 2
        place = ink[top:bottom, left:right]
        y = np.arange(top, top + place.shape[0], dtype=np.float32)[:, np.newaxis] - y0
        x = np.arange(left, left + place.shape[1], dtype=np.float32) - x0
        dx, dy = x1 - x0, y1 - y0
        along = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-6), 0, 1)
        away = np.hypot(x - along * dx, y - along * dy)
        np.maximum(place, np.clip((width / 2 + _SOFT / 2 - away) / _SOFT, 0, 1), out=place)


def resized(ink: Ink, rows: int, columns: int) -> Ink:
    """Return the ink at another size, at least 2 x 2."""
    from PIL import Image

    rows, columns = max(2, rows), max(2, columns)
    smaller = rows <= ink.shape[0] and columns <= ink.shape[1]
    way = Image.Resampling.BOX if smaller else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(np.ascontiguousarray(ink)).resize((columns, rows), way), np.float32)


def joined(inks: Sequence[tuple[Ink, float, float]]) -> Ink:
    """Return one ink with every given one at its x, at least 0, and y."""
    top = min(y for _, _, y in inks)
    rows = max(int(y - top) + ink.shape[0] for ink, _, y in inks)
    columns = max(int(x) + ink.shape[1] for ink, x, _ in inks)
    together = np.zeros((rows, columns), np.float32)
    for ink, x, y in inks:
        high, wide = ink.shape
        place = together[int(y - top) : int(y - top) + high, int(x) : int(x) + wide]
        np.maximum(place, ink, out=place)
    return together
