"""Even paper, strokes and pieces in the engine, against the same in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lenet import _engine
from lenet.documents.nearby import largest_near
from tests.writing import write

Bytes = NDArray[np.uint8]

FLOOR = 0.07 * 255
"""Loss of light, of 255, that is ink on even paper."""


def stretched(kept: Bytes, floor: float) -> Bytes:
    found = kept[kept > floor]
    if not found.size:
        return np.zeros_like(kept)
    peak = max(float(np.quantile(found[:: max(1, found.size // 100_000)], 0.9)), floor + 1)
    return ((kept - floor / 2) * 255.0 / (peak - floor / 2)).clip(0, 255).astype(np.uint8)


def even_ink(plane: Bytes) -> Bytes | None:
    level = int(plane[0, 0])
    if min(plane.shape) < 3 or any((side != level).any() for side in (plane[0], plane[-1], plane[:, 0], plane[:, -1])):
        return None
    darker, lighter = level - int(plane.min()), int(plane.max()) - level
    if min(darker, lighter) > 0 or max(darker, lighter) < 60:
        return None
    if lighter:
        plane, level = 255 - plane, 255 - level
    lost = np.maximum(level - plane.astype(int), 0) * 255 // max(level, 80)
    return stretched(np.where(lost > FLOOR, lost, 0).astype(np.uint8), FLOOR)


def strokes(ink: Bytes) -> NDArray[np.bool_]:
    radius = max(2, min(ink.shape) // 400)
    return np.asarray((ink >= 60) & (ink >= largest_near(ink, radius, radius) // 2))


def stroke_width(marks: NDArray[np.bool_]) -> float:
    wide = np.pad(marks, 1).astype(int)
    sides = int(abs(np.diff(wide, axis=0)).sum() + abs(np.diff(wide, axis=1)).sum())
    return float(marks.sum() / max(1.0, sides * (np.pi / 4) / 2))


def cut(ink: Bytes, marks: NDArray[np.bool_], left: int, top: int) -> tuple[Bytes, float]:
    rows, columns = marks.shape
    crop = np.where(largest_near(marks, 1, 1), ink[top : top + rows, left : left + columns], 0)
    full = max(1.0, float(np.quantile(crop[marks], 0.75)))
    return np.minimum(crop * (255.0 / full), 255).astype(np.uint8), stroke_width(marks)


def single_piece(ink: Bytes) -> tuple[int, int, Bytes, float] | None:
    marks = strokes(ink)
    _, table = _engine.components(marks.view(np.uint8))
    if len(table) != 1:
        return None
    left, top, right, bottom = (int(side) for side in table[0, :4])
    width, height = right - left, bottom - top
    if min(left, top, ink.shape[1] - right, ink.shape[0] - bottom) <= 0 or height < 8 or width > 2 * height:
        return None
    around = marks[top - 1 : bottom + 1, left - 1 : right + 1]
    if 3 * width > height and sum(side.sum() for side in (around[1], around[-2], around[:, 1], around[:, -2])) > (
        width + height
    ):
        return None
    return left - 1, top - 1, *cut(ink, around, left - 1, top - 1)


def thick_enough(ink: Bytes, stroke: float) -> Bytes:
    reach = round((0.1 * max(ink.shape) - stroke) / 2)
    return ink if reach < 1 else largest_near(np.pad(ink, reach), reach, reach)


def pictures() -> list[Bytes]:
    """Return digits of many sizes on even paper, light and dark, whole and broken, and what is no such picture."""
    rng = np.random.default_rng(4)
    found = [rng.integers(0, 256, shape, np.uint8) for shape in ((1, 1), (2, 9), (3, 3), (9, 2), (31, 40))]
    found += [np.full((20, 20), 7, np.uint8), np.zeros((500, 900), np.uint8)]
    for number in range(120):
        height = int(rng.integers(7, 50))
        ink = np.zeros((height + 8, height + 8), np.uint8)
        write(ink, str(number % 10), 4, 4, height)
        ink = np.minimum(ink, rng.integers(150, 256)).astype(np.uint8)
        if number % 4 == 1:
            ink[height // 2] = 0  # in parts
        if number % 4 == 2:
            ink = np.where(ink > 100, ink, 0).astype(np.uint8)
        if number % 7 == 3:
            ink[rng.integers(0, 3), 5:9] = 200  # beside it, or on the border
        paper = int(rng.integers(120, 256))
        found.append((paper - ink * (paper / 300)).astype(np.uint8) if number % 2 else ink[:, ::-1])
    large = np.zeros((900, 1300), np.uint8)
    write(large, "8", 300, 20, 800)
    return [*found, large]


def same(found: object, expected: object) -> None:
    """Compare tuples of arrays and numbers, or None."""
    assert (found is None) == (expected is None)
    if isinstance(found, tuple) and isinstance(expected, tuple):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
    elif expected is not None:
        np.testing.assert_array_equal(found, expected)


def test_even_paper_gives_the_ink_that_numpy_finds() -> None:
    expected = [even_ink(picture) for picture in pictures()]
    assert sum(ink is not None for ink in expected) > 60
    for picture, ink in zip(pictures(), expected, strict=True):
        same(_engine.even_ink(picture), ink)


@pytest.mark.parametrize("floor", [0.0, 17.85, 120.5])
def test_ink_is_stretched_as_numpy_does(floor: float) -> None:
    for picture in [*pictures(), np.random.default_rng(1).integers(0, 256, (700, 800), np.uint8)]:
        same(_engine.stretched(picture, floor), stretched(picture, floor))


def test_strokes_are_those_of_numpy() -> None:
    for picture in [*pictures(), np.random.default_rng(2).integers(0, 256, (1300, 1210), np.uint8)]:
        same(_engine.strokes(picture).view(np.bool_), strokes(picture))


def test_single_pieces_are_those_of_numpy() -> None:
    inks = [ink for ink in map(even_ink, pictures()) if ink is not None]
    expected = [single_piece(ink) for ink in inks]
    assert {piece is None for piece in expected} == {True, False}
    for ink, piece in zip(inks, expected, strict=True):
        same(_engine.single_piece(ink), piece)


def test_pieces_are_cut_out_as_numpy_does() -> None:
    rng = np.random.default_rng(6)
    ink = rng.integers(0, 256, (40, 50), np.uint8)
    for rows, columns in ((1, 1), (1, 9), (12, 1), (40, 50), (23, 17)):
        marks = rng.random((rows, columns)) < 0.4
        marks[0, 0] = True
        left, top = int(rng.integers(0, 51 - columns)), int(rng.integers(0, 41 - rows))
        same(_engine.cut_piece(ink, marks.view(np.uint8), left, top), cut(ink, marks, left, top))


def test_images_of_even_pictures_are_those_of_the_steps_one_by_one() -> None:
    for picture in pictures():
        ink = even_ink(picture)
        piece = None if ink is None else single_piece(ink)
        expected = None if piece is None else _engine.normalize_glyph(thick_enough(*piece[2:]))
        same(_engine.even_glyph(picture), expected)
        if piece is not None:
            same(_engine.thick_enough(*piece[2:]), thick_enough(*piece[2:]))
            same(_engine.draw_pieces([picture, piece[2]], [99.0, piece[3]])[1], expected)


def test_what_is_no_piece_is_refused() -> None:
    ink, empty = np.zeros((4, 5), np.uint8), np.zeros((0, 5), np.uint8)
    for ask in (_engine.even_ink, _engine.strokes, _engine.single_piece, _engine.even_glyph):
        with pytest.raises(ValueError, match="at least one row"):
            ask(empty)
    for left, top in ((-1, 0), (0, -1), (3, 0), (0, 2)):
        with pytest.raises(ValueError, match="outside of the ink"):
            _engine.cut_piece(ink, np.ones((3, 3), np.uint8), left, top)
    with pytest.raises(ValueError, match="width of a stroke"):
        _engine.thick_enough(ink, float("nan"))
    with pytest.raises(ValueError, match="differ in number"):
        _engine.draw_pieces([ink], [])
    same(_engine.cut_piece(ink, np.zeros((3, 3), np.uint8), 0, 0), (np.zeros((3, 3), np.uint8), 0.0))
