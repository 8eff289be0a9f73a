"""The algebra of graphs, against every path written out: no string may be lost, made up or counted twice."""

from __future__ import annotations

import math
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.errors import GraphError
from lenet.graphs import (
    Graph,
    closure,
    compose,
    concat,
    epsilon,
    equal,
    intersect,
    isomorphic,
    linear_graph,
    n_best,
    project_input,
    project_output,
    remove,
    string_graph,
    union,
    viterbi_score,
)
from tests.graphs.paths import build, graphs, language, log_sum, paths, rows, score, strings


def joined(first, second):
    """Return the language of a composition, path by path."""
    return Counter(
        ((one[0], two[1]), round(a + b, 9))
        for (one, a), n in language(first).items()
        for (two, b), m in language(second).items()
        for _ in range(n * m)
        if one[1] == two[0]
    )


@settings(max_examples=200, deadline=None)
@given(graphs(), graphs())
def test_compose_pairs_every_path_with_every_path_that_fits_once(first, second):
    assert language(compose(first, second)) == joined(first, second)


@settings(max_examples=80, deadline=None)
@given(graphs(cyclic=True, nodes=4, arcs=6), graphs(nodes=4, arcs=6))
def test_compose_unrolls_cycles_against_what_has_none(first, second):
    """Arcs of a cycle that write nothing would go round for ever; without them, length is bounded by the second."""
    first = build(first.starts, first.accepts, [arc for arc in rows(first) if arc[3] != epsilon], first.num_nodes())
    expected = Counter(
        ((strings(first, path)[0], two[1]), round(score(first, path) + b, 9))
        for path in paths(first, 4)
        if score(first, path) > -math.inf
        for (two, b), m in language(second).items()
        for _ in range(m)
        if strings(first, path)[1] == two[0]
    )
    assert language(compose(first, second)) == expected


@settings(max_examples=100, deadline=None)
@given(graphs(), graphs())
def test_compose_keeps_only_what_both_ends_reach(first, second):
    made = compose(first, second)
    used = {arc for path in paths(made) for arc in path}
    assert used == set(range(made.num_arcs()))


@settings(max_examples=100, deadline=None)
@given(graphs(acceptor=True), graphs(acceptor=True))
def test_intersect_accepts_what_both_accept(first, second):
    made = intersect(first, second)
    assert equal(made, compose(first, second))
    one, two, both = ({string for string, _ in language(graph)} for graph in (first, second, made))
    assert both == one & two


def test_compose_knows_where_arcs_came_from():
    pieces = linear_graph(2, "ab").copy()
    pieces._meanings[2] = "a piece of ink"
    grammar = string_graph("ba", "ab")
    made = compose(pieces, grammar)
    assert made.spell() == "ba"
    assert made.origins(1) == [(pieces, 2), (grammar, 1)]
    assert [made.stands_for(arc) for arc in range(2)] == [None, "a piece of ink"]
    assert union([concat([made, made]), made]).stands_for(3) == "a piece of ink"


def test_a_composition_that_would_fill_the_memory_is_refused():
    everything = Graph()
    everything.add_node(True, True)
    for _ in range(6000):
        everything.add_arc(0, 0, 0)
    with pytest.raises(GraphError, match="too large"):
        compose(everything, everything)


def test_compose_of_a_hundred_thousand_arcs_is_quick():
    lattice = linear_graph(10_000, 10)
    grammar = closure(linear_graph(1, 10))
    start = time.perf_counter()
    made = compose(lattice, grammar)
    viterbi_score(made)
    assert time.perf_counter() - start < 1
    assert made.num_arcs() >= 100_000


# ---- union, concat, closure, projections ----------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.lists(graphs(), max_size=3))
def test_union_accepts_what_any_accepts(many):
    assert language(union(many)) == sum((language(graph) for graph in many), Counter())


@settings(max_examples=100, deadline=None)
@given(st.lists(graphs(nodes=4, arcs=5), max_size=3))
def test_concat_accepts_one_after_the_other(many):
    expected = Counter({(((), ()), 0.0): 1})
    for graph in many:
        expected = Counter(
            {
                entry: sum(
                    n * m
                    for ((read, written), a), n in expected.items()
                    for (two, b), m in language(graph).items()
                    if (((*read, *two[0]), (*written, *two[1])), round(a + b, 9)) == entry
                )
                for entry in {
                    (((*read, *two[0]), (*written, *two[1])), round(a + b, 9))
                    for ((read, written), a) in expected
                    for two, b in language(graph)
                }
            }
        )
    assert language(concat(many)) == +expected


@settings(max_examples=50, deadline=None)
@given(graphs(acceptor=True, nodes=3, arcs=4), st.integers(0, 3))
def test_closure_accepts_any_number_of_strings(graph, times):
    once = [(string[0], weight) for string, weight in language(graph).elements() if string[0]]
    expected = Counter({(): 0.0})
    for _ in range(times):
        for string, weight in list(expected.items()):
            for more, extra in once:
                longer = (*string, *more)
                expected[longer] = max(expected.get(longer, -math.inf), weight + extra)
    starred = closure(graph)
    for string, weight in expected.items():
        if len(string) <= times:
            assert language_best(starred, string) >= weight - 1e-9


def language_best(graph, string):
    """Return the best score of a string, by Bellman and Ford over the pairs of node and position."""
    best = dict.fromkeys(((node, 0) for node in graph.starts), 0.0)
    for _ in range(graph.num_nodes() * (len(string) + 1)):
        for source, target, label, _, weight in rows(graph):
            for at in range(len(string) + 1):
                there = at + (label != epsilon)
                if there <= len(string) and (label == epsilon or string[at] == label):
                    value = best.get((source, at), -math.inf) + weight
                    if value > best.get((target, there), -math.inf):
                        best[target, there] = value
    return max((best.get((node, len(string)), -math.inf) for node in graph.accepts), default=-math.inf)


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_projections_keep_one_side(graph):
    for project, side in ((project_input, 0), (project_output, 1)):
        expected = Counter()
        for (both, weight), n in language(graph).items():
            expected[(both[side], both[side]), weight] += n
        assert language(project(graph)) == expected


# ---- remove ---------------------------------------------------------------------------------------------------------


def best_by_string(graph):
    best = {}
    for string, weight in language(graph):
        best[string] = max(best.get(string, -math.inf), weight)
    return best


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_remove_keeps_every_string_and_its_best_score(graph):
    made = remove(graph)
    assert best_by_string(made) == best_by_string(graph)
    nulls = [arc for arc in rows(made) if arc[2:4] == (epsilon, epsilon)]
    assert all(arc[0] in made.starts and arc[1] in made.accepts for arc in nulls)


@settings(max_examples=100, deadline=None)
@given(graphs(cyclic=True, nodes=4, arcs=6))
def test_remove_goes_round_cycles_that_gain_nothing(graph):
    arcs = [(*arc[:4], min(arc[4], 0.0)) for arc in rows(graph)]
    graph = build(graph.starts, graph.accepts, arcs, graph.num_nodes())
    made = remove(graph)
    for string in {strings(graph, path)[0] for path in paths(graph, 4)}:
        if len(string) < 3:
            read, removed = project_input(graph), project_input(made)
            assert language_best(removed, string) == pytest.approx(language_best(read, string))


def test_remove_refuses_a_cycle_that_gains():
    for arcs in (
        [(0, 1, -1, -1, 1.0), (1, 0, -1, -1, -0.5)],
        [(0, 1, -1), (1, 2, -1, -1, 0.1), (2, 1, -1)],
        [(0, 0, -1, -1, 1.0)],
    ):
        with pytest.raises(GraphError, match="above 0"):
            remove(build([0], [1], [*arcs, (0, 1, 5)]))


def test_remove_of_another_label():
    graph = build([0], [2], [(0, 1, 2, 1, -1.0), (1, 2, 0, 1, -2.0), (0, 2, 2, 2, -3.0)])
    assert language(remove(graph, 2, 1)) == Counter({(((0,), (1,)), -3.0): 1, (((2,), (2,)), -3.0): 1})
    assert language(remove(graph, 2)) == Counter({(((2, 0), (1, 1)), -3.0): 1, (((), ()), -3.0): 1})


def test_a_long_way_of_null_arcs_is_no_trouble():
    count = 100_000
    steps = np.arange(count)
    arcs = np.stack([steps, steps + 1, np.full(count, epsilon), np.full(count, epsilon)], 1)
    chain = Graph.from_arrays(count + 1, [0], [count], arcs, np.full(count, -1e-5))
    (arc,) = rows(remove(chain))
    assert arc[4] == pytest.approx(-1)


# ---- the figure ------------------------------------------------------------------------------------------------------


def figure_28():
    """LeCun et al. 1998, Fig. 28: three pieces, and a tree of seven words."""
    letters = "abcdeinoprtux"
    pieces = Graph(letters)
    for node in range(4):
        pieces.add_node(node == 0, node == 3)
    seen = [{"c": 0.4, "o": 1.0, "d": 1.8}, {"x": 0.1, "a": 0.2, "u": 0.8}, {"p": 0.2, "t": 0.8}]
    for step, choices in enumerate(seen):
        for letter, penalty in choices.items():
            pieces.add_arc(step, step + 1, letters.find(letter), weight=-penalty)
    return pieces, letters


def tree(words, letters, prefixes=False):
    graph = Graph(letters)
    graph.add_node(True)
    places = {"": 0}
    for word in words:
        for end in range(1, len(word) + 1):
            if word[:end] not in places:
                places[word[:end]] = graph.add_node(accept=prefixes or word[:end] in words)
                graph.add_arc(places[word[: end - 1]], places[word[:end]], letters.find(word[end - 1]))
    return graph


WORDS = ("barn", "but", "cute", "cure", "cap", "cat", "card")


def test_figure_28_gives_cap_and_cat():
    pieces, letters = figure_28()
    assert -1 not in [label for label in tree([w for w in WORDS if w != "barn"], letters).labels_to_list() if label < 0]
    best = n_best(compose(pieces, tree(WORDS, letters)), 9)
    found = {path.spell(): -log_sum([sum(path.weights)]) for path in best}
    assert list(found) == ["cap", "cat"]
    assert found == {"cap": pytest.approx(0.8), "cat": pytest.approx(1.4)}


def test_figure_28_gives_cut_where_the_beginning_of_a_word_will_do():
    pieces, letters = figure_28()
    made = compose(pieces, tree(WORDS, letters, prefixes=True))
    found = {path.spell(): round(-sum(path.weights), 9) for path in n_best(made, 9)}
    assert found == {"cap": 0.8, "cat": 1.4, "cut": 2.0}
    drawn = Graph(letters)  # as the figure draws the result
    for node in range(6):
        drawn.add_node(node == 0, node > 2)
    c, u, t, a, p = (letters.find(letter) for letter in "cutap")
    for source, target, label, penalty in ((0, 1, c, 0.4), (1, 2, a, 0.2), (2, 3, p, 0.2), (2, 4, t, 0.8)):
        drawn.add_arc(source, target, label, weight=-penalty)
    node = drawn.add_node()
    drawn.add_arc(1, node, u, weight=-0.8)
    drawn.add_arc(node, 5, t, weight=-0.8)
    assert isomorphic(made, drawn)
