"""Searches over all paths of a graph: the best, the n best, their sum, and each arc's share in it.

A graph has a best path and a sum where no path comes by a node again; nodes that lie on no path from a start to an
accepting node do not matter. gtn defines them there too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from lenet import _engine
from lenet.errors import GraphError
from lenet.graphs.gradients import derived, scored
from lenet.graphs.graph import ACCEPT, START, Floats, Graph, Integers, Origin

__all__ = ["forward_score", "n_best", "posterior", "prune", "viterbi_path", "viterbi_score"]

Result = TypeVar("Result")


def _search(search: Callable[..., Result], graph: Graph, *more: object) -> Result:
    try:
        return search(*graph.columns, *more)
    except ValueError as error:
        raise GraphError(f"{error}; compose it with a graph that has no cycles, or mend its weights") from None


def viterbi_score(graph: Graph) -> Graph:
    """Return the score of the best path; -inf where there is none.

    Its derivative is 1 by the weights of the best path, the first in the order of arcs among equals, and 0 by others.

    Raises
    ------
    GraphError
        A path comes by the same node again.

    References
    ----------
    LeCun et al. 1998, section V, eq. 10, and section VI-A.
    """
    score, path = _search(_engine.graph_viterbi, graph)
    count = graph.num_arcs()

    def derivative(gradient: Floats) -> list[Floats]:
        return [gradient[0] * np.bincount(path, minlength=count)]

    return scored(score, [graph], derivative)


def viterbi_path(graph: Graph) -> Graph:
    """Return the best path as a chain, the first in the order of arcs among equals; where there is none, no nodes.

    Raises
    ------
    GraphError
        A path comes by the same node again.
    """
    score, path = _search(_engine.graph_viterbi, graph)
    return _chain(graph, score, path)


def _chain(graph: Graph, score: float, path: Integers) -> Graph:
    """Return some arcs of a graph, one after the other."""
    steps = np.arange(len(path), dtype=np.int32)
    nodes = np.zeros(0 if score == -np.inf else len(path) + 1, np.uint8)
    nodes[:1] |= START
    nodes[-1:] |= ACCEPT
    arcs = np.concatenate([steps[:, None], steps[:, None] + 1, graph.arcs[path][:, 2:]], 1).astype(np.int32)
    return derived(nodes, arcs, [Origin(graph, steps, path)], graph.symbols, graph.output_symbols)


def forward_score(graph: Graph) -> Graph:
    """Return the log of the sum of exp(score) over all paths; -inf where there is none.

    Its derivative by an arc's weight is the share of the paths that go through it; 0 where the score is -inf.

    Raises
    ------
    GraphError
        A path comes by the same node again; or, when the gradient is taken, the score is +inf.

    References
    ----------
    LeCun et al. 1998, section VI-C, eqs. 13 to 16.
    """
    score = _search(_engine.graph_forward, graph)
    columns = graph.columns

    def derivative(gradient: Floats) -> list[Floats]:
        return [gradient[0] * _shares(score, _engine.graph_shares(*columns))]

    return scored(score, [graph], derivative)


def _shares(score: float, shares: Floats) -> Floats:
    if score == np.inf:
        raise GraphError("the forward score is +inf: no share of a path is known; give finite weights, or -inf")
    return shares


def posterior(graph: Graph) -> Floats:
    """Return the share of each arc: the probability that a path goes through it, drawn by exp(score) among all paths.

    Shares of the arcs that cross a cut of the graph add up to 1; all are 0 where there is no path.

    Raises
    ------
    GraphError
        A path comes by the same node again, or the forward score is +inf.

    References
    ----------
    LeCun et al. 1998, section VI-C, eq. 16.
    """
    return _shares(_search(_engine.graph_forward, graph), _engine.graph_shares(*graph.columns))


def n_best(graph: Graph, n: int) -> list[Graph]:
    """Return the best paths of the n best different label sequences, best first, each as a chain.

    Sequences are compared by input and output labels; arcs whose labels are both null are not seen. To compare what is
    written alone, project first. Fewer are returned where there are fewer.

    Raises
    ------
    GraphError
        n is below 1, a path comes by the same node again, or the best score is +inf.
    """
    if n < 1:
        raise GraphError(f"the {n} best paths were asked for; ask for 1 or more")
    return [_chain(graph, score, path) for score, path in _search(_engine.graph_n_best, graph, n)]


def prune(graph: Graph, least: float) -> Graph:
    """Leave out the arcs of which all paths together have a smaller share than `least`; see `posterior`.

    A search for the best strings is bounded by it where a graph is long: without it, the beginning of a string stands
    at all nodes where it might end.

    Raises
    ------
    GraphError
        A path comes by the same node again, or the forward score is +inf.
    """
    kept = np.flatnonzero(posterior(graph) >= least).astype(np.int32)
    nodes, arcs, _ = graph.columns
    origin = Origin(graph, np.arange(len(kept), dtype=np.int32), kept)
    return derived(nodes, np.ascontiguousarray(arcs[kept]), [origin], graph.symbols, graph.output_symbols)
