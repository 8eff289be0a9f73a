"""One field on a picture, as a network for whole fields sees it: a strip of ink, as wide as the writing is long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["MARGIN", "ROWS", "STEP", "Strip", "grouped", "side_by_side"]

Strip = NDArray[np.uint8]
"""(ROWS, columns), paper 0, full ink 255."""

ROWS = 40
"""Pixels that a strip is high; a digit takes about 30 of them."""
MARGIN = 8
"""Columns of paper on either side of a strip, so that the network sees where the writing ends; of ours."""
STEP = 32
"""Strips of like width are read together, padded to the next multiple of so many columns; of ours."""
WIDEST = 4096
"""Columns of a strip: a hundred characters. Wider ones are squeezed."""


def padded(columns: int) -> int:
    """Return how wide the image is that a strip of so many columns stands in."""
    return -(-(columns + 2 * MARGIN) // STEP) * STEP


def side_by_side(strips: Sequence[Strip], columns: int) -> NDArray[np.uint8]:
    """Return strips in the middle of images of one width, uint8 (n, 1, ROWS, columns)."""
    images = np.zeros((len(strips), 1, ROWS, columns), np.uint8)
    for image, strip in zip(images, strips, strict=True):
        left = start(strip.shape[1], columns)
        image[0, :, left : left + strip.shape[1]] = strip
    return images


def start(columns: int, image_columns: int) -> int:
    """Return the column of an image where a strip in its middle begins."""
    return (image_columns - columns) // 2


def grouped(strips: Sequence[Strip], together: int) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
    """Give the strips as images, up to `together` of one width at a time, with the numbers of the strips in each."""
    widths = [padded(strip.shape[1]) for strip in strips]
    order = sorted(range(len(strips)), key=widths.__getitem__)
    while order:
        group = [index for index in order[:together] if widths[index] == widths[order[0]]]
        order = order[len(group) :]
        yield group, side_by_side([strips[index] for index in group], widths[group[0]])


def strip_of(picture: NDArray[np.uint8]) -> Strip:
    """Return the strip of a picture of one field."""
    raise NotImplementedError
