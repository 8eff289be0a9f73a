"""Drawings for the tests of the live page: rough digits as bytes of ink, without any data set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lenet.datasets.synthetic.pen import drawn

SIDE = 96

STROKES = {
    "1": [[(50, 5), (49, 50), (48, 95)]],
    "3": [[(14, 12), (50, 2), (82, 25), (40, 47), (85, 68), (60, 98), (10, 88)]],
    "7": [[(8, 8), (50, 7), (92, 6), (66, 44), (42, 98)]],
}


def drawing(digit: str = "3", *, at: tuple[int, int] = (16, 8), size: float = 0.75) -> NDArray[np.uint8]:
    """Return a digit as ink, uint8 (96, 96): its top left corner at (column, row), `size` in hundreds of pixels."""
    ink, _, _ = drawn([[(x * size, y * size) for x, y in stroke] for stroke in STROKES[digit]], width=9)
    square = np.zeros((SIDE, SIDE), np.uint8)
    rows, columns = (min(extent, SIDE - at[1 - axis]) for axis, extent in enumerate(ink.shape))
    square[at[1] : at[1] + rows, at[0] : at[0] + columns] = np.rint(255 * ink[:rows, :columns])
    return square
