"""What a form is found by: printed things that are the same on every copy of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.documents.nearby import local_mean
from lenet.documents.segmentation import Box

__all__ = ["Grey", "Mark", "drawn_mark", "grey_of", "printed_marks", "resized"]

Grey = NDArray[np.float32]

_SEARCHED_SIDE = 600
"""The longer side of the small copy of an empty form on which marks are chosen, in pixels."""


@dataclass(frozen=True, eq=False)
class Mark:
    """Something printed on every copy of a form.

    Parameters
    ----------
    box : where it stands on the form.
    look : uint8 (rows, columns) of the box: what it looks like, with some paper around it.
    """

    box: Box
    look: NDArray[np.uint8]

    @property
    def middle(self) -> tuple[float, float]:
        """Its middle on the form."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


def drawn_mark(shape: str, box: Box) -> Mark:
    """Return a mark that needs no picture of the form: a filled "square" or an upright "cross" that fills its box."""
    left, top, right, bottom = box
    rows, columns = bottom - top, right - left
    across, down = max(3, columns // 2), max(3, rows // 2)
    look = np.full((rows + 2 * down, columns + 2 * across), 255, np.uint8)
    ink = look[down : down + rows, across : across + columns]
    if shape == "square":
        ink[:] = 0
    else:
        ink[(rows * 2) // 5 : max(1 + (rows * 2) // 5, (rows * 3) // 5)] = 0
        ink[:, (columns * 2) // 5 : max(1 + (columns * 2) // 5, (columns * 3) // 5)] = 0
    return Mark((left - across, top - down, right + across, bottom + down), look)


def printed_marks(blank: NDArray[np.uint8], free: Sequence[Box], *, down: int = 4, across: int = 3) -> list[Mark]:
    """Choose marks on the picture of an empty form: in each of `down` x `across` parts what is most like a corner.

    Parameters
    ----------
    blank : uint8 (rows, columns) or (rows, columns, 3).
    free : boxes that people write into; no mark has its middle there.

    References
    ----------
    Shi and Tomasi, Good Features to Track, 1994: the smaller eigenvalue of the gradients' second moments.
    """
    grey = grey_of(blank)
    small, share = resized(grey, _SEARCHED_SIDE / max(grey.shape))
    side = 33
    vertical, horizontal = np.gradient(small)
    xx, yy, xy = (
        local_mean(np.asarray(product, np.float32), side)
        for product in (horizontal * horizontal, vertical * vertical, horizontal * vertical)
    )
    corner = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    for box in free:
        left, top, right, bottom = (round(value * share) for value in box)
        corner[max(0, top) : bottom, max(0, left) : right] = 0
    edge = side // 2 + 1
    corner[:edge], corner[-edge:], corner[:, :edge], corner[:, -edge:] = 0, 0, 0, 0
    marks = []
    for rows in np.array_split(np.arange(corner.shape[0]), down):
        for columns in np.array_split(np.arange(corner.shape[1]), across):
            part = corner[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            y, x = np.unravel_index(int(part.argmax()), part.shape)
            if part[y, x] > max(1.0, 0.02 * corner.max()):
                middle = (int(columns[0] + x) / share, int(rows[0] + y) / share)
                marks.append(_mark_at(grey, middle, side / share))
    return marks


def _mark_at(grey: Grey, middle: tuple[float, float], side: float) -> Mark:
    left, top = (max(0, round(value - side / 2)) for value in middle)
    look = grey[top : top + round(side), left : left + round(side)].astype(np.uint8)
    return Mark((left, top, left + look.shape[1], top + look.shape[0]), look)


def grey_of(picture: NDArray[np.uint8]) -> Grey:
    """Return a picture's brightness, float32 `(rows, columns)`, 0 to 255."""
    return np.asarray(picture, np.float32) if picture.ndim == 2 else picture.mean(axis=2, dtype=np.float32)


def resized(grey: Grey, share: float) -> tuple[Grey, float]:
    """Return a picture `share` times as large, and what share that came to."""
    from PIL import Image

    columns = max(1, round(grey.shape[1] * share))
    rows = max(1, round(grey.shape[0] * share))
    small = Image.fromarray(grey).resize(
        (columns, rows), Image.Resampling.BOX if share < 1 else Image.Resampling.BICUBIC
    )
    return np.asarray(small), share
