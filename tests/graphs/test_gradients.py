"""Gradients: against finite differences, against hand-made ones, and back through whatever was done."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings

from lenet.errors import GraphError
from lenet.graphs import (
    Graph,
    add,
    backward,
    closure,
    compose,
    concat,
    discriminative_forward_loss,
    discriminative_viterbi_loss,
    epsilon,
    forward_loss,
    forward_score,
    intersect,
    linear_graph,
    n_best,
    negate,
    project_input,
    project_output,
    remove,
    scalar_graph,
    string_graph,
    subtract,
    union,
    viterbi_loss,
    viterbi_path,
    viterbi_score,
)
from tests.graphs.paths import build, graphs, rows

STEP = 1e-6


def smooth(graph: Graph, seed: int = 0) -> Graph:
    """Return the graph with finite weights of which no two sums are the same, so that a best path stays the best."""
    other = graph.copy()
    other.weights = np.random.default_rng(seed).normal(size=graph.num_arcs())
    return other


def check(score, *leaves: Graph) -> None:
    """Compare the gradient of a score by all leaves' weights with differences."""
    for leaf in leaves:
        leaf.zero_grad()
    made = score(*leaves)
    if not np.isfinite(made.item()):
        return
    backward(made)
    for leaf in leaves:
        weights = leaf.weights.copy()
        expected = np.zeros(len(weights))
        for arc in range(len(weights)):
            sides = []
            for step in (STEP, -STEP):
                leaf.weights = weights + step * (np.arange(len(weights)) == arc)
                sides.append(score(*leaves).item())
            expected[arc] = (sides[0] - sides[1]) / (2 * STEP)
        leaf.weights = weights
        np.testing.assert_allclose(leaf.grad, expected, atol=1e-7)


BOUND = union([linear_graph(length, 3) for length in range(4)])
"""Accepts up to three labels: makes anything finite."""


def spelt(graph: Graph) -> Graph:
    """Return the graph with a label after it, so that nothing in its closure goes round for nothing."""
    return concat([graph, string_graph([0])])


ONE = {
    "forward_score": forward_score,
    "viterbi_score": viterbi_score,
    "viterbi_path": lambda graph: forward_score(viterbi_path(graph)),
    "n_best": lambda graph: forward_score(union(n_best(graph, 3))),
    "negate": lambda graph: negate(forward_score(graph)),
    "closure": lambda graph: forward_score(compose(closure(spelt(graph)), BOUND)),
    "remove": lambda graph: forward_score(remove(graph)),
    "project_input": lambda graph: forward_score(compose(remove(project_input(graph)), BOUND)),
    "project_output": lambda graph: forward_score(compose(remove(project_output(graph)), BOUND)),
    "with itself": lambda graph: forward_score(compose(project_input(graph), project_input(graph))),
}

TWO = {
    "compose": lambda a, b: forward_score(compose(a, b)),
    "intersect": lambda a, b: viterbi_score(intersect(project_input(a), project_output(b))),
    "union": lambda a, b: forward_score(union([a, b, a])),
    "concat": lambda a, b: forward_score(concat([a, b, a])),
    "add": lambda a, b: add(forward_score(a), viterbi_score(b)),
    "subtract": lambda a, b: subtract(forward_score(a), add(forward_score(b), forward_score(a))),
    "viterbi_loss": lambda a, b: viterbi_loss(a, union([b, BOUND])),
    "discriminative_viterbi_loss": lambda a, b: discriminative_viterbi_loss(a, union([b, BOUND])),
    "forward_loss": lambda a, b: forward_loss(a, union([b, BOUND])),
    "discriminative_forward_loss": lambda a, b: discriminative_forward_loss(a, union([b, BOUND])),
}


def connected(graph: Graph, seed: int = 0) -> Graph:
    """Return a random graph whose first node starts and last accepts, with a chain between so that there is a path."""
    arcs = rows(graph)
    places = list(range(graph.num_nodes()))
    for source, target in itertools.pairwise(places):
        arcs.append((source, target, source % 3, target % 3, 0.0))
    arcs = [(min(arc[:2]), max(arc[:2]), *arc[2:]) for arc in arcs]
    return smooth(build([0], [places[-1]], arcs, len(places)), len(arcs) + seed)


@pytest.mark.parametrize("score", ONE.values(), ids=ONE)
@settings(max_examples=12, deadline=None)
@given(graphs(nodes=4, arcs=5))
def test_gradients_of_one_graph_are_those_of_differences(score, graph):
    check(score, connected(graph))


@pytest.mark.parametrize("score", TWO.values(), ids=TWO)
@settings(max_examples=12, deadline=None)
@given(graphs(nodes=4, arcs=5), graphs(nodes=4, arcs=5))
def test_gradients_of_two_graphs_are_those_of_differences(score, first, second):
    check(score, connected(first), connected(second, seed=100))  # with the same weights, sums over both are the same


def test_a_gradient_may_be_given():
    graph = build([0], [2], [(0, 1, 0, 0, 1.0), (1, 2, 0, 0, 2.0), (0, 2, 1)])
    backward(viterbi_path(graph), [5.0, 7.0])
    assert graph.grad.tolist() == [5, 7, 0]
    backward(viterbi_score(graph), 2.0)
    assert graph.grad.tolist() == [7, 9, 0]
    graph.zero_grad()
    assert graph.grad is None
    with pytest.raises(GraphError, match="2 weights were given for 1 arcs"):
        backward(viterbi_score(graph), [1.0, 2.0])


def test_everything_on_the_way_has_its_gradient():
    graph = linear_graph(2, 2)
    made = compose(graph, string_graph([0, 1]))
    backward(forward_score(made))
    assert made.grad.tolist() == [1, 1]
    assert graph.grad.tolist() == [1, 0, 0, 1]


def test_impossible_paths_have_no_gradient():
    graph = linear_graph(2, 2)
    loss = discriminative_forward_loss(graph, [0, 1, 1])
    assert loss.item() == np.inf
    backward(loss)
    np.testing.assert_allclose(graph.grad, 0.5)  # of all paths; none from what is not there


def test_ten_thousand_operations_in_a_row_do_not_recurse():
    graph = scalar_graph(1.0)
    total = graph
    for _ in range(10_000):
        total = add(total, graph)
    backward(total)
    assert graph.grad.tolist() == [10_001]


def test_arcs_added_after_use_are_refused():
    graph = linear_graph(1, 2)
    total = forward_score(graph)
    graph.add_arc(0, 1, 1)
    with pytest.raises(GraphError, match="added to a graph after it was used"):
        backward(total)


def test_a_copy_has_no_history_and_may_be_changed():
    made = compose(linear_graph(2, 2), linear_graph(2, 2))
    with pytest.raises(GraphError, match="copy"):
        made.add_node()
    with pytest.raises(GraphError, match="copy"):
        made.weights = np.zeros(4)
    for other in (made.copy(), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        other.add_arc(0, 1, epsilon)
        assert other.origins(0) == []
        assert made.num_arcs() == 4
        assert rows(other)[:4] == rows(made)
