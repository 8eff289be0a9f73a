"""Where a form lies on a scan: its printed marks are found, and the shift, scale and turn that carries them there.

Marks are compared by their normalised correlation, which neither light nor contrast changes. First all of a small
copy of the page is searched: each pair of places where two marks may be proposes a shift, scale and turn, and the one
at which most marks look right is taken (as in RANSAC: Fischler and Bolles 1981, but all pairs are tried). Then every
mark is found again, close by and on the full page, to fractions of a pixel, and an affine map is fitted to them.

Points are `(x, y)` from the upper left corner of the picture, so that the middle of its first pixel is (0.5, 0.5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.documents.marks import Grey, Mark, grey_of, resized
from lenet.documents.nearby import largest_near
from lenet.errors import InputError

__all__ = ["Placement", "align", "cut", "fitted"]

Matrix = NDArray[np.float64]

MOST_TURN = math.radians(8)
"""A page may lie turned by so much, or by as much from upside down."""
MOST_STRETCH = 1.06
"""A scanner may make a page so much longer than wide; more is no scan of this form."""
LIKE, ALIKE, FEW_ALIKE = 0.5, 0.6, 0.8
"""Correlation from which a mark counts as found, that found ones need on average, and where few are looked for."""
FEW = 6
"""Fewer marks than these may be met by chance on a page full of print, so they have to look more alike."""
SURE = 0.8
"""From this correlation on, nothing better is looked for."""
FOUND_SHARE = 0.6
"""Of all marks this share has to be found, and three of three or more."""
MOST_RESIDUAL = 0.004
"""The marks may lie this far from where the fit puts them, of the longer side of the page (root mean square)."""
_SEARCHED_SIDE = 600
"""The longer side of the small copy of the page that is searched first, in pixels, if its marks are not too small."""
_LEAST_MARK = 8
"""The shorter side of a mark on that copy."""
_SCALES = (1.0, 0.85, 1.18, 0.7, 1.4)
"""How large the form may be on the page, where 1 fills it; each covers 20 % around it."""
_PEAKS = 8
"""Places that are looked at for each mark."""
_PAIRS = 12
"""Pairs of marks that propose a placement; those farthest apart."""


@dataclass(frozen=True)
class Placement:
    """Where a form lies on a page: a point (x, y) of it at (a x + b y + c, d x + e y + f), in pixels of the page.

    Parameters
    ----------
    matrix : a, b, c, d, e, f.
    turned : whether the page is upside down.
    fit : mean correlation of the marks found, times their share of all marks; 1 where there are none to be found.
    """

    matrix: tuple[float, float, float, float, float, float]
    turned: bool = False
    fit: float = 1.0

    @property
    def scale(self) -> float:
        """Pixels of the page for one of the form."""
        a, b, _, d, e, _ = self.matrix
        return math.sqrt(abs(a * e - b * d))

    def around(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """Return the upright box on the page around a box of the form."""
        a, b, c, d, e, f = self.matrix
        corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        xs, ys = [a * x + b * y + c for x, y in corners], [d * x + e * y + f for x, y in corners]
        return min(xs), min(ys), max(xs), max(ys)


def fitted(picture: NDArray[np.uint8], size: tuple[int, int]) -> Placement:
    """Place a form without marks: it fills the page.

    Raises
    ------
    InputError
        The page is longer or wider for its size than the form.
    """
    rows, columns = picture.shape[:2]
    across, down = columns / size[0], rows / size[1]
    if not 1 / MOST_STRETCH < across / down < MOST_STRETCH:
        raise InputError(
            f"the page has {columns} x {rows} pixels and the form {size[0]} x {size[1]}, no scaled copy of it; "
            "give the template marks, or a picture of the empty form, to find it by"
        )
    return Placement((across, 0.0, 0.0, 0.0, down, 0.0))


def align(picture: NDArray[np.uint8], size: tuple[int, int], marks: Sequence[Mark]) -> Placement:
    """Find where a form lies on a page.

    Parameters
    ----------
    picture : the page, uint8 (rows, columns) or (rows, columns, 3), dark print on light paper.
    size : width and height of the form in its own pixels.
    marks : two at least; with two, a page that is stretched is not put right.

    Returns
    -------
    The placement. A page that fits better upside down is `turned`. The form may be shifted, fill half the page to one
    and a half, and be turned by up to `MOST_TURN`.

    Raises
    ------
    InputError
        The marks are not found, or not where such a form would have them: it is another form, or badly bent.
    """
    page = grey_of(picture)
    best, far = _search(page, size, marks)
    if best is None or best.fit < SURE:
        other, other_far = _search(np.ascontiguousarray(page[::-1, ::-1]), size, marks)
        if other is not None and (best is None or other.fit > best.fit):
            return Placement(_upside_down(other.matrix, page.shape), True, other.fit)
        far = max(far, other_far)
    if best is None:
        raise InputError(
            f"the page does not fit the template: of its {len(marks)} marks at most {far:.0%} are where it has them, "
            "also with the page turned upside down; check that it is this form, and flat"
        )
    return best


def _upside_down(matrix: tuple[float, ...], shape: tuple[int, ...]) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = matrix
    return -a, -b, shape[1] - c, -d, -e, shape[0] - f


def _search(page: Grey, size: tuple[int, int], marks: Sequence[Mark]) -> tuple[Placement | None, float]:
    """Return the best placement of an upright page, and the largest share of marks that were found at once."""
    share = min(1.0, max(_SEARCHED_SIDE / max(size), _LEAST_MARK / min(min(mark.look.shape) for mark in marks)))
    filling = math.sqrt(page.shape[0] * page.shape[1] / (size[0] * size[1]))
    best: Placement | None = None
    far = 0.0
    for scale in (filling * factor for factor in _SCALES):
        proposed = _propose(page, marks, share, scale)
        if proposed is None:
            continue
        placement, found = _refine(page, proposed, marks, max(size), share)
        far = max(far, found)
        if placement is not None and (best is None or placement.fit > best.fit):
            best = placement
        if best is not None and best.fit >= SURE:
            break
    return best, far


def _propose(page: Grey, marks: Sequence[Mark], share: float, scale: float) -> Matrix | None:
    """Return the shift, scale and turn, (2, 3), at which the marks look best on a small copy of the page."""
    small, reduced = resized(page, share / scale)
    looks = [resized(mark.look.astype(np.float32), share)[0] for mark in marks]
    maps = [_likeness(small, look) for look in looks]
    if any(map_.size == 0 for map_ in maps):
        return None
    corners = np.array([complex(look.shape[1], look.shape[0]) / 2 for look in looks])
    middles = np.array([complex(*mark.middle) for mark in marks]) * share
    places = [_peaks(map_, look.shape) + corner for map_, look, corner in zip(maps, looks, corners, strict=True)]
    near = [largest_near(np.maximum(map_, 0), 3, 3) for map_ in maps]
    pairs = sorted(combinations(range(len(marks)), 2), key=lambda pair: -abs(middles[pair[0]] - middles[pair[1]]))
    best, best_score = None, 0.0
    for one, two in pairs[:_PAIRS]:
        turn = (places[two][None, :] - places[one][:, None]) / (middles[two] - middles[one])
        shift = places[one][:, None] - turn * middles[one]
        allowed = (abs(np.angle(turn)) <= MOST_TURN) & (abs(turn) > 0.83) & (abs(turn) < 1.2)
        for a, b in zip(turn[allowed], shift[allowed], strict=True):
            at = a * middles + b - corners
            score = sum(_at(map_, where) for map_, where in zip(near, at, strict=True))
            if score > best_score:
                best, best_score = (a, b), score
    if best is None:
        return None
    turn, shift = best[0] * share / reduced, best[1] / reduced
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _at(map_: Grey, where: complex) -> float:
    row, column = round(where.imag), round(where.real)
    return float(map_[row, column]) if 0 <= row < map_.shape[0] and 0 <= column < map_.shape[1] else 0.0


def _refine(
    page: Grey, matrix: Matrix, marks: Sequence[Mark], side: int, share: float
) -> tuple[Placement | None, float]:
    """Find each mark again close by, fit an affine map, and judge it; also return the share of marks found."""
    middles = np.array([mark.middle for mark in marks])
    needed = max(min(3, len(marks)), math.ceil(FOUND_SHARE * len(marks)))
    for reach in (math.ceil(5 / share), max(3, math.ceil(2 / share))):
        found = [_found_near(page, matrix, mark, reach) for mark in marks]
        likeness = np.array([like for _, like in found])
        kept = likeness >= LIKE
        if kept.sum() < needed:
            return None, float(kept.mean())
        places = np.array([place for place, _ in found])
        matrix = _fit(middles[kept], places[kept])
        off = np.linalg.norm(_applied(matrix, middles) - places, axis=1)
        good = kept & (off <= max(3 * float(np.median(off[kept])), MOST_RESIDUAL * side * _scale(matrix)))
        if needed <= good.sum() < kept.sum():
            kept, matrix = good, _fit(middles[good], places[good])
    off = np.linalg.norm(_applied(matrix, middles[kept]) - places[kept], axis=1)
    alike = FEW_ALIKE if len(marks) < FEW else ALIKE
    residual = float(np.sqrt((off**2).mean())) / (_scale(matrix) * side)
    fit = float(likeness[kept].mean() * kept.mean())
    if residual > MOST_RESIDUAL or likeness[kept].mean() < alike or not _is_scan(matrix):
        return None, float(kept.mean())
    a, b, c, d, e, f = (float(value) for value in matrix.ravel())
    return Placement((a, b, c, d, e, f), False, fit), float(kept.mean())


def _found_near(page: Grey, matrix: Matrix, mark: Mark, reach: int) -> tuple[tuple[float, float], float]:
    """Return where on the page the middle of a mark is, at most `reach` pixels of the form away, and how alike."""
    left, top, right, bottom = mark.box
    window = _resampled(page, matrix, (left - reach, top - reach, right + reach, bottom + reach), 1.0)
    likeness = _likeness(window, mark.look.astype(np.float32))
    row, column = (int(index) for index in np.unravel_index(int(likeness.argmax()), likeness.shape))
    x = mark.middle[0] + column - reach + _between(likeness[row], column)
    y = mark.middle[1] + row - reach + _between(likeness[:, column], row)
    place = _applied(matrix, np.array([[x, y]]))[0]
    return (float(place[0]), float(place[1])), float(likeness[row, column])


def _between(values: Grey, peak: int) -> float:
    """Return by which part of a pixel the top of the parabola through a peak and its neighbours is off it."""
    if not 0 < peak < len(values) - 1:
        return 0.0
    before, top, after = (float(value) for value in values[peak - 1 : peak + 2])
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0


def _fit(points: NDArray[np.float64], places: NDArray[np.float64]) -> Matrix:
    """Return the (2, 3) map with the least squares: affine, or without stretching where points hardly span a plane."""
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if len(points) >= 3 and spread[1] > 0.1 * spread[0]:
        known = np.hstack([points, np.ones((len(points), 1))])
        affine: Matrix = np.asarray(np.linalg.lstsq(known, places, rcond=None)[0].T, np.float64)
        return affine
    here, there = points @ [1, 1j], places @ [1, 1j]
    away, off = here - here.mean(), there - there.mean()
    turn = complex((away.conj() * off).sum() / (abs(away) ** 2).sum())
    shift = complex(there.mean() - turn * here.mean())
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _applied(matrix: Matrix, points: NDArray[np.float64]) -> NDArray[np.float64]:
    moved: NDArray[np.float64] = points @ matrix[:, :2].T + matrix[:, 2]
    return moved


def _scale(matrix: Matrix) -> float:
    return float(math.sqrt(abs(np.linalg.det(matrix[:, :2]))))


def _is_scan(matrix: Matrix) -> bool:
    """Tell whether a map turns little and stretches little, as scanners do."""
    large, little = np.linalg.svd(matrix[:, :2], compute_uv=False)
    turn = math.atan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1])
    return bool(
        large / max(little, 1e-9) < MOST_STRETCH and abs(turn) <= MOST_TURN and np.linalg.det(matrix[:, :2]) > 0
    )


def _likeness(picture: Grey, look: Grey) -> Grey:
    """Return the normalised correlation of a look with each place of a picture, float32, one a place where it fits."""
    rows, columns = look.shape
    if picture.shape[0] < rows or picture.shape[1] < columns:
        return np.zeros((0, 0), np.float32)
    wanted = look - look.mean()
    power = float((wanted**2).sum())
    level = picture - picture.mean()
    shape = level.shape
    product = np.fft.irfft2(np.fft.rfft2(level) * np.fft.rfft2(wanted, s=shape).conj(), s=shape)
    product = product[: shape[0] - rows + 1, : shape[1] - columns + 1]
    sums, squares = _window_sums(level, rows, columns), _window_sums(level**2, rows, columns)
    varied = np.maximum(squares - sums**2 / look.size, 0.02 * power + 1e-6)  # less contrast than a seventh is noise
    return np.asarray(product / np.sqrt(varied * max(power, 1e-6)), np.float32)


def _window_sums(values: Grey, rows: int, columns: int) -> NDArray[np.float64]:
    total = np.pad(np.cumsum(np.cumsum(values, axis=0, dtype=np.float64), axis=1), ((1, 0), (1, 0)))
    total = total[rows:] - total[:-rows]
    sums: NDArray[np.float64] = (total[:, columns:] - total[:, :-columns]).astype(np.float64)
    return sums


def _peaks(map_: Grey, size: tuple[int, ...]) -> NDArray[np.complex128]:
    """Return the places of the highest values, x + iy, at least half the size of a look apart."""
    rest, places = map_.copy(), []
    down, across = max(1, size[0] // 2), max(1, size[1] // 2)
    for _ in range(_PEAKS):
        row, column = (int(index) for index in np.unravel_index(int(rest.argmax()), rest.shape))
        places.append(complex(column, row))
        rest[max(0, row - down) : row + down + 1, max(0, column - across) : column + across + 1] = -1
    return np.array(places)


def cut(picture: NDArray[np.uint8], placement: Placement, box: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """Return what stands in a box of the form, upright and level, with as many pixels as the page has there.

    Parameters
    ----------
    picture : the page, uint8 (rows, columns) or (rows, columns, 3).
    placement : of `align` or `fitted`.
    box : left, top, right, bottom on the form. What lies beside the page is light.
    """
    matrix = np.array(placement.matrix).reshape(2, 3)
    planes = [picture] if picture.ndim == 2 else [picture[:, :, channel] for channel in range(3)]
    parts = [_resampled(plane, matrix, box, placement.scale) for plane in planes]
    return parts[0] if picture.ndim == 2 else np.stack(parts, axis=2)


def _resampled(plane: NDArray[Any], matrix: Matrix, box: tuple[float, float, float, float], scale: float) -> Any:
    """Return a box of the form in `scale` pixels for each of its own, of the plane's type."""
    from PIL import Image

    left, top, right, bottom = box
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    corners = _applied(matrix, np.array([[x, y] for x in (left, right) for y in (top, bottom)]))
    first = np.clip(np.floor(corners.min(axis=0)).astype(int) - 3, 0, np.array(plane.shape[::-1]) - 1)
    end = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 3, first + 1, plane.shape[::-1])
    part = np.ascontiguousarray(plane[first[1] : end[1], first[0] : end[0]])
    step = np.array([[(right - left) / size[0], 0, left], [0, (bottom - top) / size[1], top], [0, 0, 1]])
    way = matrix @ step
    way[:, 2] -= first
    light = float(np.percentile(part, 90))
    fill = round(light) if plane.dtype == np.uint8 else light
    image = Image.fromarray(part).transform(
        size, Image.Transform.AFFINE, tuple(way.ravel()), Image.Resampling.BICUBIC, fillcolor=fill
    )
    return np.asarray(image)
