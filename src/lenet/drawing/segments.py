"""A field's cuts and the segmentation graph, as SVG text that stands inside a page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lenet.reading.segments import SegmentTexts

__all__ = ["segments_svg"]

_WIDE, _HIGH, _MOST = 760.0, 200.0, 6.0
"""Pixels on the screen that the picture is wide or high at most, and at most so many for one of its own."""
_LANE = 18.0
"""Pixels on the screen between two arcs that pass each other."""
_LETTER = 11
"""Pixels on the screen of the words' letters; each is six tenths as wide, as in fonts of one width."""
_UNLIKELY = 8.0
"""An arc off the best path is not drawn where its penalty is higher than this; of ours."""


def segments_svg(found: SegmentTexts, href: str, size: tuple[int, int]) -> str:
    """Draw the cuts through a field, and below each arc with its likeliest class; those of the best path stand out.

    Parameters
    ----------
    found : of `lenet.reading.segments.spell_segments`.
    href : the address of the picture, such as one that holds it as data.
    size : rows and columns of the picture.
    """
    arcs = _shown(found)
    left, top, right, bottom = _around(found, size)
    zoom = min(_MOST, _WIDE / (right - left), _HIGH / (bottom - top))
    lanes = _lanes([_span(first, end, words, zoom) for first, end, words, _, _ in arcs])
    wide, high = zoom * (right - left), zoom * (bottom - top)
    height = high + _LANE * (max(lanes, default=0) + 2)
    shift = f'transform="translate({-zoom * left:.0f} {-zoom * top:.0f})"'
    picture = f'<image href="{href}" width="{zoom * size[1]:.0f}" height="{zoom * size[0]:.0f}"/>'
    cuts = "".join(_cut(*each) for each in _ways(found, zoom))
    drawn = [f'<svg width="{wide:.0f}" height="{high:.0f}"><g {shift}>{picture}{cuts}</g></svg>']
    for (first, end, words, title, best), lane in zip(arcs, lanes, strict=True):
        drawn.append(_arc(zoom * (first - left), zoom * (end - left), high + _LANE * (lane + 1), words, title, best))
    box = f'viewBox="0 0 {wide:.0f} {height:.0f}" width="{wide:.0f}" height="{height:.0f}"'
    return f'<svg {box} role="img">{"".join(drawn)}</svg>'


def _around(found: SegmentTexts, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return what to show of the picture: all segments, with some paper around."""
    boxes = [one.box for one in found.segments.segmentation.segments]
    if not boxes:
        return 0, 0, size[1], size[0]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    margin = (max(bottoms) - min(tops)) // 4
    return (
        max(0, min(lefts) - margin),
        max(0, min(tops) - margin),
        min(size[1], max(rights) + margin),
        min(size[0], max(bottoms) + margin),
    )


_Shown = tuple[float, float, str, str, bool]


def _shown(found: SegmentTexts) -> list[_Shown]:
    """Return the arcs to draw, the best path first: left, right, words, all classes, whether it is on the best path."""
    on_best = {arc.segment: arc.said for arc in found.best[0].path} if found.best else {}
    arcs = []
    for number, (one, row) in enumerate(zip(found.segments.segmentation.segments, found.scores, strict=True)):
        said = on_best.get(number, found.classes[int(row.argmax())])
        penalty = one.penalty - float(row[found.classes.index(said)])
        if number in on_best or penalty <= _UNLIKELY:
            words = f"{said} {penalty:.1f}".replace(" -", " −")
            order = np.argsort(-row)[:5]
            classes = ", ".join(f"{found.classes[k]} {one.penalty - row[k]:.1f}" for k in order.tolist())
            title = f"penalties: cuts {one.penalty:.2f}; with what it may be {classes}"
            arcs.append((float(one.box[0]), float(one.box[2]), words, title, number in on_best))
    return sorted(arcs, key=lambda arc: (not arc[4], arc[0], arc[1]))


def _span(left: float, right: float, words: str, zoom: float) -> tuple[float, float]:
    """Return from where to where an arc reaches with its words, which may be wider, in the picture's pixels."""
    over = max(0.0, 0.6 * _LETTER * (len(words) + 1) / zoom - (right - left)) / 2
    return left - over, right + over


def _lanes(spans: Sequence[tuple[float, float]]) -> list[int]:
    """Give each span the first lane in which it passes no other."""
    lanes: list[list[tuple[float, float]]] = []
    found = []
    for left, right in spans:
        free = (k for k, lane in enumerate(lanes) if all(right <= a or left >= b for a, b in lane))
        lane = next(free, len(lanes))
        if lane == len(lanes):
            lanes.append([])
        lanes[lane].append((left, right))
        found.append(lane)
    return found


def _ways(found: SegmentTexts, zoom: float) -> list[tuple[NDArray[np.float64], float]]:
    """Return the way of each cut on the screen, in corners (n, 2), and how probable it is."""
    segmentation = found.segments.segmentation
    step = segmentation.scale * zoom
    down = step * np.arange(segmentation.paths.shape[1])
    return [
        (np.column_stack([step * path, down])[:: max(1, len(down) // 40)], cut.probability)
        for path, cut in zip(segmentation.paths, segmentation.cuts, strict=True)
    ]


def _cut(corners: NDArray[np.float64], probability: float) -> str:
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in corners.tolist())
    style = f"fill:none;stroke-width:1.5;stroke-opacity:{0.25 + 0.75 * probability:.2f}"
    return f'<path class="cut" style="{style}" d="M{line}"><title>cut, {probability:.1%} probable</title></path>'


def _arc(left: float, right: float, y: float, words: str, title: str, best: bool) -> str:
    kind = " best" if best else ""
    path = f"M{left + 1:.1f} {y - 5:.1f}V{y:.1f}H{right - 1:.1f}V{y - 5:.1f}"
    place = f'style="font-size:{_LETTER}px" x="{(left + right) / 2:.1f}" y="{y - 2:.1f}" text-anchor="middle"'
    text = f'<text class="{kind.strip() or "grey"}" {place}>{escape(words)}</text>'
    return f'<g><title>{escape(title)}</title><path class="arc{kind}" d="{path}"/>{text}</g>'
