"""Ruled tables on a page: their boxes, though rules slope, bend or fade, and what is written in each.

A table is a net of rules. Pieces of a rule are linked where one goes on in the direction of the other; rules that
cross at least two others are the net; what they enclose are its boxes. A stroke belongs to the box that holds most of
it, and is taken whole, so that digits may stand out of their box and a neighbour's stroke may reach in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet._engine import components
from lenet.documents.cleanup import strokes, without_bands
from lenet.documents.nearby import largest_near
from lenet.documents.nets import Net, find_nets
from lenet.documents.segmentation import Box
from lenet.documents.tints import apart, parted, tint_of, tints_of

__all__ = ["Cell", "Table", "find_tables"]

LEAST_SIDE = 12
"""Pixels that a box has at least in each direction: no digit can be told in less."""
FILLED = 0.7
"""A box fills so much of the upright rectangle around it; of ours."""
LEAST_CELLS = 3
"""Fewer boxes are a frame, not a table."""
HOME = 0.6
"""A stroke of which less lies in one box is cut at the rules; of ours."""
LEAST_PIECE = 12
"""Pixels of a piece of ink from which on it has a colour."""
KEPT = 0.5
"""Of all that is written within a net, so much lies within single boxes; else it is squared paper; of ours."""


@dataclass(frozen=True, eq=False)
class Cell:
    """One box of a table.

    Parameters
    ----------
    box : the upright rectangle around its inside.
    marks : bool (rows, columns), what is written in it, without rules and neighbours' strokes.
    left, top : where the first pixel of `marks` stands on the page.
    """

    box: Box
    marks: NDArray[np.bool_]
    left: int
    top: int

    @property
    def around(self) -> Box:
        """Box on the page of what is written; of no area where nothing is."""
        return self.left, self.top, self.left + self.marks.shape[1], self.top + self.marks.shape[0]


@dataclass(frozen=True, eq=False)
class Table:
    """A table on a page.

    Parameters
    ----------
    rows : its boxes, row by row, each from left to right.
    box : the upright rectangle around its rules.
    rest : bool (rows, columns) of the page: what is written beside the table.
    two_inks : whether what is written has another colour than the rules. What has theirs is print then, and is left
        out, from `rest` too.
    """

    rows: tuple[tuple[Cell, ...], ...]
    box: Box
    rest: NDArray[np.bool_]
    two_inks: bool = False

    def __repr__(self) -> str:
        return f"Table({len(self.rows)} rows, {sum(map(len, self.rows))} boxes, box={self.box})"


def find_tables(picture: NDArray[np.uint8], ink: NDArray[np.uint8]) -> list[Table]:
    """Find the ruled tables on a page, from top to bottom.

    Parameters
    ----------
    picture : uint8 `(rows, columns)` or `(rows, columns, 3)`.
    ink : uint8 `(rows, columns)`, as `to_ink` gives it of the picture.

    Returns
    -------
    Tables with at least `LEAST_CELLS` boxes; none on plain, lined or squared paper.
    """
    marks = strokes(ink)
    if not any(find_nets(marks, None)):
        return []
    tints = tints_of(picture)
    found = (_table(marks, net, tints) for net in find_nets(marks, tints))
    return sorted((table for table in found if table), key=lambda table: table.box[1])


def _table(marks: NDArray[np.bool_], net: Net, tints: NDArray[np.uint8] | None) -> Table | None:
    """Return the table that a net makes; None where it has too few boxes, or cuts what is written to pieces."""
    rules = net.across | net.down
    rows, columns = np.nonzero(rules.any(axis=1))[0], np.nonzero(rules.any(axis=0))[0]
    box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    inside, boxes = _enclosed(net.closed, box)
    if len(boxes) < LEAST_CELLS:
        return None
    labels, pieces = components(without_bands(marks, net.across, net.down).view(np.uint8))
    owner, share = _owners(labels, len(pieces), inside, len(boxes))
    if share < KEPT:
        return None
    pen = None if tints is None else _pen(labels, len(pieces), owner, rules & marks, tints)
    rest = _inside_picture(pieces, marks.shape)[labels] & (owner == 0) & ~_filled(net.closed, inside)
    if pen is not None:
        owner, rest = np.where(pen[labels], owner, 0), rest & pen[labels]
    return Table(tuple(_in_rows(_cells(owner, boxes))), box, rest, pen is not None)


def _inside_picture(pieces: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Tell which pieces the border of the picture does not cut: beside a table, those are of its next rows."""
    left, top, right, bottom = pieces[:, :4].T
    return np.concatenate([[False], (left > 0) & (top > 0) & (right < shape[1]) & (bottom < shape[0])])


def _filled(closed: NDArray[np.bool_], inside: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return the table without gaps: its rules, its boxes, and the edges between them."""
    covered: NDArray[np.bool_] = largest_near((closed | (inside > 0)).view(np.uint8), 2, 2).view(bool)
    return covered


def _enclosed(closed: NDArray[np.bool_], around: Box) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the number of the box that each pixel is in, from 1, 0 for none, and the boxes."""
    left, top, right, bottom = around
    paper = ~closed
    paper[:top], paper[bottom:], paper[:, :left], paper[:, right:] = False, False, False, False
    labels, table = components(paper.view(np.uint8))
    wide, high = table[:, 2] - table[:, 0], table[:, 3] - table[:, 1]
    good = (np.minimum(wide, high) >= LEAST_SIDE) & (table[:, 4] >= FILLED * wide * high)
    # What reaches the table's own border is outside of it, but for where the picture ends there.
    ends = (0, 0, closed.shape[1], closed.shape[0])
    for side, end in enumerate(ends):
        good &= (table[:, side] != around[side]) | (around[side] == end)
    number = np.concatenate([[0], np.where(good, np.cumsum(good), 0)]).astype(np.int32)
    return number[labels], table[good]


def _owners(
    labels: NDArray[np.int32], pieces: int, inside: NDArray[np.int32], count: int
) -> tuple[NDArray[np.int32], float]:
    """Return which box each mark belongs to, and how much of all that is written there lies within one box."""
    key = labels.astype(np.int64) * (count + 1) + inside
    places = np.bincount(key.ravel(), minlength=(pieces + 1) * (count + 1)).reshape(pieces + 1, count + 1)
    within, most = places[:, 1:].sum(axis=1), places[:, 1:].max(axis=1)
    # What lies outside for the most part is none of a box's: a line above the table, the edge of the sheet.
    whole = (most >= HOME * within) & (within > 0) & (within >= places[:, 0])
    whole[0] = False
    home = np.where(whole, 1 + places[:, 1:].argmax(axis=1), -1).astype(np.int32)
    written = within[1:].sum()
    owner = home[labels]
    owner = np.where(labels > 0, np.where(owner < 0, inside, owner), 0).astype(np.int32)
    return owner, float(most[1:].sum() / written) if written else 1.0


def _pen(
    labels: NDArray[np.int32],
    pieces: int,
    owner: NDArray[np.int32],
    rules: NDArray[np.bool_],
    tints: NDArray[np.uint8],
) -> NDArray[np.bool_] | None:
    """Tell which pieces were written with a pen of another colour than the table was printed in; None if none was."""
    some = labels > 0
    numbers = labels[some]
    size = np.bincount(numbers, minlength=pieces + 1)
    within = np.bincount(numbers, owner[some] > 0, pieces + 1) > 0
    total = np.stack([np.bincount(numbers, tints[:, :, k][some], pieces + 1) for k in range(3)], axis=1)
    printed = tint_of(tints, rules)
    angles = np.array([apart(tint, printed) for tint in total])
    large = size >= LEAST_PIECE
    threshold = parted(angles[large & within])
    return None if threshold is None else large & (angles > threshold)


def _cells(owner: NDArray[np.int32], boxes: NDArray[np.int32]) -> Iterator[Cell]:
    """Give each box with what is written in it."""
    rows, columns = np.nonzero(owner)
    which = owner[rows, columns]
    order = np.argsort(which, kind="stable")
    starts = np.searchsorted(which[order], np.arange(1, len(boxes) + 2))
    for number, (left, top, right, bottom, _) in enumerate(boxes):
        mine = order[starts[number] : starts[number + 1]]
        box = int(left), int(top), int(right), int(bottom)
        if not len(mine):
            yield Cell(box, np.zeros((0, 0), bool), box[0], box[1])
            continue
        y, x = rows[mine], columns[mine]
        marks = np.zeros((int(y.max() - y.min()) + 1, int(x.max() - x.min()) + 1), bool)
        marks[y - y.min(), x - x.min()] = True
        yield Cell(box, marks, int(x.min()), int(y.min()))


def _in_rows(cells: Iterator[Cell]) -> list[tuple[Cell, ...]]:
    """Chain boxes from left to right, each to the one at its height; rows from top to bottom."""
    rows: list[list[Cell]] = []
    for cell in sorted(cells, key=lambda cell: cell.box[0]):
        fitting = [row for row in rows if _shared(row[-1].box, cell.box) > 0.5]
        if fitting:
            max(fitting, key=lambda row: _shared(row[-1].box, cell.box)).append(cell)
        else:
            rows.append([cell])
    return [tuple(row) for row in sorted(rows, key=lambda row: row[0].box[1] + row[0].box[3])]


def _shared(one: Box, other: Box) -> float:
    """Return which share of the higher of two boxes stands beside the other."""
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return shared / max(one[3] - one[1], other[3] - other[1])
