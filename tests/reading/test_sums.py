"""Sums by hand: what agrees is left alone, what does not is refused or explained."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from lenet import grammar
from lenet.reading import Character, Reading
from lenet.reading.sums import WRONG_SUM, checked
from lenet.reading.templates import Sum

NUMBER = grammar.get("number", decimal=".")
SUMS = (Sum("c = a + b", "c", ((1, "a"), (1, "b"))),)
GRAMMARS = dict.fromkeys("abcd", NUMBER)


def reading(text, confidence=0.95, others=()):
    characters = tuple(Character(sign, confidence, (0, 0, 1, 1)) for sign in text)
    value = NUMBER.value(text) if text else None
    return Reading(text, value, confidence if text else 0.0, bool(text), "", characters, (0, 0, 1, 1), others=others)


def test_a_sum_that_agrees_changes_nothing():
    readings = {"a": reading("1.5"), "b": reading("2.25"), "c": reading("3.75")}
    assert checked(readings, SUMS, GRAMMARS, 0.5) == readings


def test_a_sum_that_does_not_agree_refuses_its_fields_alone():
    readings = {"a": reading("1"), "b": reading("2"), "c": reading("4"), "d": reading("9")}
    found = checked(readings, SUMS, GRAMMARS, 0.5)
    assert [found[name].accepted for name in "abcd"] == [False, False, False, True]
    assert found["a"].reason == "c = a + b does not hold: 4 is written, and the parts make 3"
    assert found["a"].text == "1"


def test_a_second_text_that_explains_a_sum_is_taken():
    readings = {"a": reading("1"), "b": reading("2", 0.6, (("7", 0.3),)), "c": reading("8")}
    found = checked(readings, SUMS, GRAMMARS, 0.5)
    share = 0.5 * (1 - WRONG_SUM)
    assert (found["b"].text, found["b"].value, found["b"].accepted) == ("7", Decimal(7), True)
    assert found["b"].confidence == pytest.approx(share / (share + WRONG_SUM))
    assert found["b"].characters[0].text == "7"
    assert found["b"].others[0] == ("2", 0.6)
    assert found["a"] == readings["a"]


def test_an_unlikely_text_explains_nothing():
    readings = {"a": reading("1"), "b": reading("2", 0.99, (("7", 0.001),)), "c": reading("8")}
    assert not any(each.accepted for each in checked(readings, SUMS, GRAMMARS, 0.5).values())


def test_two_explanations_are_none():
    readings = {"a": reading("1", 0.6, (("6", 0.3),)), "b": reading("2", 0.6, (("7", 0.3),)), "c": reading("8")}
    assert not any(each.accepted for each in checked(readings, SUMS, GRAMMARS, 0.5).values())


def test_an_empty_part_is_nothing_and_an_empty_total_says_nothing():
    assert checked({"a": reading("3"), "b": reading(""), "c": reading("3")}, SUMS, GRAMMARS, 0.5)["a"].accepted
    assert checked({"a": reading("3"), "b": reading("1"), "c": reading("")}, SUMS, GRAMMARS, 0.5)["a"].accepted


def test_a_number_that_is_not_settled_says_nothing():
    open_value = replace(reading("1"), text="1.234", value=None)
    readings = {"a": open_value, "b": reading("2"), "c": reading("3")}
    assert checked(readings, SUMS, GRAMMARS, 0.5) == readings
