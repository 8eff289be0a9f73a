"""A graph: nodes, weighted arcs with labels, what they stand for and where they came from."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lenet.errors import GraphError

__all__ = ["ACCEPT", "START", "Floats", "Graph", "Integers", "Origin", "Symbols", "checked", "epsilon", "table"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]
Symbols = Mapping[int, str] | Sequence[str] | None

epsilon = -1
"""The null label: what an arc reads or writes that reads or writes nothing."""

START, ACCEPT = 1, 2
"""Flags of a node, as in engine/graph.h."""

_MOST = 2**30


class Origin(NamedTuple):
    """Where weights came from: arc `arcs[k]` holds, among others, the weight of arc `sources[k]` of `graph`."""

    graph: Graph
    arcs: Integers
    sources: Integers


class Graph:
    """A weighted finite-state transducer, or, where both labels of every arc are the same, an acceptor.

    Weights are natural-log scores: higher is better; a penalty of the paper is the negative of a weight.

    Parameters
    ----------
    symbols : the names of input labels, by label or in their order ("0123456789"); None: numbers speak for themselves.
    output_symbols : those of output labels, where they are others.

    Attributes
    ----------
    grad : float64, the derivative by each arc's weight that `backward` has added up, or None before.

    Examples
    --------
    >>> graph = Graph("ab")
    >>> graph.add_node(start=True), graph.add_node(accept=True)
    (0, 1)
    >>> graph.add_arc(0, 1, 0, weight=-0.5)
    0
    >>> graph
    Graph(2 nodes, 1 arc)
    """

    def __init__(self, symbols: Symbols = None, output_symbols: Symbols = None) -> None:
        self.symbols = table(symbols)
        self.output_symbols = self.symbols if output_symbols is None else table(output_symbols)
        self.grad: Floats | None = None
        self._growing: _Growing | None = _Growing()
        self._columns: tuple[NDArray[np.uint8], Integers, Floats] | None = None
        self._meanings: dict[int, Any] = {}
        self._origins: tuple[Origin, ...] = ()
        self._parents: tuple[Graph, ...] = ()
        self._derivative: Callable[[Floats], Sequence[Floats]] | None = None

    @classmethod
    def from_arrays(
        cls,
        nodes: int,
        starts: Sequence[int],
        accepts: Sequence[int],
        arcs: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        symbols: Symbols = None,
        output_symbols: Symbols = None,
    ) -> Graph:
        """Build a graph at once.

        Parameters
        ----------
        nodes : how many.
        starts, accepts : which of them.
        arcs : integers (n, 4): source, target, input label, output label.
        weights : (n,), natural-log scores; None: all 0.

        Raises
        ------
        GraphError
            A node is not there, a label is below -1, a weight is NaN, or the arrays do not fit each other.
        """
        rows = np.asarray(arcs)
        rows = np.zeros((0, 4), np.int32) if rows.size == 0 else rows
        if rows.ndim != 2 or rows.shape[1] != 4 or rows.dtype.kind not in "iu":
            raise GraphError(f"arcs of shape {rows.shape} ({rows.dtype}) were given; integers (n, 4) were expected")
        flags = np.zeros(_count(nodes), np.uint8)
        for named, flag in ((starts, START), (accepts, ACCEPT)):
            chosen = np.asarray(named, np.int64)
            if chosen.size and not (chosen.min() >= 0 and chosen.max() < nodes):
                raise GraphError(f"a start or accepting node outside 0 to {nodes - 1} was given")
            flags[chosen] |= flag
        if rows.size and not (rows[:, :2].min() >= 0 and rows[:, :2].max() < nodes):
            raise GraphError(f"an arc joins a node outside 0 to {nodes - 1}; add the node, or mend the arc")
        if rows.size and not (rows[:, 2:].min() >= epsilon and rows[:, 2:].max() < _MOST):
            raise GraphError(f"a label below {epsilon} or above {_MOST - 1} was given; labels count from 0")
        graph = cls(symbols, output_symbols)
        kept = np.ascontiguousarray(rows, np.int32)
        given = np.zeros(len(rows)) if weights is None else checked(weights, len(rows))
        graph._growing = _Growing(flags.tobytes(), kept.tobytes(), given.tobytes())
        return graph

    # ---- growing ----------------------------------------------------------------------------------------------------

    def add_node(self, start: bool = False, accept: bool = False) -> int:
        """Add a node and return its number; paths begin at the start nodes and end at the accepting ones."""
        growing = self._open()
        growing.nodes.append(START * bool(start) + ACCEPT * bool(accept))
        return len(growing.nodes) - 1

    def add_arc(
        self,
        src: int,
        dst: int,
        ilabel: int,
        olabel: int | None = None,
        weight: float = 0.0,
        *,
        stands_for: Any = None,
    ) -> int:
        """Add an arc and return its number.

        Parameters
        ----------
        src, dst : the nodes that it joins.
        ilabel, olabel : what it reads and writes; None writes what it reads, `epsilon` is nothing.
        weight : natural-log score, higher is better; infinite ones are allowed.
        stands_for : anything, such as the piece of a picture that the label was read from; see `stands_for`.

        Raises
        ------
        GraphError
            A node is not there, a label is below -1, the weight is NaN, or the graph was made by an operation.
        """
        growing = self._open()
        count = len(growing.nodes)
        olabel = ilabel if olabel is None else olabel
        if not (0 <= src < count and 0 <= dst < count):
            raise GraphError(f"an arc from {src} to {dst} was given; the graph has {count} nodes: add them first")
        if not (epsilon <= ilabel < _MOST and epsilon <= olabel < _MOST):
            raise GraphError(f"the labels {ilabel} and {olabel} were given; labels count from 0, and {epsilon} is null")
        if math.isnan(weight):
            raise GraphError("a weight of NaN was given; a score is a number, or infinite")
        growing.arcs.extend((src, dst, ilabel, olabel))
        growing.weights.append(weight)
        if stands_for is not None:
            self._meanings[len(growing.weights) - 1] = stands_for
        return len(growing.weights) - 1

    def _open(self) -> _Growing:
        if self._growing is None:
            raise GraphError("a graph made by an operation was to be changed; change a copy(), or what went in")
        self._columns = None
        return self._growing

    # ---- looking ----------------------------------------------------------------------------------------------------

    @property
    def columns(self) -> tuple[NDArray[np.uint8], Integers, Floats]:
        """Flags of nodes (1 start, 2 accept), arcs and weights, as the engine takes them; not to be written to."""
        if self._columns is None:
            assert self._growing is not None
            self._columns = self._growing.columns()
        return self._columns

    @property
    def arcs(self) -> Integers:
        """All arcs, int32 (n, 4): source, target, input label, output label; not to be written to."""
        return self.columns[1]

    @property
    def weights(self) -> Floats:
        """The score of each arc, float64; assign a new array to change them."""
        return self.columns[2]

    @weights.setter
    def weights(self, values: ArrayLike) -> None:
        self._open().weights = array("d", checked(values, self.num_arcs()).tobytes())

    @property
    def starts(self) -> list[int]:
        """The start nodes."""
        return _numbers(np.flatnonzero(self.columns[0] & START))

    @property
    def accepts(self) -> list[int]:
        """The accepting nodes."""
        return _numbers(np.flatnonzero(self.columns[0] & ACCEPT))

    def num_nodes(self) -> int:
        """Count the nodes."""
        return len(self.columns[0]) if self._growing is None else len(self._growing.nodes)

    def num_arcs(self) -> int:
        """Count the arcs."""
        return len(self.columns[2]) if self._growing is None else len(self._growing.weights)

    def item(self) -> float:
        """Return the weight of a graph of one arc, such as a score.

        Raises
        ------
        GraphError
            The graph has another number of arcs.
        """
        if self.num_arcs() != 1:
            raise GraphError(f"the item of a graph of {self.num_arcs()} arcs was asked for; it is that of one arc")
        return float(self.weights[0])

    def __float__(self) -> float:
        return self.item()

    def labels_to_list(self, ilabel: bool = True) -> list[int]:
        """Return the input (or output) label of each arc."""
        return _numbers(self.arcs[:, 2 if ilabel else 3])

    def weights_to_list(self) -> list[float]:
        """Return the weight of each arc."""
        return [float(weight) for weight in self.weights]

    def spell(self) -> str:
        """Return the names of the output labels in the order of the arcs, null ones left out: what a path says."""
        labels = self.labels_to_list(ilabel=False)
        return "".join(self.output_symbols.get(label, str(label)) for label in labels if label != epsilon)

    def origins(self, arc: int) -> list[tuple[Graph, int]]:
        """Return the arcs that an arc was made from, in the graphs that went into the operation."""
        found = []
        for origin in self._origins:
            first, last = np.searchsorted(origin.arcs, [arc, arc + 1])
            found += [(origin.graph, source) for source in _numbers(origin.sources[first:last])]
        return found

    def stands_for(self, arc: int) -> Any:
        """Return what an arc was said to stand for, or the first of those that it was made from; None where nothing."""
        waiting: list[tuple[Graph, int]] = [(self, arc)]
        while waiting:
            graph, number = waiting.pop()
            if number in graph._meanings:
                return graph._meanings[number]
            waiting += reversed(graph.origins(number))
        return None

    def __repr__(self) -> str:
        nodes, arcs = self.num_nodes(), self.num_arcs()
        return f"Graph({nodes} node{'s' * (nodes != 1)}, {arcs} arc{'s' * (arcs != 1)})"

    # ---- gradients and copies ---------------------------------------------------------------------------------------

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    def copy(self) -> Graph:
        """Return a graph with the same content that can be changed and knows nothing of where it is from."""
        other = Graph(self.symbols, self.output_symbols)
        other._growing = _Growing(*(column.tobytes() for column in self.columns))
        for arc in range(self.num_arcs() if self._origins else 0):
            if (meaning := self.stands_for(arc)) is not None:
                other._meanings[arc] = meaning
        other._meanings.update(self._meanings)
        return other

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.copy().__dict__)
        return {name: state[name] for name in ("symbols", "output_symbols", "_growing", "_meanings")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Graph.__init__(self)
        self.__dict__.update(state)


class _Growing:
    """The columns of a graph that is being built."""

    def __init__(self, nodes: bytes = b"", arcs: bytes = b"", weights: bytes = b"") -> None:
        self.nodes = bytearray(nodes)
        self.arcs = array("i", arcs)
        self.weights = array("d", weights)

    def columns(self) -> tuple[NDArray[np.uint8], Integers, Floats]:
        return (
            np.frombuffer(bytes(self.nodes), np.uint8),
            np.frombuffer(self.arcs.tobytes(), np.int32).reshape(-1, 4),
            np.frombuffer(self.weights.tobytes(), np.float64),
        )


def table(symbols: Symbols) -> dict[int, str]:
    """Return names by label."""
    if symbols is None:
        return {}
    return dict(symbols) if isinstance(symbols, Mapping) else dict(enumerate(symbols))


def _numbers(values: NDArray[Any]) -> list[int]:
    return [int(value) for value in values]


def _count(number: int) -> int:
    if not 0 <= number < _MOST:
        raise GraphError(f"{number} nodes were asked for; a graph has from 0 to {_MOST - 1}")
    return number


def checked(weights: ArrayLike, count: int) -> Floats:
    """Return one weight an arc, none of them NaN."""
    values = np.ascontiguousarray(weights, np.float64).ravel()
    if len(values) != count:
        raise GraphError(f"{len(values)} weights were given for {count} arcs; give one for each")
    if np.isnan(values).any():
        raise GraphError("a weight of NaN was given; a score is a number, or infinite")
    return values
