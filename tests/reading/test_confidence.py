"""Verdicts: what is sure enough is accepted, and what is not names the plainest reason."""

from __future__ import annotations

import math

import pytest

from lenet import grammar
from lenet.calibration import Calibration
from lenet.errors import InputError
from lenet.reading.confidence import USUAL_THRESHOLD, judge, threshold_for
from lenet.reading.fields import FieldText, FieldTexts

SURE = Calibration(1.0, 0.0, 0.0, tuple((k + 0.5) / 100 for k in range(100)))


def text(words: str, probability: float) -> FieldText:
    return FieldText(words, math.log(probability), ((0, 4),) * len(words), (0.9,) * len(words))


def verdict(*best: FieldText, free: FieldText | None = None, kind: str = "amount", threshold: float = 0.5, **options):
    texts = FieldTexts(best, lambda: free or (best[0] if best else text("?", 0.9)))
    options = {"written": True, "calibration": None, **options}
    return judge(texts, grammar=grammar.get(kind), threshold=threshold, **options)


def test_what_is_sure_is_accepted_without_a_reason():
    found = verdict(text("12.50", 0.9), text("12.60", 0.05))
    assert found.accepted
    assert found.reason == ""
    assert found.confidence == pytest.approx(0.9)


def test_what_a_field_says_without_its_grammar_is_not_looked_for_where_it_is_sure():
    def look():
        raise AssertionError

    options = {"written": True, "calibration": None, "threshold": 0.5}
    assert judge(FieldTexts((text("12", 0.9),), look), grammar=grammar.get("digits"), **options).accepted
    with pytest.raises(AssertionError):
        judge(FieldTexts((text("12", 0.2),), look), grammar=grammar.get("digits"), **options)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (verdict(text("1", 0.9), written=False), "nothing is written"),
        (verdict(), "nothing of the kind amount"),
        (verdict(text("12", 0.1), free=text("??", 0.8)), "is no amount"),
        (verdict(text("12", 0.01), free=text("1:2", 0.9)), "rather says '1:2'"),
        (verdict(text("12", 0.4), text("17", 0.35)), "'12' and '17' are both likely"),
        (verdict(text("12", 0.4), text("17", 0.01)), "only 40.0% sure, 50.0% are asked for"),
        (verdict(text("1.000", 0.99)), "may be 1.000 or 1000"),
        (
            verdict(text("6", 0.99), kind="mark", unread="something beside '6' was not read"),
            "something beside '6' was not read",
        ),
    ],
)
def test_what_is_rejected_says_why(found, words):
    assert not found.accepted
    assert words in found.reason


def test_a_threshold_from_an_error_rate_needs_a_calibration():
    assert threshold_for(None, None) == USUAL_THRESHOLD
    assert threshold_for(0.01, SURE) > threshold_for(0.05, SURE)
    with pytest.raises(InputError, match="calibrated"):
        threshold_for(0.01, None)
    with pytest.raises(InputError, match="max_error"):
        threshold_for(2, SURE)


def test_the_calibration_decides_how_sure_a_reading_is():
    wary = Calibration(1.0, 0.0, -5.0, ())
    assert not verdict(text("12", 0.9), calibration=wary).accepted
    assert verdict(text("12", 0.9), calibration=SURE).confidence == pytest.approx(0.9)
