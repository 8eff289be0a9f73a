"""Synthetic fields say what they show, follow from their seed, and look like writing on paper."""

from __future__ import annotations

import re

import numpy as np
import pytest

import lenet
from lenet.datasets.synthetic import SIGNS, number_text, synthetic_fields
from lenet.datasets.synthetic.fields import _composed
from lenet.datasets.synthetic.pen import drawn, resized
from lenet.datasets.synthetic.strokes import HABITS, HALVES
from lenet.datasets.synthetic.writer import Writer
from lenet.errors import InputError


@pytest.fixture(scope="module")
def digits() -> lenet.Dataset:
    return lenet.load_digits8x8()


def writer_of(digits: lenet.Dataset, rng: np.random.Generator) -> Writer:
    return Writer(digits.images[:, 0], [np.flatnonzero(digits.labels == digit) for digit in range(10)], rng)


def fields(digits: lenet.Dataset, count: int, seed: int = 0, text: str | None = None):
    words = number_text if text is None else lambda rng: text
    return list(synthetic_fields(digits, count, seed=seed, text=words))


def test_fields_follow_from_seed_and_number(digits):
    few, many, other = fields(digits, 2), fields(digits, 4), fields(digits, 2, seed=1)
    for one, same in zip(few, many, strict=False):
        assert one.text == same.text
        assert np.array_equal(one.picture, same.picture)
    assert any(one.text != another.text for one, another in zip(few, other, strict=True))


def test_texts_are_of_the_signs_and_of_all_of_them():
    rng = np.random.default_rng(0)
    texts = [number_text(rng) for _ in range(3000)]
    assert set("".join(texts)) == set(SIGNS)
    assert max(map(len, texts)) <= 24


def test_texts_hold_every_kind_of_number():
    rng = np.random.default_rng(0)
    texts = [number_text(rng) for _ in range(3000)]
    kinds = {
        "Indian": r"₹?\d{1,2}(,\d\d)+,\d{3}.*",
        "thousands": r"\d{1,3}(\.\d{3})+",
        "decimals": r"\d+\.\d\d",
        "date": r"\d\d/\d\d/\d{4}",
        "eight boxes": r"\d{8}",
        "time": r"\d\d:\d\d",
        "percentage": r"\d+%",
        "half": r"\d½",
        "fraction": r".*(45|xx)/100",
        "no number": r"\?+",
        "trailing stroke": r"\d+/-",
    }
    for kind, pattern in kinds.items():
        assert any(re.fullmatch(pattern, text) for text in texts), kind


def test_pictures_are_dark_on_light_and_wider_for_longer_texts(digits):
    short, long = (np.mean([f.picture.shape[1] for f in fields(digits, 30, text=text)]) for text in ("7", "77777"))
    assert long > 2.5 * short
    for field in fields(digits, 30):
        assert field.picture.dtype == np.uint8
        assert field.picture.ndim == 2
        assert np.percentile(field.picture, 80) > field.picture.min() + 20


def test_every_sign_has_ink(digits):
    rng = np.random.default_rng(5)
    writer = writer_of(digits, rng)
    for sign in SIGNS:
        for _ in range(5):
            assert writer.glyph(sign, 30).ink.max() > 0.5, sign


def test_a_row_has_more_ink_than_one_of_its_signs(digits):
    """Nothing is lost where glyphs overlap, reach above the row or hang below it."""
    for seed in range(20):
        one, four = (_composed(writer_of(digits, np.random.default_rng(seed)), text).sum() for text in ("8", "8,8/"))
        assert four > 1.5 * one


def test_a_stroke_is_as_wide_as_its_pen():
    ink, left, top = drawn([[(10.0, 10.0), (50.0, 10.0)]], 4.0)
    assert ink[:, ink.shape[1] // 2].sum() == pytest.approx(4, abs=0.3)
    assert (left, top) == (4.0, 4.0)


def test_a_corner_stays_sharp_and_a_closed_stroke_is_round():
    ring = np.array([(50 + 30 * np.cos(a), 50 + 30 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 9)])
    ink, left, top = drawn([ring.tolist()], 3.0)
    y, x = np.nonzero(ink > 0.5)
    assert np.hypot(x + left - 50, y + top - 50) == pytest.approx(30, abs=2.5)
    (straight, *_), (bent, *_) = (drawn([[(0, 0), (20, 40), (40, 0)]], 2.0, bend) for bend in (0.0, 1.0))
    assert straight[:8].sum() < bent[:8].sum()  # a curve turns before its ends, straight strokes do not


def test_there_are_many_habits_and_each_is_about_a_digit_high():
    assert all(len(ways) >= 8 for ways in HABITS.values())
    for figure in [*HALVES, *(figure for ways in HABITS.values() for figure in ways)]:
        y = np.array([y for stroke in figure for _, y in stroke])
        assert 0.7 < np.ptp(y) < 1.4
        assert all(len(stroke) > 1 for stroke in figure)


def test_zeros_of_one_stroke_hang_together_and_grow_with_their_number(digits):
    writer = writer_of(digits, np.random.default_rng(3))
    two, five = (np.mean([writer.zeros(count, 30).ink.shape[1] for _ in range(20)]) for count in (2, 5))
    assert five > 1.8 * two
    for _ in range(10):
        inked = np.flatnonzero(writer.zeros(3, 30).ink.max(axis=0))
        assert len(inked) == np.ptp(inked) + 1


def test_a_last_stroke_is_flat_or_rises_but_is_no_slash(digits):
    for seed in range(40):
        writer = writer_of(digits, np.random.default_rng(seed))
        glyph = writer.end_stroke("-", 30)
        assert glyph.ink.max() > 0.5
        assert glyph.ink.shape[0] < 40


def test_resizing_keeps_the_share_of_ink():
    ink = np.zeros((20, 30), np.float32)
    ink[5:15, 10:20] = 1
    assert resized(ink, 10, 15).mean() == pytest.approx(ink.mean(), abs=0.01)
    assert resized(ink, 0, 1).shape == (2, 2)


def test_other_classes_and_other_characters_are_refused(digits):
    with pytest.raises(InputError, match="ten classes"):
        next(synthetic_fields(lenet.Dataset(digits.images, digits.labels, tuple("abcdefghij")), 1))
    with pytest.raises(InputError, match="characters"):
        next(synthetic_fields(digits, 1, text=lambda rng: "12é"))
    with pytest.raises(InputError, match="characters"):
        next(synthetic_fields(digits, 1, text=lambda rng: ""))
