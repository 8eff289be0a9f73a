"""Cards: JSON both ways, and what is not a card."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.cards import Card
from lenet.errors import FormatError

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
    commit="abc",
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
    assert "figures: test error 0.008" in lines
    assert "commit" not in str(Card("x", "y"))
    assert repr(CARD) == "Card('digits': Reads digits; research only.)"


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "3", "{}", '{"name": "x"}', '{"name": "x", "summary": "y", "colour": 1}', "[" * 5000]
)
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="not a card"):
        Card.from_json(text)


@pytest.mark.parametrize(("field", "value"), [("figures", [1]), ("seed", "one"), ("data", {}), ("name", None)])
def test_field_of_another_type_is_named(field: str, value: object) -> None:
    with pytest.raises(FormatError, match=rf"the card's {field} is"):
        Card.from_json(json.dumps({"name": "x", "summary": "y", field: value}))
