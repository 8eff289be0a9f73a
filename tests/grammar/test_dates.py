"""Dates and times: every day and minute in every form, and none that is doubtful or does not exist."""

from __future__ import annotations

import json
import re
import tarfile
from calendar import monthrange
from datetime import date, time
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet import grammar

ORDERS = {"dmy": "{d}{s}{m}{s}{y}", "mdy": "{m}{s}{d}{s}{y}", "ymd": "{y}{s}{m}{s}{d}"}
DAYS = st.dates(date(1600, 1, 1), date(2199, 12, 31))
SEPARATORS = st.sampled_from(["/", "-", ".", " ", " / ", ". "])


def written(day: date, order: str, separator: str, width: int = 1) -> str:
    fields = {"d": f"{day.day:0{width}d}", "m": f"{day.month:0{width}d}", "y": f"{day.year:04d}"}
    return ORDERS[order].format(s=separator, **fields)


@settings(max_examples=300, deadline=None)
@given(DAYS, st.sampled_from(sorted(ORDERS)), SEPARATORS, st.sampled_from([1, 2]))
def test_a_day_in_a_known_order_is_that_day(day, order, separator, width):
    for text in (written(day, order, separator, width), written(day, order, "", 2)):
        assert grammar.get("date", date_order=order).value(text) == day


@settings(max_examples=300, deadline=None)
@given(DAYS, st.sampled_from(sorted(ORDERS)), st.just("") | SEPARATORS)
def test_a_day_in_an_unknown_order_is_that_day_or_none(day, order, separator):
    """It is settled exactly where the orders agree, found by trying all of them on the calendar."""
    text = written(day, order, separator, 2)
    possible = {grammar.get("date", date_order=each).value(text) for each in ORDERS} - {None}
    assert grammar.get("date").value(text) == (day if possible == {day} else None)


def test_the_calendar_of_every_month():
    """Impossible days are not even read, but for the 29th of February, which needs the year."""
    for order, month, day in product(ORDERS, range(14), range(33)):
        text = ORDERS[order].format(s="/", d=f"{day:02d}", m=f"{month:02d}", y="2023")
        exists = 1 <= month <= 12 and 1 <= day <= monthrange(2023, month)[1]
        of_order = grammar.get("date", date_order=order)
        assert (of_order.value(text) == date(2023, month, day)) if exists else of_order.value(text) is None
        assert of_order.matches(text) == (exists or (month, day) == (2, 29))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("03/04/2019", "may be 2019-03-04 or 2019-04-03; date_order= settles it"),
        ("01022016", "may be 2016-01-02 or 2016-02-01"),
        ("11/24/19", "the year of '11/24/19' has no century"),
        ("29/02/2019", "no day of the calendar"),
        ("31/02/2019", "not of the grammar date"),
        ("12/2019", "not of the grammar date"),
        ("1/1/3019", "not of the grammar date"),
    ],
)
def test_dates_that_are_not_settled_say_why(text, reason):
    meaning = grammar.get("date").meaning(text)
    assert meaning.value is None
    assert reason in meaning.reason


def test_a_known_order_settles_a_date_or_refuses_it():
    assert grammar.get("date", date_order="dmy").value("03/04/2019") == date(2019, 4, 3)
    assert grammar.get("date", date_order="mdy").value("03/04/2019") == date(2019, 3, 4)
    assert not grammar.get("date", date_order="dmy").matches("11/24/2019")
    assert not grammar.get("date", date_order="ymd").matches("03/04/2019")


def test_every_minute_of_a_day():
    for hour, minute, mark in product(range(24), range(60), (":", ".", "h", " ", "")):
        expected = time(hour, minute)
        assert grammar.get("time").value(f"{hour:02d}{mark}{minute:02d}") == expected
        if mark:
            assert grammar.get("time").value(f"{hour}{mark}{minute:02d}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("23:59:58", time(23, 59, 58)),
        ("12:30 pm", time(12, 30)),
        ("12:05am", time(0, 5)),
        ("1.15 P.M.", time(13, 15)),
        ("13:00 pm", None),
        ("24:00", None),
        ("25:00", None),
        ("9:60", None),
        ("930", None),
    ],
)
def test_times(text, expected):
    meaning = grammar.get("time").meaning(text)
    assert meaning.value == expected
    assert bool(meaning.reason) == (expected is None)


@pytest.mark.data
def test_the_dates_on_real_cheques(data):
    """In the order of the country; the two with the month as a word are not of the grammar."""
    with tarfile.open(data / "cheques.tar") as tar:
        member = tar.extractfile("labels.jsonl")
        assert member is not None
        cheques = [json.loads(line) for line in member]
    words = 0
    for cheque in cheques:
        text = cheque["date"]
        indian = cheque["kind"] == "cheque-india"
        found = grammar.get("date", date_order="dmy" if indian else "mdy").value(text)
        if re.search("[a-zA-Z]", text):
            words += 1
            assert found is None
        else:
            first, second, year = (text[:2], text[2:4], text[4:]) if indian else re.split("[/-]", text)
            month, day = (second, first) if indian else (first, second)
            assert found == date(int(year), int(month), int(day))
    assert words == 2
