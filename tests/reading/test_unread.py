"""Ink beside the characters that were read is seen; points, dashes and the sides of boxes are no such ink."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lenet.reading.fields import FieldText
from lenet.reading.unread import is_all_read, left_unread
from lenet.strips import ROWS, Strip


def strip(*boxes: tuple[int, int, int, int]) -> Strip:
    """Return a strip with ink in boxes (left, top, right, bottom)."""
    image = np.zeros((ROWS, 100), np.uint8)
    for left, top, right, bottom in boxes:
        image[top:bottom, left:right] = 255
    return Strip(image, True, 0, 0, ROWS, 1.0)


def text(*middles: int, signs: str = "66") -> FieldText:
    return FieldText(signs[: len(middles)], -0.1, tuple((x - 2, x + 2) for x in middles), (0.9,) * len(middles))


DIGIT, SECOND = (20, 4, 38, 36), (60, 8, 78, 36)


def test_a_piece_far_from_every_character_was_not_read():
    assert not is_all_read(text(29), strip(DIGIT, SECOND))
    assert is_all_read(text(29, 69), strip(DIGIT, SECOND))


@pytest.mark.parametrize(
    "small",
    [(60, 30, 64, 36), (60, 18, 80, 21), (90, 0, 92, 40), (98, 4, 100, 30)],
    ids=["point", "dash", "side", "piece of a side"],
)
def test_what_is_no_character_need_not_be_read(small):
    assert is_all_read(text(29), strip(DIGIT, small))


def test_a_piece_that_one_character_was_read_from_is_read_however_wide_it_is():
    assert is_all_read(text(50), strip((10, 4, 90, 36)))


def test_several_lines_speak_against_a_text_and_those_of_a_fraction_do_not():
    lines = replace(strip(DIGIT), stacked=0.9)
    assert "several lines" in left_unread(text(29), lines, "digits")
    assert not left_unread(text(29), replace(lines, stacked=0.3), "digits")
    assert "several lines" in left_unread(text(29), lines, "mark")
    assert not left_unread(text(29, signs="½"), lines, "mark")
    assert "something beside '6'" in left_unread(text(29), strip(DIGIT, SECOND), "mark")


def test_where_nothing_was_read_nothing_may_be_written():
    assert is_all_read(text(), strip())
    assert not is_all_read(text(), strip(DIGIT))


def test_a_half_may_be_seen_at_its_last_digit_and_has_no_more_than_three_pieces():
    half = [(44, 4, 48, 18), (52, 4, 60, 36), (64, 18, 76, 36)]
    assert is_all_read(text(29, 70, signs="6½"), strip(DIGIT, *half))
    assert not is_all_read(text(70, signs="½"), strip(DIGIT, *half))
    assert not is_all_read(text(50, signs="½"), strip((30, 4, 36, 36), *half))
