from __future__ import annotations

import time

import numpy as np
import pytest

from lenet.documents import cleanup
from lenet.documents.cleanup import strokes, to_ink, without_rules
from lenet.errors import InputError
from tests.writing import digit, in_shadow, on_paper, page, write

WRITTEN = page(["3141592", "6535", "897932"])


def agreement(ink, truth):
    """Share of the stroke pixels of either that both have."""
    a, b = ink > 127, truth > 127
    return (a & b).sum() / (a | b).sum()


def test_ink_is_where_it_was_written():
    assert agreement(to_ink(on_paper(WRITTEN)), WRITTEN) > 0.9


def test_strokes_keep_grey_edges():
    ink = to_ink(on_paper(WRITTEN))
    assert ((ink > 40) & (ink < 215)).sum() > 0.05 * (ink > 127).sum()


@pytest.mark.parametrize("noise", [0, 4])
def test_turning_the_polarity_changes_nothing(noise):
    picture = on_paper(WRITTEN, noise=noise)
    assert (to_ink(picture) == to_ink(255 - picture)).all()


def test_light_ink_on_a_dark_photograph_is_found():
    board = in_shadow((40 + 0.6 * WRITTEN).astype(np.uint8))
    assert agreement(to_ink(board), WRITTEN) > 0.85


def test_a_dark_photograph_is_not_taken_for_light_ink():
    assert agreement(to_ink(on_paper(WRITTEN, light=70)), WRITTEN) > 0.85


@pytest.mark.parametrize("dark", [0.8, 0.5, 0.3])
def test_a_shadow_changes_nothing(dark):
    assert agreement(to_ink(in_shadow(on_paper(WRITTEN), dark)), WRITTEN) > 0.88


@pytest.mark.parametrize("pen", [(200, 30, 40), (30, 50, 190), (20, 20, 20), (20, 110, 40)])
@pytest.mark.parametrize("ground", [(240, 240, 235), (190, 205, 235), (150, 150, 150)])
def test_every_pen_comes_out_alike_on_every_paper(pen, ground):
    share = WRITTEN[..., None] / 255.0
    picture = np.array(ground) * (1 - share) + np.array(pen) * share
    assert agreement(to_ink(picture.clip(0, 255).astype(np.uint8)), WRITTEN) > 0.85


@pytest.mark.parametrize("noise", [0, 1, 3, 6])
@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (28, 28), (300, 400), (50, 2000)])
def test_empty_paper_has_no_ink(shape, noise):
    blank = on_paper(np.zeros(shape, np.uint8), noise=noise)
    marks = strokes(to_ink(in_shadow(blank, 0.7)))
    assert not marks.any() if noise == 0 else marks.sum() <= max(5, 1e-3 * marks.size)


@pytest.mark.parametrize("side", [28, 60, 200, 900])
def test_a_pen_of_any_width_is_filled(side):
    glyph = digit("3", round(0.8 * side), 0.25)
    truth = np.zeros((side, side), np.uint8)
    truth[side // 10 : side // 10 + len(glyph), side // 10 : side // 10 + glyph.shape[1]] = glyph
    assert agreement(to_ink(on_paper(truth)), truth) > 0.85


def test_pencil_beside_black_print_survives():
    truth = np.zeros((120, 500), np.uint8)
    truth[10:14] = truth[105:109] = 255
    pencil = np.zeros_like(truth)
    write(pencil, "2468", 30, 30, 60)
    ink = to_ink(on_paper(np.maximum(truth, (0.3 * pencil).astype(np.uint8))))
    assert agreement(strokes(ink)[20:100] * 255, pencil[20:100]) > 0.7


def grid(rows, columns, cell, thickness=3):
    """Return a ruled table as ink, and a copy with a digit in each box beside the digits alone."""
    lines = np.zeros((rows * cell + 40, columns * cell + 40), np.uint8)
    for row in range(rows + 1):
        lines[20 + row * cell : 20 + row * cell + thickness, 20 : 20 + columns * cell] = 230
    for column in range(columns + 1):
        lines[20 : 20 + rows * cell, 20 + column * cell : 20 + column * cell + thickness] = 230
    digits = np.zeros_like(lines)
    for index in range(rows * columns):
        write(digits, str(index % 10), 20 + index % columns * cell + 22, 20 + index // columns * cell + 18, cell - 30)
    return lines, digits


def test_a_table_is_taken_away_and_its_digits_stay():
    lines, digits = grid(3, 4, 80)
    ink = to_ink(on_paper(np.maximum(lines, digits)))
    cleaned = without_rules(ink)
    assert (cleaned[lines > 0] > 127).mean() < 0.02
    assert agreement(cleaned, digits) > 0.85


def test_a_sloping_table_is_taken_away():
    lines, digits = grid(3, 8, 80)
    both = np.maximum(lines, digits)
    for column in range(both.shape[1]):
        both[:, column] = np.roll(both[:, column], column // 40)
    cleaned = without_rules(to_ink(on_paper(both)))
    assert (cleaned > 127).sum() < 1.3 * (digits > 127).sum()


def test_digits_that_cross_a_ruled_line_stay_whole():
    truth = np.zeros((160, 900), np.uint8)
    write(truth, "0123456789", 30, 40, 70)
    ruled = truth.copy()
    ruled[84:87] = 200
    cleaned = without_rules(to_ink(on_paper(ruled)))
    assert agreement(cleaned, truth) > 0.8
    assert (cleaned[84:87][truth[84:87] == 0] > 127).mean() < 0.1


@pytest.mark.parametrize("text", list("0123456789"))
@pytest.mark.parametrize("margin", [0, 10])
def test_a_digit_alone_is_no_rule(text, margin):
    truth = np.pad(digit(text, 300, 0.1), margin)
    ink = to_ink(on_paper(truth))
    assert (without_rules(ink) == ink).mean() > 0.99


def test_ink_of_a_photograph_of_12_megapixels_takes_seconds():
    picture = np.random.default_rng(0).integers(215, 225, (3000, 4000, 3), dtype=np.uint8)
    picture[1000:1020, 500:3500] = 40
    started = time.perf_counter()
    ink = without_rules(to_ink(picture))
    assert time.perf_counter() - started < 20
    assert ink.shape == (3000, 4000)


@pytest.mark.parametrize(
    "picture",
    [np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8), np.zeros(5, np.uint8)],
    ids=["floats", "four channels", "no rows", "one axis"],
)
def test_an_array_that_is_no_picture_is_refused(picture):
    with pytest.raises(InputError, match="picture of shape"):
        to_ink(picture)


@pytest.mark.parametrize("contrast", [0.3, 0.6, 1.0])
def test_even_paper_is_seen_through_as_any_other_is(contrast, monkeypatch):
    """Paper of a single grey is not looked at; what comes out is what looking at it gives."""
    picture = on_paper(WRITTEN, contrast=contrast)
    quick = to_ink(picture)
    monkeypatch.setattr(cleanup, "even_ink", lambda plane: None)
    slow = to_ink(picture)
    assert agreement(quick, slow) > 0.98
    assert np.abs(quick.astype(int) - slow).mean() < 2


@pytest.mark.parametrize("mark", ["a shadow at the border", "glare", "little contrast"])
def test_paper_that_is_not_even_is_looked_at(mark):
    picture = on_paper(WRITTEN)
    assert cleanup.even_ink(picture) is not None
    if mark == "a shadow at the border":
        picture[:, -1] = 200
    elif mark == "glare":
        picture[20:25, 20:25] = 250
    else:
        picture = on_paper(WRITTEN, contrast=0.2)
    assert cleanup.even_ink(picture) is None
