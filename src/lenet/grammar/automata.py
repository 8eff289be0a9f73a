"""Deterministic acceptors as dense tables: built from a step function, minimised, numbered in one way.

An acceptor says which texts a field may hold. Two acceptors over the same symbols that accept the same texts have
equal tables, so that they can be compared, hashed and cached.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lenet.errors import GrammarError

__all__ = ["SYMBOLS", "WRITABLE", "Acceptor", "explore", "minimal", "product"]

State = TypeVar("State", bound=Hashable)
Table = NDArray[np.int32]

SYMBOLS = "0123456789.,-/=:*#$½ x₹£€"
"""The characters that networks for fields know, in the order of their outputs; the blank, 0, comes before them."""

WRITABLE = SYMBOLS + "".join(c for c in map(chr, range(0x20, 0x7F)) if c not in SYMBOLS)
"""`SYMBOLS` and the rest of printable ASCII: what `.` stands for in a pattern."""

STATES = 4096
"""States that an acceptor may need while it is built. The named grammars have 95 at most, with a checksum 500."""


@dataclass(frozen=True, eq=False)
class Acceptor:
    """Accept some texts and no others, one symbol at a time, from state 0.

    Parameters
    ----------
    alphabet : the symbols, each once, in the order of the columns.
    next : int32 (states, symbols); the state that follows, or -1 where no accepted text goes on like that.
    accepting : bool (states,); whether a text may end there.
    score : float32 (states, symbols), or None; natural-log units that a transition adds, higher is better.

    Raises
    ------
    GrammarError
        A symbol is there twice, or is not a single character, or the shapes do not fit.
    """

    alphabet: str
    next: Table
    accepting: NDArray[np.bool_]
    score: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if len(set(self.alphabet)) != len(self.alphabet):
            twice = next(symbol for symbol in self.alphabet if self.alphabet.count(symbol) > 1)
            raise GrammarError(f"the alphabet has {twice!r} twice; give each symbol once")
        shape = (len(self.accepting), len(self.alphabet))
        for name, kind in (("next", np.int32), ("accepting", np.bool_), ("score", np.float32)):
            if (given := getattr(self, name)) is not None:
                object.__setattr__(self, name, _frozen(given, kind, shape[: 1 + (name != "accepting")], name))
        if shape[0] == 0 or (self.next.size and not -1 <= self.next.min() <= self.next.max() < shape[0]):
            raise GrammarError(
                f"the table has to lead to -1 or to one of its {shape[0]} states, of which 0 is the first"
            )

    @property
    def empty(self) -> bool:
        """Whether it accepts no text of one symbol or more."""
        return bool((self.next < 0).all())

    def matches(self, text: str) -> bool:
        """Return whether the whole of `text` is accepted."""
        state = 0
        for symbol in text:
            column = self.alphabet.find(symbol)
            state = int(self.next[state, column]) if column >= 0 else -1
            if state < 0:
                return False
        return bool(self.accepting[state])

    def over(self, alphabet: Iterable[str]) -> Acceptor:
        """Return the acceptor of the same texts as far as `alphabet` can write them, its columns in that order."""
        symbols = tuple(alphabet)
        if any(len(symbol) != 1 for symbol in symbols):
            raise GrammarError(f"the alphabet has to be of single characters, but has {max(symbols, key=len)!r}")
        columns = np.array([self.alphabet.find(symbol) for symbol in symbols], np.intp)
        following = np.where(columns >= 0, self.next[:, columns], -1)
        score = None if self.score is None else self.score[:, columns]
        return minimal("".join(symbols), following, self.accepting, score)

    def used(self) -> Acceptor:
        """Return it without the symbols that no accepted text has."""
        used = np.flatnonzero((self.next >= 0).any(0))
        score = None if self.score is None else self.score[:, used]
        return Acceptor("".join(self.alphabet[i] for i in used), self.next[:, used], self.accepting, score)

    def _key(self) -> tuple[object, ...]:
        score = None if self.score is None else self.score.tobytes()
        return self.alphabet, self.next.tobytes(), self.accepting.tobytes(), score

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Acceptor) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> tuple[type[Acceptor], tuple[object, ...]]:
        return Acceptor, (self.alphabet, self.next, self.accepting, self.score)

    def __repr__(self) -> str:
        scored = "" if self.score is None else ", scored"
        return f"Acceptor({len(self.accepting)} states, {self.alphabet!r}{scored})"


def _frozen(given: NDArray[Any], kind: type[np.generic], shape: tuple[int, ...], name: str) -> NDArray[Any]:
    array = np.array(given, kind)
    if array.shape != shape:
        raise GrammarError(f"{name} has the shape {array.shape}; states and symbols make it {shape}")
    array.setflags(write=False)
    return array


def explore(
    start: State,
    step: Callable[[State, str], State | None],
    accepts: Callable[[State], bool],
    alphabet: str,
    kinds: Sequence[int] | None = None,
) -> Acceptor:
    """Return the smallest acceptor of what a step function accepts, over the symbols that it uses.

    Parameters
    ----------
    start : the state before the first symbol.
    step : the state after a symbol, or None where no text goes on like that.
    accepts : whether a text may end in a state.
    alphabet : the symbols to try.
    kinds : for each symbol a number; those of one number lead to the same states from everywhere, and `step` sees
        the first of them only. Numbers are in the order of first appearance. None: each symbol is of its own kind.

    Raises
    ------
    GrammarError
        It needs more than 4096 states.
    """
    kinds = range(len(alphabet)) if kinds is None else kinds
    firsts = "".join(alphabet[kinds.index(kind)] for kind in sorted(set(kinds)))
    states, rows = _reached(start, lambda state: [step(state, first) for first in firsts])
    accepting = np.array([accepts(state) for state in states], np.bool_)
    small = minimal(firsts, np.array(rows, np.int32).reshape(len(rows), len(firsts)), accepting)
    return Acceptor(alphabet, small.next[:, list(kinds)], small.accepting).used()


def _reached(start: State, followers: Callable[[State], Iterable[State | None]]) -> tuple[list[State], list[list[int]]]:
    numbers = {start: 0}
    states, rows = [start], []
    for state in states:
        row = []
        for follower in followers(state):
            if follower is not None and follower not in numbers:
                numbers[follower] = len(states)
                states.append(follower)
            row.append(-1 if follower is None else numbers[follower])
        if len(states) > STATES:
            raise GrammarError(
                f"the grammar needs more than {STATES} states; use smaller counts, lengths or moduli, and fewer "
                "repetitions inside each other"
            )
        rows.append(row)
    return states, rows


def product(one: Acceptor, other: Acceptor) -> Acceptor:
    """Return the acceptor of the texts that both accept; scores add up.

    Raises
    ------
    GrammarError
        It needs more than 4096 states.
    """
    alphabet = "".join(symbol for symbol in one.alphabet if symbol in other.alphabet)
    columns = [np.array([a.alphabet.index(symbol) for symbol in alphabet], np.intp) for a in (one, other)]
    tables = [a.next[:, chosen] for a, chosen in zip((one, other), columns, strict=True)]
    firsts, group = _alike(np.vstack(tables))
    steps = [table[:, firsts].tolist() for table in tables]

    def followers(state: tuple[int, int]) -> Iterator[tuple[int, int] | None]:
        for a, b in zip(steps[0][state[0]], steps[1][state[1]], strict=True):
            yield (a, b) if a >= 0 and b >= 0 else None

    states, rows = _reached((0, 0), followers)
    first, second = np.array(states).T
    following = np.array(rows, np.int32).reshape(len(rows), len(firsts))[:, group]
    score = None
    if one.score is not None or other.score is not None:
        score = np.zeros(following.shape, np.float32)
        for a, chosen, numbers in zip((one, other), columns, (first, second), strict=True):
            score += 0 if a.score is None else a.score[np.ix_(numbers, chosen)]
    return minimal(alphabet, following, one.accepting[first] & other.accepting[second], score).used()


def minimal(
    alphabet: str, following: Table, accepting: NDArray[np.bool_], score: NDArray[np.float32] | None = None
) -> Acceptor:
    """Return the smallest acceptor with the language and scores of the tables, its states in the order of first visit.

    States from which nothing can be accepted are left out. States that differ in the scores of their own transitions
    stay apart: scores are not moved along the paths.
    """
    columns = following if score is None else np.vstack([following, score])
    firsts, group = _alike(columns)
    following = following[:, firsts]
    alive = _alive(following, accepting)
    following = np.where((following >= 0) & alive[following], following, -1)
    marks = accepting[:, None].astype(np.float32)
    if score is not None:
        score = np.where(following >= 0, score[:, firsts], 0).astype(np.float32)
        marks = np.hstack([marks, score])
    block = _equivalent(following, np.unique(marks, axis=0, return_inverse=True)[1].ravel())
    table, kept = _visited(following, block)
    return Acceptor(alphabet, table[:, group], accepting[kept], None if score is None else score[kept][:, group])


def _alike(table: NDArray[np.generic]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first column of each kind, in the order of the table, and for each column the number of its kind."""
    if table.shape[1] == 0:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    _, firsts, kinds = np.unique(table, axis=1, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    return firsts[order], np.argsort(order)[kinds.ravel()]


def _alive(following: Table, accepting: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which states lead to an accepting one."""
    before: defaultdict[int, list[int]] = defaultdict(list)
    for state, column in np.argwhere(following >= 0).tolist():
        before[int(following[state, column])].append(state)
    alive = accepting.copy()
    waiting = np.flatnonzero(accepting).tolist()
    while waiting:
        for state in before[waiting.pop()]:
            if not alive[state]:
                alive[state] = True
                waiting.append(state)
    return alive


def _equivalent(following: Table, mark: NDArray[np.intp]) -> list[int]:
    """Return the number of each state's class of equivalence; states of different marks are never equivalent.

    Partition refinement after Hopcroft, "An n log n algorithm for minimizing states in a finite automaton" (1971).
    Missing transitions lead to a state of their own, the last.
    """
    states = len(mark)
    block_of = [*mark.tolist(), int(mark.max()) + 1]
    blocks: list[set[int]] = [set() for _ in range(max(block_of) + 1)]
    for state, block in enumerate(block_of):
        blocks[block].add(state)
    before = _sources(np.where(following < 0, states, following))
    waiting = {(block, column) for block in range(len(blocks)) for column in range(len(before))}
    while waiting:
        block, column = waiting.pop()
        inside: defaultdict[int, set[int]] = defaultdict(set)
        for target in blocks[block]:
            for state in before[column][target]:
                inside[block_of[state]].add(state)
        for split, part in inside.items():
            if len(part) == len(blocks[split]):
                continue
            new = len(blocks)
            blocks[split] -= part
            blocks.append(part)
            for state in part:
                block_of[state] = new
            smaller = new if len(part) <= len(blocks[split]) else split
            waiting.update((new if (split, k) in waiting else smaller, k) for k in range(len(before)))
    return block_of[:states]


def _sources(following: Table) -> list[list[list[int]]]:
    """Return for each column and each state, the missing one included, the states that lead there."""
    states = len(following)
    columns = []
    for column in following.T.tolist():
        before: list[list[int]] = [[] for _ in range(states + 1)]
        for state, target in enumerate([*column, states]):
            before[target].append(state)
        columns.append(before)
    return columns


def _visited(following: Table, block: list[int]) -> tuple[Table, list[int]]:
    """Return the table of the classes in the order of first visit, and one state of each."""
    numbers, kept, rows = {block[0]: 0}, [0], []
    for state in kept:
        row = []
        for target in following[state].tolist():
            if target >= 0 and block[target] not in numbers:
                numbers[block[target]] = len(kept)
                kept.append(target)
            row.append(-1 if target < 0 else numbers[block[target]])
        rows.append(row)
    return np.array(rows, np.int32).reshape(len(rows), following.shape[1]), kept
