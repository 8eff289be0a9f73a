"""Nets of rules: lines along rows and columns, linked where they are broken, that cross each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.documents.cleanup import Lines, bands, course_of, straight_lines
from lenet.documents.tints import tint_of

__all__ = ["Net", "find_nets"]

GAP = 0.06
"""A rule may be missing for so much of the picture's longer side, where writing or a fold hides it; of ours."""
STRAY = 0.03
"""Linked pieces of a rule may miss each other by so many rows per column between them, and two more; of ours."""
CORNER = 0.008
"""A rule may end so far from the one that it meets, of the picture's longer side, and 3 pixels; of ours."""
NEAR = 0.05
"""And no further than this share of its own length; of ours."""
MOST_LINES = 240
"""So many pieces of rules of one direction are looked at, the longest, so that time is bounded."""
OTHER_INK = 0.07
"""Angle between the tints of lines from which on one of them is no rule but a stroke of the pen; of ours."""


@dataclass(frozen=True, eq=False)
class Net:
    """Rules that cross each other.

    Parameters
    ----------
    across, down : bool (rows, columns) of the page: the pixels of the rules along its rows, and along its columns.
    closed : both, going on a little at their ends, so that corners are closed.
    """

    across: NDArray[np.bool_]
    down: NDArray[np.bool_]
    closed: NDArray[np.bool_]


def find_nets(marks: NDArray[np.bool_], tints: NDArray[np.uint8] | None) -> Iterator[Net]:
    """Give the nets on a page, each of at least two rules across and two down.

    Parameters
    ----------
    marks : bool (rows, columns), which pixels are strokes.
    tints : of the same page, or None where it has no colours; rules of a net have one.
    """
    reach = round(GAP * max(marks.shape))
    level, upright = (_linked(_longest(straight_lines(side)), reach) for side in (marks, marks.T))
    crossing = _crossing(marks, level, upright)
    _keep_crossing_two(crossing)
    if tints is not None and crossing.any():
        one, other = _in_one_ink(level, upright, crossing, tints)
        crossing &= one[:, None] & other
        _keep_crossing_two(crossing)
    beyond = round(CORNER * max(marks.shape))
    for one, other in _connected(crossing):
        closed = bands(marks, level, one, beyond=beyond) | bands(marks.T, upright, other, beyond=beyond).T
        yield Net(bands(marks, level, one), bands(marks.T, upright, other).T, closed)


def _longest(lines: Lines) -> Lines:
    """Return no more than `MOST_LINES` of the lines."""
    labels, boxes = lines
    length = boxes[:, 2] - boxes[:, 0]
    kept = np.zeros(len(boxes), bool)
    kept[np.argsort(-length, kind="stable")[:MOST_LINES]] = True
    renumbered = np.concatenate([[0], np.where(kept, np.cumsum(kept), 0)]).astype(np.int32)
    return renumbered[labels], boxes[kept]


def _linked(lines: Lines, reach: int) -> Lines:
    """Give pieces of one rule one number: where one ends, the other begins, no further than `reach` columns on."""
    labels, boxes = lines
    if not len(boxes):
        return lines
    left, right = boxes[:, 0].astype(float), boxes[:, 2] - 1.0
    start, end = _ends(lines)
    slope = (end - start) / np.maximum(right - left, 1)
    gap = left[None, :] - right[:, None]
    fall = start[None, :] - end[:, None]
    miss = np.minimum(abs(fall - slope[:, None] * gap), abs(fall - slope[None, :] * gap))
    goes_on = (gap > -0.01 * reach) & (gap <= reach) & (miss <= 2 + STRAY * np.maximum(gap, 0))
    owner = np.arange(len(boxes))
    for one, other in np.argwhere(goes_on):
        owner[owner == owner[other]] = owner[one]
    roots, number = np.unique(owner, return_inverse=True)
    merged = np.zeros((len(roots), 5), np.int32)
    merged[:, :2] = np.iinfo(np.int32).max
    np.minimum.at(merged[:, :2], number, boxes[:, :2])
    np.maximum.at(merged[:, 2:4], number, boxes[:, 2:4])
    np.add.at(merged[:, 4], number, boxes[:, 4])
    return np.concatenate([[0], number + 1]).astype(np.int32)[labels], merged


def _ends(lines: Lines) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rows at which each line begins and ends, on the straight line through it."""
    ends = []
    for number, (left, top, right, bottom, _) in enumerate(lines[1], 1):
        rows, columns = np.nonzero(lines[0][top:bottom, left:right] == number)
        slope, offset = np.polyfit(columns, rows, 1)
        ends.append((top + offset, top + offset + slope * (right - left - 1)))
    start, end = np.array(ends).T
    return start, end


def _keep_crossing_two(crossing: NDArray[np.bool_]) -> None:
    """Leave only crossings of lines that have two or more, until all do."""
    while True:
        still = crossing & (crossing.sum(axis=1) >= 2)[:, None] & (crossing.sum(axis=0) >= 2)
        if (still == crossing).all():
            return
        crossing[:] = still


def _in_one_ink(
    level: Lines, upright: Lines, crossing: NDArray[np.bool_], tints: NDArray[np.uint8]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which of the lines that cross have the colour in which most of them, by their area, are drawn."""
    used = np.concatenate([crossing.any(axis=1), crossing.any(axis=0)])
    inks = [_ink(level, number, tints) for number in range(len(level[1]))]
    inks += [_ink(upright, number, tints.transpose(1, 0, 2)) for number in range(len(upright[1]))]
    area = used * np.concatenate([level[1][:, 4], upright[1][:, 4]])
    unit = np.array(inks) / np.maximum(1e-9, np.linalg.norm(inks, axis=1))[:, None]
    alike = unit @ unit.T >= math.cos(OTHER_INK)
    most = alike[int(np.argmax(np.where(used, alike @ area, -1)))]
    return most[: len(level[1])], most[len(level[1]) :]


def _ink(lines: Lines, number: int, tints: NDArray[np.uint8]) -> NDArray[np.float64]:
    left, top, right, bottom = lines[1][number, :4]
    return tint_of(tints[top:bottom, left:right], lines[0][top:bottom, left:right] == number + 1)


def _connected(crossing: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Give the lines of each net: which of the level, and which of the upright ones."""
    left: NDArray[np.bool_] = np.asarray(crossing.any(axis=1))
    while left.any():
        one: NDArray[np.bool_] = np.arange(len(left)) == np.flatnonzero(left)[0]
        while True:
            other: NDArray[np.bool_] = np.asarray(crossing[one].any(axis=0))
            more: NDArray[np.bool_] = np.asarray(crossing[:, other].any(axis=1))
            if (more == one).all():
                break
            one = more
        left = left & ~one
        yield one, other


def _crossing(marks: NDArray[np.bool_], level: Lines, upright: Lines) -> NDArray[np.bool_]:
    """Tell which level lines (rows) meet which upright ones (columns), though they end a little before that."""
    most = max(3.0, CORNER * max(marks.shape))
    ways = [
        [(int(lines[1][k, 0]), course_of(side, lines, k)[0]) for k in range(len(lines[1]))]
        for side, lines in ((marks, level), (marks.T, upright))
    ]
    found = np.zeros((len(ways[0]), len(ways[1])), bool)
    for index, (left, rows) in enumerate(ways[0]):
        for other, (top, columns) in enumerate(ways[1]):
            x = float(columns.mean())
            for _ in range(3):
                y, beyond = _at(rows, x - left)
                x, above = _at(columns, y - top)
            found[index, other] = beyond <= _reach(rows, most) and above <= _reach(columns, most)
    return found


def _at(course: NDArray[np.float64], place: float) -> tuple[float, float]:
    """Return a course at a place, and how far beyond its ends that lies."""
    nearest = min(max(place, 0), len(course) - 1)
    return float(course[int(nearest)]), abs(place - nearest)


def _reach(course: NDArray[np.float64], most: float) -> float:
    """Return how far before another a line may end: short ones, which may be words, not as far as long ones."""
    return max(3.0, min(most, NEAR * len(course)))
