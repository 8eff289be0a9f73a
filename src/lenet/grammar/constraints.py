"""Constraints to narrow a grammar by: an alphabet, a length, a checksum, a range.

Each is a grammar itself, so that `get("digits") & length(16) & luhn()` is one acceptor, exact, and part of the search
for the best reading instead of a test after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import numpy as np

from lenet.errors import GrammarError
from lenet.grammar.automata import WRITABLE, Acceptor, explore
from lenet.grammar.grammars import Grammar
from lenet.grammar.values import Mark

__all__ = ["between", "length", "luhn", "only", "remainder", "skipping", "weighted"]

_DIGITS = "0123456789"

_PLACES = 200
"""Places before and after the decimal mark that a bound may have, together."""


def only(symbols: str) -> Grammar:
    """Return the grammar of texts of these symbols and no others."""
    kinds = [0] * len(symbols)
    return Grammar(f"only({symbols!r})", explore(False, lambda _, symbol: True, bool, symbols, kinds))


def length(least: int, most: int | None = None, *, alphabet: str = WRITABLE) -> Grammar:
    """Return the grammar of texts of `least` to `most` symbols; of just `least` where `most` is not given.

    Raises
    ------
    GrammarError
        The lengths are not 0 <= least <= most, or most is 0 or more than 4095.
    """
    most = least if most is None else most
    if not 0 <= least <= most:
        raise GrammarError(f"a length from {least} to {most} is impossible; give 0 <= least <= most")
    acceptor = explore(
        0, lambda n, symbol: n + 1 if n < most else None, lambda n: n >= least, alphabet, [0] * len(alphabet)
    )
    return Grammar(f"length({least}, {most})", acceptor)


def luhn() -> Grammar:
    """Return the grammar of digits whose Luhn checksum is right (ISO/IEC 7812-1), of any length.

    Which digits are doubled is counted from the end, that is not known while reading; so both sums are kept, the one
    if the last digit read stays single and the one if it is doubled.
    """

    def step(sums: tuple[int, int, bool], symbol: str) -> tuple[int, int, bool]:
        single, doubled = int(symbol), sum(divmod(2 * int(symbol), 10))
        return (sums[1] + single) % 10, (sums[0] + doubled) % 10, True

    return Grammar("luhn", explore((0, 0, False), step, lambda sums: sums[2] and sums[0] == 0, _DIGITS))


def remainder(modulus: int = 97, rest: int = 1) -> Grammar:
    """Return the grammar of digits that, read as a number, leave `rest` when divided by `modulus`.

    97 and 1 are those of ISO 7064 MOD 97-10; letters, as at the head of an IBAN, have to be digits by then.

    Raises
    ------
    GrammarError
        There is no such remainder, or `modulus` needs too many states.
    """
    _check_remainder(modulus, rest)

    def step(state: int, symbol: str) -> int:
        return (10 * max(state, 0) + int(symbol)) % modulus

    return Grammar(f"remainder({modulus}, {rest})", explore(-1, step, lambda state: state == rest, _DIGITS))


def weighted(weights: Sequence[int], modulus: int = 11, rest: int = 0, *, ten: str = "") -> Grammar:
    """Return the grammar of as many digits as weights, whose weighted sum leaves `rest` when divided by `modulus`.

    ISBN-10 is `weighted(range(10, 0, -1), 11, ten="X")`, EAN-13 is `weighted((1, 3) * 6 + (1,), 10)`.

    Parameters
    ----------
    weights : of the first digit to the last.
    modulus, rest : as in `remainder`.
    ten : the symbol that may stand for 10 in the last place.

    Raises
    ------
    GrammarError
        There is no such remainder, or it needs too many states, or no digits satisfy it.
    """
    _check_remainder(modulus, rest)
    places = len(weights)

    def step(state: tuple[int, int], symbol: str) -> tuple[int, int] | None:
        place, total = state
        if place == places or (symbol == ten and place < places - 1):
            return None
        digit = 10 if symbol == ten else int(symbol)
        return place + 1, (total + weights[place] * digit) % modulus

    acceptor = explore((0, 0), step, lambda state: state == (places, rest), _DIGITS + ten)
    return Grammar(f"weighted({tuple(weights)}, {modulus}, {rest})", acceptor)


def _check_remainder(modulus: int, rest: int) -> None:
    if not 0 <= rest < modulus:
        raise GrammarError(f"no number leaves {rest} when divided by {modulus}; give 0 <= rest < modulus")


def skipping(grammar: Grammar, symbols: str) -> Grammar:
    """Return the grammar of the texts that are of `grammar` once `symbols` are struck out of them.

    A checksum over groups: `get("regex:[0-9]{4}( [0-9]{4}){3}") & skipping(luhn(), " ")`.

    Raises
    ------
    GrammarError
        The grammar has one of the symbols itself.
    """
    old = grammar.acceptor
    if shared := set(symbols) & set(old.alphabet):
        raise GrammarError(f"{''.join(sorted(shared))!r} belongs to the grammar {grammar.name} and cannot be skipped")
    states = np.arange(len(old.accepting), dtype=np.int32)
    loops = np.repeat(states[:, None], len(symbols), axis=1)
    score = None if old.score is None else np.hstack([old.score, np.zeros(loops.shape, np.float32)])
    acceptor = Acceptor(old.alphabet + symbols, np.hstack([old.next, loops]), old.accepting, score)
    return Grammar(
        f"skipping({grammar.name}, {symbols!r})", acceptor, grammar.kind, grammar.decimal, grammar.date_order
    )


def between(low: Decimal | int | str, high: Decimal | int | str, *, decimal: Mark = ".") -> Grammar:
    """Return the grammar of numbers from `low` to `high`, both included, written in digits without separators.

    Zeros may stand before, any decimals behind, and a minus sign in front where `low` is negative. Use `skipping` for
    numbers with separators: `get("number", decimal=".") & skipping(between(0, 5000), ",")`.

    Raises
    ------
    GrammarError
        A bound is not a finite number, or they are in the wrong order.
    """
    bounds = _exact(low), _exact(high)
    if bounds[0] > bounds[1]:
        raise GrammarError(f"no number is between {low} and {high}; give the lower bound first")
    ranges = {
        "": tuple(map(_Bound.of, bounds)),
        "-": tuple(_Bound.of(bound.copy_negate()) for bound in reversed(bounds)),
    }
    places = ((0, 0), (0, 0))
    start: _Read = ("", "start", *places)

    def step(state: _Read, symbol: str) -> _Read | None:
        sign, part, *compared = state
        if symbol == "-":
            return ("-", "start", *places) if state == start and bounds[0] < 0 else None
        pairs = list(zip(ranges[sign], compared, strict=True))
        if symbol == decimal:
            below, above = (bound.at_mark(*place) for bound, place in pairs)
            return (sign, "mark", below, above) if part in ("start", "whole") else None
        part = "whole" if part in ("start", "whole") else "decimals"
        below, above = (bound.after(part, *place, int(symbol)) for bound, place in pairs)
        return sign, part, below, above

    def accepts(state: _Read) -> bool:
        sign, part, *compared = state
        below, above = (bound.compare(part, *place) for bound, place in zip(ranges[sign], compared, strict=True))
        return part in ("whole", "decimals") and below >= 0 >= above

    return Grammar(f"between({low}, {high})", explore(start, step, accepts, _DIGITS + decimal + "-"), "number", decimal)


_Place = tuple[int, int]
_Read = tuple[str, str, _Place, _Place]
"""The sign, the part of the number that is being read, and how it compares with the lower and the upper bound."""


@dataclass(frozen=True)
class _Bound:
    """What the digits of a number are compared with, one at a time; they are of no sign, the bound may be negative.

    A place is how many digits of this part were read, zeros in front left out, and the order so far: -1 if the number
    is below the bound as far as it was read, 1 if it is above, 0 if it is the same.
    """

    whole: str
    decimals: str
    negative: bool

    @classmethod
    def of(cls, bound: Decimal) -> _Bound:
        whole, _, decimals = f"{bound.copy_abs():f}".partition(".")
        return cls(whole.lstrip("0"), decimals.rstrip("0"), bound < 0)

    def after(self, part: str, place: int, order: int, digit: int) -> _Place:
        """Return the place after one more digit."""
        if part == "whole" and place == 0 and digit == 0:
            return 0, order
        digits = self.whole if part == "whole" else self.decimals
        expected = int(digits[place]) if place < len(digits) else 0
        return min(place + 1, len(digits) + (part == "whole")), order or _order(digit, expected)

    def at_mark(self, place: int, order: int) -> _Place:
        """Return the place after the decimal mark: more digits before it make the larger number."""
        return 0, _order(place, len(self.whole)) or order

    def compare(self, part: str, place: int, order: int) -> int:
        """Return -1, 0 or 1 as a number that ends here is below the bound, the bound, or above it."""
        if self.negative:
            return 1
        if part == "whole":
            place, order = self.at_mark(place, order)
        return order or -int(place < len(self.decimals))


def _order(one: int, other: int) -> int:
    return (one > other) - (one < other)


def _exact(bound: Decimal | int | str) -> Decimal:
    if isinstance(bound, float):
        raise GrammarError(
            f"the bound {bound!r} is a float, and not exactly what it shows; give '{bound}' or a Decimal"
        )
    try:
        exact = Decimal(bound)
    except (InvalidOperation, TypeError, ValueError):
        exact = Decimal("NaN")
    if not exact.is_finite() or len(exact.as_tuple().digits) + abs(exact.adjusted()) > _PLACES:
        raise GrammarError(
            f"the bound {bound!r} is no number of {_PLACES} places at most; give one as integer or string"
        )
    return exact
