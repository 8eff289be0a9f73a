"""Figures on fields are counted as a person would count them; the oracle is a plain count."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from lenet.calibration import Calibration
from lenet.datasets.labelled_fields import Fields
from lenet.errors import InputError
from lenet.learning import wilson
from lenet.network import Network
from lenet.reading import Reader, Reading, calibrate_fields, evaluate_fields
from tests.fields import untrained, written

BLANK = np.full((20, 40), 255, np.uint8)


class Scripted(Reader):
    """Gives readings that were written down before."""

    def __init__(self, kind, answers, threshold):
        super().__init__(kind, model=untrained())
        self.threshold, self.answers = threshold, answers

    def many(self, pictures, *, keep_going=False):
        for text, sure in self.answers:
            known = self.grammar.meaning(text) if text else None
            fine = bool(text) and not known.reason and sure >= self.threshold
            yield Reading(text, known and known.value, sure, fine, "" if fine else "no", (), (0, 0, 1, 1))


def fields(*texts):
    return Fields([BLANK] * len(texts), texts, tuple(f"{k}.png" for k in range(len(texts))), "given")


def test_the_triple_is_a_plain_count():
    answers = [("12", 0.99), ("13", 0.97), ("4", 0.2), ("", 0.0), ("77", 0.6)]
    found = evaluate_fields(Scripted("digits", answers, 0.5), fields("12", "18", "4", "5", "77"))
    assert found.right == 3
    triple = found.outcome
    assert (triple.correct, triple.rejected, triple.error) == (0.4, 0.4, 0.2)
    assert found.error_interval == wilson(1, 5)
    assert [(wrong.index, wrong.text, wrong.read) for wrong in found.worst] == [(1, "18", "13")]
    assert found.log_loss == pytest.approx(-sum(map(math.log, (0.99, 0.03, 0.2, 1, 0.6))) / 5)


def test_a_label_of_digits_leaves_signs_open_and_others_do_not():
    right = lambda kind, text, label: evaluate_fields(Scripted(kind, [(text, 0.9)], 0.5), fields(label)).right  # noqa: E731
    assert right("amount", "1,250.-", "1250")
    assert right("digits", "1250", "#1,250.-")
    assert right("amount", "1250", "1,250.00")
    assert not right("amount", "12.50", "1,250.00")
    assert not right("digits", "125", "1250")


def test_the_curve_is_what_each_threshold_gives():
    rng = np.random.default_rng(1)
    sure = rng.random(60).round(1)
    right = rng.random(60) < sure
    answers = [("1" if good else "2", float(s)) for good, s in zip(right, sure, strict=True)]
    curve = evaluate_fields(Scripted("digits", answers, 0.5), fields(*["1"] * 60)).curve
    for point in curve:
        accepted = sure >= point.threshold
        assert point.correct == pytest.approx((accepted & right).mean())
        assert point.error == pytest.approx((accepted & ~right).mean())
        assert point.correct + point.rejected + point.error == pytest.approx(1)
    assert curve[0].rejected == 0
    assert curve[-1].rejected == 1


def test_what_means_several_things_is_rejected_at_every_threshold():
    reader = Scripted("amount", [("1.000", 0.99), ("5", 0.5)], 0.0)
    assert evaluate_fields(reader, fields("1.000", "5")).curve[0].rejected == 0.5


def test_a_calibrated_reader_stays_below_what_chance_allows_and_a_boaster_does_not():
    rng = np.random.default_rng(2)
    sure = rng.uniform(0.3, 1, 400)
    honest = [("1" if rng.random() < s else "2", float(s)) for s in sure]
    boasting = [(text, 0.99) for text, _ in honest]
    labels = fields(*["1"] * 400)
    found = evaluate_fields(Scripted("digits", honest, 0.5), labels)
    assert found.calibration_error < found.calibration_chance
    assert sum(group.count for group in found.bins) == 400
    found = evaluate_fields(Scripted("digits", boasting, 0.5), labels)
    assert found.calibration_error > 5 * found.calibration_chance


def test_the_chance_of_one_bin_is_the_binomials():
    """With all confidences 1/2, the calibration error is |share - 1/2|; its 95 % quantile is 1.96 deviations."""
    found = evaluate_fields(Scripted("digits", [("1", 0.5)] * 400, 0.5), fields(*["1"] * 400))
    assert found.calibration_chance == pytest.approx(1.96 * 0.5 / 20, rel=0.06)


def test_an_evaluation_is_json_and_of_a_real_reader_repeatable():
    data, reader = written(6), Reader(model=untrained())
    found = evaluate_fields(reader, data)
    assert found == evaluate_fields(reader, data)
    assert json.loads(found.to_json())["count"] == 6
    assert "of 6 right" in repr(found)


def test_no_fields_cannot_be_evaluated():
    with pytest.raises(InputError, match="nothing to evaluate"):
        evaluate_fields(Reader(model=untrained()), written(3).subset([]))


def test_calibration_follows_what_came_out():
    """A network that reads nothing right is sure of nothing afterwards."""
    network, data = untrained(), written(12)
    wrong = replace(data, texts=("99999",) * 12)
    network.calibration = calibrate_fields(network, wrong)
    assert isinstance(network.calibration, Calibration)
    assert all(reading.confidence < 0.1 for reading in Reader(model=network).many(wrong.pictures))


def test_a_network_of_single_characters_is_not_calibrated_on_fields():
    with pytest.raises(InputError, match="single characters"):
        calibrate_fields(Network("lenet5"), written(3))
