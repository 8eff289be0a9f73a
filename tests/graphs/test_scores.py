"""Searches over all paths, against every path written out."""

from __future__ import annotations

import math
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.errors import GraphError
from lenet.graphs import (
    Graph,
    backward,
    epsilon,
    forward_score,
    linear_graph,
    n_best,
    posterior,
    prune,
    viterbi_path,
    viterbi_score,
)
from tests.graphs.paths import build, graphs, language, log_sum, pairs, paths, score, strings


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_scores_are_those_of_all_paths(graph):
    scores = [score(graph, path) for path in paths(graph)]
    assert viterbi_score(graph).item() == max(scores, default=-math.inf)
    assert forward_score(graph).item() == pytest.approx(log_sum(scores), abs=1e-12)


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_the_viterbi_path_is_a_best_path(graph):
    best = viterbi_path(graph)
    scores = {score(graph, path): strings(graph, path) for path in paths(graph)}
    if max(scores, default=-math.inf) == -math.inf:
        assert best.num_nodes() == 0
        return
    (entry,) = language(best)
    assert entry in language(graph)
    assert entry[1] == max(scores)
    arcs = [source for arc in range(best.num_arcs()) for _, source in best.origins(arc)]
    assert arcs in list(paths(graph))


@settings(max_examples=300, deadline=None)
@given(graphs(nodes=5, arcs=10), st.integers(1, 12))
def test_n_best_are_the_best_of_all_strings(graph, n):
    best = {}
    for path in paths(graph):
        if (weight := score(graph, path)) > -math.inf:
            best[pairs(graph, path)] = max(best.get(pairs(graph, path), -math.inf), weight)
    found = n_best(graph, n)
    assert [sum(path.weights) for path in found] == sorted(best.values(), reverse=True)[:n]
    seen = [pairs(path, list(range(path.num_arcs()))) for path in found]
    assert len(set(seen)) == len(seen) == min(n, len(best))
    assert [best[string] for string in seen] == [sum(path.weights) for path in found]


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_posteriors_are_shares_of_paths(graph):
    scores = [score(graph, path) for path in paths(graph)]
    total = log_sum(scores)
    expected = np.zeros(graph.num_arcs())
    if total > -math.inf:
        for path in paths(graph):
            for arc in path:
                expected[arc] += math.exp(score(graph, path) - total)
    np.testing.assert_allclose(posterior(graph), expected, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(graphs(), st.sampled_from([0.0, 0.05, 0.3]))
def test_prune_leaves_the_arcs_that_many_paths_take(graph, least):
    if not graph.num_arcs() or forward_score(graph).item() == -np.inf:
        return
    found, shares = prune(graph, least), posterior(graph)
    kept = np.flatnonzero(shares >= least)
    assert found.arcs.tolist() == graph.arcs[kept].tolist()
    assert found.weights.tolist() == graph.weights[kept].tolist()
    assert [found.origins(k) for k in range(len(kept))] == [[(graph, int(arc))] for arc in kept]


def test_posteriors_of_a_cut_add_up_to_one():
    shares = posterior(linear_graph(7, 5, np.random.default_rng(0).normal(0, 4, (7, 5))))
    np.testing.assert_allclose(shares.reshape(7, 5).sum(1), 1, atol=1e-12)


def test_n_best_of_equal_paths_does_not_look_at_all_of_them():
    """10 ** 200 strings score the same; whoever expands by score alone never comes to an end."""
    start = time.perf_counter()
    found = n_best(linear_graph(200, 10, np.full((200, 10), -0.1)), 50)
    assert len({path.spell() for path in found}) == 50
    assert time.perf_counter() - start < 1


def test_n_best_of_many_paths_for_one_string():
    """2 ** 60 paths spell the best string: strings are told apart, not paths."""
    graph = Graph()
    graph.add_node(True)
    for step in range(60):
        graph.add_node(accept=step == 59)
        for label, weight in ((0, 0.0), (0, 0.0), (1, -1.0 - step / 100)):
            graph.add_arc(step, step + 1, label, weight=weight)
    found = [path.spell() for path in n_best(graph, 3)]
    assert found == ["0" * 60, "1" + "0" * 59, "01" + "0" * 58]


def test_scores_stay_exact_far_from_zero():
    for shift in (1e3, -1e3, 1e6):
        graph = linear_graph(2, 2, np.array([[0.0, -1.0], [-2.0, -0.5]]) + shift)
        near = linear_graph(2, 2, [[0.0, -1.0], [-2.0, -0.5]])
        assert forward_score(graph).item() - 2 * shift == pytest.approx(forward_score(near).item(), abs=1e-9)


def test_infinite_weights():
    impossible = build([0], [1], [(0, 1, 0, 0, -math.inf), (0, 1, 1, 1, -math.inf)])
    assert viterbi_score(impossible).item() == forward_score(impossible).item() == -math.inf
    assert viterbi_path(impossible).num_nodes() == 0
    assert n_best(impossible, 3) == []
    assert not posterior(impossible).any()
    certain = build([0], [1], [(0, 1, 0, 0, math.inf), (0, 1, 1, 1, 0.0)])
    assert viterbi_score(certain).item() == forward_score(certain).item() == math.inf
    assert viterbi_path(certain).labels_to_list() == [0]
    for refused in (lambda: posterior(certain), lambda: backward(forward_score(certain)), lambda: n_best(certain, 2)):
        with pytest.raises(GraphError, match="inf"):
            refused()
    both = build([0], [2], [(0, 1, 0, 0, math.inf), (1, 2, 1, 1, -math.inf)])
    assert viterbi_score(both).item() == forward_score(both).item() == -math.inf


CYCLES = {
    "a loop on the way": build([0], [2], [(0, 1, 0), (1, 2, 0), (1, 1, 0)]),
    "a loop at the end": build([0], [2], [(0, 1, 0), (1, 2, 0), (2, 2, 0)]),
    "a way back": build([0], [2], [(0, 1, 0), (1, 2, 0), (2, 0, 0)]),
    "a loop of one node": build([0], [0], [(0, 0, 1)]),
}


@pytest.mark.parametrize("graph", CYCLES.values(), ids=CYCLES)
def test_cycles_are_refused(graph):
    for search in (viterbi_score, viterbi_path, forward_score, posterior, lambda graph: n_best(graph, 2)):
        with pytest.raises(GraphError, match="same node again"):
            search(graph)


def test_cycles_off_every_path_do_not_matter():
    graph = build([0], [1], [(0, 1, 0, 0, -1.0), (0, 2, 0), (2, 2, 0), (3, 3, 0), (3, 1, 0)])
    assert forward_score(graph).item() == viterbi_score(graph).item() == -1


def test_n_best_of_none():
    with pytest.raises(GraphError, match="1 or more"):
        n_best(linear_graph(1, 1), 0)


def test_a_chain_of_a_hundred_thousand_arcs_is_quick_and_does_not_recurse():
    weights = np.random.default_rng(1).normal(size=(100_000, 1))
    chain = linear_graph(100_000, 1, weights)
    start = time.perf_counter()
    total = forward_score(chain)
    backward(total)
    best = viterbi_path(chain)
    (other,) = n_best(chain, 2)
    assert time.perf_counter() - start < 1
    assert total.item() == pytest.approx(weights.sum())
    assert best.num_arcs() == other.num_arcs() == 100_000
    assert (chain.grad == 1).all()


def test_searches_on_several_threads_agree():
    graph = linear_graph(300, 20, np.random.default_rng(2).normal(size=(300, 20)))
    expected = forward_score(graph).item()
    found = []
    threads = [threading.Thread(target=lambda: found.append(forward_score(graph).item())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


def test_null_labels_are_not_seen_by_n_best():
    graph = build([0], [3], [(0, 1, 5), (1, 2, epsilon), (2, 3, 6), (1, 2, epsilon, epsilon, -1.0), (0, 2, 5, 5, -0.5)])
    assert [path.labels_to_list() for path in n_best(graph, 5)] == [[5, epsilon, 6]]
