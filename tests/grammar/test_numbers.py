"""Numbers and amounts: written forms of known values are read and have that value, doubtful ones have none."""

from __future__ import annotations

import json
import re
import tarfile
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet import grammar
from lenet.grammar.numbers import AMOUNT, NUMBER, PERCENTAGE

WHOLES = st.one_of(st.integers(0, 2000), st.integers(0, 10**12))
CENTS = st.integers(0, 99).map("{:02d}".format)


def in_threes(whole: int, separator: str) -> str:
    return f"{whole:,}".replace(",", separator)


def in_indian_groups(whole: int, separator: str) -> str:
    digits = str(whole)
    head, tail = digits[:-3], digits[-3:]
    groups = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    return separator.join([*reversed(groups), tail])


def value(kind: str, text: str, decimal=None) -> object:
    return grammar.get(kind, decimal=decimal).value(text)


@settings(max_examples=300, deadline=None)
@given(
    WHOLES,
    st.none() | CENTS,
    st.sampled_from([in_threes, in_indian_groups]),
    st.sampled_from([",.", ".,", " ,", "'.", " ."]),
)
def test_grouped_figures_have_their_value_when_the_mark_is_known(whole, cents, group, marks):
    """All groupings, all separators, with and without decimals, in every kind of number."""
    text = group(whole, marks[0]) + (marks[1] + cents if cents else "")
    expected = Decimal(f"{whole}.{cents}" if cents else whole)
    for kind in ("number", "amount", "percentage"):
        assert grammar.get(kind).matches(text)
        found = value(kind, text, marks[1])
        assert (found, str(found)) == (expected, str(expected))


@settings(max_examples=300, deadline=None)
@given(
    WHOLES, st.none() | CENTS, st.sampled_from([in_threes, in_indian_groups]), st.sampled_from([",.", ".,", " ,", "'."])
)
def test_without_a_known_mark_a_value_is_right_or_missing(whole, cents, group, marks):
    """Missing only where one separator stands before three digits, that either mark could be."""
    text = group(whole, marks[0]) + (marks[1] + cents if cents else "")
    doubtful = re.fullmatch("[1-9][0-9]{0,2}[.,][0-9]{3}", text)
    for kind in ("number", "amount"):
        assert value(kind, text) == (None if doubtful else Decimal(f"{whole}.{cents or 0}"))


BEFORE = st.sampled_from(["", "$", "$ ", "₹", "£", "€ ", "**", "*** $", "$**", "##", "= ", "--", "#$"])
BEHIND = st.sampled_from(
    ["", "/-", " /-", "/=", "=", "==", "-", "--", ".-", ",-", ".", ",", "**", "-**", "###", ":", " €", "/-*"]
)


@settings(max_examples=300, deadline=None)
@given(WHOLES, st.none() | CENTS, st.sampled_from([in_threes, in_indian_groups]), BEFORE, BEHIND)
def test_what_stands_around_an_amount_does_not_change_it(whole, cents, group, before, behind):
    if {*before} & {*"$₹£"} and "€" in behind:
        behind = ""
    text = before + group(whole, ",") + (f".{cents}" if cents else "") + behind
    assert grammar.get("amount").matches(text)
    assert value("amount", text, ".") == Decimal(f"{whole}.{cents or 0}")


@settings(max_examples=300, deadline=None)
@given(
    WHOLES,
    CENTS | st.sampled_from(["xx", "XX", "--"]),
    st.sampled_from([",", ".", " ", ""]),
    st.sampled_from([" ", "-", "*", "***", ". ", " -"[::-1]]),
    st.sampled_from(["100", "xx", "XX"]),
    st.sampled_from([None, ".", ","]),
)
def test_cents_over_a_hundred(whole, cents, separator, join, hundred, decimal):
    """They leave no doubt about the separators before them, unless they were said to be the decimal mark."""
    text = f"{in_threes(whole, separator)}{join}{cents}/{hundred}"
    assert grammar.get("amount").matches(text)
    if whole >= 1000 and separator == decimal:
        assert value("amount", text, decimal) is None
    else:
        assert str(value("amount", text, decimal)) == f"{whole}.{cents if cents.isdigit() else '00'}"


@settings(deadline=None)
@given(WHOLES, st.sampled_from(["", " "]), st.sampled_from(["number", "amount"]))
def test_a_half_is_half_of_one(whole, space, kind):
    assert value(kind, f"{in_threes(whole, ',')}{space}½") == whole + Decimal("0.5")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18.37", "18.37"),
        ("94.93", "94.93"),
        ("0.05", "0.05"),
        ("12340.56789", "12340.56789"),
        ("1,75,00,000/-", "17500000"),
        ("$1,234.56", "1234.56"),
        ("**45/100", "0.45"),
        ("3.975,00", "3975.00"),
        ("100=", "100"),
        ("2½", "2.5"),
        ("½", "0.5"),
        ("-12", "-12"),
        ("$-12.50", "-12.50"),
        ("12-", "12"),
        ("--12--", "12"),
        ("-12/-", "-12"),
        ("110,00,00,000", "1100000000"),
        ("150,00,000/-", "15000000"),
        ("1,0870000/-", "10870000"),
        ("35,000/-", "35000"),
        ("₹35,000", "35000"),
        ("£1,000", "1000"),
        ("12345/100", "123.45"),
        ("100 xx/100", "100.00"),
        ("12,- €", "12"),
        (".50", "0.50"),
        ("7", "7"),
        ("007", "7"),
        ("9" * 60 + ".01", "9" * 60 + ".01"),
    ],
)
def test_amounts_people_write(text, expected):
    found = value("amount", text)
    assert isinstance(found, Decimal)
    assert str(found) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1.000", "may be 1.000 or 1000; decimal= settles it"),
        ("$35,000", "may be 35.000 or 35000; decimal= settles it"),
        ("6900,000", "may be 6900.000 or 6900000"),
        ("1,0870000", "may be 1.0870000 or 10870000"),
        ("12 34", "cannot be read"),
        ("1,75,00", "cannot be read"),
        ("1.000.00", "cannot be read"),
        ("1.234,567.89", "cannot be read"),
        ("2.5½", "cannot be read"),
        ("12.50 45/100", "cannot be read"),
        ("-12-", "strokes on both sides"),
        ("$12€", "signs of two currencies"),
        ("xx/100", "no figure stands before it"),
        ("1..2", "not of the grammar amount"),
        ("", "not of the grammar amount"),
        ("twelve", "not of the grammar amount"),
    ],
)
def test_amounts_that_are_not_settled_say_why(text, reason):
    meaning = grammar.get("amount").meaning(text)
    assert meaning.value is None
    assert reason in meaning.reason


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("1.000", "1.000", "1000"),
        ("35,000", "35000", "35.000"),
        ("1,0870000", "10870000", "1.0870000"),
        ("6900,000", "6900000", "6900.000"),
        ("3.975,00", None, "3975.00"),
        ("$1,234.56", "1234.56", None),
        ("1,5", None, "1.5"),
        ("1,75,00", None, None),
        ("12340,56789", None, "12340.56789"),
        ("£1.000", "1.000", "1000"),
    ],
)
def test_a_known_mark_settles_or_refuses(text, point, comma):
    for decimal, expected in ((".", point), (",", comma)):
        found = value("amount", text, decimal)
        assert (found if found is None else str(found)) == expected


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("number", "12340.56789", "12340.56789"),
        ("number", "1234.567", "1234.567"),
        ("number", "3,14159", "3.14159"),
        ("number", "+5.25", "5.25"),
        ("number", "- 5", "-5"),
        ("number", "-½", "-0.5"),
        ("number", "1.000", None),
        ("number", "12-", None),
        ("number", "1 234 567", "1234567"),
        ("percentage", "12.5%", "12.5"),
        ("percentage", "12,5 %", "12.5"),
        ("percentage", "100", "100"),
        ("percentage", "0.125%", "0.125"),
        ("percentage", "%", None),
    ],
)
def test_numbers_and_percentages(kind, text, expected):
    found = value(kind, text)
    assert (found if found is None else str(found)) == expected


@settings(max_examples=300, deadline=None)
@given(st.text("0012.,-/=*$½ x%'", max_size=12))
def test_the_acceptor_and_the_value_know_the_same_forms(text):
    """A text that is not of the form has no value; one that is gets a value or a reason, never an exception."""
    for kind, pattern in (("number", NUMBER), ("amount", AMOUNT), ("percentage", PERCENTAGE)):
        meaning = grammar.get(kind).meaning(text)
        assert grammar.get(kind).matches(text) == bool(re.fullmatch(pattern, text))
        assert (meaning.value is None) == bool(meaning.reason)
        if "not written as" in meaning.reason:
            pytest.fail(f"{text!r} is matched, but not understood")


@pytest.mark.data
def test_the_amounts_on_real_cheques(data):
    """With the mark of the country, all are settled and right; without it, none is wrong."""
    with tarfile.open(data / "cheques.tar") as tar:
        member = tar.extractfile("labels.jsonl")
        assert member is not None
        cheques = [json.loads(line) for line in member]
    assert len(cheques) == 59
    for cheque in cheques:
        text, amount = cheque["amount_written"], Decimal(cheque["amount"])
        assert grammar.get("amount").matches(text), text
        assert value("amount", text, ".") == amount
        assert value("amount", text) in (None, amount)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[("0", "0"), ("7", "7"), ("10", "10"), ("100", "100"), ("6½", "6.5"), ("61/2", "6.5"), ("6 1/2", "6.5")],
        *[("½", "0.5"), ("1/2", "0.5"), ("11/2", "1.5"), ("12½", "12.5"), ("8.5", "8.5"), ("8,5", "8.5")],
        *[("2-", "2"), ("6½-", "6.5"), ("-3", "3"), ("4.", "4"), ("3%", "3.5")],
    ],
)
def test_marks_have_their_value_in_halves(text, expected):
    assert value("mark", text) == Decimal(expected)


@pytest.mark.parametrize("text", ["/", "-"])
def test_a_stroke_is_a_mark_without_a_value_and_nothing_is_wrong_with_it(text):
    assert grammar.get("mark").meaning(text) == grammar.Meaning(None)


@pytest.mark.parametrize("text", ["07", "101", "123", "8.7", "1/3", "½½", "6½½", "", "?"])
def test_what_no_examiner_writes_is_no_mark(text):
    assert not grammar.get("mark").matches(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("31/2", "3.5"), ("1/2", "0.5"), ("-3 1/2", "-3.5"), ("1,0001/2", "1000.5")]
)
def test_a_half_may_be_spelled_out(text, expected):
    assert value("number", text) == Decimal(expected)


def test_a_second_digit_of_a_mark_costs_and_that_of_a_half_does_not():
    acceptor = grammar.get("mark").acceptor

    def added(text: str) -> float:
        state, total = 0, 0.0
        for sign in text:
            column = acceptor.alphabet.index(sign)
            total += acceptor.score[state, column]
            state = acceptor.next[state, column]
        return total

    assert {added(text) for text in ("5", "5½", "51/2", "1/2", "½", "/")} == {0.0}
    assert {added(text) for text in ("15", "15½", "511/2", "10", "100")} == {-4.0}
