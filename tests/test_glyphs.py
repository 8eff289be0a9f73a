from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lenet.errors import InputError
from lenet.glyphs import open_glyph


def seven(paper=235, ink=30, scale=1):
    picture = Image.new("L", (50 * scale, 70 * scale), paper)
    ImageDraw.Draw(picture).line([(x * scale, y * scale) for x, y in ((10, 12), (38, 12), (20, 58))], ink, 5 * scale)
    return picture


def test_a_glyph_is_centred_by_its_mass():
    glyph = open_glyph(seven()).astype(float)
    assert glyph.shape == (28, 28)
    places = np.arange(28) + 0.5
    assert abs(glyph.sum(1) @ places / glyph.sum() - 14) < 1
    assert abs(glyph.sum(0) @ places / glyph.sum() - 14) < 1
    assert (glyph.any(1).sum(), glyph.max()) == (20, 255)


def test_dark_and_light_ink_give_the_same_glyph():
    dark, light = open_glyph(seven()), open_glyph(seven(paper=20, ink=225))
    assert np.abs(dark.astype(int) - light).mean() < 6


def test_size_does_not_matter():
    small, large = open_glyph(seven()), open_glyph(seven(scale=6))
    assert np.abs(small.astype(int) - large).mean() < 12


def test_an_empty_picture_is_refused():
    with pytest.raises(InputError, match="nothing is written"):
        open_glyph(np.full((40, 40), 240, np.uint8))
