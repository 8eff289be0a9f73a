"""Whole fields as people ask for them: decimals survive, a lone digit is never empty, signs are told apart."""

from __future__ import annotations

import datetime
import pickle
import re
from decimal import Decimal

import numpy as np
import pytest

import lenet
from lenet import grammar
from lenet.datasets.synthetic import synthetic_fields
from lenet.errors import GrammarError, InputError
from lenet.reading.fields import is_field_network, spell_strips
from lenet.strips import make_strips


@pytest.fixture(scope="module")
def network() -> lenet.Network:
    return lenet.load("fields")


def written(text: str, count: int = 8, seed: int = 11) -> list[np.ndarray]:
    """Write a text by several hands, on several papers."""
    digits = lenet.load_digits8x8("test")
    return [field.picture for field in synthetic_fields(digits, count, seed=seed, text=lambda rng: text)]


HANDS = 24
"""Hands that a share is taken of. Many of them are drawn to be hard: open, joined, cut off, or on a screen."""


def share(text: str, kind: str, value: object, **options: str) -> float:
    """Return how many of the hands are read with this value."""
    reader = lenet.Reader(kind, **options)
    return float(np.mean([reading.value == value for reading in reader.many(written(text, HANDS))]))


@pytest.mark.parametrize(
    ("text", "least"), [("18.37", 0.65), ("94.93", 0.65), ("0.05", 0.65), ("12340.56", 0.65), ("1,75,000/-", 0.25)]
)
def test_decimals_and_groups_survive(text, least):
    """Users of other readers lose them (Tesseract's issue 142, EasyOCR's 1079): what is where, whatever digit it is.

    Zeros that run into the stroke are what the shipped network reads worst.
    """
    reader = lenet.Reader("amount", decimal=".")
    shapes = [re.sub(r"\d", "0", reading.text) for reading in reader.many(written(text, HANDS))]
    assert shapes.count(re.sub(r"\d", "0", text)) / HANDS >= least


@pytest.mark.parametrize(("text", "value"), [("18.37", "18.37"), ("94.93", "94.93"), ("1,75,000/-", "175000")])
def test_amounts_are_read_with_their_value(text, value):
    assert share(text, "amount", Decimal(value), decimal=".") >= (0.25 if text.endswith("/-") else 0.4)


@pytest.mark.parametrize("text", ["7", "0", "3", "11", "77", "100"])
def test_a_lone_digit_and_repeated_ones_are_read(text):
    """Other readers miss a digit alone and join repeated ones (Tesseract's 2389, EasyOCR's 448, tesseract.js' 684)."""
    assert share(text, "digits", text) >= (0.4 if text == "100" else 0.6)


def test_a_date_is_a_date():
    assert share("25/12/1998", "date", datetime.date(1998, 12, 25), date_order="dmy") >= 0.5


def test_a_grammar_constrains_the_search_and_deletes_nothing(network):
    """Where five digits are asked for, five are found, or nothing; other readers drop what does not fit."""
    five = grammar.get("regex:[0-9]{5}")
    for texts in spell_strips(network, make_strips(written("12345", 20)), five):
        assert all(re.fullmatch("[0-9]{5}", text.text) for text in texts.best)
        assert texts.best


def test_texts_come_with_their_probabilities_and_places(network):
    strips = make_strips(written("4711", 12))
    for strip, texts in zip(strips, spell_strips(network, strips, grammar.get("digits")), strict=True):
        scores = [text.score for text in texts.best]
        assert scores == sorted(scores, reverse=True)
        assert np.exp(scores).sum() <= 1 + 1e-4
        for text in texts.best:
            assert len(text.text) == len(text.spans) == len(text.sure)
            assert all(first < end for first, end in text.spans)
            assert all(before[1] <= after[0] for before, after in zip(text.spans, text.spans[1:], strict=False))
            assert all(first >= -8 and end <= strip.image.shape[1] + 40 for first, end in text.spans)


def test_amounts_that_mean_the_same_count_together(network):
    """1000 with and without its trailing stroke is one amount: their probabilities are added."""
    strips = make_strips(written("1000-", 12))
    for joined, apart in zip(
        spell_strips(network, strips, grammar.get("amount", decimal=".")),
        spell_strips(network, strips, grammar.get("regex:[0-9.,/=-]+")),
        strict=True,
    ):
        values = [grammar.get("amount", decimal=".").value(text.text) for text in joined.best]
        assert len({value for value in values if value is not None}) == len([v for v in values if v is not None])
        assert joined.best[0].score >= apart.best[0].score - 0.2


def test_boxes_stand_on_the_picture_in_order():
    for picture in written("2048", 8):
        reading = lenet.read(picture)
        for character in reading.characters:
            left, top, right, bottom = character.box
            assert 0 <= left < right <= picture.shape[1]
            assert 0 <= top < bottom <= picture.shape[0]
        lefts = [character.box[0] for character in reading.characters]
        assert lefts == sorted(lefts)


def test_empty_paper_and_scribbles_are_rejected():
    empty = lenet.read(np.full((40, 120), 230, np.uint8), "amount")
    assert (empty.text, empty.accepted, empty.reason) == ("", False, "nothing is written")
    scribbles = lenet.Reader("amount", max_error=0.02).many(written("???", 12))
    assert sum(reading.accepted for reading in scribbles) <= 2


def test_fewer_errors_are_promised_for_fewer_answers():
    pictures = written("4711", 24)
    accepted = [sum(r.accepted for r in lenet.Reader(max_error=rate).many(pictures)) for rate in (0.002, 0.02, 0.2)]
    assert accepted == sorted(accepted)
    with pytest.raises(InputError, match="max_error"):
        lenet.Reader(max_error=-1)


def test_what_cannot_be_read_is_refused_when_the_reader_is_made(network):
    with pytest.raises(GrammarError):
        lenet.Reader("regex:[A-Z]+")
    with pytest.raises(GrammarError):
        lenet.Reader("regex:(?=1)")
    assert is_field_network(network)
    assert not is_field_network(lenet.load("digits"))


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (2000, 3), (60, 20_000), (900, 900)])
def test_any_picture_takes_bounded_time(shape):
    rng = np.random.default_rng(0)
    for picture in (np.zeros(shape, np.uint8), rng.integers(0, 256, shape, np.uint8)):
        assert isinstance(lenet.read(picture, "amount"), lenet.Reading)


def test_the_same_readings_for_any_number_of_threads_and_alone_or_together():
    pictures = written("98,50", 20)
    one, two = (list(lenet.Reader("amount", threads=threads).many(pictures)) for threads in (1, 2))
    assert one == two
    alone = [lenet.Reader("amount", threads=1)(picture) for picture in pictures]
    assert [reading.text for reading in alone] == [reading.text for reading in one]


def test_a_reader_goes_to_another_process():
    reader = pickle.loads(pickle.dumps(lenet.Reader("amount", max_error=0.01, decimal=".")))
    assert reader.threshold == lenet.Reader("amount", max_error=0.01).threshold
    assert isinstance(reader(written("12.50", 1)[0]), lenet.Reading)


def test_what_a_grammar_holds_for_likelier_moves_probability_and_adds_none(network):
    """A grammar that likes one digit less: sure texts stay sure, doubtful ones change places."""
    digits = grammar.get("regex:[0-9]{2}")
    plain = spell_strips(network, make_strips(written("47")), digits)
    scored = spell_strips(network, make_strips(written("47")), digits.scored({"4": -2.0}))
    for one, other in zip(plain, scored, strict=True):
        assert np.logaddexp.reduce([text.score for text in other.best]) <= 1e-6
        if one.best[0].text == "47" and one.margin > 6:
            assert other.best[0].text == "47"
            assert other.best[0].score == pytest.approx(one.best[0].score, abs=0.2)
