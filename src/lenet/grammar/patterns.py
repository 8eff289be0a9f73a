"""Regular expressions as acceptors: Python's own syntax, without what no finite automaton can do.

A pattern is parsed to a tree, the tree becomes a nondeterministic automaton with moves that read nothing (Thompson,
"Regular expression search algorithm", 1968), and sets of its states become the states of the acceptor. What a class
such as `[^0-9]` holds is asked of `re` itself, one symbol at a time. The work is counted, so that a pattern
that would explode is refused at the same point on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from lenet.errors import GrammarError
from lenet.grammar.automata import WRITABLE, Acceptor, explore

__all__ = ["accept"]

LENGTH = 4000
"""Characters that a pattern may have."""

DEPTH = 50
"""Groups that may stand inside each other."""

POSITIONS = 20_000
"""States of the nondeterministic automaton: about two for each character of a pattern whose counts are written out."""

WORK = 500_000
"""Moves that may be looked at: some tenths of a second."""


def accept(pattern: str | re.Pattern[str]) -> Acceptor:
    """Return the acceptor of what a pattern matches as a whole.

    Parameters
    ----------
    pattern : a regular expression as `re` understands it. Anchors are obeyed but not needed. Lazy repetition means
        the same as greedy. `.` and classes choose from `WRITABLE` and the pattern's own characters.

    Raises
    ------
    GrammarError
        It is no regular expression, looks around or back, or needs too many states or too much work.
    """
    return _accept(_compiled(pattern))


@lru_cache(256)
def _accept(pattern: re.Pattern[str]) -> Acceptor:
    own = (symbol for symbol in dict.fromkeys(pattern.pattern) if symbol not in WRITABLE and symbol.isprintable())
    alphabet = WRITABLE + "".join(own)
    tree = _Parser(pattern, alphabet).parse()
    if _size(tree) > POSITIONS:
        raise GrammarError(
            f"the pattern {_shown(pattern.pattern)} stands for more than {POSITIONS} positions once its counts are "
            "written out; use smaller counts, or * or + in their place"
        )
    automaton = _Automaton(pattern.pattern)
    start, end = automaton.add(tree)
    return automaton.deterministic(start, end, *_kinds(tree, alphabet))


def _compiled(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    text = pattern if isinstance(pattern, str) else pattern.pattern
    if not isinstance(text, str):
        raise GrammarError(f"the pattern {text!r} is of bytes; compile it from a string")
    if len(text) > LENGTH:
        raise GrammarError(f"the pattern has {len(text)} characters; at most {LENGTH} are possible")
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        reason = str(error) or "it is nested too deeply"
        raise GrammarError(f"{_shown(text)} is not a regular expression: {reason}; correct it") from error
    if compiled.flags & re.VERBOSE:
        raise GrammarError(f"the pattern {_shown(text)} has the flag VERBOSE; write it without spaces and comments")
    return compiled


def _shown(pattern: str) -> str:
    return repr(pattern if len(pattern) <= 60 else pattern[:57] + "...")


@dataclass(frozen=True)
class _Symbols:
    """One symbol out of some."""

    among: frozenset[str]


@dataclass(frozen=True)
class _Edge:
    """Nothing, but only at the start or at the end of the text."""

    at_end: bool


@dataclass(frozen=True)
class _Join:
    """One part after the other."""

    parts: tuple[_Node, ...]


@dataclass(frozen=True)
class _Choice:
    """One of several."""

    options: tuple[_Node, ...]


@dataclass(frozen=True)
class _Repeat:
    """The same from `low` to `high` times, or without end where `high` is None."""

    part: _Node
    low: int
    high: int | None


_Node = _Symbols | _Edge | _Join | _Choice | _Repeat


def _size(node: _Node) -> int:
    """Return how many states the node takes in the nondeterministic automaton, without building it."""
    match node:
        case _Join(parts) | _Choice(parts):
            return 2 + sum(map(_size, parts))
        case _Repeat(part, low, high):
            return 2 + _size(part) * max(low + 1 if high is None else high, 1)
        case _:
            return 2


_QUANTIFIER = re.compile(r"([*+?]|\{(?!\})([0-9]*)(?:(,)([0-9]*))?\})([?+]?)")
_OPENING = re.compile(r"\((?!\?)|\(\?:|\(\?P<\w+>")
_SKIPPED = re.compile(r"\(\?#[^)]*\)|\(\?[aiLmsux]+\)")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|0[0-7]{0,2}|[1-3][0-7]{2}|.)", re.DOTALL
)
_REFUSED = (
    (re.compile(r"\(\?(?:=|!|<=|<!)|\\[bB]"), "looks around; say what has to be there instead"),
    (re.compile(r"\(\?P=|\\[1-9](?![0-7]{2})|\\[4-9]"), "refers back to a group; write out what may stand there"),
    (re.compile(r"\(\?\("), "asks whether a group took part; write the two cases out with |"),
    (re.compile(r"\(\?>"), "has an atomic group; use (?:...)"),
    (re.compile(r"\(\?[a-zA-Z-]+:"), "sets flags inside; set them for the whole pattern"),
)
_EDGES = {"^": False, "\\A": False, "$": True, "\\Z": True, "\\z": True}


class _Parser:
    """Read a pattern that `re` has compiled, from left to right."""

    def __init__(self, pattern: re.Pattern[str], alphabet: str) -> None:
        self.text, self.flags, self.alphabet = pattern.pattern, pattern.flags & ~re.DEBUG, alphabet
        self.at = self.depth = 0
        self.known: dict[str, _Symbols] = {}

    def parse(self) -> _Node:
        return self._choice()

    def _choice(self) -> _Node:
        options = [self._join()]
        while self.text[self.at : self.at + 1] == "|":
            self.at += 1
            options.append(self._join())
        return options[0] if len(options) == 1 else _Choice(tuple(options))

    def _join(self) -> _Node:
        parts: list[_Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            if skipped := _SKIPPED.match(self.text, self.at):
                self.at = skipped.end()
            elif (found := _QUANTIFIER.match(self.text, self.at)) and parts:
                parts[-1] = self._repeat(parts[-1], found)
            else:
                parts.append(self._atom())
        return _Join(tuple(parts))

    def _repeat(self, part: _Node, found: re.Match[str]) -> _Node:
        self.at = found.end()
        kind, low, comma, high, suffix = found.groups()
        if suffix == "+":
            raise self._refusal("repeats without giving back (possessive); leave the last + away")
        if kind in ("*", "+", "?"):
            return _Repeat(part, int(kind == "+"), 1 if kind == "?" else None)
        return _Repeat(part, int(low or 0), int(low) if not comma else int(high) if high else None)

    def _atom(self) -> _Node:
        for refused, why in _REFUSED:
            if refused.match(self.text, self.at):
                raise self._refusal(why)
        if opening := _OPENING.match(self.text, self.at):
            return self._group(opening.end())
        found = _CLASS.match(self.text, self.at) or _ESCAPE.match(self.text, self.at)
        atom = found[0] if found else self.text[self.at]
        self.at += len(atom)
        return _Edge(_EDGES[atom]) if atom in _EDGES else self._symbols(atom)

    def _group(self, start: int) -> _Node:
        self.depth += 1
        if self.depth > DEPTH:
            raise self._refusal(f"nests more than {DEPTH} groups; make it flatter")
        self.at = start
        inside = self._choice()
        self.at += 1  # its closing parenthesis, which `re` has made sure of
        self.depth -= 1
        return inside

    def _symbols(self, atom: str) -> _Symbols:
        if atom not in self.known:
            one = re.compile(atom if len(atom) > 1 or atom == "." else re.escape(atom), self.flags)
            self.known[atom] = _Symbols(frozenset(filter(one.fullmatch, self.alphabet)))
        return self.known[atom]

    def _refusal(self, why: str) -> GrammarError:
        return GrammarError(f"the pattern {_shown(self.text)} {why}")


def _kinds(tree: _Node, alphabet: str) -> tuple[str, list[int]]:
    """Return the symbols that the pattern knows, and numbers that are equal where no part of it tells them apart."""
    sets = list(dict.fromkeys(_sets(tree)))
    symbols = "".join(symbol for symbol in alphabet if any(symbol in among for among in sets))
    numbers: dict[tuple[bool, ...], int] = {}
    kinds = [numbers.setdefault(tuple(symbol in among for among in sets), len(numbers)) for symbol in symbols]
    return symbols, kinds


def _sets(node: _Node) -> Iterable[frozenset[str]]:
    match node:
        case _Symbols(among):
            yield among
        case _Join(parts) | _Choice(parts):
            for part in parts:
                yield from _sets(part)
        case _Repeat(part):
            yield from _sets(part)


@dataclass
class _Automaton:
    """A nondeterministic automaton; a state either reads a symbol or moves on without reading.

    `reads[state]` is the symbols that lead from `state` to `state + 1`; `moves[state]` the states reached for free;
    `edges` the moves that are free at the start (False) or at the end (True) of a text only.
    """

    pattern: str
    reads: list[frozenset[str] | None] = field(default_factory=list)
    moves: list[list[int]] = field(default_factory=list)
    edges: dict[int, bool] = field(default_factory=dict)
    work: int = 0

    def add(self, node: _Node) -> tuple[int, int]:
        """Add the states of a node; return its first and last."""
        start = self._state()
        match node:
            case _Symbols(among):
                self.reads[start] = among
                return start, self._state()
            case _Edge(at_end):
                self.edges[start] = at_end
                return start, self._state()
            case _Join(parts):
                end = start
                for part in parts:
                    end = self._after(end, part)
                return start, end
            case _Choice(options):
                ends = [self._after(start, option) for option in options]
                return start, self._meet(ends)
            case _Repeat(part, low, high):
                return start, self._repeated(start, part, low, high)

    def _repeated(self, end: int, part: _Node, low: int, high: int | None) -> int:
        for _ in range(low):
            end = self._after(end, part)
        if high is None:
            again = self._after(end, part)
            self.moves[again].append(end)
            return self._meet([end])
        ends = [end]
        for _ in range(high - low):
            ends.append(self._after(ends[-1], part))
        return self._meet(ends)

    def _state(self) -> int:
        self.reads.append(None)
        self.moves.append([])
        return len(self.reads) - 1

    def _after(self, end: int, node: _Node) -> int:
        start, new_end = self.add(node)
        self.moves[end].append(start)
        return new_end

    def _meet(self, ends: list[int]) -> int:
        meeting = self._state()
        for end in ends:
            self.moves[end].append(meeting)
        return meeting

    def _closure(self, states: Iterable[int], at_start: bool = False, at_end: bool = False) -> set[int]:
        """Return the states that are reached from `states` without reading."""
        seen = set(states)
        waiting = list(seen)
        while waiting:
            state = waiting.pop()
            targets = self.moves[state]
            if state in self.edges and (at_end if self.edges[state] else at_start):
                targets = [*targets, state + 1]
            for target in targets:
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        self._count(len(seen))
        return seen

    def _count(self, steps: int) -> None:
        self.work += steps
        if self.work > WORK:
            raise GrammarError(
                f"the pattern {_shown(self.pattern)} explodes: it takes more than {WORK} steps to unfold; use fewer "
                "nested repetitions, and smaller counts"
            )

    def deterministic(self, start: int, end: int, alphabet: str, kinds: list[int]) -> Acceptor:
        """Return the smallest acceptor of the same texts; `alphabet` and `kinds` as in `explore`.

        A state of it is whether the text has only begun, and the states that read or may end the text.
        """
        telling = {state for state, among in enumerate(self.reads) if among is not None} | {*self.edges, end}
        closures: dict[int, set[int]] = {}

        def after(state: int) -> set[int]:
            if state not in closures:
                closures[state] = self._closure([state + 1]) & telling
            self._count(len(closures[state]))
            return closures[state]

        def step(states: tuple[bool, frozenset[int]], symbol: str) -> tuple[bool, frozenset[int]] | None:
            self._count(len(states[1]))
            found: set[int] = set()
            for state in states[1]:
                if symbol in (self.reads[state] or ""):
                    found |= after(state)
            return (False, frozenset(found)) if found else None

        def accepts(states: tuple[bool, frozenset[int]]) -> bool:
            return end in self._closure(states[1], at_start=states[0], at_end=True)

        origin = frozenset(self._closure([start], at_start=True) & telling)
        return explore((True, origin), step, accepts, alphabet, kinds)
