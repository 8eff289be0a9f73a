"""The algebra of graphs. Each operation is defined by the strings and scores of its result; all have gradients.

What a result's arcs were made from is in `Graph.origins`; a gradient goes back to the same arcs, to each the sum over
all arcs that were made from it (LeCun et al. 1998, section VIII-B).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.errors import GraphError
from lenet.graphs.gradients import derived, scored
from lenet.graphs.graph import ACCEPT, START, Floats, Graph, Integers, Origin, epsilon

__all__ = [
    "add",
    "closure",
    "compose",
    "concat",
    "intersect",
    "negate",
    "project_input",
    "project_output",
    "remove",
    "subtract",
    "union",
]


def compose(first: Graph, second: Graph) -> Graph:
    """Join what the first graph writes to what the second reads.

    If the first turns x into y and the second y into z, the result turns x into z, and scores are added. Every pair
    of paths is there once, however null labels stand, and only nodes and arcs that lie on a whole path are kept.

    Raises
    ------
    GraphError
        The result would have more than 16 million arcs before dead ends are cut.

    References
    ----------
    LeCun et al. 1998, section VIII; Mohri 2009, "Weighted automata algorithms", on null labels.
    """
    try:
        nodes, arcs, by_first, by_second = _engine.graph_compose(*first.columns[:2], *second.columns[:2])
    except ValueError as error:
        raise GraphError(f"{error}; cut what goes in, or search it with lenet.trellis") from None
    origins = [_origin(first, by_first), _origin(second, by_second)]
    return derived(nodes, arcs, origins, first.symbols, second.output_symbols or first.output_symbols)


def _origin(graph: Graph, sources: Integers) -> Origin:
    made = np.flatnonzero(sources >= 0)
    return Origin(graph, made.astype(np.int32), sources[made])


def intersect(first: Graph, second: Graph) -> Graph:
    """Keep what both acceptors accept, with the sum of both scores; for acceptors the same as `compose`."""
    return compose(first, second)


def union(graphs: Sequence[Graph]) -> Graph:
    """Accept what any of the graphs accepts, with its score there."""
    nodes, arcs, origins, _ = _side_by_side(graphs)
    return derived(nodes, arcs, origins, *_symbols(graphs))


def concat(graphs: Sequence[Graph]) -> Graph:
    """Accept a string of the first graph, then one of the second, and so on; of no graphs, the empty string.

    Null arcs lead from every accepting node of a graph to every start of the next.
    """
    if not graphs:
        return derived(np.array([START | ACCEPT], np.uint8), np.zeros((0, 4), np.int32), [], None, None)
    nodes, arcs, origins, shifts = _side_by_side(graphs)
    bridges = [arcs]
    for k in range(len(graphs) - 1):
        ends = np.array(graphs[k].accepts, np.int32) + shifts[k]
        begins = np.array(graphs[k + 1].starts, np.int32) + shifts[k + 1]
        bridges.append(_null_arcs(np.repeat(ends, len(begins)), np.tile(begins, len(ends))))
        nodes[ends] &= ~np.uint8(ACCEPT)
        nodes[begins] &= ~np.uint8(START)
    return derived(nodes, np.concatenate(bridges), origins, *_symbols(graphs))


def closure(graph: Graph) -> Graph:
    """Accept any number of strings of the graph, one after the other, none among them (Kleene's star)."""
    nodes, arcs, _ = graph.columns
    begins, ends = (np.array(some, np.int32) + 1 for some in (graph.starts, graph.accepts))
    flags = np.concatenate([[START | ACCEPT], nodes & ~np.uint8(START)]).astype(np.uint8)
    moved = arcs + np.array([1, 1, 0, 0], np.int32)
    into = _null_arcs(np.zeros(len(begins), np.int32), begins)
    again = _null_arcs(np.repeat(ends, len(begins)), np.tile(begins, len(ends)))
    numbers = np.arange(len(arcs), dtype=np.int32)
    whole = np.concatenate([moved, into, again])
    return derived(flags, whole, [Origin(graph, numbers, numbers)], graph.symbols, graph.output_symbols)


def _null_arcs(sources: Integers, targets: Integers) -> Integers:
    nulls = np.full(len(sources), epsilon)
    return np.stack([sources, targets, nulls, nulls], 1).astype(np.int32)


def _side_by_side(graphs: Sequence[Graph]) -> tuple[NDArray[np.uint8], Integers, list[Origin], list[int]]:
    """Return nodes and arcs of all graphs, with where they came from and the first node of each."""
    nodes, arcs, origins, shifts = [np.zeros(0, np.uint8)], [np.zeros((0, 4), np.int32)], [], []
    node_count = arc_count = 0
    for graph in graphs:
        flags, rows, _ = graph.columns
        numbers = np.arange(len(rows), dtype=np.int32)
        nodes.append(flags)
        arcs.append(rows + np.array([node_count, node_count, 0, 0], np.int32))
        origins.append(Origin(graph, numbers + np.int32(arc_count), numbers))
        shifts.append(node_count)
        node_count, arc_count = node_count + len(flags), arc_count + len(rows)
    return np.concatenate(nodes), np.concatenate(arcs), origins, shifts


def _symbols(graphs: Sequence[Graph]) -> tuple[dict[int, str], dict[int, str]]:
    named = [graph for graph in graphs if graph.symbols or graph.output_symbols]
    return (named[0].symbols, named[0].output_symbols) if named else ({}, {})


def remove(graph: Graph, ilabel: int = epsilon, olabel: int | None = None) -> Graph:
    """Leave out the arcs with a label as if they were null, and keep what is accepted.

    What such arcs joined is joined by the best way through them, so that strings and Viterbi scores are kept, and
    forward scores where no two ways lead from one node to another. Where the best way into an accepting node has a
    score other than 0, a twin of the node before it accepts; the empty string then keeps a null arc.

    Parameters
    ----------
    ilabel : the input label.
    olabel : the output label; None: the same.

    Raises
    ------
    GraphError
        A cycle of such arcs has a score above 0, or the result would have more than 16 million arcs.
    """
    try:
        nodes, arcs, parts = _engine.graph_remove(*graph.columns, ilabel, ilabel if olabel is None else olabel)
    except ValueError as error:
        raise GraphError(f"{error}; lower their weights, or cut the graph") from None
    parts = parts.reshape(-1, 2)
    origin = Origin(graph, np.ascontiguousarray(parts[:, 0]), np.ascontiguousarray(parts[:, 1]))
    return derived(nodes, arcs, [origin], graph.symbols, graph.output_symbols)


def project_input(graph: Graph) -> Graph:
    """Accept what the graph reads."""
    return _projected(graph, 2, graph.symbols)


def project_output(graph: Graph) -> Graph:
    """Accept what the graph writes."""
    return _projected(graph, 3, graph.output_symbols)


def _projected(graph: Graph, column: int, symbols: dict[int, str]) -> Graph:
    nodes, arcs, _ = graph.columns
    numbers = np.arange(len(arcs), dtype=np.int32)
    rows = np.ascontiguousarray(arcs[:, [0, 1, column, column]])
    return derived(nodes, rows, [Origin(graph, numbers, numbers)], symbols, symbols)


# ---- scores ---------------------------------------------------------------------------------------------------------


def negate(score: Graph) -> Graph:
    """Return the negative of a score: of a graph with one arc."""
    return scored(-score.item(), [score], lambda gradient: [-gradient])


def add(first: Graph, second: Graph) -> Graph:
    """Return the sum of two scores; -inf + inf is -inf, as along a path."""
    return scored(_plus(first.item(), second.item()), [first, second], lambda gradient: [gradient, gradient])


def subtract(first: Graph, second: Graph) -> Graph:
    """Return the first score less the second; -inf less -inf is -inf."""

    def derivative(gradient: Floats) -> list[Floats]:
        return [gradient, -gradient]

    return scored(_plus(first.item(), -second.item()), [first, second], derivative)


def _plus(a: float, b: float) -> float:
    return -np.inf if -np.inf in (a, b) else a + b
