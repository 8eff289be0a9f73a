"""Which strings there may be: a deterministic acceptor as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.errors import GraphError
from lenet.graphs import Graph
from lenet.trellis.emissions import asked_graph

__all__ = ["Acceptor", "everything"]


@dataclass(frozen=True, eq=False)
class Acceptor:
    """Which strings there may be, as a table of moves from state to state. Strings begin in state 0.

    Parameters
    ----------
    next : int32 (states, symbols): the state that a symbol leads to, or -1; -1 for the blank, symbol 0.
    accepting : bool (states,): whether a string may end there.
    scores : float32 (states, symbols), natural-log scores of the moves, or None: all 0.

    Raises
    ------
    GraphError
        The tables do not fit each other, a move leads to no state or is one of the blank, a score is NaN or +inf.

    Examples
    --------
    >>> import numpy as np
    >>> two = Acceptor(np.array([[-1, 1, 1], [-1, 2, 2], [-1, -1, -1]]), np.array([False, False, True]))
    >>> two.accepts([1, 2]), two.accepts([1])
    (True, False)
    """

    next: NDArray[np.int32]
    accepting: NDArray[np.bool_]
    scores: NDArray[np.float32] | None = None
    ready: _engine.Acceptor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        moves = np.asarray(self.next)
        if moves.ndim != 2 or moves.dtype.kind not in "iu" or (moves.size and abs(moves).max() > 2**30):
            raise GraphError(
                f"moves of shape {moves.shape} ({moves.dtype}) were given; states (states, symbols) expected"
            )
        tables: list[tuple[str, NDArray[Any]]] = [
            ("next", np.ascontiguousarray(moves, np.int32)),
            ("accepting", np.ascontiguousarray(self.accepting, np.bool_).ravel()),
        ]
        if self.scores is not None:
            tables.append(("scores", np.ascontiguousarray(self.scores, np.float32)))
        for name, table in tables:
            kept = table.copy()
            kept.flags.writeable = False
            object.__setattr__(self, name, kept)
        ready = asked_graph(_engine.Acceptor, self.next, self.accepting.view(np.uint8), self.scores)
        object.__setattr__(self, "ready", ready)

    @classmethod
    def from_graph(cls, graph: Graph, symbols: int) -> Acceptor:
        """Tabulate a deterministic acceptor: one start, no null arcs, one arc at most for a node and a label.

        Parameters
        ----------
        graph : the acceptor; its labels are symbols of the emissions, from 1.
        symbols : how many the emissions have, the blank among them.

        Raises
        ------
        GraphError
            It is none of that.
        """
        starts, count = graph.starts, graph.num_nodes()
        sources, targets, labels, outputs = graph.arcs.T.astype(np.int64)
        if len(starts) != 1:
            raise GraphError(f"a graph of {len(starts)} starts was given; an acceptor to be tabulated has one")
        if len(labels) and not (labels.min() > 0 and labels.max() < symbols):
            raise GraphError(f"labels {labels.min()} to {labels.max()} were given; 1 to {symbols - 1} were expected")
        if not np.array_equal(labels, outputs):
            raise GraphError("a transducer was given; project_input or project_output makes an acceptor of it")
        if len(np.unique(sources * symbols + labels)) < len(labels):
            raise GraphError(
                "two arcs of a node have the same label; join them first: the acceptor is not deterministic"
            )
        place = np.arange(count)
        place[[0, starts[0]]] = place[[starts[0], 0]]
        moves, scores = np.full((count, symbols), -1, np.int32), np.zeros((count, symbols), np.float32)
        moves[place[sources], labels] = place[targets]
        scores[place[sources], labels] = graph.weights
        accepting = np.zeros(count, np.bool_)
        accepting[place[graph.accepts]] = True
        return cls(moves, accepting, scores if graph.weights.any() else None)

    def graph(self) -> Graph:
        """Return the same as a graph, whose labels are the symbols."""
        states, symbols = np.nonzero(self.next >= 0)
        arcs = np.stack([states, self.next[states, symbols], symbols, symbols], 1)
        weights = None if self.scores is None else self.scores[states, symbols]
        return Graph.from_arrays(len(self.next), [0], np.flatnonzero(self.accepting).tolist(), arcs, weights)

    def accepts(self, labels: Sequence[int]) -> bool:
        """Say whether a string is accepted."""
        state = 0
        for label in labels:
            if not 0 < label < self.next.shape[1] or (state := int(self.next[state, label])) < 0:
                return False
        return bool(self.accepting[state])

    def __reduce__(self) -> tuple[type[Acceptor], tuple[Any, ...]]:
        return Acceptor, (self.next, self.accepting, self.scores)


@lru_cache(maxsize=16)
def everything(symbols: int) -> Acceptor:
    """Accept every string."""
    moves = np.zeros((1, symbols), np.int32)
    moves[:, :1] = -1
    return Acceptor(moves, np.array([True]))
