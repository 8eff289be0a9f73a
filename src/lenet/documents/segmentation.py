"""From ink to pieces, each the ink of one character, and from pieces to rows of text in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet._engine import components
from lenet.documents.cleanup import strokes
from lenet.documents.nearby import largest_near

__all__ = ["Box", "Piece", "Place", "find_pieces", "find_places", "single_piece", "text_rows"]

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the picture given; right and bottom are exclusive."""

MOST_PIECES = 10_000
"""More pieces than this on one page are texture; those with the most ink are looked at, so that time is bounded."""

LEAST_HEIGHT = 0.35
"""Lower than this share of the usual height is a dot, a dash or a comma, not a digit beside others."""

FRAGMENT_HEIGHT = 0.7
"""Lower than this share may be a part of a digit, to be joined with the piece that it belongs to."""

MARK_SIZE = 0.6
"""A point, a comma or a stroke between digits is shorter than this share of their height."""

MOST_MARKS = 4
"""So many marks are looked at between two digits; more are dirt."""

LEAST_PIXELS = 5
"""Lower than this no digit can be told from another; print on a page scanned at 100 dpi is 8 high."""

LEAST_STRENGTH = 0.3
"""Paler than this share of the usual ink is a line of the paper or print shining through."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Ink that belongs together: a character, a part of one, or several that touch.

    Attributes
    ----------
    box : where it stands on the page.
    ink : uint8 `(rows, columns)`, what is inside the box and belongs to it, stretched to full ink.
    stroke : width of its strokes in pixels.
    trimmed : the same without the strokes that come in from the left or right border of the picture, if any do, and
        without all thin ends, if it has any.
    """

    box: Box
    ink: NDArray[np.uint8]
    stroke: float
    trimmed: tuple[Piece, ...] = ()

    @property
    def width(self) -> int:
        """Width of the box in pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """Height of the box in pixels."""
        return self.box[3] - self.box[1]

    def __repr__(self) -> str:
        return f"Piece(box={self.box}, stroke={self.stroke:.1f})"


@dataclass(eq=False)
class _Found:
    """Connected pieces of ink as columns: boxes `(n, 4)`, area in pixels, ink and border contact, and their labels."""

    labels: NDArray[np.int32]
    boxes: NDArray[np.int32]
    area: NDArray[np.int64]
    strength: NDArray[np.float64]
    contact: NDArray[np.int64]
    number: NDArray[np.int64]

    @property
    def width(self) -> NDArray[np.int32]:
        return self.boxes[:, 2] - self.boxes[:, 0]

    @property
    def height(self) -> NDArray[np.int32]:
        return self.boxes[:, 3] - self.boxes[:, 1]

    @property
    def extent(self) -> NDArray[np.int32]:
        return np.maximum(self.width, self.height)

    def only(self, kept: NDArray[np.bool_]) -> _Found:
        return _Found(
            self.labels,
            self.boxes[kept],
            self.area[kept],
            self.strength[kept],
            self.contact[kept],
            self.number[kept],
        )


def find_pieces(ink: NDArray[np.uint8], *, one_row: bool = False) -> list[Piece]:
    """Find what is written, one piece a character as far as strokes don't touch, in no particular order.

    Specks, dashes, frames and the strokes that reach in from a neighbouring box are left out, but never all that
    there is: where anything is written, something is found.

    Parameters
    ----------
    ink : uint8 `(rows, columns)`, as `to_ink` and `without_rules` give it.
    one_row : all is one row of characters, so pieces above one another belong together.
    """
    found = _connected(ink)
    if not len(found.area):
        return []
    found = _without_frames(found, ink.shape)
    usual = _usual_height(found)
    found = _digit_strength(_without_specks(found, usual), usual)
    groups = _joined(found, usual, one_row)
    return [_piece(ink, found, group) for group in _digit_sized(groups, found, usual)]


@dataclass(frozen=True, eq=False)
class Place:
    """Two digits of a row with small ink between them, where a point, a comma or a stroke would stand.

    Attributes
    ----------
    row, index : of the left digit.
    pieces : the two digits.
    marks : the small ink.
    piece : whether it is the piece between the two, a low one, which may be a small digit.
    """

    row: int
    index: int
    pieces: tuple[Piece, Piece]
    marks: tuple[Piece, ...]
    piece: bool = False

    def __repr__(self) -> str:
        return f"Place(after piece {self.index} of row {self.row}: {len(self.marks)} marks)"


def find_places(ink: NDArray[np.uint8], rows: Sequence[Sequence[Piece]]) -> list[Place]:
    """Find where small ink stands between the digits of a row; some of it is dirt.

    Parameters
    ----------
    ink : as for `find_pieces`.
    rows : of `text_rows`.
    """
    if not any(len(row) > 1 for row in rows):
        return []
    found = _connected(ink)
    usual = float(np.median([piece.height for row in rows for piece in row]))
    found = found.only(found.extent < MARK_SIZE * usual)
    places = []
    for number, row in enumerate(rows):
        low = _low(row)
        for index, (left, right) in enumerate(pairwise(row)):
            near = np.nonzero(_between(found.boxes.T, left, right))[0]
            if len(near) and right.box[0] - left.box[2] < 2 * usual and not {index, index + 1} & low:
                largest = near[np.argsort(-found.area[near])][:MOST_MARKS]
                marks = tuple(_piece(ink, found, [int(mark)]) for mark in largest)
                places.append(Place(number, index, (left, right), marks))
        places += [Place(number, at - 1, (row[at - 1], row[at + 1]), (row[at],), piece=True) for at in sorted(low)]
    return places


def _low(row: Sequence[Piece]) -> set[int]:
    """Return which pieces of a row stand between two others as a comma would."""
    found = set[int]()
    for at in range(1, len(row) - 1):
        left, middle, right = row[at - 1 : at + 2]
        size = max(middle.width, middle.height) / min(left.height, right.height)
        if at - 1 not in found and size < MARK_SIZE and _between(np.array(middle.box), left, right):
            found.add(at)
    return found


def _between(boxes: NDArray[np.int32], left: Piece, right: Piece) -> NDArray[np.bool_]:
    """Tell which boxes stand between two pieces, below their upper third, and hang below them no more than a comma."""
    height, stroke = (left.height + right.height) / 2, (left.stroke + right.stroke) / 2
    top = (left.box[1] + right.box[1]) / 2
    middle, size = (boxes[0] + boxes[2]) / 2, np.maximum(boxes[2] - boxes[0], boxes[3] - boxes[1])
    near: NDArray[np.bool_] = (middle > left.box[2]) & (middle < right.box[0]) & (size >= 0.5 * stroke)
    near &= (boxes[1] > top + 0.25 * height) & (boxes[1] < top + 1.1 * height) & (boxes[3] < top + 1.4 * height)
    return near


def single_piece(ink: NDArray[np.uint8]) -> Piece | None:
    """Return what `find_pieces` would, where that is one connected stroke that has to be a character; else None.

    It takes a tenth of the time, and leaves to `find_pieces` whatever has parts, reaches the border, or may be a dash,
    a frame or a ruled line.

    Parameters
    ----------
    ink : as for `find_pieces`, but ruled lines may be on it.
    """
    found = _engine.single_piece(ink)
    return None if found is None else _piece_at(*found)


def _piece_at(left: int, top: int, ink: NDArray[np.uint8], stroke: float) -> Piece:
    rows, columns = ink.shape
    return Piece((left, top, left + columns, top + rows), ink, stroke)


def _connected(ink: NDArray[np.uint8]) -> _Found:
    marks = strokes(ink)
    labels, table = components(marks.view(np.uint8))
    edge = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
    contact = np.bincount(edge, minlength=len(table) + 1)[1:]
    strength = np.bincount(labels[marks], weights=ink[marks], minlength=len(table) + 1)[1:] / np.maximum(table[:, 4], 1)
    number = np.arange(1, len(table) + 1)
    found = _Found(labels, table[:, :4], table[:, 4].astype(np.int64), strength, contact, number)
    found = found.only(found.area >= min(3, found.area.max(initial=0)))
    if len(found.area) > MOST_PIECES:
        kept = np.zeros(len(found.area), bool)
        kept[np.argsort(-found.area * found.strength, kind="stable")[:MOST_PIECES]] = True
        found = found.only(kept)
    return found


def _without_frames(found: _Found, shape: tuple[int, ...]) -> _Found:
    """Drop what lies along the border for most of its length and is longer than anything else: desk, frame, shadow."""
    rest = found.contact == 0
    rest &= found.height >= max(8, 0.04 * min(shape))
    if not rest.any():
        return found
    along = found.contact > 0.5 * found.extent
    stroke = np.median((found.area / found.extent)[rest])
    thin = np.minimum(found.width, found.height) < 0.8 * stroke
    return found.only(~(along & (thin | (found.extent > 1.5 * _usual_height(found.only(rest))))))


def _usual_height(found: _Found) -> float:
    """Return the height that half of the ink exceeds."""
    order = np.argsort(found.height, kind="stable")
    mass = np.cumsum((found.area * found.strength)[order])
    return float(found.height[order][np.searchsorted(mass, mass[-1] / 2)])


def _without_specks(found: _Found, usual: float) -> _Found:
    return found.only(found.extent >= min(0.12 * usual, found.extent.max()))


def _digit_strength(found: _Found, usual: float) -> _Found:
    sized = found.height >= min(FRAGMENT_HEIGHT * usual, found.height.max())
    return found.only(found.strength >= LEAST_STRENGTH * np.percentile(found.strength[sized], 75))


def _joined(found: _Found, usual: float, one_row: bool) -> list[list[int]]:
    """Put the parts of broken characters together; return the indices that make up each."""
    boxes, height = found.boxes.astype(float), found.height
    owner = np.arange(len(boxes))
    parts = np.ones(len(boxes), bool) if one_row else height < FRAGMENT_HEIGHT * usual
    for part in np.nonzero(parts)[0][np.argsort(height[parts], kind="stable")]:
        left, top, right, bottom = boxes[part]
        overlap = np.minimum(right, boxes[:, 2]) - np.maximum(left, boxes[:, 0])
        aside = np.maximum(0, np.maximum(boxes[:, 1] - bottom, top - boxes[:, 3]))
        both = np.maximum(bottom, boxes[:, 3]) - np.minimum(top, boxes[:, 1])
        near = (overlap >= 0.4 * np.minimum(right - left, boxes[:, 2] - boxes[:, 0])) & (aside <= 0.2 * usual)
        near |= _locked(found, part, overlap > -0.05 * usual, usual)
        near &= (owner != owner[part]) & (height >= height[part])
        shared = bottom - top + boxes[:, 3] - boxes[:, 1] - both
        near &= (height[part] < FRAGMENT_HEIGHT * usual) | (shared <= 0.3 * (bottom - top))
        near &= one_row | (both <= 1.35 * np.maximum(usual, height))
        if near.any():
            owner[owner == owner[part]] = owner[np.nonzero(near)[0][np.argmin((aside - overlap / 1e3)[near])]]
    order = np.argsort(owner, kind="stable")
    return [list(group) for group in np.split(order, np.nonzero(np.diff(owner[order]))[0] + 1)]


def _locked(found: _Found, part: int, beside: NDArray[np.bool_], usual: float) -> NDArray[np.bool_]:
    """Tell which of the pieces beside a part all but touch it: a gap of a twentieth of the usual height."""
    beside = beside & (found.boxes[:, 1] < found.boxes[part, 3]) & (found.boxes[:, 3] > found.boxes[part, 1])
    beside[part] = False
    if not beside.any() or found.height[part] >= FRAGMENT_HEIGHT * usual:
        return np.zeros(len(beside), bool)
    reach = max(1, int(0.05 * usual))
    left, top, right, bottom = found.boxes[part]
    rows, columns = slice(max(top - reach, 0), bottom + reach), slice(max(left - reach, 0), right + reach)
    around = found.labels[rows, columns]
    mine = largest_near(around == found.number[part], reach, reach)
    return beside & np.isin(found.number, around[mine])


def _digit_sized(groups: list[list[int]], found: _Found, usual: float) -> list[list[int]]:
    """Keep the groups that may be digits by their size; of legible ones the one with the most ink where none may."""

    def ink(group: list[int]) -> float:
        return float((found.area * found.strength)[group].sum())

    def may_be_digit(group: list[int]) -> bool:
        left, top, right, bottom = _around(found.boxes[group])
        height = bottom - top
        if found.contact[group].any() and right - left > height and ink(group) < 0.5 * most:
            return False
        return LEAST_HEIGHT * usual <= height <= 3 * usual

    legible = [group for group in groups if _legible(found, group)]
    most = max((ink(group) for group in legible), default=0.0)
    return [group for group in legible if may_be_digit(group)] or sorted(legible, key=ink)[-1:]


def _legible(found: _Found, group: list[int]) -> bool:
    """Tell a piece from a speck and from a line along the row, straight or a little bent."""
    left, top, right, bottom = _around(found.boxes[group])
    width, height = right - left, bottom - top
    area = int(found.area[group].sum())
    line = width > 2.5 * height and (area >= 0.7 * height * width or area < 0.06 * width * width)
    return height >= LEAST_PIXELS and not line


def _around(boxes: NDArray[np.int32]) -> Box:
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return int(left), int(top), int(right), int(bottom)


def _piece(ink: NDArray[np.uint8], found: _Found, group: list[int]) -> Piece:
    """Cut a group out with the grey edges of its strokes, one pixel beyond them."""
    left, top, right, bottom = _around(found.boxes[group])
    left, top = max(left - 1, 0), max(top - 1, 0)
    right, bottom = min(right + 1, ink.shape[1]), min(bottom + 1, ink.shape[0])
    marks = np.isin(found.labels[top:bottom, left:right], found.number[group])
    whole = _cut(ink, marks, left, top)
    entering = (left == 0, right == ink.shape[1])
    variants = [_trimmed(ink, marks, whole, sides) for sides in ((*entering, False, False), (True, True, True, True))]
    return Piece(whole.box, whole.ink, whole.stroke, tuple(variant for variant in variants if variant))


def _trimmed(ink: NDArray[np.uint8], marks: NDArray[np.bool_], whole: Piece, sides: tuple[bool, ...]) -> Piece | None:
    """Return the piece without its tails on these sides (left, right, top, bottom); None where that leaves little."""
    views = (marks, marks[:, ::-1], marks.T, marks[::-1].T)
    cuts = [_tail(view, whole.stroke) if side else 0 for view, side in zip(views, sides, strict=True)]
    rest = np.zeros_like(marks)
    inner = np.s_[cuts[2] : len(marks) - cuts[3], cuts[0] : marks.shape[1] - cuts[1]]
    rest[inner] = marks[inner]
    if rest.sum() < 0.4 * marks.sum() or rest.sum() > 0.95 * marks.sum():
        return None
    rows, columns = (np.nonzero(rest.any(axis=axis))[0][[0, -1]] for axis in (1, 0))
    left, top = whole.box[0] + int(columns[0]), whole.box[1] + int(rows[0])
    return _cut(ink, rest[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1], left, top)


def _cut(ink: NDArray[np.uint8], marks: NDArray[np.bool_], left: int, top: int) -> Piece:
    """Return the piece whose marks have their left top corner there."""
    return _piece_at(left, top, *_engine.cut_piece(ink, marks.view(np.uint8), left, top))


def _tail(marks: NDArray[np.bool_], stroke: float) -> int:
    """Return for how many columns from the left there is a single stroke and nothing else."""
    some = marks.any(axis=0)
    height = np.where(some, len(marks) - marks[::-1].argmax(axis=0) - marks.argmax(axis=0), 0)
    thick = np.nonzero(height > 1.8 * stroke + 1)[0]
    return int(thick[0]) if len(thick) else 0


def text_rows(pieces: list[Piece]) -> list[list[Piece]]:
    """Group pieces into rows of text, top to bottom, and each row left to right.

    Rows may slope, all about alike: a row goes on with the piece that stands at its height once the common slope is
    taken away.
    """
    if not pieces:
        return []
    boxes = np.array([piece.box for piece in pieces], float)
    slope = _slope(boxes)
    middle = (boxes[:, 0] + boxes[:, 2]) / 2
    tops, bottoms = boxes[:, 1] - slope * middle, boxes[:, 3] - slope * middle
    members: list[list[int]] = []
    last: list[int] = []
    for index in np.argsort(middle, kind="stable"):
        overlap = np.minimum(bottoms[last], bottoms[index]) - np.maximum(tops[last], tops[index])
        share = overlap / np.minimum(bottoms[last] - tops[last], bottoms[index] - tops[index])
        if len(last) and share.max() >= 0.4:
            row = int(share.argmax())
            members[row].append(index)
            last[row] = index
        else:
            members.append([index])
            last.append(index)
    members.sort(key=lambda row: float((tops[row] + bottoms[row]).mean()))
    return [[pieces[index] for index in row] for row in members]


def _slope(boxes: NDArray[np.float64]) -> float:
    """Return by how much rows fall per pixel to the right: the median over pieces and their nearest right neighbour."""
    order = np.argsort(boxes[:, 0], kind="stable")
    boxes = boxes[order]
    slopes = []
    for index, (left, top, right, bottom) in enumerate(boxes[:-1]):
        after = boxes[index + 1 : index + 200]
        overlap = np.minimum(bottom, after[:, 3]) - np.maximum(top, after[:, 1])
        height = np.minimum(bottom - top, after[:, 3] - after[:, 1])
        beside = after[(overlap >= 0.5 * height) & (after[:, 0] - right <= 3 * (bottom - top))]
        if len(beside):
            other = beside[0]
            slopes.append((other[1] + other[3] - top - bottom) / max(1.0, other[0] + other[2] - left - right))
    return float(np.median(slopes)) if len(slopes) >= 3 else 0.0
