"""Fields: what is ink, what is not, where the text stands, and the image that networks read."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from lenet.documents.fields import (
    STROKE,
    TEXT_SHARE,
    TextLine,
    draw_fields,
    field_ink,
    normalize_fields,
    with_fractions,
)
from lenet.errors import InputError
from tests.writing import in_shadow, on_paper, write


def field(text="30417", height=30, *, margin=10, gap=0.3):
    ink = np.zeros((height + 2 * margin, 2 * margin + round((0.9 + gap) * height * len(text))), np.uint8)
    end = write(ink, text, margin, margin, height, gap=gap)
    return ink[:, : end + margin - round(gap * height)]


def waves(shape, depth):
    """Thin wavy lines, as on cheques, that take up to `depth` of the light."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    phase = (y + 4 * np.sin(x / 9)) * (2 * np.pi / 7)
    return 1 - depth * np.clip(np.cos(phase) - 0.6, 0, None) / 0.4


def overlap(found, ink):
    """Share of pixels that are stroke in both among those that are in either, edges apart."""
    a, b = found >= STROKE, ink >= STROKE
    return (a & b).sum() / (a | b).sum()


def recall(found, ink):
    """Share of the middle of strokes that is found."""
    return (found[ink > 220] >= STROKE).mean()


def surplus(found, ink):
    """How much is found that is no ink, as a share of the ink."""
    near = np.zeros(ink.shape, bool)
    padded = np.pad(ink > 40, 2)
    for dy in range(5):
        for dx in range(5):
            near |= padded[dy : dy + ink.shape[0], dx : dx + ink.shape[1]]
    return ((found >= STROKE) & ~near).sum() / (ink >= STROKE).sum()


@pytest.mark.parametrize("change", ["plain", "noise", "shadow", "waves", "pencil", "dark paper", "inverted"])
def test_ink_is_told_from_paper(change):
    ink = field()
    picture = on_paper(ink, contrast=0.2 if change == "pencil" else 0.7, light=90 if change == "dark paper" else 220)
    picture = {
        "noise": lambda: on_paper(ink, contrast=0.7, noise=8, seed=1),
        "shadow": lambda: in_shadow(picture, 0.4),
        "waves": lambda: (picture * waves(picture.shape, 0.3)).astype(np.uint8),
        "inverted": lambda: 255 - picture,
    }.get(change, lambda: picture)()
    found = field_ink(picture)
    assert found.scale == 1
    assert recall(found.ink, ink) > 0.99
    assert surplus(found.ink, ink) < 0.03
    assert overlap(found.ink, ink) > 0.75


@pytest.mark.parametrize(
    ("pen", "paper"),
    [((40, 40, 170), (235, 235, 225)), ((190, 40, 50), (170, 175, 180)), ((20, 20, 20), (170, 200, 235))],
    ids=["blue on cream", "red on grey", "black on blue"],
)
def test_colours_come_out_alike(pen, paper):
    ink = field()[..., None] / 255
    picture = (np.array(paper) * (1 - ink) + np.array(pen) * ink).astype(np.uint8)
    found = field_ink(picture)
    assert overlap(found.ink, field()) > 0.75


def test_blue_waves_do_not_hide_black_ink():
    """The waves take 60 % of the red light and nothing of the blue: in grey they are as dark as a thin stroke."""
    ink = field()
    light = waves(ink.shape, 0.6)
    picture = np.stack([230 * light, 230 * (0.4 + 0.6 * light), np.full(ink.shape, 230.0)], axis=-1)
    picture = (picture * (1 - 0.7 * ink[..., None] / 255)).astype(np.uint8)
    found = field_ink(picture)
    assert recall(found.ink, ink) > 0.95
    assert surplus(found.ink, ink) < 0.05


@pytest.mark.parametrize("row", [20, 37, 44, 47], ids=["through", "low", "below", "well below"])
@pytest.mark.parametrize("fall", [0, 3])
def test_a_rule_goes_and_the_strokes_that_cross_it_stay(row, fall):
    ink = field(height=30)
    ruled = on_paper(ink, contrast=0.7)
    for x in range(ink.shape[1]):
        y = row + round(fall * x / ink.shape[1])
        ruled[y : y + 2, x] = np.minimum(ruled[y : y + 2, x], 80)
    found = field_ink(ruled)
    assert recall(found.ink, ink) > 0.9
    assert surplus(found.ink, ink) < 0.06


def test_a_box_around_the_text_goes():
    ink = field(margin=14)
    picture = on_paper(ink, contrast=0.7)
    for side in (np.s_[3:5, 3:-3], np.s_[-5:-3, 3:-3], np.s_[3:-3, 3:5], np.s_[3:-3, -5:-3]):
        picture[side] = 60
    found = field_ink(picture)
    assert recall(found.ink, ink) > 0.99
    assert surplus(found.ink, ink) < 0.03


def test_a_comb_of_boxes_goes_with_the_print_below_it():
    ink = np.zeros((76, 330), np.uint8)
    for index, character in enumerate("22012016"):
        write(ink, character, 12 + 40 * index, 14, 24)
    picture = on_paper(ink, contrast=0.7)
    picture[[6, 7, 44, 45], 4:326] = 60
    for x in range(4, 326, 40):
        picture[6:46, x : x + 2] = 60
    print_below = np.zeros_like(ink)
    write(print_below, "00110000", 18, 52, 12, gap=2.6)
    picture = np.minimum(picture, on_paper(print_below, contrast=0.9))
    found = field_ink(picture)
    assert recall(found.ink, ink) > 0.97
    assert surplus(found.ink, ink) < 0.05


@pytest.mark.parametrize("text", ["1", "7", "11", "77", "0"])
def test_digits_cut_out_closely_are_no_rules(text):
    """The bar of a 7 and a straight 1 run from border to border as a frame does."""
    ink = field(text, height=32, margin=0)
    found = field_ink(on_paper(ink, contrast=0.8))
    assert recall(found.ink, ink) > 0.95


def test_strokes_that_reach_in_from_the_line_above_go():
    ink = field(margin=12)
    picture = on_paper(ink, contrast=0.7)
    picture[:5, 30:34] = picture[:6, 80:83] = 60
    found = field_ink(picture)
    assert not found.ink[:6].any()
    assert recall(found.ink, ink) > 0.99


def test_dots_and_dashes_stay():
    ink = field("123", gap=1.0, margin=12)
    ink[38:42, 44:48] = 255
    ink[26:29, ink.shape[1] - 9 : ink.shape[1] - 1] = 255
    found = field_ink(on_paper(ink, contrast=0.7))
    assert (found.ink[38:42, 44:48] >= STROKE).mean() > 0.7
    assert (found.ink[26:29, -9:-1] >= STROKE).mean() > 0.7


@pytest.mark.parametrize("noise", [0, 3, 12])
def test_nothing_is_found_where_nothing_is_written(noise):
    for picture in (
        np.full((50, 150), 220, np.uint8),
        on_paper(np.zeros((50, 150), np.uint8), noise=noise, seed=noise),
    ):
        found = field_ink(picture)
        assert not found.ink.any()
        assert found.text == TextLine(0, 0, 0, 0, 0, 0, 0)
        assert normalize_fields([found])[0].shape == (40, 40)
        assert not normalize_fields([found])[0].any()


def test_the_line_of_text_is_measured():
    ink = np.zeros((90, 420), np.uint8)
    write(ink, "305286", 20, 30, 36, gap=0.5)
    line = field_ink(on_paper(ink, contrast=0.7)).text
    assert line.top == pytest.approx(30, abs=1.5)
    assert line.bottom == pytest.approx(66, abs=1.5)
    assert line.left == pytest.approx(20, abs=1.5)
    assert line.slope == pytest.approx(0, abs=0.02)
    assert line.stroke == pytest.approx(0.13 * 36, rel=0.25)
    assert abs(line.slant) <= 0.15


@pytest.mark.parametrize("slope", [-0.1, 0.08])
def test_a_sloping_line_is_measured_and_drawn_level(slope):
    ink = np.zeros((110, 400), np.uint8)
    for index, character in enumerate("3052864"):
        write(ink, character, 20 + 50 * index, 40 + round(slope * (50 * index - 160)), 30)
    found = field_ink(on_paper(ink, contrast=0.7))
    assert found.text.slope == pytest.approx(slope, abs=0.02)
    image = normalize_fields([found])[0]
    thirds = np.array_split(image[:, 10:-10] > 128, 3, axis=1)
    tops = [np.nonzero(third.any(axis=1))[0][0] for third in thirds]
    assert max(tops) - min(tops) <= 3


@pytest.mark.parametrize("slope", [-0.2, -0.1, 0, 0.1, 0.2])
@pytest.mark.parametrize("text", ["3052864", "1141717", "77"])
def test_no_character_of_one_line_stands_above_another(text, slope):
    ink = np.zeros((150, 60 + 50 * len(text)), np.uint8)
    for index, character in enumerate(text):
        write(ink, character, 20 + 50 * index, 60 + round(slope * 50 * (index - len(text) / 2)), 30)
    assert field_ink(on_paper(ink, contrast=0.7)).text.stacked == 0


@pytest.mark.parametrize("shift", [-18, -9, 0, 9, 18])
def test_lines_of_which_one_is_shifted_stand_above_each_other(shift):
    """Half a character further, none stands above another by half of its width, but above two of them by all of it."""
    line = np.pad(field("30528", margin=8), ((0, 0), (20, 20)))
    both = np.vstack([line, np.roll(line, shift, axis=1)])
    assert field_ink(on_paper(both, contrast=0.7)).text.stacked > 0.5


@pytest.mark.parametrize(("text", "row"), [("8", 32), ("3", 32), ("1", 40), ("181", 32)])
def test_a_broken_character_is_one(text, row):
    ink = field(text, height=60)
    beside = ink.shape[1] // 3 if len(text) > 1 else 0
    ink[row : row + 4, beside : ink.shape[1] - beside] = 0
    assert field_ink(on_paper(ink, contrast=0.7)).text.stacked == 0


@pytest.mark.parametrize("pen", [0.3, 0.7])
def test_most_characters_of_two_lines_and_of_one_on_its_side_stand_above_another(pen):
    line = field("30528", margin=8)
    pictures = [np.vstack([line, line]), np.rot90(line), np.rot90(line, 3), np.vstack([line, line[:, ::-1], line])]
    for ink in pictures:
        assert field_ink(on_paper(np.ascontiguousarray(ink), contrast=pen)).text.stacked > 0.7


@pytest.mark.parametrize("slant", [-0.3, 0.0, 0.4, 0.7])
def test_slant_is_measured_and_taken_out(slant):
    straight = field("1141717", margin=30)
    ink = np.zeros_like(straight)
    for y, row in enumerate(straight):
        ink[y] = np.roll(row, round(slant * (len(straight) / 2 - y)))
    found = field_ink(on_paper(ink, contrast=0.7))
    assert found.text.slant == pytest.approx(slant, abs=0.15)
    upright = field_ink(on_paper(straight, contrast=0.7))
    sums = [
        np.sort((normalize_fields([f], upright=True)[0] >= 128).sum(axis=0))[::-1][:20].mean() for f in (found, upright)
    ]
    assert sums[0] == pytest.approx(sums[1], rel=0.12)


def shares(first, step, count, length):
    """By how much of itself each of `length` pixels lies in each of `count` cells of size `step`, over the step."""
    starts = first + step * np.arange(count)[:, None]
    pixels = np.arange(length)
    return np.clip(np.minimum(starts + step, pixels + 1) - np.maximum(starts, pixels), 0, None) / step


def averaged(pixels, line, rows):
    """What `normalize_fields` promises for a level, upright line that is drawn smaller: the mean of what is covered."""
    height = line.bottom - line.top
    down = height / (TEXT_SHARE * rows)
    margin = (1 / TEXT_SHARE - 1) / 2 * height
    extent = line.right - line.left + 2 * margin
    columns = round(extent / down)
    above = shares((line.top + line.bottom) / 2 - rows / 2 * down, down, rows, pixels.shape[0])
    beside = shares(line.left - margin, extent / columns, columns, pixels.shape[1])
    return above @ pixels @ beside.T


@pytest.mark.parametrize("rows", [8, 16, 31])
def test_the_image_is_the_average_of_what_its_pixels_cover(rows):
    picture = np.random.default_rng(rows).integers(0, 256, (70, 150), np.uint8)
    line = TextLine(10.3, 61.8, 22.7, 120.2, 0, 0, 3)
    found = replace(field_ink(picture), ink=picture, text=line)
    np.testing.assert_allclose(normalize_fields([found], rows=rows)[0], averaged(picture, line, rows), atol=0.6)


def test_the_height_of_the_text_and_not_of_the_picture_counts():
    narrow, wide = (field(height=30, margin=margin) for margin in (6, 60))
    images = normalize_fields([field_ink(on_paper(ink, contrast=0.7)) for ink in (narrow, wide)])
    for image in images:
        rows = np.nonzero((image > 128).any(axis=1))[0]
        assert rows[-1] - rows[0] + 1 == pytest.approx(32, abs=2)
    assert abs(images[0].shape[1] - images[1].shape[1]) <= 2


def test_evened_pictures_keep_what_is_printed():
    ink = field()
    picture = on_paper(ink, contrast=0.7)
    picture[44:46] = 90
    found = field_ink(picture)
    assert normalize_fields([found], evened=True)[0][-5:].max() > 150
    assert normalize_fields([found])[0][-2:].max() < 50


@pytest.mark.parametrize("threads", [1, 3])
def test_many_are_drawn_at_once_as_one_by_one(threads):
    rng = np.random.default_rng(3)
    pictures = [
        on_paper(field(str(number), height=20 + number % 17), noise=6, seed=number) for number in range(3, 60, 4)
    ]
    pictures += [rng.integers(0, 256, shape, np.uint8) for shape in ((1, 1), (3, 90), (60, 40, 3), (900, 700))]
    pictures += [np.full((40, 90), 230, np.uint8), in_shadow(pictures[2], 0.4)[:, ::2]]
    drawn = draw_fields(pictures, rows=36, threads=threads)
    for picture, (scale, text, image) in zip(pictures, drawn, strict=True):
        found = field_ink(picture)
        assert (scale, text) == (found.scale, found.text)
        np.testing.assert_array_equal(image, normalize_fields([found], rows=36, evened=True)[0])
    assert draw_fields([]) == []


def test_large_pictures_are_made_smaller_and_read_alike():
    ink = field(height=40, margin=20)
    large = np.kron(on_paper(ink, contrast=0.7), np.ones((12, 12), np.uint8))
    found = field_ink(large)
    assert found.scale > 1
    assert found.ink.shape[0] <= 320
    small = normalize_fields([field_ink(on_paper(ink, contrast=0.7))])[0]
    assert normalize_fields([found])[0].shape[1] == pytest.approx(small.shape[1], abs=3)


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 200), (200, 1), (2, 2), (5, 3), (50, 20_000), (20_000, 50), (3000, 4000)], ids=str
)
@pytest.mark.parametrize("kind", ["black", "white", "noise", "stripes"])
def test_any_picture_takes_bounded_time(shape, kind):
    if kind == "noise":
        picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    else:
        picture = np.full(shape, 255 if kind == "white" else 0, np.uint8)
    if kind == "stripes":
        picture[::3] = picture[:, ::5] = 200
    started = time.process_time()
    found = field_ink(picture)
    image = normalize_fields([found])[0]
    assert time.process_time() - started < 3
    assert found.ink.size <= 2**22 + 20_000
    assert image.shape[0] == 40
    assert image.shape[1] <= 16_384


@pytest.mark.parametrize(
    "picture",
    [np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros(4, np.uint8), np.zeros((0, 4), np.uint8)],
    ids=["floats", "four channels", "one axis", "no pixels"],
)
def test_what_is_no_picture_is_refused(picture):
    with pytest.raises(InputError, match="field of shape"):
        field_ink(picture)
    with pytest.raises(InputError, match="field of shape"):
        draw_fields([on_paper(field()), picture])


def test_impossible_heights_are_refused():
    found = field_ink(on_paper(field()))
    for rows in (0, 7, 257):
        with pytest.raises(InputError, match="8 to 256"):
            normalize_fields([found], rows=rows)
        with pytest.raises(InputError, match="8 to 256"):
            draw_fields([], rows=rows)


@pytest.mark.data
def test_real_amounts_have_their_ink_in_the_digits_boxes(data):
    """Of a sample of cheque amounts: digits are inked, and little stands outside of them but separators."""
    from benchmarks.reading import pictures

    inside, empty, boxes = [], 0, 0
    for label, picture in list(pictures(data / "orand-car-a.tar"))[::30]:
        ink = field_ink(picture).ink >= STROKE
        mask = np.zeros(ink.shape, bool)
        for digit in label["digits"]:
            x, y, width, height = digit["box"]
            mask[max(y - 2, 0) : y + height + 2, max(x - 2, 0) : x + width + 2] = True
            empty += not ink[y : y + height, x : x + width].any()
            boxes += 1
        inside.append((ink & mask).sum() / max(1, ink.sum()))
    assert empty == 0
    assert np.mean(inside) > 0.9
    assert boxes > 100


def fraction(apart):
    """Return a small 7, and on its right a 1 over a bar over a 2 that stands `apart` rows lower, on paper."""
    ink = np.zeros((160, 110), np.uint8)
    for text, left, top, height in (("7", 20, 34, 16), ("1", 60, 14, 22), ("2", 58, 52 + apart, 24)):
        write(ink, text, left, top, height)
    ink[43:46, 52:86] = 255
    return on_paper(ink)


def test_both_numbers_of_a_fraction_are_of_the_line_and_what_stands_far_below_is_not():
    both = with_fractions(field_ink(fraction(apart=0), one_line=False)).text
    assert both.top == pytest.approx(14, abs=3)
    assert both.bottom == pytest.approx(76, abs=3)
    assert both.left == pytest.approx(20, abs=4)
    assert with_fractions(field_ink(fraction(apart=55), one_line=False)).text.height < 45


def test_a_line_without_a_fraction_is_left_as_it_is():
    for picture in (on_paper(field()), np.full((40, 60), 220, np.uint8)):
        found = field_ink(picture)
        assert with_fractions(found) is found
