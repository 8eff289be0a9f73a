"""From the picture of one field to its ink, its line of text, and the image that a network for whole fields reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.errors import InputError

__all__ = ["STROKE", "FieldInk", "TextLine", "field_ink", "normalize_fields", "with_fractions"]

TEXT_SHARE = 0.8
"""Of the rows of an image that `normalize_fields` draws, the tallest characters take this share."""
STROKE = 128
"""Ink of this much or more belongs to a stroke; less is the grey edge of one."""

_NUMBER = 0.3
"""Least height of a number of a fraction, of the line's; of ours."""
_NEAR = 0.8
"""Most rows between the numbers of a fraction, of the line's height; of ours."""
_AROUND = 3
"""Rows beyond the facing sides of two numbers in which their bar may lie, where it touches one; of ours."""
_BAR = 0.4
"""How long ink without a gap between two numbers is a bar, of the line's height; of ours."""


@dataclass(frozen=True)
class TextLine:
    """Where the line of text of a field stands, in pixels of its ink. All 0 where nothing is written.

    Attributes
    ----------
    top, bottom : rows between which the characters stand, the tallest ones too, in the middle column.
    left, right : columns between which all ink stands.
    slope : rows that the line falls per column.
    slant : columns that upright strokes lean to the right per row upwards.
    stroke : width of a stroke in pixels.
    """

    top: float
    bottom: float
    left: float
    right: float
    slope: float
    slant: float
    stroke: float

    @property
    def height(self) -> float:
        """Height of the line in pixels; 0 where nothing is written."""
        return self.bottom - self.top


@dataclass(frozen=True, eq=False)
class FieldInk:
    """The ink of one field.

    Attributes
    ----------
    evened : uint8 `(rows, columns)`, paper 0, full ink 255: the light evened out, but patterns of the paper, ruled
        lines and print as grey as they are.
    ink : uint8 `(rows, columns)`, strokes alone: `STROKE` and more inside them, less along their edges, else 0. Ruled
        lines, the sides of boxes, specks and the ends of neighbours' strokes are taken away.
    text : the line of text.
    scale : pixels of the picture given per pixel of `ink` and `evened`; more than 1 for large pictures.
    """

    evened: NDArray[np.uint8]
    ink: NDArray[np.uint8]
    text: TextLine
    scale: int

    def __repr__(self) -> str:
        rows, columns = self.ink.shape
        return f"FieldInk({rows} x {columns}, text {self.text.height:.0f} high, scale {self.scale})"


def field_ink(picture: NDArray[Any]) -> FieldInk:
    """Find the ink of a picture that is one field: a line of handwriting, and what the paper has around it.

    Every colour is compared with the paper's in the same place, so the light need not be even; waves and guilloches
    are told from strokes by being paler, thinner or both. What marks lie on straight lines across the field is a rule,
    and is taken away where no stroke crosses it.

    Parameters
    ----------
    picture : uint8, `(rows, columns)` or `(rows, columns, 3)` of at least one pixel; ink dark or light.

    Returns
    -------
    The ink; all 0 where nothing is written. Pictures of more than 320 rows or 4 million pixels are made smaller first,
    so that no picture takes more than a few hundred milliseconds.

    Raises
    ------
    InputError
        The array is no picture.
    """
    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] != 3):
        raise InputError(
            f"a field of shape {picture.shape} and type {picture.dtype} was given; uint8 (rows, columns) or "
            "(rows, columns, 3) is expected: convert it first"
        )
    if not picture.size:
        raise InputError(f"a field of shape {picture.shape} has no pixels; give at least one row and one column")
    scale, evened, ink, numbers = _engine.clean_field(np.ascontiguousarray(picture))
    return FieldInk(evened, ink, TextLine(*numbers), scale)


def with_fractions(field: FieldInk) -> FieldInk:
    """Return a field whose line of text holds both numbers of a fraction with a bar between.

    `field_ink` takes one of the two for the line and the other for another line, as in most fields it is. What touches
    the picture's edge is left out.
    """
    line, (rows, columns) = field.text, field.evened.shape
    marks = field.evened >= STROKE
    _, table = _engine.components(marks.view(np.uint8))
    left, top, right, bottom, _ = table.T
    inside = (left > 0) & (top > 0) & (right < columns) & (bottom < rows)
    parts = table[inside & (bottom - top >= _NUMBER * max(line.height, 1)), :4]
    whole = [
        number
        for upper in parts
        for lower in parts
        if _is_fraction(upper, lower, marks, line.height)
        for number in (upper, lower)
    ]
    first, last = (min([line.top, *(n[1] for n in whole)]), max([line.bottom, *(n[3] for n in whole)]))
    if (first, last) == (line.top, line.bottom):
        return field
    beside = parts[(parts[:, 1] < last) & (parts[:, 3] > first)]
    ends = (min(line.left, *beside[:, 0]), max(line.right, *beside[:, 2]))
    first, last, start, end = map(float, (first, last, *ends))
    return replace(field, text=replace(line, top=first, bottom=last, left=start, right=end, slope=0.0))


def _is_fraction(upper: NDArray[np.int32], lower: NDArray[np.int32], marks: NDArray[np.bool_], high: float) -> bool:
    """Tell whether one part of ink stands above another, with a bar between; each is left, top, right and bottom."""
    left, right = max(upper[0], lower[0]), min(upper[2], lower[2])
    narrower = min(upper[2] - upper[0], lower[2] - lower[0])
    if upper[1] >= lower[1] or abs(int(lower[1]) - int(upper[3])) > _NEAR * high or right - left < narrower / 2:
        return False
    top, bottom = sorted((int(upper[3]), int(lower[1])))
    sides = min(upper[0], lower[0]), max(upper[2], lower[2])
    between = marks[max(0, top - _AROUND) : bottom + _AROUND, sides[0] : sides[1]]
    return bool(max(map(_longest_run, between)) >= max(_BAR * high, narrower))


def _longest_run(row: NDArray[np.bool_]) -> int:
    """Return how many pixels of ink follow each other at most."""
    ends = np.flatnonzero(np.diff(row.astype(np.int8), prepend=0, append=0))
    return int((ends[1::2] - ends[::2]).max(initial=0))


def normalize_fields(
    fields: Sequence[FieldInk], *, rows: int = 40, evened: bool = False, upright: bool = False
) -> list[NDArray[np.uint8]]:
    """Draw the text of each field as networks for whole fields read it, all of one size.

    The line is made level and scaled so that the tallest characters are `TEXT_SHARE` of `rows` high; what is left is
    paper above and below, and as much of it stands beside the text.

    Parameters
    ----------
    fields : from `field_ink`.
    rows : height of the images, 8 to 256.
    evened : draw the evened picture, with what is printed on the paper, and not the ink alone.
    upright : take the slant of the writing out as well.

    Returns
    -------
    One image a field, uint8 `(rows, columns)`, paper 0, full ink 255, as wide as the text asks (at most 16,384). A
    field in which nothing is written is paper, as wide as high.

    Raises
    ------
    InputError
        `rows` is out of range.
    """
    if not 8 <= rows <= 256:
        raise InputError(f"images of {rows} rows were asked for; 8 to 256 are possible: 40 is usual")
    texts = [field.text if upright else replace(field.text, slant=0.0) for field in fields]
    greys = [field.evened if evened else field.ink for field in fields]
    images: list[NDArray[np.uint8]] = _engine.normalize_fields(greys, [astuple(text) for text in texts], rows)
    return images
