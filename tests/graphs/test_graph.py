"""Graphs as people make them, and what they must not be made of; and the examples in the docstrings."""

from __future__ import annotations

import doctest
import math
from importlib import import_module

import numpy as np
import pytest

from lenet import _engine
from lenet.errors import GraphError
from lenet.graphs import Graph, epsilon, linear_graph, scalar_graph, string_graph
from tests.graphs.paths import rows


@pytest.mark.parametrize("name", ["", ".graph"])
def test_the_examples_in_the_docstrings_hold(name):
    done = doctest.testmod(import_module(f"lenet.graphs{name}"))
    assert done.attempted
    assert not done.failed


def test_a_graph_is_built_arc_by_arc():
    graph = Graph("ab", ["x", "y"])
    assert [graph.add_node(start=True), graph.add_node(), graph.add_node(accept=True)] == [0, 1, 2]
    assert graph.add_arc(0, 1, 0, 1, -0.5, stands_for="ink") == 0
    assert graph.add_arc(1, 2, 1) == 1
    assert rows(graph) == [(0, 1, 0, 1, -0.5), (1, 2, 1, 1, 0.0)]
    assert (graph.num_nodes(), graph.num_arcs(), graph.starts, graph.accepts) == (3, 2, [0], [2])
    assert graph.labels_to_list() == [0, 1]
    assert graph.labels_to_list(ilabel=False) == [1, 1]
    assert graph.weights_to_list() == [-0.5, 0.0]
    assert graph.spell() == "yy"
    assert [graph.stands_for(arc) for arc in range(2)] == ["ink", None]
    assert repr(graph) == "Graph(3 nodes, 2 arcs)"
    assert all(type(number) is int for number in graph.labels_to_list() + graph.starts)


def test_a_graph_grows_after_it_was_looked_at():
    graph = linear_graph(1, 1)
    before = graph.arcs
    graph.add_arc(0, 1, 5)
    assert len(before) == 1
    assert len(graph.arcs) == len(graph.weights) == 2


def test_weights_are_assigned_not_written_to():
    graph = linear_graph(1, 2)
    graph.weights = graph.weights + np.array([1.0, 2.0])
    assert graph.weights_to_list() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        graph.weights[0] = 3
    with pytest.raises(ValueError, match="read-only"):
        graph.arcs[0] = 3


def test_a_graph_of_arrays_is_the_same():
    graph = Graph.from_arrays(2, [0], [1], np.array([[0, 1, 3, epsilon]], np.int64), [2.5], symbols={3: "three"})
    assert rows(graph) == [(0, 1, 3, -1, 2.5)]
    assert graph.add_arc(0, 1, 4) == 1
    assert Graph.from_arrays(1, [0], [0], []).num_arcs() == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda graph: graph.add_arc(0, 2, 0), "has 2 nodes"),
        (lambda graph: graph.add_arc(-1, 0, 0), "has 2 nodes"),
        (lambda graph: graph.add_arc(0, 1, -2), "labels count from 0"),
        (lambda graph: graph.add_arc(0, 1, 0, 2**31), "labels count from 0"),
        (lambda graph: graph.add_arc(0, 1, 0, weight=math.nan), "NaN"),
        (lambda graph: setattr(graph, "weights", [math.nan]), "NaN"),
        (lambda graph: setattr(graph, "weights", [1.0, 2.0]), "2 weights were given for 1"),
        (lambda graph: graph.copy().add_arc(0, 9, 0), "has 2 nodes"),
        (lambda _: Graph().item(), "item"),
        (lambda _: Graph.from_arrays(1, [0], [1], []), "outside 0 to 0"),
        (lambda _: Graph.from_arrays(1, [0], [-1], []), "outside 0 to 0"),
        (lambda _: Graph.from_arrays(1, [0], [0], [[0, 1, 0, 0]]), "joins a node"),
        (lambda _: Graph.from_arrays(1, [0], [0], [[0, 0, 0, -2]]), "label below"),
        (lambda _: Graph.from_arrays(1, [0], [0], [[0, 0, 0]]), "shape"),
        (lambda _: Graph.from_arrays(1, [0], [0], [[0, 0, 0, 0.5]]), "integers"),
        (lambda _: Graph.from_arrays(1, [0], [0], [[0, 0, 0, 0]], [math.nan]), "NaN"),
        (lambda _: Graph.from_arrays(2**40, [], [], []), "nodes were asked for"),
        (lambda _: linear_graph(-1, 2), "below 0"),
        (lambda _: linear_graph(2, 2, [[1.0]]), "1 weights were given for 4"),
        (lambda _: string_graph("abc", "ab"), "'c'"),
        (lambda _: string_graph([0, -5]), "label below"),
        (lambda _: scalar_graph(math.nan), "NaN"),
    ],
)
def test_what_cannot_be_a_graph_is_refused(make, message):
    with pytest.raises(GraphError, match=message):
        make(linear_graph(1, 1))


@pytest.mark.parametrize(
    ("nodes", "arcs", "weights", "message"),
    [
        ([1, 2], [[0, 2, 0, 0]], [0.0], "arc 0 joins a node"),
        ([1, 2], [[-1, 1, 0, 0]], [0.0], "arc 0 joins a node"),
        ([1, 2], [[0, 1, 0, 0]], [], "one weight"),
        ([1, 2], [[0, 1, 0, 0]], [math.nan], "NaN"),
    ],
)
def test_the_engine_looks_at_what_it_is_given(nodes, arcs, weights, message):
    """Nobody gets here but through a Graph, which has looked already; a wrong arc would read foreign memory."""
    columns = np.array(nodes, np.uint8), np.array(arcs, np.int32), np.array(weights, np.float64)
    for search in (_engine.graph_viterbi, _engine.graph_forward, _engine.graph_shares):
        with pytest.raises(ValueError, match=message):
            search(*columns)
    with pytest.raises(ValueError, match=message):
        _engine.graph_n_best(*columns, 1)
    with pytest.raises(ValueError, match=message):
        _engine.graph_remove(*columns, -1, -1)
    with pytest.raises(ValueError, match=message):
        _engine.Trellis(*columns, 3)
    with pytest.raises(TypeError):
        _engine.graph_viterbi(columns[0], np.array(arcs, np.int64), columns[2])
