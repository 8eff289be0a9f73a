"""Whether two graphs are the same."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.graphs import closure, equal, isomorphic, linear_graph
from tests.graphs.paths import build, graphs, rows


@settings(max_examples=150, deadline=None)
@given(graphs(cyclic=True), st.data())
def test_a_graph_in_another_order_is_isomorphic(graph, data):
    count = graph.num_nodes()
    place = data.draw(st.permutations(range(count)))
    arcs = [(place[arc[0]], place[arc[1]], *arc[2:]) for arc in data.draw(st.permutations(rows(graph)))]
    other = build([place[n] for n in graph.starts], [place[n] for n in graph.accepts], arcs, count)
    assert isomorphic(graph, other)
    if arcs:
        changed = [*arcs[:-1], (*arcs[-1][:4], 77.0)]
        assert not isomorphic(graph, build(other.starts, other.accepts, changed, count))
        assert not isomorphic(graph, build(other.starts, other.accepts, arcs[:-1], count))


@settings(max_examples=100, deadline=None)
@given(graphs(cyclic=True))
def test_a_graph_is_equal_to_its_copy_alone(graph):
    assert equal(graph, graph.copy())
    other = graph.copy()
    other.add_node()
    assert not equal(graph, other)


def ring(sizes):
    """Return rings of nodes that all look the same: only their sizes tell them apart."""
    arcs, first = [], 0
    for size in sizes:
        arcs += [(first + k, first + (k + 1) % size, 0) for k in range(size)]
        first += size
    return build([], [], arcs)


def test_nodes_that_look_the_same_are_told_apart():
    assert isomorphic(ring([3, 4]), ring([4, 3]))
    assert not isomorphic(ring([7]), ring([3, 4]))
    assert not isomorphic(ring([6]), ring([3, 3]))


def test_a_long_graph_is_compared_in_a_second_or_two():
    graph = closure(linear_graph(10_000, 3))
    order = np.random.default_rng(0).permutation(graph.num_arcs())
    all_rows = rows(graph)
    other = build(graph.starts, graph.accepts, [all_rows[k] for k in order], graph.num_nodes())
    start = time.perf_counter()
    assert isomorphic(graph, other)
    assert time.perf_counter() - start < 5
