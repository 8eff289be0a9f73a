"""Which part of a picture a field is: without the dark around the paper, and of a tall picture the line written on it.

A field that was cut out of a scanned book often has the dark of the scanner on one side, and a column of a register is
many times higher than the number in it. Both would decide what is paper, what is ink, and how high the text is.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet._engine import components, stacked

__all__ = ["Crop", "is_tall", "is_whole", "line_crop", "paper_crop"]

Crop = tuple[slice, slice]
"""Rows and columns of a picture, both ends given."""

DARK = 0.6
"""A border line of less than this share of the picture's light may be the edge of a dark margin; of ours."""
SOLID = 0.9
"""Of a line of a margin, at least this share of the pixels is dark; of ours."""
NARROWEST = 1 / 6
"""A margin is at least this share of the picture's height or width, so that a 7 cut out closely has none; of ours."""
INKED = 0.3
"""Of what a margin surrounds, at most this share is dark, else it is no paper; of ours."""
SAMPLED = 200
"""Rows or columns of which margins are told; of more, every second one or fewer are looked at; of ours."""
LEAST = 16
"""Rows and columns of paper at least; of ours."""
TALL = 1.3
"""Rows a column from which a picture is higher than a line of text needs; of ours."""
LOW = 0.45
"""In a picture with a mark higher than this share of it that is no rule, the writing is large, and all is kept; of
ours."""
FULL = 110
"""Ink of this much belongs to a stroke, before rules are known; of ours."""
FAINT = 30
"""Nor is less than this, where all is so pale that nothing has been found to be ink; of ours."""
CUT_OFF = 0.3
"""What a line counts of which the border cuts something off, such as print below a column; of ours."""
LOWEST = 6
"""Rows of a character at least; of ours."""
NEAR = 1.3
"""Of a line's height, how far around it another line is looked for; of ours."""
MOST_MARKS = 1_000
"""So many marks are looked at, those with the most ink, so that time is bounded."""


class Line(NamedTuple):
    """A line of text in a tall picture: where it is, and `lenet.documents.fields.TextLine.stacked` of what is near."""

    crop: Crop
    stacked: float


def paper_crop(picture: NDArray[np.uint8]) -> Crop:
    """Leave the dark margins of a picture away, where one to three of its sides have one.

    Where all four are dark, writing on a dark ground cannot be told from a sheet on a desk, and all of it is kept.

    Parameters
    ----------
    picture : uint8 `(rows, columns)` or `(rows, columns, 3)`.
    """
    whole = slice(0, picture.shape[0]), slice(0, picture.shape[1])
    step = max(1, min(picture.shape[:2]) // SAMPLED)
    sampled = picture[::step, ::step]
    least = DARK * float(sampled.mean())
    if all(float(border.mean()) >= least for border in (sampled[0], sampled[-1], sampled[:, 0], sampled[:, -1])):
        return whole
    grey = sampled if sampled.ndim == 2 else sampled.max(axis=2)
    dark = grey <= _threshold(grey)
    margins = dark.mean(axis=1) >= SOLID, dark.mean(axis=0) >= SOLID
    if all(margin[0] and margin[-1] for margin in margins):
        return whole
    rows, columns = (_inside(margin) for margin in margins)
    paper = dark[rows, columns]
    if step * min(paper.shape) < LEAST or paper.mean() > INKED:
        return whole
    return _pixels(rows, step, picture.shape[0]), _pixels(columns, step, picture.shape[1])


def is_whole(crop: Crop, picture: NDArray[np.uint8]) -> bool:
    """Tell whether a crop is all of a picture."""
    return all(span == slice(0, length) for span, length in zip(crop, picture.shape, strict=False))


def is_tall(picture: NDArray[np.uint8]) -> bool:
    """Tell whether a picture is much higher than a line of text, so that one line of it is taken."""
    return bool(picture.shape[0] > TALL * picture.shape[1])


def _pixels(span: slice, step: int, length: int) -> slice:
    """Return the pixels from the first to the last line of a span of samples; those beyond the last sample, too."""
    last = length if span.stop * step >= length else (span.stop - 1) * step + 1
    return slice(span.start * step, last)


def _inside(margin: NDArray[np.bool_]) -> slice:
    """Return the lines between two margins; a bar along the border that is narrower than a margin is no margin."""
    lines, length = np.flatnonzero(~margin), len(margin)
    first, last = (int(lines[0]), int(lines[-1]) + 1) if len(lines) else (0, 0)
    narrowest = NARROWEST * length
    return slice(first if first >= narrowest else 0, last if length - last >= narrowest else length)


def _threshold(grey: NDArray[np.uint8]) -> int:
    """Return Otsu's threshold: it parts the pixels into two classes that differ most, weighted by their numbers."""
    counts = np.bincount(grey.ravel(), minlength=256).astype(float)
    below, moment = counts.cumsum(), (counts * np.arange(256)).cumsum()
    parted = below * (below[-1] - below)
    between = (moment[-1] * below / below[-1] - moment) ** 2 / np.maximum(parted, 1)
    return int(between.argmax())


def line_crop(evened: NDArray[np.uint8]) -> Line | None:
    """Find the line of text of a tall picture: the one with most ink that is not cut off, near the middle rather.

    Parameters
    ----------
    evened : uint8 `(rows, columns)`, paper 0, as `FieldInk.evened`.

    Returns
    -------
    The line with some paper around it; None where the picture is not tall, or no line is low in it.
    """
    rows, columns = evened.shape
    if not is_tall(evened):
        return None
    boxes = _characters(evened)
    if not len(boxes):
        return None
    best = max(_lines(boxes), key=lambda line: _weight(line, rows, columns))
    if not _weight(best, rows, columns):
        return None
    left, top = (int(edge) for edge in best[:, :2].min(axis=0))
    right, bottom = (int(edge) for edge in best[:, 2:4].max(axis=0))
    margin, reach = round(0.3 * (bottom - top)) + 2, round(NEAR * (bottom - top))
    near = boxes[(boxes[:, 3] >= top - reach) & (boxes[:, 1] < bottom + reach)]
    crop = (
        slice(max(0, top - margin), min(rows, bottom + margin)),
        slice(max(0, left - margin), min(columns, right + margin)),
    )
    return Line(crop, stacked(np.ascontiguousarray(near), top, bottom))


def _characters(evened: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return left, top, right, bottom and area of marks that may be characters, by their tops; none if one is large.

    Rules and frames are none: level ones, and upright ones that begin or end at the border. How thin they are was
    chosen by looking at register columns and boxes of forms.
    """
    rows, columns = evened.shape
    level = max(FAINT, min(FULL, int(evened.max()) // 2))
    found: NDArray[np.int32] = components((evened >= level).astype(np.uint8))[1]
    width, height = found[:, 2] - found[:, 0], found[:, 3] - found[:, 1]
    at_side = (found[:, 0] == 0) | (found[:, 2] == columns)
    at_border = at_side | (found[:, 1] == 0) | (found[:, 3] == rows)
    level = (width > 0.6 * columns) & (height < 0.06 * rows)
    along = (height > 0.85 * rows) & (at_side | (width < 0.25 * columns))
    thin = (height > 0.25 * rows) & ((width <= 0.08 * columns) | (at_side & (found[:, 4] < 0.12 * width * height)))
    found = found[(height >= LOWEST) & ~level & ~(at_border & (along | thin))]
    if (found[:, 3] - found[:, 1] >= LOW * rows).any():
        return np.zeros((0, 5), np.int32)
    found = found[np.argsort(-found[:, 4], kind="stable")[:MOST_MARKS]]
    return np.asarray(found[np.argsort(found[:, 1], kind="stable")])


def _lines(boxes: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    """Part marks, sorted by their tops, into lines: a mark begins one where it hardly reaches into the line above."""
    begins, top, bottom = [0], int(boxes[0, 1]), int(boxes[0, 3])
    for number, box in enumerate(boxes[1:], 1):
        least = 0.25 * min(int(box[3] - box[1]), bottom - top)
        if box[1] >= bottom - least:
            begins.append(number)
            top, bottom = int(box[1]), int(box[3])
        bottom = max(bottom, int(box[3]))
    return [boxes[first:last] for first, last in pairwise([*begins, len(boxes)])]


def _weight(line: NDArray[np.int32], rows: int, columns: int) -> float:
    """Return how much a line counts: its ink that the border does not cut off, less of it far from the middle."""
    whole = (line[:, :2] > 0).all(axis=1) & (line[:, 2] < columns) & (line[:, 3] < rows)
    middle = (int(line[:, 1].min()) + int(line[:, 3].max())) / 2 / rows
    return float(line[whole, 4].sum()) * (1 - abs(middle - 0.5)) * (1 if whole.all() else CUT_OFF)
