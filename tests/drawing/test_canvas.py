from __future__ import annotations

import numpy as np

from lenet.drawing.canvas import BLUE, PAPER, RED, Canvas, blend


def test_a_canvas_has_the_size_it_was_given():
    assert Canvas(120.4, 50).finish().size == (120, 50)


def test_a_rectangle_covers_its_box_and_no_more():
    canvas = Canvas(20, 10)
    canvas.rectangle((5, 2, 10, 8), RED)
    red = (np.asarray(canvas.finish()) == RED).all(-1)
    assert red.sum() == 5 * 6
    assert red[2:8, 5:10].all()


def test_blend_goes_from_near_to_far():
    assert blend(PAPER, BLUE, 0) == PAPER
    assert blend(PAPER, BLUE, 1) == BLUE
    assert blend(PAPER, BLUE, 7) == BLUE
