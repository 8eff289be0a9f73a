"""One field on a picture, as a network for whole fields sees it: a strip of ink, as wide as the writing is long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.documents.fields import TEXT_SHARE, TextLine, draw_fields, field_ink, normalize_fields, with_fractions

__all__ = ["ROWS", "Strip", "grouped", "make_strips", "padded", "side_by_side"]

ROWS = 40
"""Pixels that a strip is high; a digit takes `TEXT_SHARE` of them."""
WIDEST = 2048
"""Columns of a strip: more than a hundred characters. What is written further right is not seen."""
_BESIDE = 4
"""Columns of paper at least on both sides of a strip, so that the network sees where the writing ends; of ours."""
_STEP = 32
"""Strips of like width are read together, padded to the next multiple of so many columns; of ours."""


@dataclass(frozen=True, eq=False)
class Strip:
    """A field made ready for a network.

    Parameters
    ----------
    image : uint8 (ROWS, columns), paper 0, full ink 255: the light evened out, patterns and rules as grey as they are.
    written : whether there is any ink.
    left, top, bottom : where the image's first column and the line of text stand, in pixels of the picture given.
    pixel : how many pixels of the picture a column of the image is.
    stacked : that of the line of text (`lenet.documents.fields.TextLine`): of several lines, most.
    """

    image: NDArray[np.uint8]
    written: bool
    left: float
    top: float
    bottom: float
    pixel: float
    stacked: float = 0.0

    def __repr__(self) -> str:
        return f"Strip({self.image.shape[1]} columns of {self.pixel:.2f} pixels, from {self.left:.0f})"


def make_strips(pictures: Sequence[NDArray[np.uint8]], *, fractions: bool = False, threads: int = 0) -> list[Strip]:
    """Return the strip of each picture of one field.

    Parameters
    ----------
    pictures : uint8 (rows, columns) or (rows, columns, 3).
    fractions : there may be a fraction with its numbers one above the other, as in marks: both are of the line.
    threads : how many to use; 0 means LENET_THREADS, or else what the machine offers. The result is the same.

    Raises
    ------
    InputError
        An array is no picture.
    """
    if fractions:
        inks = [with_fractions(field_ink(picture, one_line=False)) for picture in pictures]
        images = normalize_fields(inks, rows=ROWS, evened=True)
        return [_placed(image[:, :WIDEST], ink.text, ink.scale) for ink, image in zip(inks, images, strict=True)]
    drawn = draw_fields(pictures, rows=ROWS, threads=threads)
    return [_placed(image[:, :WIDEST], text, scale) for scale, text, image in drawn]


def _placed(image: NDArray[np.uint8], text: TextLine, scale: int) -> Strip:
    """Put an image back on its picture."""
    if not text.height:
        return Strip(image, False, 0, 0, 0, 1.0)
    left = scale * (text.left - (1 / TEXT_SHARE - 1) / 2 * text.height)
    pixel = scale * text.height / (TEXT_SHARE * ROWS)
    return Strip(image, True, left, scale * text.top, scale * text.bottom, pixel, text.stacked)


def padded(columns: int) -> int:
    """Return how wide the image is that a strip of so many columns stands in."""
    return -(-(columns + 2 * _BESIDE) // _STEP) * _STEP


def side_by_side(images: Sequence[NDArray[np.uint8]], widths: Sequence[int]) -> NDArray[np.uint8]:
    """Return strips' images in one array, uint8 (n, 1, ROWS, columns), as wide as the largest of the widths.

    Parameters
    ----------
    widths : how wide the image is in whose middle each stands; right of that is paper.
    """
    together = np.zeros((len(images), 1, ROWS, max(widths)), np.uint8)
    for place, image, width in zip(together, images, widths, strict=True):
        left = (width - image.shape[1]) // 2
        place[0, :, left : left + image.shape[1]] = image
    return together


def grouped(images: Sequence[NDArray[np.uint8]], together: int) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
    """Give strips' images up to `together` at a time, of one width, with the numbers of those in each group."""
    widths = [padded(image.shape[1]) for image in images]
    order = sorted(range(len(images)), key=widths.__getitem__)
    while order:
        group = [index for index in order[:together] if widths[index] == widths[order[0]]]
        order = order[len(group) :]
        yield group, side_by_side([images[index] for index in group], [widths[index] for index in group])
