"""Cards: JSON both ways, and what is not a card."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.cards import Card
from lenet.errors import FormatError, InputError

CARD = Card(
    "digits",
    "Reads digits; research only.",
    data="MNIST",
    licence="MIT",
    command="lenet train",
    recipe={"epochs": 3, "rates": [0.1, 0.01]},
    figures={"test error": 0.008},
    limits="One digit an image.",
    seed=7,
    version="0.1.0",
    date="2026-01-31",
)


def test_card_survives_json() -> None:
    assert Card.from_json(CARD.to_json()) == CARD


@given(st.text(), st.text(), st.dictionaries(st.text(), st.floats(allow_nan=False)), st.integers())
def test_any_card_survives_json(name: str, summary: str, figures: dict[str, float], seed: int) -> None:
    card = Card(name, summary, figures=figures, seed=seed)
    assert Card.from_json(card.to_json()) == card


def test_card_reads_as_lines() -> None:
    lines = str(CARD).splitlines()
    assert lines[0] == "digits: Reads digits; research only."
    assert "figures  test error  0.80%" in lines
    assert "recipe   epochs 3, rates [0.1, 0.01]" in lines
    assert "version" not in str(Card("x", "y"))
    assert repr(CARD) == "Card('digits': Reads digits; research only.)"


def test_long_and_nested_settings_are_laid_out_for_people() -> None:
    recipe = {"rate": 0.1, "average": 0.0, "distortion": {"shift": 1.5, "elastic_sigma": 4, "whole_pixels": False}}
    text = str(Card("x", "y" * 30 + " " + "z" * 100, recipe=recipe, figures={"images": 250.0}))
    assert "recipe   rate 0.1\n         distortion: shift 1.5, elastic sigma 4\n" in text
    assert "figures  images  250" in text
    assert "{" not in text
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("text", ["", "[]", "null", "3", "{}", '{"name": "x"}', "[" * 5000])
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="not a card"):
        Card.from_json(text)


@pytest.mark.parametrize(("field", "value"), [("figures", [1]), ("seed", "one"), ("data", {}), ("name", None)])
def test_field_of_another_type_is_named(field: str, value: object) -> None:
    with pytest.raises(FormatError, match=rf"the card's {field} is"):
        Card.from_json(json.dumps({"name": "x", "summary": "y", field: value}))


def test_what_a_later_version_says_is_passed_over() -> None:
    assert Card.from_json('{"name": "x", "summary": "y", "colour": 1}') == Card("x", "y")


def test_figures_of_numpy_become_plain_and_words_are_refused() -> None:
    card = Card("x", "y", figures={"error": np.float32(0.5)})
    assert Card.from_json(card.to_json()) == card
    assert type(card.figures["error"]) is float
    with pytest.raises(InputError, match="give numbers by name"):
        Card("x", "y", figures={"error": "few"})  # type: ignore[dict-item]
    with pytest.raises(FormatError, match="not a card"):
        Card.from_json('{"name": "x", "summary": "y", "figures": {"error": []}}')
