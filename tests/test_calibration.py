"""Confidence is learned: it is as true as its data allow, keeps its order, and turns an error rate into a threshold."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from lenet.calibration import Calibration, expected_calibration_error, fit_calibration
from lenet.errors import FormatError, InputError


@pytest.fixture(scope="module")
def fields():
    """Scores and margins of 20,000 fields that are right with a known probability."""
    rng = np.random.default_rng(0)
    odds, margins = rng.normal(2, 2, 20_000), rng.exponential(3, 20_000)
    truth = 1 / (1 + np.exp(-(0.5 * odds + 0.4 * np.minimum(margins, 12) - 0.3)))
    return -np.log1p(np.exp(-odds)), margins, rng.random(20_000) < truth, truth


def test_the_fit_finds_the_curve_that_made_the_data(fields):
    scores, margins, right, truth = fields
    fitted = fit_calibration(scores, margins, right)
    assert fitted.by_score == pytest.approx(0.5, abs=0.03)
    assert fitted.by_margin == pytest.approx(0.4, abs=0.03)
    assert fitted.offset == pytest.approx(-0.3, abs=0.06)
    found = [fitted.confidence(s, m) for s, m in zip(scores, margins, strict=True)]
    assert np.abs(np.array(found) - truth).max() < 0.03
    assert expected_calibration_error(found, right) < 0.01


@pytest.mark.parametrize("most", [0.2, 0.05, 0.01])
def test_a_threshold_keeps_its_promise_on_like_fields(fields, most):
    scores, margins, right, _ = fields
    fitted = fit_calibration(scores[:10_000], margins[:10_000], right[:10_000])
    found = np.array([fitted.confidence(s, m) for s, m in zip(scores, margins, strict=True)])[10_000:]
    accepted = found >= fitted.threshold(most)
    assert np.mean(accepted & ~right[10_000:]) == pytest.approx(most, abs=0.3 * most + 0.002)
    assert accepted.any()


def test_thresholds_at_the_ends(fields):
    fitted = fit_calibration(*fields[:3])
    assert fitted.threshold(1.0) == 0
    assert fitted.threshold(0.0) > 0.99
    assert Calibration(1, 0, 0, ()).threshold(0.25) == 0.75
    for wrong in (-0.1, 1.5, math.nan):
        with pytest.raises(InputError, match="max_error"):
            fitted.threshold(wrong)


def test_all_right_all_wrong_and_one_field_stay_finite():
    for right in ([True] * 30, [False] * 30, [True]):
        fitted = fit_calibration([-0.1] * len(right), [3.0] * len(right), right)
        assert 0 < fitted.confidence(-0.1, 3) < 1
    with pytest.raises(InputError, match="one or more"):
        fit_calibration([], [], [])


def test_confidence_grows_with_the_score_and_bears_extremes(fields):
    fitted = fit_calibration(*fields[:3])
    found = [fitted.confidence(score, 2.0) for score in (-1e9, -50, -3, -1, -0.1, -1e-12, 0.0)]
    assert found == sorted(found)
    assert 0 < found[0] < found[-1] < 1
    assert fitted.confidence(-0.5, math.inf) > fitted.confidence(-0.5, 0.0)


def test_json_both_ways_and_what_is_no_calibration(fields):
    fitted = fit_calibration(*fields[:3])
    assert Calibration.from_json(fitted.to_json()) == fitted
    for text in ("", "[]", "{}", '{"by_score": 1, "by_margin": NaN, "offset": 0, "usual": []}', "[" * 9999):
        with pytest.raises(FormatError, match="not a calibration"):
            Calibration.from_json(text)


def test_expected_calibration_error_is_the_mean_gap():
    assert expected_calibration_error([0.9] * 10, [True] * 9 + [False]) == pytest.approx(0)
    assert expected_calibration_error([0.9] * 10, [False] * 10) == pytest.approx(0.9)
    assert expected_calibration_error([1.0, 0.05], [False, True]) == pytest.approx((1 + 0.95) / 2)


def test_kinds_with_signs_have_a_curve_of_their_own(fields):
    plain, signed = fit_calibration(*fields[:3]), Calibration(0.3, 0.1, 0.2, (0.5,))
    both = Calibration(plain.by_score, plain.by_margin, plain.offset, plain.usual, signed)
    assert both.of("text") is both
    assert both.of("amount") is signed
    assert plain.of("amount") is plain
    assert both.of("mark") is signed
    marked = replace(both, marks=Calibration(0.1, 0.2, 0.3, (0.4,)))
    assert marked.of("mark") is marked.marks
    assert Calibration.from_json(marked.to_json()) == marked
    assert Calibration.from_json(both.to_json()) == both


def test_few_fields_change_what_was_known_little_and_many_decide(fields):
    """Twenty fields in a row that are right by chance do not make a reader certain."""
    scores, margins, right, _ = fields
    known = Calibration(0.5, 0.4, -0.3, (0.5,))
    lucky = np.flatnonzero(right)[:20]
    alone = fit_calibration(scores[lucky], margins[lucky], right[lucky])
    careful = fit_calibration(scores[lucky], margins[lucky], right[lucky], start=known)
    assert known.confidence(-1.0, 1.0) < careful.confidence(-1.0, 1.0) < alone.confidence(-1.0, 1.0)
    assert careful.confidence(-1.0, 1.0) < known.confidence(-1.0, 1.0) + 0.15
    many = fit_calibration(scores, margins, right, start=Calibration(2.0, 0.0, 1.0, ()))
    assert many.by_score == pytest.approx(0.5, abs=0.05)
    assert many.by_margin == pytest.approx(0.4, abs=0.05)


def test_one_kind_is_learned_anew_and_the_others_stay():
    plain, signed, new = (Calibration(k, 0.1, 0.2, (0.5,)) for k in (1.0, 2.0, 3.0))
    both = Calibration(1.0, 0.1, 0.2, (0.5,), signed)
    assert both.changed("text", new).of("text").by_score == 3
    assert both.changed("text", new).of("amount") == signed
    assert both.changed("amount", new).of("amount") == new
    assert both.changed("amount", new).of("text").by_score == 1
    assert plain.changed("text", new).of("amount") == plain
