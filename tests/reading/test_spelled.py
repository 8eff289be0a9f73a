"""A picture of a field becomes a reading: text, value, how sure, and where each character stands."""

from __future__ import annotations

import numpy as np

import lenet
from lenet import grammar
from lenet.reading.spelled import spelled
from lenet.strips import make_strips
from tests.writing import on_paper, page


def read(pictures, threshold=0.5):
    wholes = [(0, 0, picture.shape[1], picture.shape[0]) for picture in pictures]
    strips = list(zip(make_strips(pictures), wholes, strict=True))
    return spelled(lenet.load("fields"), strips, grammar.get("digits"), calibration=None, threshold=threshold)


def test_readings_come_in_the_order_of_the_pictures_each_with_its_places():
    texts = ["314", "15", "9"]
    pictures = [on_paper(page([text], 40)) for text in texts]
    readings = read(pictures)
    assert [reading.text for reading in readings] == texts
    for picture, reading in zip(pictures, readings, strict=True):
        lefts = [character.box[0] for character in reading.characters]
        assert lefts == sorted(lefts)
        assert reading.box[0] == lefts[0] > 0
        assert reading.box[2] <= picture.shape[1]
        assert reading.accepted


def test_nothing_written_is_an_empty_reading_of_the_whole_picture():
    (reading,) = read([np.full((40, 90), 230, np.uint8)])
    assert (reading.text, reading.value, reading.accepted, reading.box) == ("", None, False, (0, 0, 90, 40))


def test_what_is_not_sure_enough_is_not_accepted():
    (reading,) = read([on_paper(page(["27"], 40))], threshold=1.1)
    assert reading.text == "27"
    assert not reading.accepted
    assert reading.reason


def test_no_pictures_are_no_readings():
    assert read([]) == []
