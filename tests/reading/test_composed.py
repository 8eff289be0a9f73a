"""Composed scores: the same texts and as much probability, another order only where segments speak for it."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lenet
from lenet import grammar
from lenet.learning.segments import segment_network
from lenet.reading import composed
from lenet.reading.composed import FLOOR, WEIGHT, compose_texts, weigh_doubtful
from lenet.reading.fields import FieldText, FieldTexts
from lenet.reading.segments import score_texts
from lenet.segments import make_segments
from tests.documents.test_cuts import string
from tests.writing import on_paper


def free():
    return FieldText("", -9.0, (), ())


def texts(**scores):
    best = [FieldText(name.strip("_"), score, ((0, 4),), (0.5,)) for name, score in scores.items()]
    return FieldTexts(tuple(best), free)


def test_no_weight_changes_nothing():
    along = texts(_12=-0.5, _17=-1.5)
    assert compose_texts(along, [-9.0, -0.1], weight=0) == along


def test_segments_turn_a_close_call_and_keep_the_probability():
    along = texts(_12=-0.8, _17=-0.9, _1=-4.0)
    found = compose_texts(along, [-8.0, -0.1, -20.0], weight=0.1)
    assert [text.text for text in found.best] == ["17", "12", "1"]
    assert sum(math.exp(t.score) for t in found.best) == pytest.approx(sum(math.exp(t.score) for t in along.best))
    assert found.best[0].score - found.best[1].score == pytest.approx(-0.1 + 0.79)
    assert found.free == along.free


def test_what_no_path_spells_may_still_be_right():
    found = compose_texts(texts(_12=-0.1, _17=-9.0), [-math.inf, 0.0], weight=WEIGHT)
    assert found.best[0].text == "12"
    assert math.isfinite(found.best[0].score)
    assert compose_texts(FieldTexts((), free), []).best == ()


def test_only_fields_are_weighed_in_which_that_could_change_the_best(monkeypatch):
    """A margin beyond what the floor can outweigh is never turned, so those fields need no segments."""
    sure, doubtful = texts(_304=-0.01, _30=WEIGHT * FLOOR - 0.02), texts(_30=-0.7, _304=-0.8)
    assert compose_texts(sure, [FLOOR, 0.0]).best[0].text == "304"
    network = segment_network(lenet.load("digits"))
    network.parameters["OUTPUT.biases"][[0, -1]] = 7, 2
    (segments,) = make_segments([on_paper(string("304")[0], contrast=0.8)])
    seen = []
    monkeypatch.setattr(
        composed, "score_texts", lambda *given, **more: seen.append(len(given[1])) or score_texts(*given, **more)
    )
    found = weigh_doubtful(network, [segments] * 3, [sure, doubtful, FieldTexts((), free)], grammar.get("digits"))
    assert seen == [1]
    assert found[0] is sure
    assert found[1].best[0].text == "304"
    assert found[2].best == ()
    assert weigh_doubtful(network, [], [], grammar.get("digits")) == []
    assert np.isfinite([text.score for text in found[1].best]).all()
