"""Marks are what they are said to be, and are chosen where something is printed that stays."""

from __future__ import annotations

import numpy as np

from lenet.documents.marks import drawn_mark, printed_marks


def test_drawn_marks_have_paper_around_them():
    square = drawn_mark("square", (10, 20, 20, 30))
    assert square.box == (5, 15, 25, 35)
    assert square.middle == (15, 25)
    assert (square.look[5:15, 5:15] == 0).all()
    assert (square.look == 0).sum() == 100
    cross = drawn_mark("cross", (10, 20, 20, 30)).look[5:15, 5:15]
    assert (cross[4:6] == 0).all()
    assert (cross[:, 4:6] == 0).all()
    assert (cross == 0).sum() == 36


def test_marks_are_chosen_at_print_and_not_in_fields():
    blank = np.full((600, 450), 240, np.uint8)
    blank[40:70, 60:90] = 20
    blank[500:540, 300:320] = 20
    blank[250:330, 100:110] = 20
    found = [mark.middle for mark in printed_marks(blank, [(80, 220, 130, 360)])]
    near = [any(abs(x - u) < 40 and abs(y - v) < 40 for x, y in found) for u, v in ((75, 55), (310, 520))]
    assert near == [True, True]
    assert not any(80 <= x < 130 and 220 <= y < 360 for x, y in found)
    assert printed_marks(np.full((600, 450), 240, np.uint8), []) == []


def test_a_mark_looks_as_its_box_does():
    random = np.random.default_rng(0)
    blank = random.integers(0, 256, (600, 450)).astype(np.uint8)
    for mark in printed_marks(blank, []):
        left, top, right, bottom = mark.box
        assert (mark.look == blank[top:bottom, left:right]).all()
