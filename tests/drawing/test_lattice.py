from __future__ import annotations

import re

from lenet.drawing.lattice import lattice_svg
from lenet.reading.fields import FieldText


def test_arcs_that_pass_each_other_have_lanes_of_their_own():
    spans = ((0, 4), (8, 12), (16, 20))
    texts = [FieldText(words, -1.0, spans, (0.5,) * 3) for words in ("123", "173", "193", "183")]
    drawn = lattice_svg(texts)
    heights = re.findall(r'y="([\d.]+)" text-anchor', drawn)
    assert len(heights) == 6
    assert len(set(heights)) == 4
    assert drawn.count("<circle") == 4


def test_signs_are_escaped():
    assert "&lt;" in lattice_svg([FieldText("<", -1.0, ((0, 4),), (0.5,))])


def test_arcs_carry_the_numbers_that_paths_name():
    texts = [FieldText(words, -1.0, ((0, 4), (8, 12)), (0.5,) * 2) for words in ("12", "17")]
    drawn = lattice_svg(texts)
    assert sorted(map(int, re.findall(r'<path [^>]*data-arc="(\d+)"', drawn))) == [0, 1, 2]
    assert re.findall(r'<text [^>]*data-arc="(\d+)"[^>]*>(.)', drawn) == [("0", "1"), ("1", "2"), ("2", "7")]
