"""From the picture of one field to its ink, its line of text, and the image that a network for whole fields reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.documents.crops import Crop, is_tall, is_whole, line_crop, paper_crop
from lenet.errors import InputError

__all__ = ["STROKE", "FieldInk", "TextLine", "draw_fields", "field_ink", "normalize_fields", "with_fractions"]

TEXT_SHARE = 0.8
"""Of the rows of an image that `normalize_fields` draws, the tallest characters take this share."""
MOST_PIXELS = 1 << 22
"""Of ink; the engine makes larger pictures smaller first."""
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
    stacked : share of the characters' ink that stands above or below another character about as high, 0 to 1: next to
        nothing of one line, however it slopes; most of several lines, and of a line on its side.
    """

    top: float
    bottom: float
    left: float
    right: float
    slope: float
    slant: float
    stroke: float
    stacked: float = 0.0

    @property
    def height(self) -> float:
        """Height of the line in pixels; 0 where nothing is written."""
        return self.bottom - self.top

    def moved(self, right: float, down: float, middle: float) -> TextLine:
        """Return the same line in ink that has so many columns and rows more before it, its middle `middle` further."""
        down += self.slope * middle
        return replace(
            self, top=self.top + down, bottom=self.bottom + down, left=self.left + right, right=self.right + right
        )


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


def field_ink(picture: NDArray[Any], *, one_line: bool = True) -> FieldInk:
    """Find the ink of a picture that is one field: a line of handwriting, and what the paper has around it.

    Every colour is compared with the paper's in the same place, so the light need not be even; waves and guilloches
    are told from strokes by being paler, thinner or both. What marks lie on straight lines across the field is a rule,
    and is taken away where no stroke crosses it. Dark margins beside the paper are left away first, and of a picture
    much higher than a line of text, all but one line (`lenet.documents.crops`).

    Parameters
    ----------
    picture : uint8, `(rows, columns)` or `(rows, columns, 3)` of at least one pixel; ink dark or light.
    one_line : whether only one line is kept of a picture much higher than that; a fraction has two.

    Returns
    -------
    The ink; all 0 where nothing is written. Pictures of more than 320 rows or 4 million pixels are made smaller first,
    so that no picture takes more than a few hundred milliseconds.

    Raises
    ------
    InputError
        The array is no picture.
    """
    picture = _checked(picture)
    crop = paper_crop(picture)
    field = _cleaned(picture, crop)
    line = line_crop(field.evened) if one_line else None
    if line is not None:
        crop = _within(crop, line.crop, field.scale)
        field = _cleaned(picture, crop)
        if field.text.height:
            field = replace(field, text=replace(field.text, stacked=max(line.stacked, field.text.stacked)))
    return _placed(field, crop, picture.shape)


def _checked(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a picture as the engine takes it, or say why it is none."""
    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] != 3):
        raise InputError(
            f"a field of shape {picture.shape} and type {picture.dtype} was given; uint8 (rows, columns) or "
            "(rows, columns, 3) is expected: convert it first"
        )
    if not picture.size:
        raise InputError(f"a field of shape {picture.shape} has no pixels; give at least one row and one column")
    return np.ascontiguousarray(picture)


def _cleaned(picture: NDArray[np.uint8], crop: Crop) -> FieldInk:
    """Find the ink of a part of a picture, no finer than what the engine makes of the whole picture by its area."""
    part, factor = picture[crop], math.ceil(math.sqrt(picture.shape[0] * picture.shape[1] / MOST_PIXELS))
    if factor == 1 or part.shape == picture.shape:
        scale, evened, ink, numbers = _engine.clean_field(np.ascontiguousarray(part))
        return FieldInk(evened, ink, TextLine(*numbers), scale)
    from PIL import Image

    smaller = np.asarray(Image.fromarray(part).reduce(factor))
    scale, evened, ink, numbers = _engine.clean_field(smaller)
    return FieldInk(evened, ink, TextLine(*numbers), scale * factor)


def _within(crop: Crop, part: Crop, scale: int) -> Crop:
    """Return where in a picture a part of the ink of a crop stands."""
    (rows, columns), (down, across) = crop, part
    return (
        slice(rows.start + scale * down.start, min(rows.stop, rows.start + scale * down.stop)),
        slice(columns.start + scale * across.start, min(columns.stop, columns.start + scale * across.stop)),
    )


def _placed(field: FieldInk, crop: Crop, shape: tuple[int, ...]) -> FieldInk:
    """Put the ink of a crop where it stands in the picture; around it is paper."""
    rows, columns = (-(-side // field.scale) for side in shape[:2])
    down, across = field.ink.shape
    if (down, across) == (rows, columns):
        return field
    top, left = (span.start // field.scale for span in crop)
    around = ((top, rows - top - down), (left, columns - left - across))
    return replace(
        field,
        evened=np.pad(field.evened, around),
        ink=np.pad(field.ink, around),
        text=field.text.moved(left, top, columns / 2 - left - across / 2) if field.text.height else field.text,
    )


def draw_fields(
    pictures: Sequence[NDArray[Any]], *, rows: int = 40, threads: int = 0
) -> list[tuple[int, TextLine, NDArray[np.uint8]]]:
    """Draw the text of each picture as `normalize_fields` draws what `field_ink` evened, many pictures at a time.

    Parameters
    ----------
    pictures : as for `field_ink`.
    rows : height of the images, 8 to 256.
    threads : how many share the pictures; 0 means LENET_THREADS, or else what the machine offers.

    Returns
    -------
    For each picture the scale and the line of text of its `FieldInk`, and the image, uint8 `(rows, columns)`.

    Raises
    ------
    InputError
        An array is no picture, or `rows` is out of range.
    """
    checked = [_checked(picture) for picture in pictures]
    whole = [not is_tall(picture) and is_whole(paper_crop(picture), picture) for picture in checked]
    at_once = iter(_engine.draw_fields(list(compress(checked, whole)), _possible(rows), threads))
    return [
        _joined(*next(at_once)) if ready else _drawn(field_ink(picture), rows)
        for picture, ready in zip(checked, whole, strict=True)
    ]


def _joined(scale: int, numbers: Sequence[float], image: NDArray[np.uint8]) -> tuple[int, TextLine, NDArray[np.uint8]]:
    return scale, TextLine(*numbers), image


def _drawn(field: FieldInk, rows: int) -> tuple[int, TextLine, NDArray[np.uint8]]:
    return field.scale, field.text, normalize_fields([field], rows=rows, evened=True)[0]


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
    texts = [field.text if upright else replace(field.text, slant=0.0) for field in fields]
    greys = [field.evened if evened else field.ink for field in fields]
    images: list[NDArray[np.uint8]] = _engine.normalize_fields(
        greys, [astuple(text) for text in texts], _possible(rows)
    )
    return images


def _possible(rows: int) -> int:
    if not 8 <= rows <= 256:
        raise InputError(f"images of {rows} rows were asked for; 8 to 256 are possible: 40 is usual")
    return rows
