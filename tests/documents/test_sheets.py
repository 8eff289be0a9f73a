"""Paper on a desk is found by its edges; light, boxes and what is paper alone are not taken for a sheet."""

from __future__ import annotations

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from lenet.documents.sheets import Sheet, find_sheet
from tests.desks import LIGHT_WOOD, SLATE, WOOD, homography, moved, on_desk
from tests.writing import in_shadow, on_paper, page

PAPER = on_paper(page(["31415926", "5358", "979323"], 40, margin=80), noise=2)
GREY = (180, 175, 170)
CORNERS = [(0, 0), (800, 0), (800, 400), (0, 400)]


def is_whole(picture: np.ndarray) -> bool:
    return find_sheet(picture).picture is picture


def corners_of(sheet: Sheet) -> np.ndarray:
    rows, columns = sheet.picture.shape[:2]
    return moved(sheet.matrix, [(0, 0), (columns, 0), (columns, rows), (0, rows)])


@pytest.mark.parametrize(
    ("turn", "tilt", "colour", "shadow"),
    [
        (0, 0, WOOD, 0),
        (-15, 0.2, SLATE, 0.4),
        (15, -0.1, WOOD, 0),
        (7, 0.1, LIGHT_WOOD, 0.2),
        (4, 0, (180, 175, 170), 0),
    ],
)
def test_the_edges_of_a_sheet_are_found(turn, tilt, colour, shadow):
    picture, there = on_desk(PAPER, turn=turn, tilt=tilt, colour=colour, shadow=shadow)
    away = np.linalg.norm(corners_of(find_sheet(picture)) - moved(there, CORNERS), axis=1)
    assert away.max() < 8  # of a thousand columns; the sheet's edge is left out on purpose
    assert find_sheet(picture).picture.shape == pytest.approx((400, 800, 3), rel=0.06)


def test_a_grey_photograph_is_enough():
    picture, there = on_desk(PAPER, turn=10, tilt=0.1)
    grey = np.asarray(Image.fromarray(picture).convert("L"))
    assert abs(corners_of(find_sheet(grey)) - moved(there, CORNERS)).max() < 8


@pytest.mark.parametrize("cut", [np.s_[:, :-350], np.s_[:, 350:], np.s_[200:], np.s_[:-200], np.s_[150:-150]], ids=str)
def test_a_sheet_that_goes_on_beyond_the_picture_is_squared(cut):
    """What is seen of it has its rows level, and nothing of it is lost."""
    picture, there = on_desk(PAPER, turn=8, tilt=0.1)
    rows, columns = cut if isinstance(cut, tuple) else (cut, slice(None))
    left, top = columns.start or 0, rows.start or 0
    sheet = find_sheet(np.ascontiguousarray(picture[cut]))
    assert sheet.picture.shape[:2] != picture[cut].shape[:2]
    level = moved(np.linalg.inv(sheet.matrix) @ np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]]) @ there, CORNERS)
    assert abs(level[0, 1] - level[1, 1]) < 0.03 * 800
    assert abs(level[3, 1] - level[2, 1]) < 0.03 * 800


@pytest.mark.parametrize("picture", [PAPER, in_shadow(PAPER), 255 - PAPER, in_shadow(PAPER, 0.2)])
def test_paper_that_fills_the_picture_is_left_alone(picture):
    assert is_whole(picture)


def test_a_blurred_shadow_is_no_edge():
    light = 1 - 0.6 / (1 + np.exp(-(np.arange(800) - 500) / 40.0))
    assert is_whole((PAPER * light).astype(np.uint8))


def test_a_shadow_across_one_side_is_no_edge_even_where_it_is_sharp():
    dimmed = PAPER.copy()
    dimmed[:, 560:] = dimmed[:, 560:] * 0.62
    assert is_whole(dimmed)


@pytest.mark.parametrize("thick", [2, 12])
def test_a_printed_frame_is_no_sheet(thick):
    framed = PAPER.copy()
    framed[30 : 30 + thick, 30:-30] = framed[-30 - thick : -30, 30:-30] = 40
    framed[30:-30, 30 : 30 + thick] = framed[30:-30, -30 - thick : -30] = 40
    assert is_whole(framed)


def test_small_pictures_and_blank_ones_are_left_alone():
    for shape in [(1, 1), (28, 28), (159, 400), (400, 400), (900, 1200, 3)]:
        assert is_whole(np.full(shape, 200, np.uint8))
    assert is_whole(np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8))


def test_boxes_go_back_to_the_picture_given():
    picture, there = on_desk(PAPER, turn=12, tilt=0.1)
    sheet = find_sheet(picture)
    rows, columns = sheet.picture.shape[:2]
    left, top, right, bottom = sheet.there((100, 50, 200, 150))
    expected = moved(there, [(100 * 800 / columns, 50 * 400 / rows), (200 * 800 / columns, 150 * 400 / rows)])
    assert left - 8 <= expected[:, 0].min()
    assert expected[:, 0].max() <= right + 8
    assert top - 8 <= expected[:, 1].min()
    assert expected[:, 1].max() <= bottom + 8
    assert Sheet.whole(picture).there((3, 4, 5, 6)) == (3, 4, 5, 6)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3, 5])
def test_a_turned_sheet_knows_where_it_was(quarters):
    picture = np.arange(35, dtype=np.uint8).reshape(5, 7)
    turned = Sheet.whole(picture).turned(quarters)
    assert (turned.picture == np.rot90(picture, quarters)).all()
    for row, column in np.ndindex(turned.picture.shape):
        left, top, right, bottom = turned.there((column, row, column + 1, row + 1))
        assert (right - left, bottom - top) == (1, 1)
        assert picture[top, left] == turned.picture[row, column]


def test_the_map_of_four_points_is_that_of_the_tests():
    from lenet.documents import sheets

    places = np.array([(3, 4), (90, 11), (80, 70), (1, 60)], float)
    square = np.array([(0, 0), (100, 0), (100, 50), (0, 50)], float)
    assert sheets._homography(square, places) == pytest.approx(homography(square, places))
    assert moved(homography(square, places), square) == pytest.approx(places)


@pytest.mark.data
def test_real_photographs_of_paper_alone_are_left_alone(data):
    """One of them shows a desk on both sides."""
    found = []
    with tarfile.open(data / "photos.tar") as tar:
        for line in tar.extractfile("labels.jsonl").read().decode().splitlines():
            name = json.loads(line)["file"]
            picture = np.asarray(Image.open(io.BytesIO(tar.extractfile(name).read())).convert("RGB"))
            if not is_whole(picture):
                found.append(name)
    assert found == ["images/marks_07.jpg"]
