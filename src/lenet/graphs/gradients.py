"""What operations make: graphs that know what they were made from, and gradients that go back to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lenet.errors import GraphError
from lenet.graphs.graph import Floats, Graph, Integers, Origin, Symbols, checked, epsilon

__all__ = ["backward", "derived", "scored"]


def derived(
    nodes: NDArray[np.uint8], arcs: Integers, origins: Sequence[Origin], symbols: Symbols, output_symbols: Symbols
) -> Graph:
    """Make a graph whose weights are sums of weights of others; its gradient goes back to the same arcs."""
    graph = Graph(symbols, output_symbols)
    weights = np.zeros(len(arcs))
    for origin in origins:
        weights += np.bincount(origin.arcs, origin.graph.weights[origin.sources], len(arcs))
    weights[np.isnan(weights)] = -np.inf  # -inf + inf: what is impossible stays so, as in the engine
    counts = [origin.graph.num_arcs() for origin in origins]

    def derivative(gradient: Floats) -> list[Floats]:
        each = zip(origins, counts, strict=True)
        return [np.bincount(origin.sources, gradient[origin.arcs], count).astype(np.float64) for origin, count in each]

    graph._growing, graph._columns = None, (nodes, arcs, weights)
    graph._origins, graph._parents = tuple(origins), tuple(origin.graph for origin in origins)
    graph._derivative = derivative
    return graph


def scored(score: float, parents: Sequence[Graph], derivative: Callable[[Floats], Sequence[Floats]]) -> Graph:
    """Make a scalar graph; `derivative` returns, for that of the score, that of the weights of each parent."""
    graph = Graph.from_arrays(2, [0], [1], [[0, 1, epsilon, epsilon]], [score])
    graph._columns, graph._growing = graph.columns, None
    graph._parents, graph._derivative = tuple(parents), derivative
    return graph


def backward(graph: Graph, gradient: ArrayLike | None = None) -> None:
    """Add to `grad` of a graph, and of all that it was made from, the derivative by each of their weights.

    Parameters
    ----------
    graph : most often a score or a loss.
    gradient : the derivative by its own weights, one an arc; None: all 1.

    Raises
    ------
    GraphError
        Arcs were added since to a graph that went in, or a forward score was +inf, so that its shares are not known.

    References
    ----------
    LeCun et al. 1998, sections IV-B and VIII-B: gradients are attached to the arcs and go back along what they made.
    """
    count = graph.num_arcs()
    gradients = {id(graph): np.ones(count) if gradient is None else checked(gradient, count)}
    for made in _from_last_to_first(graph):
        total = gradients[id(made)]
        if len(total) != made.num_arcs():
            raise GraphError("arcs were added to a graph after it was used; add them before, or use a copy()")
        made.grad = total if made.grad is None or len(made.grad) != len(total) else made.grad + total
        if made._derivative is None:
            continue
        for parent, part in zip(made._parents, made._derivative(total), strict=True):
            before = gradients.get(id(parent))
            gradients[id(parent)] = part if before is None else before + part


def _from_last_to_first(graph: Graph) -> list[Graph]:
    """Return a graph and all that it was made from, each before those that it was made from; no recursion."""
    order: list[Graph] = []
    seen = {id(graph)}
    stack = [(graph, iter(graph._parents))]
    while stack:
        made, parents = stack[-1]
        for parent in parents:
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append((parent, iter(parent._parents)))
                break
        else:
            order.append(made)
            stack.pop()
    return order[::-1]
