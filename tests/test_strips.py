"""Strips hold the whole line of a field, know where it stands on the picture, and are padded alike."""

from __future__ import annotations

import numpy as np
import pytest

from lenet.documents.fields import TEXT_SHARE
from lenet.errors import InputError
from lenet.strips import ROWS, WIDEST, grouped, make_strips, padded, side_by_side
from tests.writing import on_paper, write


def field(text: str, height: int = 30, *, left: int = 20, top: int = 15, columns: int = 300) -> np.ndarray:
    ink = np.zeros((height + 2 * top, columns), np.uint8)
    write(ink, text, left, top, height)
    return on_paper(ink)


def test_a_strip_shows_the_line_from_its_first_to_its_last_digit():
    strip = make_strips([field("4711", 30)])[0]
    rows = np.flatnonzero((strip.image > 128).any(axis=1))
    assert strip.image.shape[0] == ROWS
    assert rows[-1] - rows[0] + 1 == pytest.approx(TEXT_SHARE * ROWS, abs=3)
    assert strip.written
    assert (strip.image[:, [0, -1]] < 128).all()


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_a_strip_knows_its_place_on_the_picture(scale):
    picture = np.kron(field("52", 30, left=40, top=15), np.ones((scale, scale), np.uint8))
    strip = make_strips([picture])[0]
    columns = np.flatnonzero((strip.image > 128).any(axis=0))
    assert strip.left + strip.pixel * columns[0] == pytest.approx(40 * scale, abs=3 * scale)
    assert strip.top == pytest.approx(15 * scale, abs=3 * scale)
    assert strip.bottom == pytest.approx(45 * scale, abs=3 * scale)


def test_small_zeros_do_not_push_the_first_digit_out():
    ink = np.zeros((70, 260), np.uint8)
    end = write(ink, "1", 20, 10, 44)
    write(ink, "000", end + 4, 34, 20)
    strip = make_strips([on_paper(ink)])[0]
    rows = np.flatnonzero((strip.image > 128).any(axis=1))
    assert rows[0] > 0
    assert rows[-1] < ROWS - 1


def test_empty_paper_is_not_written():
    strip = make_strips([np.full((40, 90), 220, np.uint8)])[0]
    assert not strip.written
    assert not strip.image.any()


def test_the_widest_picture_is_bounded():
    strip = make_strips([field("1234567890" * 20, 30, columns=20_000)])[0]
    assert strip.image.shape[1] <= WIDEST
    with pytest.raises(InputError):
        make_strips([np.zeros((3, 3), np.float32)])  # type: ignore[list-item]


def test_strips_of_like_width_go_together_and_none_is_lost():
    rng = np.random.default_rng(0)
    images = [np.full((ROWS, int(columns)), k + 1, np.uint8) for k, columns in enumerate(rng.integers(1, 200, 40))]
    seen = []
    for which, together in grouped(images, 8):
        assert len(which) <= 8
        assert len(which) == len(together)
        for index, image in zip(which, together, strict=True):
            assert image.shape[2] == padded(images[index].shape[1])
            assert image.sum() == images[index].sum(dtype=int)
        seen += which
    assert sorted(seen) == list(range(40))


def test_strips_stand_in_the_middle_with_paper_beside():
    images = [np.full((ROWS, columns), 9, np.uint8) for columns in (24, 25, 90)]
    widths = [padded(image.shape[1]) for image in images]
    together = side_by_side(images, widths)
    assert together.shape == (3, 1, ROWS, widths[2])
    for image, place, width in zip(images, together, widths, strict=True):
        columns = np.flatnonzero(place[0].any(axis=0))
        assert len(columns) == image.shape[1]
        assert columns[0] >= 4
        assert width - 1 - columns[-1] >= 4
        assert abs(columns[0] - (width - 1 - columns[-1])) <= 1
