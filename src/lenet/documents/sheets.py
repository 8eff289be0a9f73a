"""A sheet of paper on a desk: where its edges are, and the sheet by itself, flat and upright.

Paper is lighter than what it lies on. At several levels of brightness the largest light part of a small copy of the
picture is taken, the quadrilateral around it found by leaving out the sides of its hull that matter least, and each
side moved to where the light falls most. A sheet is believed where the light falls sharply along nearly all of its
sides: the edge of a shadow is blurred, and falls by the same share in all colours.

Points are `(x, y)` from the upper left corner of the picture, so that the middle of its first pixel is (0.5, 0.5).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet._engine import components
from lenet.documents.nearby import closing, reduced
from lenet.documents.segmentation import Box

__all__ = ["Sheet", "find_sheet"]

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]

LEAST_SIDE = 160
"""Rows and columns of a picture on which a sheet is looked for; fewer are cut out of one."""
LEVELS = 8
"""Levels of brightness at which the sheet is looked for."""
LEAST_SHARE, MOST_SHARE = 0.2, 0.97
"""A sheet takes so much of the picture; less may be a white box on a form, more has next to nothing around it."""
LEAST_SOLID = 0.85
"""A sheet fills this share of its hull, whatever is written on it."""
LEAST_SHARP = 0.7
"""Along this share of each side the light falls where the side is, and not elsewhere."""
LEAST_FALL = 0.12
"""By this share of its light at least: shadows of folds take less."""
UNLIKE_SHADOW = 0.55
"""Paper that ends on one side only may end there in shadow, unless less than this share of some colour is left."""
LEAST_ANGLE = math.radians(55)
"""Corners are no sharper than this in the picture."""
MOST_UNEVEN = 2.0
"""A side may be so many times as long as the one across: farther away, it looks shorter."""
REACH = 0.03
"""A side is looked for this share of the picture's side away from the hull's."""
BORDER = 0.012
"""Closer than this share to the border of the picture, a side is where the picture ends, and not the sheet."""
INSET = 0.004
"""So much of a sheet's size is left out along its edges, where it bends and casts shadow."""
MOST_BEYOND = 0.5
"""A sheet reaches no farther beyond the picture than this share of its longer side."""
SAMPLES = 64
"""Places along a side at which its edge is looked for."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """The part of a picture that is paper, made flat; or the whole of it, where no edges are seen.

    Attributes
    ----------
    picture : uint8 `(rows, columns)` or `(rows, columns, 3)`: what lies on the sheet.
    matrix : float64 (3, 3), the homography from points of it to points of the picture that was given.
    """

    picture: Picture
    matrix: NDArray[np.float64]

    @classmethod
    def whole(cls, picture: Picture) -> Sheet:
        """Take all of a picture, as it is."""
        return cls(picture, np.eye(3))

    def turned(self, quarters: int) -> Sheet:
        """Return it turned by so many quarters of a circle against the clock."""
        sheet = self
        for _ in range(quarters % 4):
            columns = sheet.picture.shape[1]
            turn = np.array([[0.0, -1.0, columns], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
            sheet = Sheet(np.ascontiguousarray(np.rot90(sheet.picture)), sheet.matrix @ turn)
        return sheet

    def there(self, box: Box) -> Box:
        """Return the upright box around a box of the sheet, in pixels of the picture that was given."""
        left, top, right, bottom = box
        corners = np.array([(x, y) for x in (left, right) for y in (top, bottom)], float)
        low, high = (np.round(edge(_moved(self.matrix, corners), axis=0), 6) for edge in (np.min, np.max))
        return math.floor(low[0]), math.floor(low[1]), math.ceil(high[0]), math.ceil(high[1])

    def __repr__(self) -> str:
        rows, columns = self.picture.shape[:2]
        return f"Sheet({columns} x {rows})"


def find_sheet(picture: Picture) -> Sheet:
    """Find the sheet of paper on a picture and make it flat, as if it were scanned.

    Parameters
    ----------
    picture : uint8, `(rows, columns)` or `(rows, columns, 3)`; the paper lighter than what it lies on, turned by less
        than 45 degrees, and not beyond the picture on more than three sides.

    Returns
    -------
    The sheet; the whole picture where no edges of paper are seen on it.
    """
    if min(picture.shape[:2]) < LEAST_SIDE:
        return Sheet.whole(picture)
    small, factor = _small(picture)
    light = small if small.ndim == 2 else small.min(axis=2)
    found = [sides for sides in _candidates(light) if sides.plausible(small)]
    if not found:
        return Sheet.whole(picture)
    corners = max(found, key=lambda sides: sides.score).squared().corners * factor
    beyond = math.ceil(max(0.0, float(-corners.min()), float((corners - picture.shape[1::-1]).max())))
    return _flat(picture, corners, beyond) if beyond < MOST_BEYOND * max(picture.shape) else Sheet.whole(picture)


def _small(picture: Picture) -> tuple[Picture, int]:
    if picture.ndim == 2:
        return reduced(picture)
    planes = [reduced(np.ascontiguousarray(picture[:, :, channel])) for channel in range(3)]
    return np.stack([plane for plane, _ in planes], axis=2), planes[0][1]


class _Sides(NamedTuple):
    """A quadrilateral on a small picture, clockwise from the left top corner, and how well the light shows it.

    Side k goes from corner k to the next one: top, right, bottom, left.
    """

    corners: Points
    seen: tuple[bool, ...]
    sharp: float
    fall: float
    shape: tuple[int, ...]

    @property
    def score(self) -> float:
        return self.sharp * self.fall * math.sqrt(_area(self.corners))

    def plausible(self, small: Picture) -> bool:
        """Tell whether this is a sheet, and not the lit part of one or a box that is printed on it."""
        if not any(self.seen) or not _is_sheet(self.corners, self.shape):
            return False
        edges = [side for side in range(4) if self.seen[side]]
        if len(edges) > 1 and edges != [0, 2] and edges != [1, 3]:
            return True
        return all(_left(small, *_ends(self.corners, side)) < UNLIKE_SHADOW for side in edges)

    def squared(self) -> _Sides:
        """Return it with edges of paper left out, and with sides that are not seen at a right angle.

        A sheet that goes on beyond the picture has no edge there; nothing of it is left out.
        """
        away = max(1.0, INSET * math.sqrt(_area(self.corners)))
        lines: list[tuple[Points, Points]] = []
        for side in range(4):
            start, end = _ends(self.corners, side)
            outward = _outward(start, end)
            if self.seen[side]:
                lines.append((start - away * outward, end - away * outward))
            else:
                along = self._along(side)
                outward = np.array([along[1], -along[0]])
                farthest = start if (start - end) @ outward > 0 else end
                lines.append((farthest, farthest + along))
        return self._replace(corners=_crossings(lines))

    def _along(self, side: int) -> Points:
        """Return the direction of a side that is not seen: across the seen ones beside it, else along the other."""
        ways = []
        for other in (side - 1, side + 1):
            start, end = _ends(self.corners, other % 4)
            if self.seen[other % 4]:
                ways.append(_outward(start, end) if other > side else -_outward(start, end))
        if not ways:
            start, end = _ends(self.corners, (side + 2) % 4)
            ways.append((start - end) / np.hypot(*(end - start)))
        mean: Points = np.mean(ways, axis=0)
        return np.asarray(mean / np.hypot(*mean))


def _candidates(light: Picture) -> Iterator[_Sides]:
    """Give the quadrilaterals around the largest light part at several levels, with their sides on sharp edges."""
    closed = closing(light, max(5, round(0.03 * min(light.shape))) | 1)
    low, high = np.percentile(closed, (2, 98))
    for level in np.linspace(low, high, LEVELS + 2)[1:-1]:
        hull = _hull_of_largest((closed >= level).astype(np.uint8))
        corners = None if hull is None else _quadrilateral(hull)
        sides = None if corners is None else _on_edges(_clockwise(corners), closed)
        if sides is not None:
            yield sides


def _hull_of_largest(mask: NDArray[np.uint8]) -> Points | None:
    """Return the convex hull of the largest part of a mask, clockwise; None where it is no sheet by its size."""
    labels, table = components(mask)
    if not len(table):
        return None
    largest = int(table[:, 4].argmax())
    if not LEAST_SHARE / 2 <= table[largest, 4] / mask.size <= MOST_SHARE:
        return None
    own = labels == largest + 1
    rows = np.nonzero(own.any(axis=1))[0]
    first = own[rows].argmax(axis=1)
    end = own.shape[1] - own[rows, ::-1].argmax(axis=1)
    points = [(x, y) for y, left, right in zip(rows, first, end, strict=True) for x in (left, right)]
    points += [(x, y + 1) for x, y in points]
    hull = _hull(sorted({(int(x), int(y)) for x, y in points}))
    return hull if table[largest, 4] >= LEAST_SOLID * _area(hull) else None


def _hull(points: Sequence[tuple[int, int]]) -> Points:
    """Return the corners of the convex hull of sorted points (Andrew's monotone chain), clockwise on the screen."""

    def chain(points: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        kept: list[tuple[int, int]] = []
        for x, y in points:
            while len(kept) > 1:
                (ax, ay), (bx, by) = kept[-2:]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                kept.pop()
            kept.append((x, y))
        return kept[:-1]

    return np.array(chain(points) + chain(points[::-1]), float)


def _quadrilateral(hull: Points) -> Points | None:
    """Leave out the side of a polygon that adds the least area when its neighbours meet, until four are left."""
    while len(hull) > 4:
        before, after, beyond = (np.roll(hull, shift, axis=0) for shift in (1, -1, -2))
        along, back = hull - before, after - beyond
        cross = _cross(along, back)
        share = _cross(after - hull, back) / np.where(abs(cross) > 1e-9, cross, 1e-9)
        meeting = hull + share[:, None] * along
        added = abs(_cross(after - hull, meeting - hull)) / 2
        added[~((cross < -1e-9) & (share >= 0))] = np.inf
        side = int(added.argmin())
        if not np.isfinite(added[side]):
            return None
        hull[side] = meeting[side]
        hull = np.delete(hull, (side + 1) % len(hull), axis=0)
    return hull if len(hull) == 4 else None


def _clockwise(corners: Points) -> Points:
    """Return the corners from the left top one on."""
    return np.roll(corners, -int(corners.sum(axis=1).argmin()), axis=0)


def _on_edges(corners: Points, light: Picture) -> _Sides | None:
    """Move each side to where the light falls; None where it falls along too little of one."""
    lines, seen, sharps, falls = [], [], [], []
    for side in range(4):
        start, end = _ends(corners, side)
        seen.append(not _at_border(start, end, light.shape))
        if seen[-1]:
            start, end, sharp, fall = _edge(start, end, light)
            sharps.append(sharp)
            falls.append(fall)
            if sharp < LEAST_SHARP or fall < LEAST_FALL:
                return None
        lines.append((start, end))
    if not sharps:
        return None
    return _Sides(_crossings(lines), tuple(seen), float(np.mean(sharps)), float(np.mean(falls)), light.shape)


def _at_border(start: Points, end: Points, shape: tuple[int, ...]) -> bool:
    """Tell whether a side lies along the border of the picture, or beyond it."""
    points = start + np.linspace(0.1, 0.9, SAMPLES)[:, None] * (end - start)
    reach = max(2.0, BORDER * max(shape))
    inside = (points > reach).all(axis=1) & (points < np.array(shape[::-1]) - reach).all(axis=1)
    return bool(inside.mean() < 0.3)


def _edge(start: Points, end: Points, light: Picture) -> tuple[Points, Points, float, float]:
    """Return the line near a side along which the light falls most, on which share of it, and by how much there."""
    shares = np.linspace(0.03, 0.97, SAMPLES)
    outward = _outward(start, end)
    reach = max(4, round(REACH * max(light.shape)))
    away = np.arange(-reach - 3, reach + 4)
    places = start + shares[:, None, None] * (end - start) + away[None, :, None] * outward
    columns, rows = (places[:, :, axis].astype(int) for axis in (0, 1))
    there = (columns >= 0) & (columns < light.shape[1]) & (rows >= 0) & (rows < light.shape[0])
    values = light[rows.clip(0, light.shape[0] - 1), columns.clip(0, light.shape[1] - 1)].astype(np.float32)
    total = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    inside, outside = total[:, 3:-3] - total[:, :-6], total[:, 6:] - total[:, 3:-3]
    fall = (inside - outside) / np.maximum(inside, 3.0)
    offset, height = away[fall.argmax(axis=1) + 3] - 0.5, fall.max(axis=1)
    usable = there.all(axis=1) & (height >= LEAST_FALL / 2)
    if usable.sum() < SAMPLES // 8:
        return start, end, 0.0, 0.0
    level, slope = _line(shares[usable], offset[usable])
    near = usable & (abs(offset - level - slope * shares) <= 2)
    sharp = float(near.sum() / max(1, there.all(axis=1).sum()))
    fallen = float(np.median(height[near])) if near.any() else 0.0
    return start + level * outward, end + (level + slope) * outward, sharp, fallen


def _line(x: Points, y: Points) -> tuple[float, float]:
    """Fit a line through most of the points: those close to the fit of the round before."""
    kept: NDArray[np.bool_] = abs(y - np.median(y)) <= max(3.0, 2 * float(np.median(abs(y - np.median(y)))))
    slope = level = 0.0
    for _ in range(5):
        slope, level = (float(value) for value in np.polyfit(x[kept], y[kept], 1))
        away = abs(y - level - slope * x)
        kept = away <= max(1.0, 1.5 * float(np.median(away)))
    return level, slope


def _left(small: Picture, start: Points, end: Points) -> float:
    """Return the least share of light that is left outside of a side, of the colour that loses most."""
    shares, outward = np.linspace(0.1, 0.9, SAMPLES)[:, None], _outward(start, end)
    means = []
    for away in (-4, 4):
        places = start + shares * (end - start) + away * outward
        columns = places[:, 0].astype(int).clip(0, small.shape[1] - 1)
        rows = places[:, 1].astype(int).clip(0, small.shape[0] - 1)
        means.append(np.median(small[rows, columns].astype(np.float64), axis=0))
    return float((means[1] / np.maximum(means[0], 1)).min())


def _is_sheet(corners: Points, shape: tuple[int, ...]) -> bool:
    """Tell whether a quadrilateral looks like a rectangle seen from not too far aside, and is of a sheet's size."""
    along = np.roll(corners, -1, axis=0) - corners
    lengths = np.hypot(along[:, 0], along[:, 1])
    if lengths.min() < 10 or max(lengths[0] / lengths[2], lengths[1] / lengths[3]) > MOST_UNEVEN:
        return False
    if max(lengths[2] / lengths[0], lengths[3] / lengths[1]) > MOST_UNEVEN:
        return False
    sines = _cross(along, np.roll(along, -1, axis=0)) / (lengths * np.roll(lengths, -1))
    share = _area(corners) / (shape[0] * shape[1])
    upright = abs(along[0][1]) < along[0][0]
    return bool(upright and sines.min() > math.sin(LEAST_ANGLE) and LEAST_SHARE <= share <= MOST_SHARE)


def _flat(picture: Picture, corners: Points, beyond: int) -> Sheet:
    """Return what lies within four corners as a rectangle, with about as many pixels as it has in the picture.

    Up to `beyond` pixels outside of the picture, paper goes on as it ends there.
    """
    from PIL import Image

    along = np.roll(corners, -1, axis=0) - corners
    top, right, bottom, left = np.hypot(along[:, 0], along[:, 1])
    columns, rows = max(1, round((top + bottom) / 2)), max(1, round((left + right) / 2))
    matrix = _homography(np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], float), corners)
    around = np.pad(picture, [(beyond, beyond)] * 2 + [(0, 0)] * (picture.ndim - 2), mode="edge") if beyond else picture
    shifted = np.array([[1.0, 0, beyond], [0, 1, beyond], [0, 0, 1]]) @ matrix
    way = tuple((shifted / shifted[2, 2]).ravel()[:8])
    image = Image.fromarray(around).transform(
        (columns, rows), Image.Transform.PERSPECTIVE, way, Image.Resampling.BICUBIC
    )
    return Sheet(np.asarray(image), matrix)


def _homography(points: Points, places: Points) -> NDArray[np.float64]:
    """Return the (3, 3) map that takes four points to four places."""
    rows, right = [], []
    for (x, y), (u, v) in zip(points, places, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(right)), 1.0).reshape(3, 3)


def _moved(matrix: NDArray[np.float64], points: Points) -> Points:
    moved = np.hstack([points, np.ones((len(points), 1))]) @ matrix.T
    places: Points = moved[:, :2] / moved[:, 2:]
    return places


def _ends(corners: Points, side: int) -> tuple[Points, Points]:
    return corners[side], corners[(side + 1) % 4]


def _outward(start: Points, end: Points) -> Points:
    """Return the direction, of length 1, away from a polygon whose corners go clockwise on the screen."""
    x, y = (end - start) / max(1e-9, float(np.hypot(*(end - start))))
    return np.array([y, -x])


def _crossings(lines: Sequence[tuple[Points, Points]]) -> Points:
    """Return where each line meets the one before it."""
    corners = []
    for (start, end), (other, there) in zip(lines, [lines[-1], *lines[:-1]], strict=True):
        along, across = end - start, there - other
        share = _cross(other - start, across) / _nonzero(float(_cross(along, across)))
        corners.append(start + share * along)
    return np.array(corners)


def _nonzero(value: float) -> float:
    return value if abs(value) > 1e-9 else 1e-9


def _cross(one: Points, other: Points) -> NDArray[np.float64]:
    product: NDArray[np.float64] = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    return product


def _area(corners: Points) -> float:
    return abs(float(_cross(corners, np.roll(corners, -1, axis=0)).sum())) / 2
