"""From a picture as scanned to ink: paper 0, full ink 255, whatever the light, the paper and the pen.

The steps, in order: which of dark and light is ink (`ink_is_light`), what the paper would look like without ink
(`paper`), how much darker than that every pixel is (`to_ink`), and, where asked for, which of that ink is ruled lines
(`without_rules`). The polarity of a picture turns here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet._engine import components
from lenet.documents.nearby import largest_near, local_mean, reduced
from lenet.documents.paper import LEAST_CONTRAST, paper, trend
from lenet.errors import InputError

__all__ = [
    "Lines",
    "bands",
    "course_of",
    "even_ink",
    "ink_is_light",
    "straight_lines",
    "strokes",
    "to_ink",
    "without_bands",
    "without_rules",
]

Picture = NDArray[np.uint8]

NOISE_FACTOR = 4.0
"""Ink has to be this many standard deviations of the paper's noise darker than paper."""

LEAST_LIGHT = 80
"""Darker paper than this is treated as if it had this much light, so that its noise is not enlarged to ink."""

PATTERN_SHARE = 0.35
"""What loses less than this share of the light that ink loses is the pattern of the paper."""


def to_ink(picture: NDArray[Any]) -> Picture:
    """Turn a picture into ink: paper 0, full ink 255, grey at the edges of strokes.

    Every colour is compared with the paper's in the same place, and the channel that lost the largest share of its
    light counts: red, blue and black pens come out alike, on white or coloured paper, in light or in shadow. A channel
    in which the pen is lighter than the paper, as red is on grey, is left out.

    Parameters
    ----------
    picture : uint8, `(rows, columns)` or `(rows, columns, 3)`; ink dark on light or light on dark.

    Returns
    -------
    ink : uint8 `(rows, columns)`; all 0 where nothing is written.

    Raises
    ------
    InputError
        The array is no picture.
    """
    planes = _planes(picture)
    if len(planes) == 1 and (even := even_ink(planes[0])) is not None:
        return even
    if ink_is_light(planes):
        planes = 255 - planes
    if len(planes) == 3:
        lightness = [_lightness(plane) for plane in planes]
        planes = planes[np.array(lightness) <= max(0.5, min(lightness))]
    ink = _darker_than(planes, [paper(plane) for plane in planes])
    if not ink.any() and _stroke_only(planes.min(axis=0)):
        lightest = np.percentile(planes, 95, axis=(1, 2)).astype(np.uint8)
        ink = _darker_than(planes, [np.full_like(plane, light) for plane, light in zip(planes, lightest, strict=True)])
    return ink


def even_ink(plane: NDArray[np.uint8]) -> Picture | None:
    """Return what `to_ink` does, in a hundredth of its time, where paper is of a single grey; else None.

    Screens and data sets have such paper: the same grey all along the border, and all else clearly on one side of it.
    Nothing has to be found out about it, and there is no noise to look for.

    Parameters
    ----------
    plane : uint8 `(rows, columns)`.
    """
    return _engine.even_ink(plane)


def _darker_than(planes: NDArray[np.uint8], grounds: Sequence[NDArray[np.uint8]]) -> Picture:
    loss = np.zeros(planes.shape[1:], np.uint8)
    noise = 0.0
    for plane, ground in zip(planes, grounds, strict=True):
        noise = max(noise, _noise(plane, ground))
        np.maximum(loss, _loss(plane, ground), out=loss)
    return _above(loss, max(LEAST_CONTRAST * 255, _floor(loss, NOISE_FACTOR * noise)))


def _stroke_only(plane: NDArray[np.uint8]) -> bool:
    """Tell whether a small picture has two tones and little between them: a crop so tight that it is mostly stroke."""
    if min(plane.shape) > 100:
        return False
    low, high = np.percentile(plane, (2, 98))
    between = (plane > low + (high - low) / 3) & (plane < high - (high - low) / 3)
    return bool(high - low > 60 and between.mean() < 0.2)


def ink_is_light(planes: NDArray[np.uint8]) -> bool:
    """Tell whether light marks stand on dark ground.

    Parameters
    ----------
    planes : uint8 `(channels, rows, columns)`.
    """
    return _lightness(planes[0] if len(planes) == 1 else planes.mean(axis=0, dtype=np.float32).astype(np.uint8)) > 0


def _lightness(plane: NDArray[np.uint8]) -> float:
    """Return how sure it is that marks are lighter than the ground; below 0 they are darker.

    Two signs are added. Marks cover less than half of their surroundings, so brightness around its local mean has its
    long tail on their side: the skewness says which. And the ground reaches the border, which decides where a thick
    digit fills a tight picture. Mean brightness would be fooled by a dark photograph.
    """
    small = reduced(plane)[0].astype(np.float32)
    rest = small - local_mean(small, max(12, min(small.shape) // 2))
    rest -= rest.mean()
    skewness = float((rest**3).mean() / ((rest**2).mean() ** 1.5 + 1e-9))
    return skewness - _light_border(small) - _light_border(small - trend(small, 1))


def _light_border(small: NDArray[np.float32]) -> float:
    """Return how much more of the border is light than dark, -0.5 to 0.5."""
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    low, high = np.percentile(small, (2, 98))
    return float((border > (low + high) / 2).mean()) - 0.5


def _planes(picture: NDArray[Any]) -> NDArray[np.uint8]:
    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] != 3):
        raise InputError(
            f"a picture of shape {picture.shape} and type {picture.dtype} was given; uint8 (rows, columns) or "
            "(rows, columns, 3) is expected: convert it first"
        )
    if not picture.size:
        raise InputError(f"a picture of shape {picture.shape} has no pixels; give at least one row and one column")
    if picture.ndim == 2:
        return picture[None]
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1))
    grey = (planes[0] == planes[1]).all() and (planes[0] == planes[2]).all()
    return planes[:1] if grey else planes


def _loss(plane: NDArray[np.uint8], ground: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the share of the paper's light that is missing, 255 for all of it."""
    lost = (np.maximum(ground, plane) - plane).astype(np.float32)
    lost *= 255.0
    lost /= np.maximum(ground, LEAST_LIGHT)
    return lost.astype(np.uint8)


def _noise(plane: NDArray[np.uint8], ground: NDArray[np.uint8]) -> float:
    """Return the standard deviation of paper, as a share of its light (255 for all).

    It is read off the bright side, which ink does not touch, where one pixel in six is a deviation above the mean.
    """
    step = max(1, plane.size // 200_000)
    over = plane.ravel()[::step].astype(np.float32) - ground.ravel()[::step]
    return max(0.0, float(np.percentile(over * (255.0 / np.maximum(ground.ravel()[::step], LEAST_LIGHT)), 84)))


def _floor(loss: NDArray[np.uint8], floor: float) -> float:
    """Return what loss is ink, given a floor that noise stays below.

    The pattern of cheque paper is no noise: it has no long tail. Where ink stands out of it, ink sets the floor.
    """
    fullest = float(np.percentile(loss.ravel()[:: max(1, loss.size // 200_000)], 99.5))
    return min(floor, PATTERN_SHARE * fullest) if fullest > 1.25 * floor else floor


def _above(loss: NDArray[np.uint8], floor: float) -> Picture:
    """Keep what stands out in the mean of its 3 x 3 surroundings, and stretch it to full ink."""
    padded = np.pad(loss, 1, mode="edge").astype(np.uint16)
    across = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    around = across[:-2] + across[1:-1] + across[2:]
    return _engine.stretched(np.where(around > 6 * floor, loss, 0), floor)


def strokes(ink: Picture) -> NDArray[np.bool_]:
    """Tell strokes from paper: what has half the ink of the fullest pixel close by, where a stroke's edge is.

    Half of what is close by, and not of what is fullest in the picture, keeps pencil beside printed lines.

    Parameters
    ----------
    ink : uint8 `(rows, columns)`.
    """
    marks: NDArray[np.bool_] = _engine.strokes(ink).view(np.bool_)
    return marks


def without_rules(ink: Picture) -> Picture:
    """Take away ruled lines, grids and the boxes of tables, and mend the strokes that cross them.

    A line is a rule where it is part of a net (it meets two lines across or more, which do so as well), runs from
    border to border together with others, or is longer than the picture is high: no digit does any of these.

    Parameters
    ----------
    ink : uint8 `(rows, columns)`, from `to_ink`.
    """
    marks = strokes(ink)
    level, upright = straight_lines(marks), straight_lines(marks.T)
    if not len(level[1]) and not len(upright[1]):
        return ink
    rules = _rules(level, upright)
    across, down = bands(marks, level, rules[0]), bands(marks.T, upright, rules[1]).T
    erased = (across | down) & ~without_bands(marks, across, down)
    return np.where(erased, 0, ink).astype(np.uint8)


def without_bands(marks: NDArray[np.bool_], across: NDArray[np.bool_], down: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return marks without those in bands along rows and columns, but with the strokes that cross them."""
    rest = marks & ~across & ~down
    return rest | (marks & (_mended(rest, across) | _mended(rest.T, down.T).T))


Lines = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Labels of the pixels of straight lines, and the box (left, top, right, bottom) and area of each, as `components`."""


def straight_lines(marks: NDArray[np.bool_]) -> Lines:
    """Find what runs along the rows for longer than a stroke's width, sloping by up to 1 in 20, with small gaps."""
    least = max(12, round(min(0.04 * max(marks.shape), 0.3 * marks.shape[1])))
    reach = max(1, max(marks.shape) // 600)
    joined = largest_near(marks.view(np.uint8), reach, 2 * reach)
    steps = np.diff(joined.astype(np.int8), axis=1, prepend=0, append=0)
    rows, columns = np.nonzero(steps)
    starts, ends = columns[::2], columns[1::2]
    long = ends - starts >= least
    steps[:] = 0
    steps[rows[::2][long], starts[long]] = 1
    steps[rows[::2][long], ends[long]] = -1
    labels, boxes = components(np.cumsum(steps[:, :-1], axis=1, dtype=np.int8).astype(np.uint8))
    return _thin(labels, boxes)


def _thin(labels: NDArray[np.int32], boxes: NDArray[np.int32]) -> Lines:
    """Leave only lines fifteen times as long as thick, whose box is no higher than their slope explains."""
    length, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    thickness = boxes[:, 4] / length
    thin = (length >= 15 * thickness) & (height <= 2 * thickness + 0.05 * length)
    renumbered = np.concatenate([[0], np.where(thin, np.cumsum(thin), 0)]).astype(np.int32)
    return renumbered[labels], boxes[thin]


def _rules(level: Lines, upright: Lines) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Decide which lines along rows (`level`) and, transposed, along columns (`upright`) are rules."""
    rows, columns = level[0].shape
    net = _net(level, upright)
    through = [_spans(lines, size) for lines, size in ((level, columns), (upright, rows))]
    ruled = through[0].sum() >= 2
    squared = through[0].any() and through[1].any()
    length = level[1][:, 2] - level[1][:, 0]
    wide = (length >= 1.2 * rows) & (length >= 0.8 * columns)
    return net[0] | wide | (through[0] & (ruled or squared)), net[1] | (through[1] & squared)


def _spans(lines: Lines, size: int) -> NDArray[np.bool_]:
    reach = max(2, size // 100)
    spans: NDArray[np.bool_] = (lines[1][:, 0] <= reach) & (lines[1][:, 2] >= size - reach)
    return spans


def _net(level: Lines, upright: Lines) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the lines that meet two or more lines across, counting only lines that do so too."""
    crossing = (level[0] > 0) & (upright[0].T > 0)
    pairs = np.unique(np.stack([level[0][crossing], upright[0].T[crossing]], axis=1) - 1, axis=0)
    kept = np.ones(len(pairs), bool)
    while True:
        partners = [
            np.bincount(pairs[kept, side], minlength=len(lines[1])) for side, lines in ((0, level), (1, upright))
        ]
        still = kept & (partners[0][pairs[:, 0]] >= 2) & (partners[1][pairs[:, 1]] >= 2)
        if (still == kept).all():
            return np.asarray(partners[0] >= 2), np.asarray(partners[1] >= 2)
        kept = still


def bands(marks: NDArray[np.bool_], lines: Lines, rules: NDArray[np.bool_], *, beyond: int = 0) -> NDArray[np.bool_]:
    """Return the pixels of the lines along rows that are rules, with a pixel of grey edge on both sides.

    A rule is as thick as most of its columns, and follows a gentle curve through the middle of those: what sticks out
    of that is the foot of a digit that stands on the line. With `beyond`, it goes on for so many columns at its ends.
    """
    band = np.zeros(marks.shape, bool)
    for number in np.nonzero(rules)[0]:
        course, thickness = course_of(marks, lines, int(number), beyond=beyond)
        left = int(lines[1][number, 0]) - beyond
        course = course[max(0, -left) : max(0, -left) + marks.shape[1]]
        left = max(0, left)
        right = min(marks.shape[1], left + len(course))
        course = course[: right - left]
        top, bottom, around = int(lines[1][number, 1]), int(lines[1][number, 3]), 2 + beyond // 8
        rows = np.arange(max(0, top - around), min(len(marks), bottom + around))
        band[rows, left:right] |= abs(rows[:, None] - course) <= thickness / 2 + 1
    return band


def course_of(
    marks: NDArray[np.bool_], lines: Lines, number: int, *, beyond: int = 0
) -> tuple[NDArray[np.float64], float]:
    """Return at which row a line stands in each of its columns, and how thick it is, in pixels."""
    left, top, right, bottom = lines[1][number, :4]
    group = (lines[0][top:bottom, left:right] == number + 1) & marks[top:bottom, left:right]
    counts = group.sum(axis=0)
    thickness = max(1.0, float(np.median(counts[counts > 0]))) if counts.any() else 1.0
    clear = np.nonzero((counts > 0) & (counts <= thickness))[0]
    middles = (group * np.arange(bottom - top)[:, None]).sum(axis=0)[clear] / counts[clear]
    return top + _course(clear, middles, right - left, beyond), thickness


def _course(columns: NDArray[np.int64], middles: NDArray[np.float64], length: int, beyond: int) -> NDArray[np.float64]:
    """Fit a parabola to points that mostly lie on one, and return its rows for all columns."""
    if len(columns) < 4:
        return np.full(length + 2 * beyond, float(np.mean(middles)) if len(middles) else 0.0)
    terms = np.vander(columns / length, 3)
    kept: NDArray[np.bool_] = np.ones(len(columns), bool)
    for _ in range(3):
        curve = np.linalg.lstsq(terms[kept], middles[kept], rcond=None)[0]
        away = abs(terms @ curve - middles)
        kept = away <= max(0.75, float(np.median(away)) * 1.5)
    return np.asarray(np.vander(np.arange(-beyond, length + beyond) / length, 3) @ curve, np.float64)


def _mended(rest: NDArray[np.bool_], band: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what of a band along the rows lies between strokes above and below it, sloping by 45 degrees at most."""
    if not band.any():
        return band
    above = largest_near(rest, 0, 1)
    below = above[::-1].copy()
    for _ in range(_thickness(band) + 1):
        above[1:] |= largest_near(above[:-1], 0, 1) & band[1:]
        below[1:] |= largest_near(below[:-1], 0, 1) & band[::-1][1:]
    return np.asarray(above & below[::-1] & band)


def _thickness(line: NDArray[np.bool_]) -> int:
    tops = line[0].sum() + (line[1:] & ~line[:-1]).sum()
    return round(float(line.sum() / max(1, tops)))
