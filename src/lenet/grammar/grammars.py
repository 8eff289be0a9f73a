"""The grammar of a field: which texts it may hold, and what each of them means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lenet.errors import GrammarError
from lenet.grammar import dates, numbers
from lenet.grammar.automata import Acceptor, product
from lenet.grammar.values import DateOrder, Mark, Meaning, Value

__all__ = ["Grammar", "Kind"]

Kind = Literal["text", "number", "mark", "amount", "percentage", "date", "time"]


@dataclass(frozen=True)
class Grammar:
    """What a field may say, and what that means. Frozen, hashable, and it can be pickled.

    Make one by a name or a pattern with `lenet.grammar.get`, and narrow it by others: `one & other` holds the texts
    of both, with the meaning of the first that has a meaning beyond its text.

    Parameters
    ----------
    name : what it goes by in messages.
    acceptor : which texts it holds.
    kind : how a text is understood; a "text" means itself.
    decimal : what stands before the decimals of a number; None where a text has to settle it.
    date_order : in which order a date is written; None where a text has to settle it.

    Raises
    ------
    GrammarError
        It holds no text at all, or none but the empty one.

    Examples
    --------
    >>> from lenet import grammar
    >>> amount = grammar.get("amount")
    >>> amount.value("1,75,00,000/-")
    Decimal('17500000')
    >>> amount.meaning("1.000").reason
    "'1.000' may be 1.000 or 1000; decimal= settles it"
    >>> grammar.get("amount", decimal=",").value("1.000")
    Decimal('1000')
    """

    name: str
    acceptor: Acceptor
    kind: Kind = "text"
    decimal: Mark | None = None
    date_order: DateOrder | None = None

    def __post_init__(self) -> None:
        if self.acceptor.empty:
            raise GrammarError(f"the grammar {self.name} matches nothing that could be written; make it wider")

    @property
    def alphabet(self) -> str:
        """The symbols that its texts have."""
        return self.acceptor.alphabet

    def matches(self, text: str) -> bool:
        """Return whether the whole of `text` is of this grammar."""
        return self.acceptor.matches(text)

    def value(self, text: str) -> Value | None:
        """Return what `text` says, or None where that is not settled; `meaning` has the reason."""
        return self.meaning(text).value

    def meaning(self, text: str) -> Meaning:
        """Return what `text` says, or the reason why that is not settled."""
        if not self.matches(text):
            return Meaning(None, f"{text!r} is not of the grammar {self.name}")
        match self.kind:
            case "text":
                return Meaning(text)
            case "number":
                return numbers.number(text, self.decimal)
            case "mark":
                return numbers.mark(text)
            case "amount":
                return numbers.amount(text, self.decimal)
            case "percentage":
                return numbers.percentage(text, self.decimal)
            case "date":
                return dates.day(text, self.date_order)
            case "time":
                return dates.time_of_day(text)

    def table(self, alphabet: Iterable[str]) -> Acceptor:
        """Return the smallest acceptor over the symbols of a network, its columns in their order.

        Symbols that the network does not know cannot be read; texts that need them are left out.

        Raises
        ------
        GrammarError
            The network's symbols write no text of this grammar, or one of them is not a single character.
        """
        symbols = tuple(alphabet)
        narrowed = self.acceptor.over(symbols)
        if narrowed.empty:
            missing = "".join(symbol for symbol in self.alphabet if symbol not in symbols)
            raise GrammarError(
                f"the grammar {self.name} needs symbols that the network does not know, among {missing!r}; "
                f"use a network that knows them, or a grammar of {''.join(symbols)!r}"
            )
        return narrowed

    def scored(self, scores: Mapping[str, float]) -> Grammar:
        """Return it with a score for symbols: natural-log units added each time one is read, higher is better.

        Symbols that are not named add nothing to what they had.
        """
        added = np.array([scores.get(symbol, 0.0) for symbol in self.alphabet], np.float32)
        before = np.float32(0) if self.acceptor.score is None else self.acceptor.score
        total = np.where(self.acceptor.next >= 0, before + added, 0)
        return replace(self, acceptor=replace(self.acceptor, score=total))

    def __and__(self, other: Grammar) -> Grammar:
        """Return the grammar of the texts that both hold."""
        meant = other if self.kind == "text" else self
        both = product(self.acceptor, other.acceptor)
        return replace(meant, name=f"{self.name} & {other.name}", acceptor=both)

    def __repr__(self) -> str:
        options = [f", {name}={value!r}" for name in ("decimal", "date_order") if (value := getattr(self, name))]
        return f"Grammar({self.name!r}, {len(self.acceptor.accepting)} states{''.join(options)})"
