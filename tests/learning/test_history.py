"""Histories: columns, JSON both ways, and a line for a person."""

from __future__ import annotations

from lenet.learning import Epoch, History

HISTORY = History((Epoch(1, 0.5, 0.2, 0.1, 0.05, 1.5), Epoch(2, 0.25, 0.1, None, 0.0, 1.0)))


def test_columns_are_those_of_the_epochs():
    assert HISTORY.loss == (0.5, 0.25)
    assert HISTORY.training_error == (0.2, 0.1)
    assert HISTORY.validation_error == (0.1, None)
    assert (len(HISTORY), HISTORY.seconds) == (2, 2.5)


def test_json_goes_both_ways():
    assert History.from_json(HISTORY.to_json()) == HISTORY


def test_a_person_can_read_what_it_is():
    assert repr(HISTORY) == "History(2 epochs in 2.5 s: loss 0.2500)"
    assert repr(History(HISTORY.epochs[:1])) == "History(1 epochs in 1.5 s: loss 0.5000, validation error 10.00%)"
    assert repr(History()) == "History(no epochs)"
