"""Where on a page fields may stand: frames, combs of boxes, and lines of writing, each as a candidate zone.

Nothing is decided here. Zones overlap, and many of them are none; whoever reads them all finds out which is which.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lenet._engine import components
from lenet.documents.cleanup import straight_lines, strokes
from lenet.documents.nearby import largest_near
from lenet.documents.segmentation import Box

__all__ = ["Zone", "find_zones"]

LEAST_HEIGHT, MOST_HEIGHT = 0.011, 0.075
"""A written character is so high, as shares of the page's width; of ours."""
FRAME_ASPECT = (2.5, 14.0)
"""A frame for a line of writing is so many times as wide as high; of ours."""
UPRIGHT = 0.8
"""A column is a side of a frame if so much of it is ink between the lines above and below; of ours."""
LEAST_RULE = 0.12
"""Shorter lines, as shares of the page's width, may be the flat feet of digits side by side; of ours."""
GAP = 1.6
"""Characters of a field stand no further apart than so many times their height; of ours."""
LONGEST = 24
"""More pieces than this in a row are print, not a field; of ours."""
MOST_ZONES = 64
"""So many lines of writing are given at most, those of the highest characters, so that time is bounded."""


@dataclass(frozen=True)
class Zone:
    """A place that may be a field.

    Parameters
    ----------
    kind : a "frame" drawn around it, a "comb" of boxes for a character each, or a "line" of writing.
    box : what to read: the inside of a frame, a comb with its lines, a line of writing with some paper around it.
    sides : columns of the upright lines, the outer ones included; of frames and combs.
    left_out : pieces of the same line of writing that stand left of it.
    """

    kind: Literal["frame", "comb", "line"]
    box: Box
    sides: tuple[int, ...] = ()
    left_out: int = 0

    @property
    def width(self) -> int:
        """Width of the box in pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """Height of the box in pixels."""
        return self.box[3] - self.box[1]


def find_zones(ink: NDArray[np.uint8], *, page_width: int | None = None) -> list[Zone]:
    """Find frames, combs and lines of writing, in that order.

    Parameters
    ----------
    ink : uint8 `(rows, columns)`, as `to_ink` gives it, of a page or of a part of one.
    page_width : columns of the whole page, which sizes are compared with; None: those of `ink`.
    """
    width = page_width or ink.shape[1]
    marks = strokes(ink)
    labels, lines = straight_lines(marks)
    framed = list(_frames(marks, lines, width))
    long = np.concatenate([[False], lines[:, 2] - lines[:, 0] >= LEAST_RULE * width])
    rest = marks & ~largest_near(long[labels].view(np.uint8), 1, 0).view(bool)
    return framed + _written(rest, width)


def _frames(marks: NDArray[np.bool_], lines: NDArray[np.int32], width: int) -> Iterator[Zone]:
    """Give what stands between a line above and one below that begin and end alike, with upright sides."""
    long = lines[lines[:, 2] - lines[:, 0] >= 0.1 * width]
    for above in long:
        for below in long:
            left, right = max(above[0], below[0]), min(above[2], below[2])
            high = (below[1] + below[3] - above[1] - above[3]) / 2
            if high < LEAST_HEIGHT * width or not FRAME_ASPECT[0] <= (right - left) / high <= FRAME_ASPECT[1]:
                continue
            if zone := _framed(marks, above, below, width):
                yield zone


def _framed(marks: NDArray[np.bool_], above: NDArray[np.int32], below: NDArray[np.int32], width: int) -> Zone | None:
    """Return the frame or comb between two lines; None where it has no sides."""
    reach = max(3, width // 200)
    left = max(0, max(above[0], below[0]) - reach)
    right = min(marks.shape[1], min(above[2], below[2]) + reach)
    top, bottom = int(above[1]), int(below[3])
    sides = _sides(marks[int(above[3]) : int(below[1]), left:right])
    if len(sides) < 2:
        return None
    columns = tuple(int(left + side) for side in sides)
    box = (columns[0], top, columns[-1] + 1, bottom)
    if not FRAME_ASPECT[0] <= (box[2] - box[0]) / (bottom - top) <= FRAME_ASPECT[1]:
        return None
    comb = _comb(columns, bottom - top)
    return Zone("comb", box, comb) if comb else Zone("frame", box, columns)


def _sides(between: NDArray[np.bool_]) -> list[int]:
    """Return the columns in the middle of upright lines that go all the way."""
    if not between.size:
        return []
    full = largest_near(between.view(np.uint8), 0, 1).mean(axis=0) >= UPRIGHT
    edges = np.flatnonzero(np.diff(full.astype(np.int8), prepend=0, append=0))
    return [int(first + end - 1) // 2 for first, end in zip(edges[::2], edges[1::2], strict=True)]


def _comb(sides: tuple[int, ...], height: int) -> tuple[int, ...]:
    """Return the sides of eight boxes of one width, of which three may be hidden; nothing where there is no comb."""
    first, last = sides[0], sides[-1]
    cell = (last - first) / 8
    if not 0.45 <= cell / height <= 1.6:
        return ()
    places = [round(first + k * cell) for k in range(9)]
    seen = [min(sides, key=lambda side, place=place: abs(side - place)) for place in places]  # type: ignore[misc]
    found = [abs(side - place) <= 0.15 * cell for side, place in zip(seen, places, strict=True)]
    if sum(found) < 6:
        return ()
    return tuple(side if good else place for side, place, good in zip(seen, places, found, strict=True))


def _written(marks: NDArray[np.bool_], width: int) -> list[Zone]:
    """Return the lines of writing, and of each the parts that wide gaps leave."""
    _, table = components(marks.view(np.uint8))
    boxes = table[:, :4].astype(np.int64)
    height = boxes[:, 3] - boxes[:, 1]
    wide = boxes[:, 2] - boxes[:, 0]
    sized = (height >= LEAST_HEIGHT * width) & (height <= MOST_HEIGHT * width) & (wide <= 3 * MOST_HEIGHT * width)
    rows = [row for row in _rows(boxes[sized]) if len(row) <= LONGEST]
    zones = {(_around(part, boxes, marks.shape), len(row) - len(part)) for row in rows for part in _parts(row)}
    ordered = sorted(zones, key=lambda zone: (zone[0][1] - zone[0][3], zone))
    return [Zone("line", box, left_out=left_out) for box, left_out in ordered[:MOST_ZONES]]


def _rows(boxes: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Chain boxes from left to right: each goes on with the nearest that stands at its height."""
    rows: list[list[NDArray[np.int64]]] = []
    for box in boxes[np.argsort(boxes[:, 0], kind="stable")]:
        fitting = [row for row in rows if _goes_on(row, box)]
        if fitting:
            max(fitting, key=lambda row: int(row[-1][2])).append(box)
        else:
            rows.append([box])
    return [np.array(row) for row in rows if len(row) > 1]


def _goes_on(row: list[NDArray[np.int64]], box: NDArray[np.int64]) -> bool:
    recent = np.array(row[-3:])
    high = float(np.median(recent[:, 3] - recent[:, 1]))
    top, bottom = np.median(recent[:, 1]), np.median(recent[:, 3])
    shared = min(bottom, box[3]) - max(top, box[1])
    lower = min(high, box[3] - box[1])
    return bool(shared >= 0.5 * lower and box[0] - recent[:, 2].max() <= GAP * max(high, box[3] - box[1]))


def _parts(row: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Give a row as a whole, and what follows each gap of half a character's height among its first four."""
    yield row
    high = float(np.median(row[:, 3] - row[:, 1]))
    for index in range(1, min(5, len(row) - 1)):
        if row[index, 0] - row[:index, 2].max() >= 0.3 * high:
            yield row[index:]


def _around(part: NDArray[np.int64], boxes: NDArray[np.int64], shape: tuple[int, ...]) -> Box:
    """Return the box of characters, of the points and dashes among and just behind them, and paper around."""
    high = float(np.median(part[:, 3] - part[:, 1]))
    (left, top), (right, bottom) = part[:, :2].min(axis=0), part[:, 2:].max(axis=0)
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    behind = boxes[(boxes[:, 0] >= left) & (boxes[:, 0] <= right + 0.7 * high) & (middle > top) & (middle < bottom)]
    if len(behind):
        right = max(right, int(behind[:, 2].max()))
    side, over = round(0.25 * high), round(0.15 * high)
    return (
        max(0, int(left) - side),
        max(0, int(top) - over),
        min(shape[1], int(right) + side),
        min(shape[0], int(bottom) + over),
    )
