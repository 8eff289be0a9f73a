"""What corrections gain is measured on what was not learned, with an interval that keeps its promise."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from lenet.datasets import load_digits8x8
from lenet.errors import InputError
from lenet.learning import RECIPES
from lenet.reading import corrections
from lenet.reading.corrections import FEWEST, Stage, gain_of, learn_corrections
from tests.fields import untrained, written

QUICK = replace(RECIPES["fields-more"], epochs=1, distortion=None)


@pytest.mark.parametrize(
    ("before", "after", "better", "worse"), [("110", "101", 1, 1), ("000", "111", 3, 0), ("11", "00", 0, 2)]
)
def test_a_gain_counts_what_changed(before, after, better, worse):
    flags = [np.array([sign == "1" for sign in one]) for one in (before, after)]
    gain = gain_of(*flags)
    assert (gain.count, gain.before, gain.after) == (len(before), before.count("1"), after.count("1"))
    assert (gain.better, gain.worse) == (better, worse)
    assert gain.interval[0] <= gain.difference <= gain.interval[1]


def test_the_interval_holds_the_truth_in_95_of_100_cases():
    """Pairs with a known difference are drawn; 2,000 of them leave a deviation of half a point."""
    rng = np.random.default_rng(3)
    for count, gained, lost in ((20, 0.3, 0.05), (60, 0.2, 0.1), (200, 0.05, 0.05)):
        held = 0
        for _ in range(2000):
            draw = rng.random(count)
            better, worse = draw < gained, (draw >= gained) & (draw < gained + lost)
            low, high = gain_of(worse, better).interval
            held += low <= gained - lost <= high
        assert held / 2000 > 0.935


def test_few_fields_leave_it_open_and_many_settle_it():
    few, many = np.zeros(12, bool), np.zeros(200, bool)
    better = few.copy()
    better[:2] = True
    assert not gain_of(few, better).is_settled
    assert "does not tell" in gain_of(few, better).sentence()
    learned = many.copy()
    learned[:60] = True
    assert "better" in gain_of(many, learned).sentence()
    assert "do not use it" in gain_of(learned, many).sentence()
    assert json.loads(json.dumps(gain_of(many, learned).to_dict()))["difference"] == 0.3


@pytest.fixture
def trainings(monkeypatch):
    """Remember what every training learned; it gives a copy of the network that it began with."""
    learned = []
    real = corrections.train_fields

    def remembered(fields, *arguments, **options):
        learned.append(fields.names)
        return real(fields, *arguments, **options)

    monkeypatch.setattr(corrections, "train_fields", remembered)
    return learned


def test_every_correction_is_measured_by_a_network_that_did_not_learn_it(trainings):
    known, seen, stages = written(12), [], []
    right = corrections._Lessons.right

    def noted(self, network, fields):
        if network is not self.begun:
            seen.append(fields.names)
        return right(self, network, fields)

    corrections._Lessons.right, before = noted, right
    try:
        lesson = learn_corrections(known, "digits", start=untrained(), recipe=QUICK, callback=stages.append)
    finally:
        corrections._Lessons.right = before
    assert len(trainings) == 6
    assert trainings[-1] == known.names
    for learned, measured in zip(trainings[:5], seen, strict=True):
        assert not set(learned) & set(measured)
        assert set(learned) | set(measured) == set(known.names)
    assert sorted(name for names in seen for name in names) == sorted(known.names)
    assert lesson.gain.count == 12
    shares = [stage.share for stage in stages]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_of_many_one_fifth_is_measured(trainings, monkeypatch):
    monkeypatch.setattr(corrections, "MANY", 11)
    lesson = learn_corrections(written(12), "digits", start=untrained(), recipe=QUICK)
    assert (len(trainings), lesson.gain.count) == (2, 3)


def test_the_next_model_keeps_its_calibration_and_says_where_it_is_from():
    start = untrained()
    lesson = learn_corrections(written(12), "digits", start=start, recipe=QUICK, measured=1)
    assert lesson.network.calibration is start.calibration
    assert "12 corrections" in lesson.network.card.summary
    assert lesson.others is None
    assert json.loads(json.dumps(lesson.to_dict()))["gain"]["count"] == 3


def test_what_may_be_forgotten_is_measured_on_fields_that_no_training_saw(monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(corrections, "OTHERS", 6)
    recipe = replace(QUICK, epochs=0)
    lesson = learn_corrections(
        written(12), "amount", start=untrained(), digits=load_digits8x8(), recipe=recipe, measured=1
    )
    assert lesson.others.count == 6
    assert lesson.others.before == lesson.others.after, "nothing was learned in no epoch"
    assert (lesson.gain.better, lesson.gain.worse) == (0, 0)


def test_too_few_corrections_and_odd_wishes_are_refused():
    with pytest.raises(InputError, match="9 corrections"):
        learn_corrections(written(12).subset(range(FEWEST - 1)), start=untrained())
    for measured in (0, 6):
        with pytest.raises(InputError, match="measured"):
            learn_corrections(written(12), start=untrained(), measured=measured)


def test_the_callback_ends_the_work():
    class EnoughError(Exception):
        pass

    def enough(_: Stage):
        raise EnoughError

    with pytest.raises(EnoughError):
        learn_corrections(written(12), start=untrained(), recipe=QUICK, callback=enough)
