"""Constraints: each accepts exactly what a plain computation says, on all short texts and on many long ones."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lenet import grammar
from lenet.errors import GrammarError

DIGITS = "0123456789"
MOD_97, LUHN = grammar.remainder(97, 1), grammar.luhn()
SPACED_LUHN = grammar.skipping(LUHN, " -")
NUMBERS = [str(n).zfill(width) for width in range(1, 5) for n in range(10**width)]


def luhn_holds(digits: str) -> bool:
    """Double every second digit from the right, take the sum of digits, as the standard says it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def test_luhn_on_all_numbers_of_four_digits():
    assert all(LUHN.matches(digits) == luhn_holds(digits) for digits in NUMBERS)


@settings(max_examples=300, deadline=None)
@given(st.text(DIGITS, min_size=1, max_size=24))
def test_luhn_on_long_numbers(digits):
    assert LUHN.matches(digits) == luhn_holds(digits)
    check = next(digit for digit in DIGITS if luhn_holds(digits + digit))
    assert LUHN.matches(digits + check)


def test_the_published_example_of_luhn():
    assert LUHN.matches("79927398713")
    assert sum(LUHN.matches(f"7992739871{digit}") for digit in DIGITS) == 1


@pytest.mark.parametrize(("modulus", "rest"), [(97, 1), (97, 0), (11, 10), (1, 0), (7, 3)])
def test_a_remainder_on_all_numbers_of_four_digits(modulus, rest):
    acceptor = grammar.remainder(modulus, rest)
    assert all(acceptor.matches(digits) == (int(digits) % modulus == rest) for digits in NUMBERS)


@settings(max_examples=200, deadline=None)
@given(st.text(DIGITS, min_size=1, max_size=30))
def test_mod_97_on_long_numbers(digits):
    check = 98 - int(digits + "00") % 97
    assert MOD_97.matches(f"{digits}{check:02d}")
    assert MOD_97.matches(digits) == (int(digits) % 97 == 1)


def test_a_real_iban_in_digits():
    """GB82 WEST 1234 5698 7654 32, the example of the registry, its letters turned to digits and its head moved."""
    assert MOD_97.matches("3214282912345698765432161182")


@pytest.mark.parametrize(
    ("weights", "modulus", "rest"), [((3, 2, 1), 11, 0), ((1, 3, 1, 3), 10, 7), ((-1, 0, 2), 5, 4)]
)
def test_weighted_sums_on_all_numbers(weights, modulus, rest):
    acceptor = grammar.weighted(weights, modulus, rest)
    for digits in NUMBERS:
        total = sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=False))
        assert acceptor.matches(digits) == (len(digits) == len(weights) and total % modulus == rest)


def test_books_and_articles():
    isbn = grammar.weighted(range(10, 0, -1), 11, ten="X")
    assert isbn.matches("0306406152")
    assert isbn.matches("080442957X")
    assert not isbn.matches("0306406153")
    assert not isbn.matches("0X06406152")
    assert grammar.weighted((1, 3) * 6 + (1,), 10).matches("4006381333931")


BOUNDS = st.decimals(-120, 120, places=2) | st.integers(-1200, 1200).map(Decimal) | st.decimals(0, 1, places=3)


@settings(max_examples=150, deadline=None)
@given(BOUNDS, BOUNDS)
def test_a_range_is_what_decimals_say(one, other):
    low, high = sorted((one, other))
    assume(high >= 0 or low < 0)
    numbers = grammar.between(low, high)
    near = [bound + Decimal(step) for bound in (low, high) for step in ("-0.001", "0", "0.001", "1", "-1", "10")]
    for number in near + [Decimal(n) for n in range(-20, 20)]:
        for text in (f"{number}", f"{number:.5f}", f"00{number}" if number >= 0 else f"-00{-number}"):
            exact = Decimal(text)
            written_so = "-" not in text or low < 0
            assert numbers.matches(text) == (written_so and low <= exact <= high), text
            if numbers.matches(text):
                assert numbers.value(text) == exact


def test_a_range_on_all_short_texts():
    numbers = grammar.between("0.5", 21)
    for length in range(1, 6):
        for symbols in product("0125.", repeat=length):
            text = "".join(symbols)
            well_formed = text.count(".") <= 1 and not text.endswith(".")
            assert numbers.matches(text) == (well_formed and Decimal("0.5") <= Decimal(text) <= 21), text


def test_a_range_has_the_precision_of_its_bounds():
    """Decimal's own arithmetic rounds to 28 places; a bound is not rounded."""
    bound = "1" * 40 + ".5"
    assert grammar.between(f"-{bound}", bound).matches(f"-{bound}")
    assert not grammar.between(f"-{bound}", bound).matches(f"-{bound}1")
    assert grammar.between(0, "1,5".replace(",", "."), decimal=",").matches("1,5")


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        (2, 1, "no number is between 2 and 1"),
        (0, 0.1, "is a float, and not exactly what it shows; give '0.1'"),
        (0, "many", "no number of 200 places"),
        (0, Decimal("inf"), "no number of 200 places"),
        (0, Decimal("1e999999"), "no number of 200 places"),
    ],
)
def test_ranges_that_cannot_be(low, high, message):
    with pytest.raises(GrammarError, match=message):
        grammar.between(low, high)


def test_an_alphabet_and_a_length():
    texts = ["".join(symbols) for length in range(5) for symbols in product("01a", repeat=length)]
    for text in texts:
        assert grammar.only("01").matches(text) == (bool(text) and "a" not in text)
        assert grammar.length(2, 3).matches(text) == (2 <= len(text) <= 3)
        assert grammar.length(2).matches(text) == (len(text) == 2)
        assert grammar.length(0, 2).matches(text) == (len(text) <= 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: grammar.only(""), "matches nothing"),
        (lambda: grammar.only("00"), "'0' twice"),
        (lambda: grammar.length(3, 2), "from 3 to 2 is impossible"),
        (lambda: grammar.length(-1, 2), "from -1 to 2 is impossible"),
        (lambda: grammar.length(0), "matches nothing"),
        (lambda: grammar.length(5000), "more than 4096 states"),
        (lambda: grammar.remainder(10**6), "more than 4096 states"),
        (lambda: grammar.remainder(97, 97), "leaves 97 when divided by 97"),
        (lambda: grammar.weighted((), 11), "matches nothing"),
        (lambda: grammar.weighted((2, 2), 10, 1), "matches nothing"),
        (lambda: grammar.skipping(grammar.luhn(), "1 "), "'1' belongs to the grammar luhn"),
    ],
)
def test_constraints_that_cannot_be(make, message):
    with pytest.raises(GrammarError, match=message):
        make()


@settings(max_examples=200, deadline=None)
@given(st.text("0123456789 -", max_size=12))
def test_skipping_strikes_symbols_out(text):
    assert SPACED_LUHN.matches(text) == LUHN.matches(text.replace(" ", "").replace("-", ""))


def test_skipping_adds_nothing_to_a_score():
    skipping = grammar.skipping(grammar.only("01").scored({"1": -1.0}), " ")
    score = skipping.acceptor.score
    assert score is not None
    assert [score[0, skipping.alphabet.index(symbol)] for symbol in "01 "] == [0, -1, 0]


def test_a_card_number_in_groups():
    card = grammar.get("regex:[0-9]{4}(?: [0-9]{4}){3}") & grammar.skipping(grammar.luhn(), " ")
    assert card.value("4539 1488 0343 6467") == "4539 1488 0343 6467"
    assert not card.matches("4539 1488 0343 6468")
    assert not card.matches("4539148803436467")
