"""Zones: frames, combs and lines of writing are found where they were drawn."""

from __future__ import annotations

import numpy as np

from lenet.documents.zones import find_zones
from tests.writing import write


def framed(width: int, height: int, columns: int) -> np.ndarray:
    """Return ink of a frame of so many boxes, its left top corner at (60, 40)."""
    ink = np.zeros((200, 800), np.uint8)
    ink[40:42, 60 : 60 + width] = ink[40 + height : 42 + height, 60 : 60 + width] = 255
    for side in range(columns + 1):
        left = 60 + round(side * (width - 2) / columns)
        ink[40 : 42 + height, left : left + 2] = 255
    return ink


def test_a_frame_is_found_with_its_sides():
    (zone,) = [zone for zone in find_zones(framed(400, 70, 1)) if zone.kind == "frame"]
    assert np.allclose(zone.box, (60, 40, 460, 112), atol=3)
    assert len(zone.sides) == 2


def test_eight_boxes_are_a_comb_even_with_digits_in_them():
    ink = framed(322, 40, 8)
    for index, digit in enumerate("24112026"):
        write(ink, digit, 68 + 40 * index, 48, 26)
    (zone,) = [zone for zone in find_zones(ink) if zone.kind == "comb"]
    assert np.allclose(np.diff(zone.sides), 40, atol=2)


def test_five_boxes_are_no_comb():
    assert not [zone for zone in find_zones(framed(322, 40, 5)) if zone.kind == "comb"]


def test_a_line_of_writing_is_found_whole_and_without_its_head():
    ink = np.zeros((200, 800), np.uint8)
    end = write(ink, "5", 100, 80, 30)
    end = write(ink, "12345", end + 20, 80, 30)
    zones = [zone for zone in find_zones(ink) if zone.kind == "line"]
    whole = min(zones, key=lambda zone: zone.left_out)
    assert whole.box[0] <= 100
    assert whole.box[2] >= end - 15
    assert {zone.left_out for zone in zones} >= {0, 1}


def test_a_rule_under_writing_is_not_part_of_it_and_empty_paper_has_no_zones():
    ink = np.zeros((200, 800), np.uint8)
    write(ink, "12345", 100, 80, 30)
    ink[118:120, 50:700] = 255
    assert all(zone.box[2] < 400 for zone in find_zones(ink))
    assert find_zones(np.zeros((50, 80), np.uint8)) == []
