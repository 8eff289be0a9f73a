from __future__ import annotations

import time

import numpy as np
import pytest

from lenet.documents.cleanup import to_ink, without_rules
from lenet.documents.segmentation import find_pieces, single_piece, text_rows
from tests.writing import digit, on_paper, page, write


def pieces_on(ink, *, one_row=False, noise=0):
    return find_pieces(without_rules(to_ink(on_paper(ink, noise=noise))), one_row=one_row)


@pytest.mark.parametrize("height", [10, 20, 45, 120, 400])
@pytest.mark.parametrize("text", list("0123456789"))
def test_a_lone_digit_is_one_piece_at_any_size(text, height):
    truth = np.pad(digit(text, height), height // 3)
    (piece,) = pieces_on(truth, one_row=True)
    rows, columns = np.nonzero(truth > 127)
    assert abs(np.array(piece.box) - (columns[0], rows[0], 0, rows[-1] + 1))[[1, 3]].max() <= 2
    assert abs(piece.box[0] - columns.min()) <= 2
    assert abs(piece.box[2] - columns.max() - 1) <= 2


@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("text", list("0123456789"))
def test_a_lone_digit_is_found_where_it_touches_the_border(text, corner):
    glyph = digit(text, 60)
    truth = np.zeros((150, 150), np.uint8)
    top, left = (corner[0] * (150 - 60), corner[1] * (150 - glyph.shape[1]))
    truth[top : top + 60, left : left + glyph.shape[1]] = glyph
    assert len(pieces_on(truth, one_row=True)) == 1


def test_boxes_lie_inside_the_picture_and_hold_their_ink():
    truth = page(["0123456789"] * 3)
    for piece in pieces_on(truth, noise=3):
        left, top, right, bottom = piece.box
        assert 0 <= left < right <= truth.shape[1]
        assert 0 <= top < bottom <= truth.shape[0]
        assert piece.ink.shape == (piece.height, piece.width) == (bottom - top, right - left)
        assert piece.ink.max() == 255


def test_the_width_of_strokes_is_measured():
    truth = np.zeros((200, 200), np.uint8)
    truth[20:180, 90:108] = 255
    (piece,) = pieces_on(truth)
    assert piece.stroke == pytest.approx(18 * 4 / np.pi, rel=0.25)


@pytest.mark.parametrize("slope", [-0.1, -0.04, 0.0, 0.04, 0.1])
def test_rows_come_top_to_bottom_and_left_to_right(slope):
    rows = text_rows(pieces_on(page(["1234567", "8901", "2345678", "901"], slope=slope)))
    assert [len(row) for row in rows] == [7, 4, 7, 3]
    for row in rows:
        assert [piece.box for piece in row] == sorted(piece.box for piece in row)
    tops = [row[0].box[1] for row in rows]
    assert tops == sorted(tops)


def test_a_row_goes_on_after_a_wide_gap():
    truth = np.zeros((200, 900), np.uint8)
    write(truth, "12", 30, 30, 40)
    write(truth, "34", 750, 38, 40)
    write(truth, "5678", 30, 120, 40)
    assert [len(row) for row in text_rows(pieces_on(truth))] == [4, 4]


def test_the_bar_of_a_5_belongs_to_it():
    truth = np.pad(digit("5", 100, 0.1), 40)
    truth[53:58] = 0
    assert len(pieces_on(truth, one_row=True)) == 1
    beside = np.hstack([truth, np.pad(digit("2", 100, 0.1), 40)])
    assert len(pieces_on(beside)) == 2


def test_digits_above_one_another_stay_apart_on_a_page():
    truth = np.zeros((300, 100), np.uint8)
    for index, text in enumerate("123456"):
        write(truth, text, 30, 20 + 45 * index, 35)
    assert [len(row) for row in text_rows(pieces_on(truth))] == [1] * 6


def test_specks_dashes_and_strokes_from_the_next_box_are_left_out():
    truth = np.zeros((120, 300), np.uint8)
    write(truth, "27", 60, 30, 60)
    truth[20:23, 20:23] = truth[100:104, 150:154] = 255  # specks
    truth[60:66, 200:230] = 255  # a dash
    truth[80:85, 280:] = 255  # from the right
    pieces = pieces_on(truth, one_row=True)
    assert [piece.box[0] // 40 for piece in sorted(pieces, key=lambda piece: piece.box)] == [1, 3]


def test_a_stroke_that_comes_in_from_the_border_can_be_left_out():
    truth = np.pad(digit("3", 100, 0.1), 60)
    truth[150:158, : truth.shape[1] // 2] = 255
    (piece,) = pieces_on(truth, one_row=True)
    assert piece.box[0] == 0
    assert min(variant.box[0] for variant in piece.trimmed) > 30


@pytest.mark.parametrize("noise", [0, 2, 5])
@pytest.mark.parametrize("shape", [(1, 1), (40, 40), (300, 400), (50, 2000)])
def test_empty_paper_has_no_pieces(shape, noise):
    assert pieces_on(np.zeros(shape, np.uint8), noise=noise) == []


def test_an_empty_box_and_a_ruled_line_are_no_pieces():
    box = np.zeros((200, 300), np.uint8)
    box[40:160, 50:250] = 220
    box[43:157, 53:247] = 0
    assert pieces_on(box) == []
    line = np.zeros((200, 300), np.uint8)
    line[100:103, 60:240] = 255
    assert pieces_on(line) == []


def test_the_edge_of_a_desk_is_no_piece():
    picture = on_paper(page(["123", "456"], 40))
    picture[:, :35] = 40
    assert len(find_pieces(to_ink(picture))) == 6


@pytest.mark.parametrize("kind", ["salt", "blocks", "even"])
def test_noise_takes_bounded_time(kind):
    rng = np.random.default_rng(0)
    truth = {
        "salt": (rng.random((1500, 2000)) < 0.02) * 255,
        "blocks": np.kron(rng.random((150, 200)) < 0.3, np.full((10, 10), 255)),
        "even": rng.integers(0, 256, (1500, 2000)),
    }[kind].astype(np.uint8)
    started = time.perf_counter()
    text_rows(find_pieces(without_rules(truth)))
    assert time.perf_counter() - started < 30


def test_a_picture_20000_pixels_wide_is_read_along_its_whole_width():
    truth = np.zeros((60, 20_000), np.uint8)
    for left in range(20, 19_900, 100):
        write(truth, "8", left, 12, 36)
    (row,) = text_rows(pieces_on(truth))
    assert len(row) == len(range(20, 19_900, 100))


@pytest.mark.parametrize("height", [12, 40, 150])
@pytest.mark.parametrize("text", list("0123456789"))
def test_a_single_piece_is_what_looking_for_many_finds(text, height):
    ink = to_ink(on_paper(np.pad(digit(text, height), height // 2)))
    single = single_piece(ink)
    (found,) = find_pieces(without_rules(ink), one_row=True)
    if height == 12 and single is None:
        return  # too small to tell from a frame
    assert (single.box, single.stroke) == (found.box, found.stroke)
    np.testing.assert_array_equal(single.ink, found.ink)


@pytest.mark.parametrize("drawn", ["nothing", "two parts", "a frame", "a dash", "a stroke from the border", "a speck"])
def test_what_may_be_no_character_is_no_single_piece(drawn):
    ink = np.zeros((60, 60), np.uint8)
    if drawn == "two parts":
        ink[10:50, 20:25] = ink[10:50, 35:40] = 255
    elif drawn == "a frame":
        ink[10:50, 10:50] = 255
        ink[13:47, 13:47] = 0
        ink[13:47, 28:31] = 255
    elif drawn == "a dash":
        ink[28:38, 10:50] = 255
    elif drawn == "a stroke from the border":
        ink[0:40, 28:32] = 255
    elif drawn == "a speck":
        ink[30:34, 30:34] = 255
    assert single_piece(ink) is None
