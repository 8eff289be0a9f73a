from __future__ import annotations

import numpy as np
import pytest

from lenet.documents.paper import paper, trend
from tests.writing import in_shadow, on_paper, page


@pytest.mark.parametrize("height", [12, 30, 90])
def test_paper_under_ink_is_the_paper_around_it(height):
    ground = paper(on_paper(page(["0123", "4567"], height)))
    assert abs(ground.astype(int) - 230).max() <= 4


def test_paper_follows_a_shadow():
    blank = in_shadow(np.full((300, 500), 220, np.uint8))
    written = in_shadow(on_paper(page(["012345"], 40), light=220)[:300, :500])
    ground = paper(written)
    assert abs(ground.astype(int) - blank[: len(ground), : ground.shape[1]]).mean() < 3


def test_thick_strokes_that_fill_a_small_picture_are_not_taken_for_paper():
    picture = np.full((200, 200), 230, np.uint8)
    picture[20:180, 70:130] = 30
    assert paper(picture).min() > 200


def test_the_trend_is_the_light_and_not_the_ink():
    y, x = np.mgrid[-1:1:200j, -1:1:300j]
    light = 200 - 40 * x - 30 * (x * x + y * y)
    written = light.copy()
    written[80:120, 100:200:9] -= 120
    assert abs(trend(written.astype(np.uint8), 4) - light).max() < 5
