"""Rules are told from strokes by what they cross, how they go on, and their colour."""

from __future__ import annotations

import numpy as np

from lenet.documents.cleanup import strokes, to_ink
from lenet.documents.nets import find_nets
from lenet.documents.tints import tints_of
from tests.ruled import table


def nets(picture, tints=None):
    return list(find_nets(strokes(to_ink(picture)), tints))


def test_a_net_is_made_of_rules_both_ways():
    (net,) = nets(table([["", ""], ["", ""]]).scan())
    assert abs(net.across.any(axis=1).sum() - 3 * 4) <= 6
    assert abs(net.down.any(axis=0).sum() - 3 * 4) <= 6
    assert (net.closed >= (net.across | net.down)).all()


def test_a_rule_goes_on_behind_a_gap():
    (net,) = nets(table([["", "", ""]] * 2, gap=14).scan())
    assert (net.across.sum(axis=0) > 0).sum() >= 3 * 80


def test_lines_that_cross_nothing_are_no_net():
    picture = np.full((300, 400), 230, np.uint8)
    picture[50::60] = 60
    assert not nets(picture)


def test_a_long_stroke_of_another_colour_is_no_rule():
    paper = table([["", "", ""], ["", "", ""]])
    paper.written[70:73, 45:275] = 255
    lights = {"print_light": (40, 40, 45), "pen_light": (190, 40, 50)}
    picture = paper.photograph(**lights)
    (blind,), (seeing,) = nets(picture), nets(picture, tints_of(picture))
    assert blind.across[70:73, 150].any()
    assert not seeing.across[70:73, 150].any()
