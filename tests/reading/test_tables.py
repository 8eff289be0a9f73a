"""Tables are read box by box, in rows; print, headings, lines and strokes in boxes are told from marks."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.documents.cleanup import to_ink
from lenet.documents.tables import find_tables
from lenet.reading import tables
from lenet.reading.readings import Reading
from tests.ruled import Paper, table
from tests.writing import write

ROWS = [["7", "", "12", "3"], ["", "5", "0", ""], ["4", "2", "", "8"]]


def read(paper_or_picture):
    picture = paper_or_picture.scan() if isinstance(paper_or_picture, Paper) else paper_or_picture
    return list(tables.read_tables(picture, threads=1))


def texts(rows):
    return [[reading.text for reading in row] for row in rows]


@pytest.mark.parametrize("way", [{}, {"slope": 0.05}, {"bow": 0.03}], ids=str)
def test_each_box_is_read_by_itself_and_empty_ones_are_empty(way):
    (rows,) = read(table(ROWS, **way))
    assert texts(rows) == ROWS
    assert rows[0][2].value == Decimal(12)
    assert rows[1][0].reason == "nothing is written"
    assert [reading.field for reading in rows[2]] == ["3.1", "3.2", "3.3", "3.4"]


def test_boxes_of_readings_are_on_the_page():
    (rows,) = read(table(ROWS))
    left, top, right, bottom = rows[0][0].box
    assert 45 < left < right < 118
    assert 45 < top < bottom < 104


def test_rows_of_a_table_are_rows_of_its_page():
    paper = table(ROWS, slope=0.03)
    below = np.zeros((100, paper.printed.shape[1]), np.uint8)
    beside = below.copy()
    write(beside, "96", 100, 30, 34)
    page = Paper(np.vstack([paper.printed, below]), np.vstack([paper.written, beside])).scan()
    readings = lenet.read_page(page, threads=1)
    assert [reading.text for reading in readings] == ["7123", "50", "428", "96"]
    assert all(reading.accepted for reading in readings)
    assert [reading.text for reading in lenet.read_page(page, tables=None, threads=1)][-1] == "96"


def test_boxes_that_are_hardly_sure_say_nothing_in_their_row_and_are_named():
    def box(text, confidence, field):
        reason = "" if confidence > 0.5 else "only 20.0% sure"
        return Reading(text, Decimal(text), confidence, not reason, reason, (), (0, 0, 9, 9), field=field)

    (row,) = tables.rows_of(
        [[box("1", 0.99, "1.1"), box("2", 0.2, "1.2"), box("3", 0.4, "1.3")], [box("4", 0.25, "2.1")]]
    )
    assert row.text == "13"
    assert not row.accepted
    assert row.reason == "box 1.2: only 20.0% sure; box 1.3: only 20.0% sure"


def test_print_is_left_out_where_its_colour_tells_it():
    paper = table(ROWS, heading=["9", "6", "5", "8"])
    (rows,) = read(paper.photograph(print_light=(40, 40, 60), pen_light=(190, 40, 50)))
    assert texts(rows) == [[""] * 4, *ROWS]


def test_a_heading_that_counts_is_left_out_though_it_has_the_same_colour():
    (rows,) = read(table(ROWS, heading=["1", "2", "3", "4"]))
    assert texts(rows) == [[""] * 4, *ROWS]
    assert rows[0][0].reason == "a heading"


def test_a_stroke_through_a_box_and_several_lines_are_no_marks():
    paper = table([["", "", "6"], ["2", "", ""]], size=(90, 90))
    for step in np.linspace(0, 1, 200):
        x, y = round(50 + 68 * step), round(48 + 68 * step)
        paper.written[y : y + 4, x : x + 4] = 255
    for top in (46, 90):
        write(paper.written, "3", 155, top, 34)
    (rows,) = read(paper)
    assert texts(rows) == [["/", "", "6"], ["2", "", ""]]
    assert (rows[0][0].value, rows[0][0].accepted) == (None, True)
    assert rows[0][1].reason == "several lines are written in one box"


def test_a_document_says_which_page_a_table_is_on(tmp_path):
    pages = [Image.fromarray(table([[text] * 3] * 2).scan()) for text in ("4", "6")]
    pages[0].save(tmp_path / "two.tiff", save_all=True, append_images=pages[1:])
    first, second = tables.read_tables(tmp_path / "two.tiff", threads=1)
    assert {reading.page for row in first for reading in row} == {1}
    assert {(reading.page, reading.text) for row in second for reading in row} == {(2, "6")}
    assert second[0][0].file == str(tmp_path / "two.tiff")


def test_a_picture_without_tables_has_none():
    assert read(np.full((200, 300), 230, np.uint8)) == []


@pytest.mark.parametrize("way", [{}, {"slope": -0.04}], ids=str)
def test_halves_are_seen_as_more_than_their_whole(way):
    """What the network makes of a drawn fraction is its own affair; it must reach it whole."""
    picture = table([["3½", "½", "6"], ["", "2½", ""]], **way).scan()
    ink = to_ink(picture)
    (one,) = find_tables(picture, ink)
    wide = [[cell.marks.shape[1] for cell in row] for row in one.rows]
    assert wide[0][0] > wide[0][1] > wide[0][2]
    assert wide[1][1] > wide[0][1]
    assert [wide[1][0], wide[1][2]] == [0, 0]
