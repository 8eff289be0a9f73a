"""A form drawn by the tests is moved by a known map, and has to be found where it is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lenet.documents.alignment import align, cut, fitted
from lenet.documents.marks import drawn_mark, printed_marks
from lenet.errors import InputError

SIZE = (620, 877)
SQUARES = [(30, 30, 54, 54), (566, 30, 590, 54), (30, 823, 54, 847)]
"""Three corners only, so that upside down is another form."""


def form() -> Image.Image:
    picture = Image.new("L", SIZE, 235)
    draw = ImageDraw.Draw(picture)
    for left, top, right, bottom in SQUARES:
        draw.rectangle((left, top, right - 1, bottom - 1), fill=25)
    random = np.random.default_rng(3)
    for row in range(14):
        y = 110 + 48 * row
        draw.rectangle((320, y, 560, y + 30), outline=60, width=2)
        for word in range(3):  # what stands for printed words: bars of varied lengths
            x = 60 + 80 * word
            draw.rectangle((x, y + 8, x + int(random.integers(15, 65)), y + 8 + int(random.integers(6, 18))), fill=70)
    return picture


def moved(picture, *, turn=0.0, scale=1.0, shift=(0.0, 0.0), size=None, seed=0):
    """Return a scan of the form, and its map from points of the form to points of the scan, (2, 3)."""
    angle = math.radians(turn)
    size = size or tuple(round(side * scale) for side in picture.size)
    a, b = scale * math.cos(angle), scale * math.sin(angle)
    middle = np.array(picture.size) / 2
    linear = np.array([[a, -b], [b, a]])
    offset = np.array(size) / 2 + shift - linear @ middle
    back = np.linalg.inv(linear)
    way = np.hstack([back, (-back @ offset)[:, None]])
    scan = picture.transform(size, Image.Transform.AFFINE, tuple(way.ravel()), Image.Resampling.BICUBIC, fillcolor=235)
    noisy = np.asarray(scan) + np.random.default_rng(seed).normal(0, 6, (size[1], size[0]))
    return noisy.clip(0, 255).astype(np.uint8), np.hstack([linear, offset[:, None]])


def farthest(placement, truth):
    """Return how far the corners of the form are from where they are, in pixels of the form."""
    corners = np.array([(x, y, 1) for x in (0, SIZE[0]) for y in (0, SIZE[1])])
    given = np.array(placement.matrix).reshape(2, 3)
    return float(np.linalg.norm(corners @ (given - truth).T, axis=1).max()) / placement.scale


MARKS = {
    "squares": [drawn_mark("square", box) for box in SQUARES],
    "printed": printed_marks(np.asarray(form()), [(320, 110 + 48 * row, 560, 140 + 48 * row) for row in range(14)]),
}


@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize(
    "way",
    [
        {},
        {"shift": (17.4, -23.7)},
        {"scale": 1.3},
        {"scale": 0.8, "shift": (5, 5)},
        {"turn": 2.5, "shift": (-9, 12)},
        {"turn": -5, "size": (740, 980)},
        {"scale": 1.0, "size": (800, 1100), "shift": (40, -60)},
    ],
    ids=str,
)
def test_a_moved_form_is_found_to_a_pixel(marks, way):
    scan, truth = moved(form(), **way)
    placement = align(scan, SIZE, MARKS[marks])
    assert farthest(placement, truth) < 1.0
    assert not placement.turned


@pytest.mark.parametrize("marks", MARKS)
def test_a_page_upside_down_is_told(marks):
    scan, truth = moved(form(), turn=182)
    placement = align(scan, SIZE, MARKS[marks])
    assert placement.turned
    assert farthest(placement, truth) < 1.0


def test_light_that_falls_off_does_not_matter():
    scan, truth = moved(form(), turn=1)
    shaded = (scan * np.linspace(1, 0.5, scan.shape[1])).astype(np.uint8)
    assert farthest(align(shaded, SIZE, MARKS["squares"]), truth) < 1.0


def test_marks_that_are_covered_are_done_without():
    scan, truth = moved(form(), turn=1)
    scan[100:330, :310] = 235
    assert farthest(align(scan, SIZE, MARKS["printed"]), truth) < 1.0


@pytest.mark.parametrize("marks", MARKS)
def test_another_page_is_refused(marks):
    picture = Image.new("L", SIZE, 235)
    draw = ImageDraw.Draw(picture)
    random = np.random.default_rng(5)
    for row in range(30):
        for word in range(8):
            x, y = 40 + 68 * word, 40 + 26 * row
            draw.rectangle((x, y, x + int(random.integers(10, 50)), y + int(random.integers(5, 14))), fill=60)
    with pytest.raises(InputError, match="does not fit the template"):
        align(np.asarray(picture), SIZE, MARKS[marks])
    with pytest.raises(InputError, match="does not fit the template"):
        align(np.full((877, 620), 235, np.uint8), SIZE, MARKS[marks])


def test_a_form_without_marks_fills_its_page():
    assert fitted(np.zeros((1754, 1240), np.uint8), SIZE).matrix == (2, 0, 0, 0, 2, 0)
    with pytest.raises(InputError, match="no scaled copy"):
        fitted(np.zeros((1000, 1240), np.uint8), SIZE)


def test_a_box_is_cut_level_and_in_the_pixels_of_the_page():
    scan, _ = moved(form(), turn=2, scale=1.5)
    placement = align(scan, SIZE, MARKS["squares"])
    whole = cut(scan, placement, (320, 110, 561, 141))
    assert whole.shape == (46, 362) or abs(whole.shape[0] - 46) + abs(whole.shape[1] - 362) <= 2
    inside = cut(scan, placement, (326, 116, 555, 135))
    assert inside.min() > 180, "no side of the box is inside"
    sides = cut(scan, placement, (320, 110, 561, 112))
    assert sides.mean() < 110, "the upper side is where it was drawn"
    colour = cut(np.stack([scan] * 3, axis=2), placement, (326, 116, 555, 135))
    assert (colour[:, :, 1] == inside).all()
