"""The grammars that go by a name, and what users may give in place of one."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import get_args

import numpy as np

from lenet.errors import GrammarError
from lenet.grammar.automata import Acceptor
from lenet.grammar.dates import TIME, day_pattern
from lenet.grammar.grammars import Grammar, Kind
from lenet.grammar.numbers import AMOUNT, DIGITS, MARK, NUMBER, PERCENTAGE
from lenet.grammar.patterns import accept
from lenet.grammar.values import DateOrder, Mark

__all__ = ["NAMES", "digits_of", "get"]

_PATTERNS: dict[str, tuple[str, Kind]] = {
    "digits": (DIGITS, "text"),
    "number": (NUMBER, "number"),
    "amount": (AMOUNT, "amount"),
    "percentage": (PERCENTAGE, "percentage"),
    "date": ("", "date"),  # depends on the order
    "time": (TIME, "time"),
    "mark": (MARK, "mark"),
}

NAMES = tuple(_PATTERNS)
"""The grammars that `get` knows."""

_PREFIX = "regex:"

_RARE = 4.0
"""Natural logarithms that a second digit of a mark costs: most questions give less than ten; of ours."""


def get(
    kind: str | re.Pattern[str] | Grammar, *, decimal: Mark | None = None, date_order: DateOrder | None = None
) -> Grammar:
    """Return the grammar that a user means.

    An option that a kind has no use for is not looked at: one setting serves all the fields of a page.

    Parameters
    ----------
    kind : one of `NAMES`; a pattern as "regex:[0-9]{8}" or compiled by `re`; or a grammar, which is returned as it is.
    decimal : "." or ",": what stands before the decimals; None leaves it to each text to settle that.
    date_order : "dmy", "mdy" or "ymd": the order of dates, which is then the only one that is read; None for any.

    Raises
    ------
    GrammarError
        There is no such name or option, or the pattern cannot be used.

    Examples
    --------
    >>> from lenet import grammar
    >>> grammar.get("date", date_order="dmy").value("03/04/2019")
    datetime.date(2019, 4, 3)
    >>> grammar.get("regex:[0-9]{8}").matches("1234567")
    False
    """
    _check("decimal", decimal, get_args(Mark))
    _check("date_order", date_order, get_args(DateOrder))
    if isinstance(kind, Grammar):
        return kind
    if isinstance(kind, str) and kind.startswith(_PREFIX):
        return _of_pattern(kind.removeprefix(_PREFIX))
    if isinstance(kind, re.Pattern):
        return _of_pattern(kind)
    if kind not in NAMES:
        raise GrammarError(
            f"{kind!r} is no grammar; give one of {', '.join(NAMES)}, or a pattern such as 'regex:[0-9]{{8}}'"
        )
    return _named(kind, decimal, date_order if kind == "date" else None)


def _check(name: str, option: str | None, choices: tuple[str, ...]) -> None:
    if option is not None and option not in choices:
        raise GrammarError(f"{name} is {option!r}; give {', '.join(map(repr, choices))} or None")


def _of_pattern(pattern: str | re.Pattern[str]) -> Grammar:
    acceptor = accept(pattern)
    text = pattern if isinstance(pattern, str) else pattern.pattern
    return Grammar(_PREFIX + (text if len(text) <= 60 else f"{text[:57]}..."), acceptor)


@cache
def _named(name: str, decimal: Mark | None, date_order: DateOrder | None) -> Grammar:
    pattern, kind = _PATTERNS[name]
    acceptor = accept(day_pattern(date_order) if kind == "date" else pattern)
    if kind == "mark":
        acceptor = _with_costs(acceptor)
    return Grammar(name, acceptor, kind, decimal, date_order)


def _with_costs(acceptor: Acceptor) -> Acceptor:
    """Return the acceptor of marks in which a second digit costs `_RARE`, unless it is the first of 1/2."""
    score = np.zeros(acceptor.next.shape, np.float32)
    digits = [acceptor.alphabet.index(digit) for digit in "0123456789"]
    slash = acceptor.alphabet.index("/")
    first = {int(acceptor.next[0, digit]) for digit in digits}
    for state, ends in enumerate(acceptor.accepting):
        if state in first:
            score[state, [d for d in digits if acceptor.accepting[acceptor.next[state, d]]]] = -_RARE
        elif ends and acceptor.next[state, slash] >= 0:
            score[state, slash] = _RARE  # 51/2 has no second digit after all
    return replace(acceptor, score=np.where(acceptor.next >= 0, score, 0).astype(np.float32))


def digits_of(text: str) -> str:
    """Return the digits of a text in their order, and nothing else; what labels of digits only are compared with."""
    return re.sub("[^0-9]", "", text)
