"""Inks are told apart by what they take of the light, however much that is."""

from __future__ import annotations

import numpy as np
import pytest

from lenet.documents.tints import apart, parted, tint_of, tints_of


def picture(light, share=0.9):
    paper = np.full((60, 200, 3), 220.0)
    paper[20:24, 20:180] *= 1 - share * (1 - np.array(light) / 255)
    return (paper * np.linspace(1, 0.6, 200)[:, None]).astype(np.uint8)


def tint(light, share=0.9):
    tints = tints_of(picture(light, share))
    assert tints is not None
    marks = np.zeros(tints.shape[:2], bool)
    marks[21:23, 30:170] = True
    return tint_of(tints, marks)


def test_a_tint_depends_on_the_ink_and_not_on_how_dark_it_is_or_on_the_light():
    red = tint((200, 40, 40))
    assert np.linalg.norm(red) == pytest.approx(1)
    assert apart(red, tint((200, 40, 40), 0.5)) < 0.03
    assert apart(red, tint((40, 40, 70))) > 0.2
    assert apart(red, tint((40, 40, 200))) > 0.4


def test_a_grey_picture_has_no_tints():
    grey = picture((40, 40, 40))[..., 0]
    assert tints_of(grey) is None
    assert tints_of(np.stack([grey] * 3, axis=2)) is None


def test_two_inks_part_where_their_angles_do():
    two = np.array([0.0, 0.01, 0.02, 0.01, 0.15, 0.16])
    threshold = parted(two)
    assert threshold is not None
    assert 0.02 < threshold < 0.15


@pytest.mark.parametrize("angles", [[], [0.1], [0.01, 0.02, 0.03, 0.02], list(np.linspace(0, 0.1, 40))], ids=len)
def test_one_ink_is_not_parted(angles):
    assert parted(np.array(angles)) is None


def test_no_ink_is_no_angle():
    assert apart(np.zeros(3), np.ones(3)) == 0
