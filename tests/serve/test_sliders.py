"""The sliders move a digit as they say, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lenet.errors import InputError
from lenet.serve.inside import seen
from lenet.serve.sliders import RANGES, STILL, Sliders, moved
from tests.serve.drawings import drawing

CENTRED = seen(drawing("3"))


def centre(image):
    weights = image.astype(float) / image.sum()
    rows, columns = np.indices(image.shape)
    return (weights * rows).sum(), (weights * columns).sum()


def test_standing_still_changes_nothing():
    assert np.array_equal(moved(CENTRED, [STILL])[0], CENTRED)


@pytest.mark.parametrize(("name", "by"), [("right", (0, 3)), ("down", (3, 0))])
def test_whole_pixels_of_shift_move_every_pixel(name, by):
    shifted = moved(CENTRED, [Sliders(**{name: 3.0})])[0]
    assert np.array_equal(shifted, np.roll(CENTRED, by, (0, 1)))


def test_half_a_pixel_lies_between_two():
    half = moved(CENTRED, [Sliders(right=0.5)])[0].astype(float)
    between = (CENTRED + np.roll(CENTRED, 1, 1).astype(float)) / 2
    assert np.abs(half - between).max() <= 1


def test_ninety_degrees_turn_the_rows_into_columns():
    turned = moved(CENTRED, [Sliders(rotation=90.0)])[0]
    assert np.abs(turned.astype(int) - np.rot90(CENTRED, -1)).max() <= 1  # clockwise


def test_scale_grows_about_the_middle():
    small, large = (moved(CENTRED, [Sliders(scale=scale)])[0] for scale in (0.7, 1.2))
    assert np.count_nonzero(small) < np.count_nonzero(CENTRED) < np.count_nonzero(large)
    assert np.allclose(centre(small), centre(CENTRED), atol=0.5)


def test_shear_leans_to_the_right():
    lean = moved(CENTRED, [Sliders(shear=0.5)])[0]
    assert centre(lean[:12])[1] > centre(CENTRED[:12])[1] + 1
    assert centre(lean[-12:])[1] < centre(CENTRED[-12:])[1] - 1


def test_strokes_grow_and_shrink():
    thin, thick = moved(CENTRED, [Sliders(stroke=-0.5), Sliders(stroke=1.5)])
    assert (thin <= CENTRED).all()
    assert (thick >= CENTRED).all()
    assert thin.sum() < CENTRED.sum() < thick.sum()


def test_several_settings_are_each_as_alone():
    settings = [Sliders(rotation=20, stroke=1.2), STILL, Sliders(stroke=-1.7, noise=0.2), Sliders(scale=0.5, right=3)]
    together = moved(CENTRED, settings)
    for one, image in zip(settings, together, strict=True):
        assert np.array_equal(moved(CENTRED, [one])[0], image)


def test_noise_is_the_same_every_time_and_as_strong_as_it_says():
    paper = np.full((32, 32), 128, np.uint8)
    noisy = moved(paper, [Sliders(noise=0.1)])[0]
    assert np.array_equal(noisy, moved(paper, [Sliders(noise=0.1)])[0])
    assert 0.08 < (noisy.astype(float) - 128).std() / 255 < 0.12


def test_what_leaves_the_picture_is_gone():
    assert not moved(CENTRED, [Sliders(right=12, down=12, scale=0.4, rotation=90)])[0][:8, :8].any()
    assert moved(np.full((32, 32), 255, np.uint8), [Sliders(right=12.0)])[0][:, :12].max() == 0


@pytest.mark.parametrize("name", RANGES)
def test_values_outside_the_range_are_refused(name):
    for value in (RANGES[name][0] - 0.01, RANGES[name][1] + 0.01, float("nan")):
        with pytest.raises(InputError, match=name):
            replace(STILL, **{name: value})


def test_they_are_read_from_an_address():
    assert Sliders.of({"rotation": "15", "networks": "digits"}) == Sliders(rotation=15.0)
    assert Sliders.of({}) is STILL
    with pytest.raises(InputError, match="give a number"):
        Sliders.of({"scale": "big"})
