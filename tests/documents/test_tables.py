"""Boxes of tables are found though rules slope, bend or break, and a stroke belongs to the box that holds it."""

from __future__ import annotations

import numpy as np
import pytest

from lenet.documents.cleanup import to_ink
from lenet.documents.tables import find_tables
from tests.ruled import Paper, table
from tests.writing import on_paper, page

ROWS = [["7", "", "12", "3"], ["", "5", "0", ""], ["44", "1", "", "8"]]


def found(picture):
    return find_tables(picture, to_ink(picture))


def written(tables):
    return [[bool(cell.marks.size) for cell in row] for each in tables for row in each.rows]


@pytest.mark.parametrize("way", [{}, {"slope": 0.04}, {"slope": -0.04}, {"bow": 0.03}, {"gap": 20}], ids=str)
def test_the_boxes_are_found_and_what_is_written_in_them(way):
    tables = found(table(ROWS, **way).scan())
    assert written(tables) == [[bool(text) for text in row] for row in ROWS]


def test_a_box_is_the_inside_of_its_rules():
    (one,) = found(table(ROWS).scan())
    left, top, right, bottom = one.rows[0][0].box
    assert abs(left - 42) <= 3
    assert abs(top - 42) <= 3
    assert abs(right - 120) <= 3
    assert abs(bottom - 104) <= 3


def test_a_stroke_across_a_rule_is_whole_and_the_neighbours_box_is_empty():
    paper = table([["", "", ""], ["", "", ""]])
    paper.written[60:64, 60:138] = 255  # of 78 columns, 18 lie in the second box
    (one,) = found(paper.scan())
    assert one.rows[0][0].marks.shape[1] >= 74
    assert not one.rows[0][1].marks.size


def test_ink_of_another_colour_than_the_rules_is_what_is_written():
    paper = table(ROWS, heading=["1", "2", "3", "4"])
    (one,) = found(paper.photograph(print_light=(40, 40, 45), pen_light=(190, 40, 50)))
    assert one.two_inks
    assert written([one]) == [[False] * 4, *[[bool(text) for text in row] for row in ROWS]]
    (same,) = found(paper.photograph(print_light=(40, 40, 45), pen_light=(40, 40, 45)))
    assert not same.two_inks
    assert written([same])[0] == [True] * 4


def test_what_is_written_beside_a_table_is_left_for_others():
    paper = table(ROWS)
    below = np.zeros((80, paper.printed.shape[1]), np.uint8)
    beside = below.copy()
    beside[20:50, 100:104] = 255
    larger = Paper(np.vstack([paper.printed, below]), np.vstack([paper.written, beside]))
    (one,) = found(larger.scan())
    rows, columns = np.nonzero(one.rest)
    assert rows.min() >= len(paper.printed) + 15
    assert 95 <= columns.min() <= columns.max() <= 110


def test_lines_squares_and_plain_pages_are_no_tables():
    ink = page(["314", "592"], 40)
    assert not found(on_paper(ink))
    lined = ink.copy()
    lined[::60] = 200
    assert not found(on_paper(lined))
    squared = ink.copy()
    squared[::16] = squared[:, ::16] = 150
    assert not found(on_paper(squared))
