"""Points and commas between digits survive on pages, dirt does not become one, and gaps are where numbers end."""

from __future__ import annotations

import numpy as np
import pytest

import lenet
from lenet.documents.segmentation import Piece, find_pieces, find_places, text_rows
from lenet.reading.signs import gaps, signs_at
from tests.writing import digit, on_paper

HEIGHT = 40


def dot(ink, x, y, radius):
    rows, columns = np.ogrid[: ink.shape[0], : ink.shape[1]]
    ink[np.hypot(rows - y, columns - x) <= radius] = 255


def row(text):
    """Write digits, points, commas and gaps in a row, with room around them."""
    ink, left, base = np.zeros((3 * HEIGHT, 60 * len(text) + 80), np.uint8), 40, 2 * HEIGHT
    for character in text:
        if character.isdigit():
            glyph = digit(character, HEIGHT)
            ink[base - HEIGHT : base, left : left + glyph.shape[1]] = glyph
            left += glyph.shape[1] + 10
        elif character == " ":
            left += HEIGHT
        else:
            for step in np.linspace(0, 0.25 if character == "," else 0, 12):
                dot(ink, left + 3 - 12 * step, base - 3 + HEIGHT * step, 3)
            left += 16
    return ink[:, : left + 40]


def rows(*texts):
    inks = [row(text) for text in texts]
    wide = max(ink.shape[1] for ink in inks)
    return np.vstack([np.pad(ink, ((0, 0), (0, wide - ink.shape[1]))) for ink in inks])


def texts(ink, **how):
    return [reading.text for reading in lenet.read_page(on_paper(ink, **how))]


DECIMALS = ["18.37", "94.93", "0.05", "12340.56789", "3,14", "1,250.00", "88.8"]


def test_the_point_between_digits_survives():
    assert texts(rows(*DECIMALS), noise=2) == DECIMALS


def test_a_comma_that_hangs_below_its_row_is_no_row_of_its_own():
    ink = rows("1,250", "3,14")
    low = ink.copy()
    for top in (0, 120):
        columns = np.nonzero(ink[top + 82 : top + 90].any(axis=0))[0]
        comma = np.s_[top + 70 : top + 100, columns[0] - 2 : columns[-1] + 3]
        low[comma] = 0
        low[top + 74 : top + 104, comma[1]] = ink[comma]
    assert texts(low, noise=2) == ["1,250", "3,14"]


def test_digits_without_a_sign_have_none():
    assert texts(rows("1837", "9493", "005"), noise=2) == ["1837", "9493", "005"]


def test_a_sign_is_a_character_with_its_box_and_its_doubt():
    (reading,) = lenet.read_page(on_paper(row("18.37")))
    assert "".join(character.text for character in reading.characters) == "18.37"
    point = reading.characters[2]
    left, right = reading.characters[1].box, reading.characters[3].box
    assert left[2] <= point.box[0] < point.box[2] <= right[0]
    assert point.box[3] - point.box[1] < HEIGHT / 3
    assert reading.confidence == pytest.approx(np.prod([each.confidence for each in reading.characters]))


def test_dirt_elsewhere_is_no_sign():
    ink = rows("1837", "9493")
    for x, y in [(15, 60), (100, 30), (60, 105), (160, 110), (210, 20)]:
        dot(ink, x, y, 2)
    assert texts(ink) == ["1837", "9493"]


def test_a_wider_gap_is_a_space():
    assert texts(rows("12 345", "1837", "6 78 90")) == ["12 345", "1837", "6 78 90"]


def test_digits_that_all_stand_apart_have_no_spaces():
    """In a grid nothing tells where numbers end."""
    assert texts(rows("1 2 3 4", "5 6 7 8")) == ["1234", "5678"]
    assert texts(rows("7 1")) == ["71"]


def test_the_characters_of_a_text_leave_its_spaces_out():
    (reading,) = lenet.read_page(on_paper(row("12 345")))
    assert "".join(character.text for character in reading.characters) == "12345"


def test_networks_of_other_characters_get_no_signs():
    network = lenet.Network("lenet5", seed=1)
    network.classes = list("ABCDEFGHIJ")
    (reading,) = lenet.read_page(on_paper(row("18.37")), model=network)
    assert [character.text in network.classes for character in reading.characters] == [True] * 4


def piece(left, right, top=0, bottom=40):
    return Piece((left, top, right, bottom), np.zeros((bottom - top, right - left), np.uint8), 4.0)


def test_gaps_are_told_by_the_row_or_if_it_is_short_by_all():
    close = [piece(0, 20), piece(28, 48), piece(90, 110), piece(118, 138)]
    short = [piece(0, 20), piece(60, 80)]
    assert gaps([close, short]) == [{1}, {0}]
    assert gaps([short]) == [set()]
    assert gaps([[piece(0, 20)]]) == [set()]
    assert gaps([]) == []


def test_places_are_found_where_signs_stand_and_only_there():
    ink = row("18.37")
    found = text_rows(find_pieces(ink))
    (place,) = find_places(ink, found)
    assert (place.row, place.index, place.piece) == (0, 1, False)
    assert signs_at([place], lenet.load("fields"), 1)[place].text == "."
    assert signs_at([], lenet.load("fields"), 1) == {}
    ink = row("1837")
    assert find_places(ink, text_rows(find_pieces(ink))) == []
    assert find_places(ink, []) == []
