"""Grammars: what a field may say, as an acceptor for the search, and what its text means.

`get` knows names and patterns, `&` narrows one grammar by another, and `constraints` are made to narrow by.
"""

from lenet.grammar.automata import SYMBOLS, WRITABLE, Acceptor
from lenet.grammar.constraints import between, length, luhn, only, remainder, skipping, weighted
from lenet.grammar.grammars import Grammar
from lenet.grammar.named import NAMES, digits_of, get
from lenet.grammar.values import Meaning

__all__ = [
    "NAMES",
    "SYMBOLS",
    "WRITABLE",
    "Acceptor",
    "Grammar",
    "Meaning",
    "between",
    "digits_of",
    "get",
    "length",
    "luhn",
    "only",
    "remainder",
    "skipping",
    "weighted",
]
