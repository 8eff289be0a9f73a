"""Whether two graphs are the same, node for node or in shape. Symbols and what arcs stand for are not compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator

import numpy as np

from lenet.graphs.graph import Graph

__all__ = ["equal", "isomorphic"]

_ROUNDS = 4


def equal(first: Graph, second: Graph) -> bool:
    """Say whether two graphs have the same nodes, arcs and weights in the same order."""
    (nodes, arcs, weights), (others, their_arcs, their_weights) = first.columns, second.columns
    same = np.array_equal(nodes, others) and np.array_equal(arcs, their_arcs)
    return same and np.array_equal(weights, their_weights)


def isomorphic(first: Graph, second: Graph) -> bool:
    """Say whether two graphs are the same but for the order of nodes and arcs.

    Graphs of many nodes that look alike and are not the same can take very long; it is meant for tests.
    """
    a, b = _Shape(first), _Shape(second)
    if len(a.flags) != len(b.flags) or sorted(a.looks) != sorted(b.looks):
        return False
    return _match(a, b)


class _Shape:
    """A graph as `_match` looks at it: of each node its neighbours, with the sorted labels and weights of the arcs."""

    def __init__(self, graph: Graph) -> None:
        nodes, arcs, weights = graph.columns
        self.flags: list[int] = nodes.tolist()
        joined: defaultdict[tuple[int, int], list[Hashable]] = defaultdict(list)
        for (source, target, ilabel, olabel), weight in zip(arcs.tolist(), weights.tolist(), strict=True):
            joined[source, target].append((ilabel, olabel, weight + 0.0))  # -0.0 is 0.0
        self.out: list[dict[int, tuple[Hashable, ...]]] = [{} for _ in self.flags]
        self.into: list[dict[int, tuple[Hashable, ...]]] = [{} for _ in self.flags]
        for (source, target), labels in joined.items():
            self.out[source][target] = self.into[target][source] = tuple(sorted(labels, key=str))
        self.looks = self._looks()

    def _looks(self) -> list[int]:
        """Return a number for how each node and its surroundings look, the same in every graph."""
        looks: list[int] = self.flags
        for _ in range(_ROUNDS):
            looks = [
                hash((looks[node], *(self._seen(side[node], looks) for side in (self.out, self.into))))
                for node in range(len(looks))
            ]
        return looks

    @staticmethod
    def _seen(neighbours: dict[int, tuple[Hashable, ...]], looks: list[int]) -> tuple[int, ...]:
        return tuple(sorted(hash((looks[node], labels)) for node, labels in neighbours.items()))

    def order(self) -> list[tuple[int, int]]:
        """Return every node, with one before it in the list that leads to it, or -1."""
        found: list[tuple[int, int]] = []
        seen: set[int] = set()
        for first in sorted(range(len(self.flags)), key=lambda node: not self.flags[node] & 1):
            waiting = [(first, -1)]
            for node, before in waiting:
                if node not in seen:
                    seen.add(node)
                    found.append((node, before))
                    waiting += [(target, node) for target in self.out[node]]
        return found


def _match(a: _Shape, b: _Shape) -> bool:
    """Give every node of `a` one of `b`, one after the other, going back where none is left."""
    order = a.order()
    by_look: defaultdict[int, list[int]] = defaultdict(list)
    for node, look in enumerate(b.looks):
        by_look[look].append(node)
    given: dict[int, int] = {}
    taken: dict[int, int] = {}

    def choices(step: int) -> Iterator[int]:
        node, before = order[step]
        some = by_look[a.looks[node]] if before < 0 else b.out[given[before]]
        return (other for other in some if other not in taken and _fits(a, b, node, other, given, taken))

    stack: list[Iterator[int]] = []
    while len(given) < len(order):
        if len(stack) == len(given):
            stack.append(choices(len(given)))
        choice = next(stack[-1], None)
        if choice is not None:
            node = order[len(given)][0]
            given[node], taken[choice] = choice, node
            continue
        stack.pop()
        if not stack:
            return False
        del taken[given.pop(order[len(given) - 1][0])]
    return True


def _fits(a: _Shape, b: _Shape, node: int, other: int, given: dict[int, int], taken: dict[int, int]) -> bool:
    """Say whether two nodes look alike and are joined alike to themselves and to those that were given before."""
    if a.looks[node] != b.looks[other]:
        return False
    for mine, theirs in ((a.out[node], b.out[other]), (a.into[node], b.into[other])):
        known = {other if next_to == node else given.get(next_to, -1): labels for next_to, labels in mine.items()}
        known.pop(-1, None)
        if known != {next_to: labels for next_to, labels in theirs.items() if next_to == other or next_to in taken}:
            return False
    return True
