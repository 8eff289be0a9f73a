"""Numbers as people write them: how numbers, amounts and percentages look, and which value they have.

The forms forgive, the values do not. `110,00,00,000` is read, and is 1100000000 since its commas cannot all be
decimal marks; `1.000` is read, but has no value until someone says what its point is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from lenet.grammar.values import Mark, Meaning

__all__ = ["AMOUNT", "DIGITS", "MARK", "NUMBER", "PERCENTAGE", "amount", "mark", "number", "percentage"]

_SEPARATOR = r"(?: ?[.,'] ?| )"
_FIGURES = rf"(?:[0-9]+(?:{_SEPARATOR}[0-9]+)*|[.,][0-9]+)"
_FILLERS = r"[*#=-]*"
_SIGN = "[$₹£€]"
_HALF = "½|1/2"
"""A small fraction: read as one sign, or as the three that it is made of; 51/2 is 5½, since halves have no others."""
_CENTS = r"(?:[0-9]{2}|[xX]{2}|--)/(?:100|[xX]{2})"

DIGITS = "[0-9]+"

NUMBER = rf"(?P<minus>[+-])? ?(?:(?P<figures>{_FIGURES})[.,]?(?: ?(?P<half>{_HALF}))?|(?P<only_half>{_HALF}))"
"""Digits in any groups, by points, commas, apostrophes or spaces; a sign before, a half behind."""

_MARK = rf"(?P<figures>[0-9]|[1-9][0-9]|100)(?: ?(?P<half>{_HALF}|%|[.,]5))?|(?P<only_half>{_HALF}|%)"
MARK = rf"-?(?:{_MARK})[-.,]?|(?P<none>[/-])"
"""What an examiner writes into a box of a table: 0 to 100 in halves, or a stroke where there is nothing to mark.

Strokes before and behind a mark come from the boxes beside it, or lead there. A fraction looks like a sign of
percent, which no mark has.
"""

PERCENTAGE = rf"{NUMBER}(?: ?%)?"
"""A number, and a sign that may be missing."""

AMOUNT = (
    rf"(?P<before>{_FILLERS} ?(?:{_SIGN} ?/?{_FILLERS} ?)?)"
    rf"(?:(?:(?P<whole>{_FIGURES})(?P<joined>[*.,-]* ?))?(?P<cents>{_CENTS})"
    rf"|(?P<figures>{_FIGURES})(?: ?(?P<half>½))?|(?P<only_half>½))"
    rf"(?P<behind> ?[.,:]? ?(?P<closed>/[-=]*)? ?{_FILLERS} ?(?:{_SIGN} ?{_FILLERS})?)"
)
"""Figures with fillers, a sign of currency and strokes around them; cents as decimals or over a hundred; a half.

Of `/-` the stroke may be missing, and behind a printed sign the side of its box may stand like a slash.
"""

_USUAL_DECIMALS = 3
"""Decimals that amounts have: two nearly everywhere, three in some dinars."""


def number(text: str, decimal: Mark | None) -> Meaning:
    """Return the `Decimal` that a text of the form `NUMBER` or `PERCENTAGE` writes; 12.5 for `12.5%`."""
    found = re.fullmatch(PERCENTAGE, text)
    if found is None:
        return Meaning(None, f"{text!r} is not written as a number")
    minus = "-" if found["minus"] == "-" else ""
    if found["only_half"]:
        return Meaning(Decimal(f"{minus}0.5"))
    rules = _Rules(decimal, limit=0 if found["half"] else None)
    return _meaning(minus, found["figures"], "5" if found["half"] else "", rules)


percentage = number


def mark(text: str) -> Meaning:
    """Return the `Decimal` that a text of the form `MARK` writes; a stroke is no number, and says no more than that."""
    found = re.fullmatch(MARK, text)
    if found is None:
        return Meaning(None, f"{text!r} is not written as a mark")
    if found["none"]:
        return Meaning(None)
    return Meaning(Decimal((found["figures"] or "0") + (".5" if found["half"] or found["only_half"] else "")))


def amount(text: str, decimal: Mark | None) -> Meaning:
    """Return the `Decimal` that a text of the form `AMOUNT` writes, in whole units of its currency.

    Without `decimal`, the signs of rupees and pounds say that the point is the decimal mark, and `/-` that no more
    than two decimals can be meant. One stroke before the figures is a minus, unless strokes follow them too.
    """
    found = re.fullmatch(AMOUNT, text)
    if found is None:
        return Meaning(None, f"{text!r} is not written as an amount")
    signs = set(re.findall(_SIGN, text))
    if len(signs) > 1:
        return Meaning(None, f"{text!r} has the signs of two currencies")
    minus = "-" if re.sub(rf"{_SIGN}|[ *#]", "", found["before"]) == "-" else ""
    if minus and re.search("[-=]", found["behind"].replace(found["closed"] or "", "")):
        return Meaning(None, f"{text!r} has strokes on both sides: a minus sign, or fillers")
    if decimal is None and signs & {"₹", "£"}:
        decimal = "."
    if found["cents"]:
        return _with_cents(minus, found["whole"], found["cents"], decimal)
    if found["only_half"]:
        return Meaning(Decimal(f"{minus}0.5"))
    limit = 0 if found["half"] else 2 if found["closed"] else None
    rules = _Rules(decimal, limit, usual=_USUAL_DECIMALS)
    return _meaning(minus, found["figures"], "5" if found["half"] else "", rules)


def _with_cents(minus: str, whole: str | None, cents: str, decimal: Mark | None) -> Meaning:
    if not cents[0].isdigit():
        if not whole:
            return Meaning(None, f"{cents!r} says that there are no cents, but no figure stands before it")
        cents = "00"
    return _meaning(minus, whole or "0", cents[:2], _Rules(decimal, limit=0))


@dataclass(frozen=True)
class _Rules:
    """How separators may be read.

    `decimal` is the mark, if it is known; decimals beyond `limit` are impossible, beyond `usual` irregular. Where a
    number of decimals is usual, as in amounts, one separator before three digits is never taken for the decimal mark
    on its own: `6900,000` is 6900.000 to some and 6900000 to others.
    """

    decimal: Mark | None
    limit: int | None = None
    usual: int | None = None


def _meaning(minus: str, figures: str, tail: str, rules: _Rules) -> Meaning:
    """Return the meaning of figures with separators, and of decimals written in another way behind them."""
    figures = re.sub(r" *([.,']) *", r"\1", figures)
    readings = _readings(figures, rules)
    for regular in (True, False):
        values = sorted({plain for is_regular, plain in readings if is_regular == regular})
        if len(values) == 1:
            return Meaning(Decimal(minus + values[0] + ("." if tail else "") + tail))
        if values:
            return Meaning(None, f"{figures!r} may be {' or '.join(values)}; decimal= settles it")
    known = f" with {rules.decimal!r} before the decimals" if rules.decimal else ""
    return Meaning(None, f"the separators of {figures!r} cannot be read{known}")


def _readings(figures: str, rules: _Rules) -> list[tuple[bool, str]]:
    """Return each way to read the separators: whether it is regular, and the number without them."""
    marks: list[str]
    if rules.decimal:
        marks = [rules.decimal if rules.decimal in figures else ""]
    else:
        marks = ["", *(mark for mark in ".," if mark in figures)]
    return [reading for mark in marks if (reading := _read(figures, mark, rules))]


def _read(figures: str, mark: str, rules: _Rules) -> tuple[bool, str] | None:
    head, _, decimals = figures.partition(mark) if mark else (figures, "", "")
    separators = set(re.sub("[0-9]", "", head))
    if len(separators) > 1 or (decimals and not decimals.isdigit()):
        return None
    if rules.limit is not None and len(decimals) > rules.limit:
        return None
    groups = head.split(separators.pop()) if separators else [head]
    if len(groups) > 1 and not _groups_something(groups):
        return None
    regular = _is_regular(groups)
    if rules.usual is not None:
        regular = (regular or list(map(len, groups[1:])) == [3]) and len(decimals) <= rules.usual
    return regular, ("".join(groups) or "0") + ("." if decimals else "") + decimals


def _groups_something(groups: list[str]) -> bool:
    """Return whether a writer, however careless, may have parted thousands like this.

    Nobody writes a zero before the first separator, or fewer than three digits after the last; and who leaves more
    than three digits unparted at the head still ends in a group of three.
    """
    first, last = groups[0], groups[-1]
    return not first.startswith("0") and len(last) >= 3 and (len(first) <= 3 or len(last) == 3)


def _is_regular(groups: list[str]) -> bool:
    """Return whether the groups are of threes, or as in India: the last of three, the others of two."""
    first, *others = map(len, groups)
    if not others:
        return True
    threes = first <= 3 and set(others) == {3}
    indian = first <= 2 and others[-1] == 3 and set(others[:-1]) <= {2}
    return threes or indian
