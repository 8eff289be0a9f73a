"""Whole cheques: the right zone is read, its place comes back on the cheque, and nothing is guessed."""

from __future__ import annotations

import datetime
import tarfile
from decimal import Decimal

import numpy as np
import pytest
from PIL import Image

from lenet.documents.zones import Zone
from lenet.reading import Reading, cheques
from tests.desks import moved, on_desk
from tests.hands import american_cheque, indian_cheque
from tests.writing import on_paper, write


class Answers:
    """A reader that says what is written by the width of a picture; what the choice of zones needs of a reader."""

    grammar = type("Grammar", (), {"name": "amount"})
    threshold = 0.5

    def __init__(self, answers: dict[int, tuple[str, float]]) -> None:
        self.answers = answers

    def many(self, pictures):
        for picture in pictures:
            text, sure = self.answers[picture.shape[1]]
            yield Reading(text, Decimal(text or 0), sure, True, "", (), (1, 2, 3, 4))


def candidate(width: int, penalty: float) -> cheques._Candidate:
    return cheques._Candidate((100, 50, 100 + width, 70), np.zeros((20, width), np.uint8), penalty)


def test_the_best_sum_of_place_and_reading_wins_and_stands_on_the_cheque():
    reader = Answers({30: ("123", 0.9), 31: ("456", 0.9), 32: ("789", 1e-6)})
    best = cheques._best(reader, [candidate(30, 2.0), candidate(31, 1.0), candidate(32, 0.0)])
    assert best.text == "456"
    assert best.box == (101, 52, 103, 54)


def test_a_part_that_is_easy_to_read_does_not_beat_the_whole():
    reader = Answers({30: ("1234", 0.5), 31: ("12", 0.99)})
    assert cheques._best(reader, [candidate(30, 0.0), candidate(31, 0.0)]).text == "1234"


def test_candidates_of_one_value_speak_for_each_other():
    reader = Answers({30: ("123", 0.9), 31: ("456", 0.8), 32: ("456", 0.8)})
    best = cheques._best(reader, [candidate(width, 0.0) for width in (30, 31, 32)])
    assert best.text == "456"
    assert best.accepted
    assert best.confidence == pytest.approx(0.8 * 1.6 / 2.5)


def test_a_reading_is_no_surer_than_another_zone_leaves_it():
    reader = Answers({30: ("123", 0.9), 31: ("456", 0.8)})
    best = cheques._best(reader, [candidate(30, 0.0), candidate(31, 0.0)])
    assert best.text == "123"
    assert not best.accepted
    assert best.reason == "'123' and '456' elsewhere are both likely"


def test_where_nothing_is_found_the_reading_is_empty_with_its_reason():
    best = cheques._best(Answers({30: ("", 0.0)}), [candidate(30, 0.0)])
    assert not best.accepted
    assert best.reason == "no place was found that reads as amount"


@pytest.mark.parametrize(
    ("text", "comb", "order"),
    [("$5.00", False, "mdy"), ("₹500", False, "dmy"), ("500", True, "dmy"), ("500", False, None)],
)
def test_the_order_of_a_date_follows_signs_and_boxes_and_is_not_guessed(text, comb, order):
    amount = Reading(text, Decimal(5), 1.0, True, "", (), (0, 0, 1, 1))
    dates = [cheques._Candidate((0, 0, 1, 1), np.zeros((1, 1), np.uint8), 0.0, comb)]
    assert cheques._order(amount, dates) == order


def test_boxed_dates_are_days_of_the_calendar_in_eight_digits():
    dates = cheques._boxed_date("dmy")
    assert dates.value("24112026") == datetime.date(2026, 11, 24)
    assert not dates.matches("31022026")
    assert not dates.matches("24/11/2026")


def test_dates_of_another_century_are_not_on_cheques():
    for order, texts in {"mdy": ("5/30/2015", "05-30-1998", "5/30/15"), "ymd": ("2015-05-30", "20150530")}.items():
        dates = cheques._recent_date(order)
        assert all(dates.matches(text) for text in texts)
    assert cheques._recent_date("mdy").value("11/24/2019") == datetime.date(2019, 11, 24)
    assert not cheques._recent_date("mdy").matches("5/30/2075")
    assert not cheques._boxed_date("dmy").matches("24081876")


def test_boxes_are_read_side_by_side_without_their_lines():
    ink = np.zeros((44, 322), np.uint8)
    ink[:2] = ink[-2:] = 255
    sides = tuple(40 * k for k in range(9))
    for side in sides:
        ink[:, side : side + 2] = 255
    for index, digit in enumerate("24112026"):
        write(ink, digit, 12 + 40 * index, 9, 26)
    picture = cheques._boxed(on_paper(ink), Zone("comb", (0, 0, 322, 44), sides), 3)
    dark = (picture < 150).any(axis=0)
    runs = np.flatnonzero(np.diff(dark.astype(int)) == 1)
    assert len(runs) == 8
    assert picture.shape[1] < 300


def test_amounts_are_parted_as_cheques_part_them():
    amounts = cheques._regular_amount()
    for text in ("₹1,23,45,678/-", "123,45,678/-", "1,2345678/-", "$12.50", "1234567/-"):
        assert amounts.value(text) is not None
    for text in ("123,4567", "12,34,56-", "123456,789", "1.23.45"):
        assert not amounts.matches(text)


@pytest.mark.parametrize(("amount", "value"), [("1,75,000/-", 175000), ("38,400/-", 38400), ("6520/-", 6520)])
def test_a_drawn_indian_cheque_is_read(amount, value):
    """Hands differ, and the network misreads some; of three at least two are read, and none is accepted wrong."""
    day = datetime.date(2016, 8, 24)
    read = [cheques.read_cheque(indian_cheque(amount, "24082016", seed), threads=1) for seed in (1, 2, 3)]
    assert sum(found.value == Decimal(value) for found, _ in read) >= 2
    assert sum(found.value == day for _, found in read) >= 2
    assert all(found.value == Decimal(value) for found, _ in read if found.accepted)
    assert all(1000 <= found.box[0] < found.box[2] <= 1350 for found, _ in read if found.value == Decimal(value))


@pytest.mark.parametrize(("date", "day"), [("11/24/2019", (2019, 11, 24)), ("5/30/2015", (2015, 5, 30))])
def test_a_drawn_american_cheque_is_read(date, day):
    pictures = [american_cheque("233.00", date, seed) for seed in (1, 2, 3)]
    read = [cheques.read_cheque(picture, date_order="mdy", threads=1) for picture in pictures]
    assert sum(found.value == Decimal("233.00") for found, _ in read) >= 2
    assert sum(found.value == datetime.date(*day) for _, found in read) >= 2
    assert all(found.value == Decimal("233.00") for found, _ in read if found.accepted)
    assert all(found.value == datetime.date(*day) for _, found in read if found.accepted)  # 11/ is not 1/


@pytest.mark.data
@pytest.mark.parametrize("name", ["in_022", "us_028"])
def test_a_cheque_on_a_desk_is_read_as_the_scanned_one(data, name):
    with tarfile.open(data / "cheques.tar") as tar:
        scan = np.asarray(Image.open(tar.extractfile(f"images/{name}.jpg")).convert("RGB"))
    photograph, there = on_desk(scan, turn=6, tilt=0.06)
    for alone, lying in zip(cheques.read_cheque(scan), cheques.read_cheque(photograph), strict=True):
        assert lying.value == alone.value  # signs around it may differ
        assert alone.value is not None
        middle = moved(there, [((alone.box[0] + alone.box[2]) / 2, (alone.box[1] + alone.box[3]) / 2)])[0]
        assert abs(middle[0] - (lying.box[0] + lying.box[2]) / 2) < 0.02 * photograph.shape[1]
        assert abs(middle[1] - (lying.box[1] + lying.box[3]) / 2) < 0.02 * photograph.shape[1]
