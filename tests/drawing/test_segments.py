"""The drawing of a segmentation graph shows every cut, every arc of the best path, and lets no two arcs overlap."""

from __future__ import annotations

import re

import lenet
from lenet import grammar
from lenet.drawing.segments import _lanes, segments_svg
from lenet.learning.segments import segment_network
from lenet.reading.segments import spell_segments
from lenet.segments import make_segments
from tests.documents.test_cuts import string
from tests.writing import on_paper


def test_cuts_and_the_best_path_are_drawn():
    picture = on_paper(string("3041", gap=-0.02)[0], contrast=0.8)
    network = segment_network(lenet.load("digits"))
    network.parameters["OUTPUT.biases"][[0, -1]] = 7, 2
    (found,) = spell_segments(network, make_segments([picture]), grammar.get("digits"))
    drawn = segments_svg(found, "data:image/png;base64,", picture.shape)
    assert drawn.count('class="cut"') == len(found.segments.segmentation.cuts)
    assert drawn.count('class="arc best"') == len(found.best[0].path)
    words = re.findall(r'<text class="best"[^>]*>(\w+) [-\d.]+</text>', drawn)
    assert words == [arc.said for arc in found.best[0].path]
    assert drawn.startswith("<svg")


def test_arcs_that_pass_each_other_have_lanes_of_their_own():
    assert _lanes([(0, 4), (4, 9), (3, 5), (9, 12), (2, 20)]) == [0, 0, 1, 0, 2]


def test_a_field_without_writing_is_drawn_without_arcs():
    picture = on_paper(string("1")[0] * 0)
    (found,) = spell_segments(segment_network(lenet.load("digits")), make_segments([picture]), grammar.get("digits"))
    assert "<path" not in segments_svg(found, "", picture.shape)
