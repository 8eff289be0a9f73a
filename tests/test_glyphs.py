from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import lenet
from lenet import _engine
from lenet.errors import InputError
from lenet.glyphs import even_glyph, open_glyph, open_grey

PICTURES = Path(__file__).parents[1] / "examples" / "pictures"


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


@pytest.mark.parametrize("name", sorted(path.name for path in PICTURES.glob("digit-?.*")))
def test_predicting_sees_what_reading_sees(name, monkeypatch):
    seen = []
    network = lenet.load("digits")
    monkeypatch.setattr(
        network, "predict_proba", lambda images, **_: seen.append(images) or np.full((len(images), 10), 0.1)
    )
    lenet.read(PICTURES / name, model=network)
    np.testing.assert_array_equal(open_glyph(PICTURES / name), seen[0][0])


def test_a_faint_thin_pen_becomes_a_full_one():
    thin = Image.new("L", (200, 280), 235)
    ImageDraw.Draw(thin).line([(40, 48), (152, 48), (80, 232)], 190, 4)
    glyph = open_glyph(thin)
    assert glyph.max() == 255
    assert np.abs(glyph.astype(int) - open_glyph(seven(scale=4))).mean() < 25


def test_a_character_of_several_pieces_stays_whole():
    picture = seven()
    ImageDraw.Draw(picture).ellipse((22, 60, 28, 66), 30)
    parts = open_glyph(picture)
    assert parts.any(1).sum() == 20
    assert not np.array_equal(parts, open_glyph(seven()))


def test_a_picture_as_it_is_keeps_its_polarity():
    grey = open_grey(seven())
    assert (grey.shape, grey.max()) == ((32, 32), 235)


@pytest.mark.parametrize(("stroke", "thicker"), [(2.0, 0), (1.2, 0), (0.9, 2)])
def test_strokes_as_thick_as_mnists_are_left_alone(stroke, thicker):
    """A pixel too many on both sides, where a digit is 20 pixels high, once made every second wrong answer."""
    ink = np.zeros((20, 20), np.uint8)
    ink[:, 9:11] = 255
    found = _engine.thick_enough(ink, stroke)
    assert (found == 255).any(0).sum() == 2 + thicker


@pytest.mark.parametrize("light", [False, True])
def test_even_paper_is_seen_through_at_once(light):
    grey = np.asarray(seven(20, 225) if light else seven())
    np.testing.assert_array_equal(even_glyph(grey), open_glyph(Image.fromarray(np.repeat(grey[..., None], 3, axis=2))))
    assert even_glyph(np.repeat(grey[..., None], 3, axis=2)) is None
    noisy = grey.copy()
    noisy[0, 0] ^= 1
    assert even_glyph(noisy) is None
