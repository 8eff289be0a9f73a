"""Crops: a field is its paper and its line of text, not the dark beside it, nor all the height of a column."""

from __future__ import annotations

import time

import numpy as np
import pytest

from lenet.documents.crops import line_crop, paper_crop
from lenet.documents.fields import STROKE, field_ink
from tests.writing import on_paper, write

WHOLE = slice(0, 200), slice(0, 90)


def column(text: str = "27", top: int = 60, height: int = 24) -> np.ndarray:
    """A number in a narrow column of a register, 200 by 90, as ink."""
    ink = np.zeros((200, 90), np.uint8)
    write(ink, text, 24, top, height, gap=0.2)
    return ink


def beside(picture: np.ndarray, dark: int, side: str) -> np.ndarray:
    widths = {"left": ((0, 0), (dark, 0)), "right": ((0, 0), (0, dark)), "top": ((dark, 0), (0, 0))}[side]
    return np.pad(picture, widths, constant_values=12)


def share_found(found: np.ndarray, ink: np.ndarray) -> float:
    """Share of the middle of strokes that is found, and minus what is found elsewhere."""
    seen = found >= STROKE
    return float(seen[ink > 220].mean() - seen[ink == 0].sum() / (ink > 220).sum())


@pytest.mark.parametrize("side", ["left", "right", "top"])
@pytest.mark.parametrize("dark", [40, 80])
def test_a_dark_margin_is_left_away(side, dark):
    """Before, the edge of a scanned book was the only thing seen, and was read as a 1 with 99.9 %."""
    ink = column()
    picture = beside(on_paper(ink, noise=3), dark, side)
    whole = beside(ink, dark, side)
    whole[whole == 12] = 0
    rows, columns = paper_crop(picture)
    assert picture[rows, columns].shape == ink.shape
    found = field_ink(picture)
    assert found.ink.shape == picture.shape
    assert share_found(found.ink, whole) > 0.8


def test_a_margin_of_a_large_scan_is_left_away_to_the_pixel_samples():
    ink = np.repeat(np.repeat(column(), 6, 0), 6, 1)
    picture = np.pad(on_paper(ink), ((0, 0), (301, 0)), constant_values=10)
    rows, columns = paper_crop(picture)
    assert (rows, columns.stop) == (slice(0, 1200), 841)
    assert 301 <= columns.start <= 304


@pytest.mark.parametrize(
    "picture",
    [
        on_paper(column()),
        np.pad(on_paper(column()), 30, constant_values=10),  # a sheet on a desk, or light on dark
        255 - on_paper(column()),
        np.zeros((200, 90), np.uint8),
        np.full((200, 90), 255, np.uint8),
        np.pad(np.full((200, 6), 230, np.uint8), ((0, 0), (84, 0))),  # a bright line beside the dark is no paper
        np.zeros((1, 1), np.uint8),
    ],
    ids=["paper", "four sides", "chalk", "black", "white", "sliver", "one pixel"],
)
def test_what_has_no_margin_is_kept_whole(picture):
    rows, columns = paper_crop(picture)
    assert picture[rows, columns].shape == picture.shape


def test_the_bar_of_a_seven_is_no_margin():
    picture = np.full((32, 22, 3), 230, np.uint8)
    picture[:4] = 20
    picture[:, 14:18] = 20
    assert picture[paper_crop(picture)].shape == picture.shape


def evened(ink: np.ndarray, *, rule: bool = True) -> np.ndarray:
    found = ink.copy()
    if rule:
        found[:180, 84:86] = 200
        found[8:10] = 200
    return found


@pytest.mark.parametrize("top", [30, 90, 150])
def test_the_line_of_a_tall_field_is_found(top):
    (rows, columns), stacked = line_crop(evened(column(top=top)))
    assert stacked == 0
    assert top - 12 < rows.start <= top
    assert top + 24 <= rows.stop < top + 36
    assert columns.start <= 24
    assert columns.stop >= 60


def test_print_that_the_border_cuts_off_is_not_the_line():
    ink = column("5", top=60)
    write(ink, "88888888", 40, 186, 12, gap=0.2)
    (rows, _), _ = line_crop(evened(ink))
    assert rows.stop < 120


def test_a_number_weighs_more_than_a_longer_line_that_is_cut_off():
    """A printed line below a column is mostly whole letters, and has more ink than a small number."""
    ink = np.zeros((200, 90), np.uint8)
    ink[60:80, 40:50] = 255
    for left in range(12, 90, 10):
        ink[186:194, left : left + 8] = 255
    (rows, _), _ = line_crop(ink)
    assert rows.stop < 100


def test_another_line_close_by_is_told_and_one_far_away_is_not():
    for top, least, most in ((90, 0.5, 1), (150, 0, 0)):
        ink = column("52", top=60)
        write(ink, "38", 24, top, 24)
        assert least <= line_crop(evened(ink, rule=False)).stacked <= most


def test_where_all_is_pale_the_line_is_looked_for_among_what_there_is():
    """So little of a column may be ink that nothing is stretched to full ink; a third of it was the limit before."""
    assert line_crop(column() // 4) == line_crop(column())
    assert line_crop(column() // 10) is None


@pytest.mark.parametrize("noise", [1, 4, 10])
def test_an_empty_column_stays_empty(noise):
    for seed in range(5):
        picture = on_paper(np.zeros((200, 90), np.uint8), noise=noise, seed=seed)
        assert field_ink(picture).text.height == 0
        assert field_ink(beside(picture, 40, "left")).text.height == 0


@pytest.mark.parametrize(
    "ink",
    [
        np.zeros((200, 90), np.uint8),
        column("8", top=20, height=150),
        column()[40:110],  # no taller than a line needs
    ],
    ids=["empty", "large", "low"],
)
def test_where_there_is_no_small_line_all_is_kept(ink):
    assert line_crop(evened(ink, rule=False)) is None


def test_a_tall_one_with_a_point_is_not_taken_for_its_point():
    ink = np.zeros((120, 60), np.uint8)
    ink[10:110, 28:32] = 255
    ink[100:110, 44:52] = 255
    assert line_crop(ink) is None


def test_the_line_stands_where_it_was_written():
    """What is found in a part of the picture is told in pixels of the picture."""
    ink = column("27", top=130)
    found = field_ink(on_paper(evened(ink), noise=2, seed=1))
    assert share_found(found.ink, ink) > 0.8
    assert abs(found.text.top - 130) < 4
    assert abs(found.text.bottom - 154) < 4
    assert abs(found.text.left - 24) < 4


def test_specks_take_bounded_time():
    noise = (np.random.default_rng(0).random((4000, 1000)) > 0.7).astype(np.uint8) * 255
    begun = time.process_time()
    line_crop(noise)
    assert time.process_time() - begun < 2
