"""Searches over emissions, against every alignment and every string written out.

Protected are: that a string's score is the sum over all of its alignments, or a confidence made of it lies; that a
constraint works inside the search, so that something allowed is found wherever something allowed fits; that gradients
are those of the score; that threads change nothing.
"""

from __future__ import annotations

import doctest
import itertools
import math
import pickle
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet import trellis
from lenet.errors import GraphError
from lenet.graphs import (
    Graph,
    backward,
    compose,
    concat,
    epsilon,
    forward_score,
    linear_graph,
    string_graph,
    union,
    viterbi_path,
)
from lenet.trellis import Acceptor, ctc_graph
from tests.graphs.paths import build, graphs, log_sum, rows

NUMBERS = st.one_of(st.integers(-24, 8).map(lambda k: k / 4), st.just(-math.inf))


@st.composite
def fields(draw, frames=5, symbols=4):
    shape = (draw(st.integers(0, frames)), draw(st.integers(2, symbols)))
    size = shape[0] * shape[1]
    return np.array(draw(st.lists(NUMBERS, min_size=size, max_size=size)), np.float32).reshape(shape)


@st.composite
def acceptors(draw, symbols, states=4):
    count = draw(st.integers(1, states))
    moves = draw(st.lists(st.integers(-1, count - 1), min_size=count * symbols, max_size=count * symbols))
    table = np.array(moves).reshape(count, symbols)
    table[:, 0] = -1
    accepting = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    scores = draw(st.lists(NUMBERS, min_size=count * symbols, max_size=count * symbols))
    return Acceptor(table, accepting, np.array(scores).reshape(count, symbols) if draw(st.booleans()) else None)


def collapse(alignment):
    return tuple(symbol for symbol, _ in itertools.groupby(alignment) if symbol != 0)


def every_string(emissions):
    """Return, of each string that the frames can spell, the scores and alignments."""
    frames, symbols = emissions.shape
    found = defaultdict(list)
    for alignment in itertools.product(range(symbols), repeat=frames):
        score = sum(float(emissions[t, s]) for t, s in enumerate(alignment))
        found[collapse(alignment)].append((score, alignment))
    return found


def acceptor_score(acceptor, string):
    """Return the score of an accepted string, or None."""
    if not acceptor.accepts(string):
        return None
    state, total = 0, 0.0
    for symbol in string:
        total += 0.0 if acceptor.scores is None else float(acceptor.scores[state, symbol])
        state = acceptor.next[state, symbol]
    return total


def every_accepted(emissions, acceptor):
    """Return the exact score of each accepted string that is possible."""
    scores = {}
    for string, each in every_string(emissions).items():
        extra = acceptor_score(acceptor, string)
        if extra is not None and (total := log_sum([score for score, _ in each]) + extra) > -math.inf:
            scores[string] = total
    return scores


def test_the_examples_in_the_docstrings_hold():
    done = doctest.testmod(trellis.acceptors)
    assert done.attempted
    assert not done.failed


# ---- strings --------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(fields())
def test_a_string_scores_the_sum_of_its_alignments(emissions):
    for string, each in every_string(emissions).items():
        assert trellis.string_score(emissions, string) == pytest.approx(log_sum([score for score, _ in each]), abs=1e-6)
    too_long = [1] * (len(emissions) + 1)
    assert trellis.string_score(emissions, too_long) == -math.inf


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_prefix_search_finds_the_best_of_all_strings(data):
    emissions = data.draw(fields())
    acceptor = data.draw(acceptors(emissions.shape[1]))
    expected = every_accepted(emissions, acceptor)
    found = trellis.prefix_search(emissions, acceptor, beam=2000, n_best=5)
    assert [each.score for each in found] == pytest.approx(sorted(expected.values(), reverse=True)[:5], abs=1e-5)
    for each in found:
        assert each.score == pytest.approx(expected[each.labels], abs=1e-5)
    assert len({each.labels for each in found}) == len(found) == min(5, len(expected))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_narrow_beam_scores_exactly_and_finds_something_wherever_something_fits(data):
    emissions = data.draw(fields(frames=5))
    emissions = np.maximum(emissions, -20)
    table = data.draw(acceptors(emissions.shape[1]))
    acceptor = Acceptor(table.next, table.accepting)
    expected = every_accepted(emissions, acceptor)
    found = trellis.prefix_search(emissions, acceptor, beam=1, n_best=3)
    assert bool(found) == bool(expected)
    for each in found:
        assert each.score == pytest.approx(expected[each.labels], abs=1e-5)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_accepted_score_is_the_sum_over_all_strings(data):
    emissions = data.draw(fields())
    acceptor = data.draw(acceptors(emissions.shape[1]))
    expected = log_sum(list(every_accepted(emissions, acceptor).values()))
    assert trellis.accepted_score(emissions, acceptor) == pytest.approx(expected, abs=1e-5)
    everything = log_sum([score for each in every_string(emissions).values() for score, _ in each])
    assert trellis.accepted_score(emissions) == pytest.approx(everything, abs=1e-5)


@settings(max_examples=100, deadline=None)
@given(fields())
def test_spans_are_those_of_the_best_alignment(emissions):
    for each in trellis.prefix_search(emissions, beam=500, n_best=3):
        spans = np.array(each.spans).reshape(-1, 2)
        assert len(spans) == len(each.labels)
        assert (spans[:, 0] < spans[:, 1]).all()
        assert (spans[1:, 0] >= spans[:-1, 1]).all()
        peaks = [emissions[first:end, label].max() for label, (first, end) in zip(each.labels, spans, strict=True)]
        assert each.peaks == tuple(np.array(peaks, np.float32).tolist())
        alignment = [0] * len(emissions)
        for label, (first, end) in zip(each.labels, each.spans, strict=True):
            alignment[first:end] = [label] * (end - first)
        scores = {alignment: score for score, alignment in every_string(emissions)[each.labels]}
        assert scores[tuple(alignment)] == pytest.approx(max(scores.values()), abs=1e-5)


def spelled(text, frames, symbols=12, seed=0, sharp=6.0):
    """Return emissions in which a text stands, as a network would see it."""
    scores = np.random.default_rng(seed).normal(0, 0.3, (frames, symbols))
    scores[:, 0] += sharp * 0.7
    for k, label in enumerate(text):
        middle = int((k + 0.5) * frames / len(text))
        scores[middle : middle + 2, label] += sharp
    return (scores - np.log(np.exp(scores).sum(1, keepdims=True))).astype(np.float32)


def test_a_beam_of_eight_reads_a_field_and_knows_where():
    text = (3, 1, 4, 1, 5, 5, 9)
    (best,) = trellis.prefix_search(spelled(text, 60))
    assert best.labels == text
    for k, (first, end) in enumerate(best.spans):
        assert first <= int((k + 0.5) * 60 / 7) < end


@pytest.mark.parametrize("depth", [1.0, 3.0, 100.0])
def test_what_is_too_small_for_doubles_is_summed_exactly(depth):
    """Doubles end at exp(-708), long doubles at exp(-11,355); after that, logarithms are added."""
    emissions = np.full((40, 3), -50.0 * depth, np.float32)
    emissions[:, 0] = 0
    emissions[:20, 1] *= 2
    expected = log_sum([depth * score for score in [-100.0] * 20 + [-50.0] * 20])
    assert trellis.string_score(emissions, [1]) == pytest.approx(expected)
    twenty = string_graph([1, 2] * 10)
    exact = trellis.forward_score(emissions, ctc_graph(twenty))
    assert exact < -900 * depth
    assert trellis.string_score(emissions, [1, 2] * 10) == pytest.approx(exact)
    acceptor = Acceptor.from_graph(twenty, 3)
    assert trellis.accepted_score(emissions, acceptor) == pytest.approx(exact)
    (found,) = trellis.prefix_search(emissions, acceptor)
    assert found.labels == (1, 2) * 10
    assert found.score == pytest.approx(exact)


def test_repeated_symbols_need_a_blank_between():
    emissions = np.zeros((3, 2), np.float32)
    strings = {each.labels: each.score for each in trellis.prefix_search(emissions, beam=50, n_best=9)}
    assert strings == {(): 0.0, (1,): pytest.approx(math.log(6)), (1, 1): 0.0}
    only = Acceptor.from_graph(string_graph([1, 1]), 2)
    assert only.ready.needs() == 3
    assert trellis.prefix_search(emissions[:2], only) == []
    assert trellis.prefix_search(emissions, only, beam=1)[0].spans == ((0, 1), (2, 3))


def test_a_constraint_works_inside_the_search():
    """A digit is never deleted: the best allowed string is found, not the best string with something left out."""
    emissions = spelled((3, 11, 4), 30)  # 11 is not allowed
    digits = Acceptor(np.array([[-1, *[0] * 10, -1]]), np.array([True]))
    free, allowed = trellis.prefix_search(emissions)[0], trellis.prefix_search(emissions, digits)[0]
    assert free.labels == (3, 11, 4)
    assert 11 not in allowed.labels
    exactly = linear_graph(3, 10).copy()
    moved = Graph.from_arrays(4, [0], [3], exactly.arcs + np.array([0, 0, 1, 1]))
    assert len(trellis.prefix_search(emissions, Acceptor.from_graph(moved, 12))[0].labels) == 3


def test_scores_of_moves_decide():
    emissions = np.log(np.array([[0.2, 0.5, 0.3]], np.float32))
    moves, accepting = np.array([[-1, 1, 1], [-1, -1, -1]]), np.array([False, True])
    assert trellis.prefix_search(emissions, Acceptor(moves, accepting))[0].labels == (1,)
    scores = np.array([[0, -1.0, 0.5], [0, 0, 0]])
    (best,) = trellis.prefix_search(emissions, Acceptor(moves, accepting, scores))
    assert best.labels == (2,)
    assert best.score == pytest.approx(math.log(0.3) + 0.5)


# ---- acceptors ------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(acceptors(4))
def test_an_acceptor_comes_back_from_its_graph(acceptor):
    if acceptor.scores is not None:
        acceptor = Acceptor(acceptor.next, acceptor.accepting, np.maximum(acceptor.scores, -9))
    for other in (Acceptor.from_graph(acceptor.graph(), 4), pickle.loads(pickle.dumps(acceptor))):
        for length in range(4):
            for string in itertools.product(range(1, 4), repeat=length):
                assert acceptor_score(other, string) == acceptor_score(acceptor, string)


@settings(max_examples=100, deadline=None)
@given(acceptors(4))
def test_needs_are_the_fewest_frames(acceptor):
    """A frame for each symbol, and one between two that are the same."""
    lengths = [
        len(string) + sum(a == b for a, b in itertools.pairwise(string))
        for length in range(5)
        for string in itertools.product(range(1, 4), repeat=length)
        if acceptor_score(acceptor, string) not in (None, -math.inf)
    ]
    needs = acceptor.ready.needs()
    assert needs == min(lengths) if lengths and min(lengths) < 5 else needs > 4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Acceptor(np.array([[0, 0]]), np.array([True])), "blank"),
        (lambda: Acceptor(np.array([[-1, 1]]), np.array([True])), "no state"),
        (lambda: Acceptor(np.array([[-1, -2]]), np.array([True])), "no state"),
        (lambda: Acceptor(np.array([[-1, 2**40]]), np.array([True])), "were given"),
        (lambda: Acceptor(np.array([[-1.0, 0.0]]), np.array([True])), "float64"),
        (lambda: Acceptor(np.array([-1, 0]), np.array([True])), "shape"),
        (lambda: Acceptor(np.zeros((0, 3), int), np.zeros(0, bool)), "a state"),
        (lambda: Acceptor(np.array([[-1, 0]]), np.array([True, False])), "flag"),
        (lambda: Acceptor(np.array([[-1, 0]]), np.array([True]), np.zeros((1, 3))), "score"),
        (lambda: Acceptor(np.array([[-1, 0]]), np.array([True]), np.array([[0, np.nan]])), "NaN"),
        (lambda: Acceptor(np.array([[-1, 0]]), np.array([True]), np.array([[0, np.inf]])), "inf"),
        (lambda: Acceptor.from_graph(Graph(), 3), "0 starts"),
        (lambda: Acceptor.from_graph(build([0], [1], [(0, 1, 0)]), 3), "labels 0 to 0"),
        (lambda: Acceptor.from_graph(build([0], [1], [(0, 1, 3)]), 3), "labels 3 to 3"),
        (lambda: Acceptor.from_graph(build([0], [1], [(0, 1, epsilon)]), 3), "labels -1"),
        (lambda: Acceptor.from_graph(build([0], [1], [(0, 1, 1, 2)]), 3), "transducer"),
        (lambda: Acceptor.from_graph(build([0], [1], [(0, 1, 1), (0, 0, 1)]), 3), "deterministic"),
    ],
)
def test_what_is_no_acceptor_is_refused(make, message):
    with pytest.raises(GraphError, match=message):
        make()


# ---- graphs ---------------------------------------------------------------------------------------------------------


def composed(emissions, graph):
    """Return the slow truth: the emissions as a chain, composed with the graph."""
    return compose(linear_graph(*emissions.shape, emissions), graph)


@st.composite
def searched(draw):
    """Draw emissions and a graph with cycles, but none of null arcs: those lead to nodes of higher number."""
    emissions = draw(fields(frames=4, symbols=3))
    graph = draw(graphs(cyclic=True, nodes=4, arcs=8))
    arcs = [(*arc[:2], min(arc[2], emissions.shape[1] - 1), *arc[3:]) for arc in rows(graph)]
    arcs = [arc for arc in arcs if arc[2] != epsilon or arc[0] < arc[1]]
    return emissions, build(graph.starts, graph.accepts, arcs, graph.num_nodes())


@settings(max_examples=150, deadline=None)
@given(searched())
def test_forward_scores_and_gradients_are_those_of_the_composition(drawn):
    emissions, graph = drawn
    chain = linear_graph(*emissions.shape, emissions)
    total = forward_score(compose(chain, graph))
    backward(total)
    assert trellis.forward_score(emissions, graph) == pytest.approx(total.item(), abs=1e-6)
    found = trellis.forward_gradient(emissions, graph)
    assert found.score == pytest.approx(total.item(), abs=1e-6)
    np.testing.assert_allclose(found.emissions.ravel(), chain.grad, atol=1e-6)
    np.testing.assert_allclose(found.weights, graph.grad, atol=1e-6)
    graph.zero_grad()


@settings(max_examples=100, deadline=None)
@given(searched())
def test_viterbi_paths_are_those_of_the_composition(drawn):
    emissions, graph = drawn
    found = trellis.viterbi_path(emissions, graph)
    best = viterbi_path(composed(emissions, graph))
    if best.num_nodes() == 0:
        assert found == trellis.Alignment(-math.inf, (), ())
        return
    assert found.score == pytest.approx(sum(best.weights), abs=1e-5)
    total, node = 0.0, None
    frames = []
    for arc, frame in zip(found.arcs, found.frames, strict=True):
        source, target, label, _, weight = rows(graph)[arc]
        assert source in graph.starts if node is None else source == node
        assert frame == len(frames)
        if label != epsilon:
            frames.append(frame)
            total += float(emissions[frame, label])
        total, node = total + weight, target
    assert len(frames) == len(emissions)
    assert node is None or node in graph.accepts
    assert total == pytest.approx(found.score, abs=1e-5)


def test_gradients_are_those_of_differences():
    rng = np.random.default_rng(3)
    emissions = rng.normal(size=(6, 4)).astype(np.float32)
    acceptor = union([string_graph([1, 2]), string_graph([3, 3, 1]), concat([string_graph([2]), string_graph([1])])])
    graph = ctc_graph(acceptor).copy()
    graph.weights = rng.normal(size=graph.num_arcs())
    found = trellis.forward_gradient(emissions, graph)
    np.testing.assert_allclose(found.emissions.sum(1), 1, atol=1e-6)
    for index in np.ndindex(emissions.shape):
        moved = np.zeros((6, 4), np.float32)
        moved[index] = 2**-6
        up, down = (trellis.forward_score(emissions + side * moved, graph) for side in (1, -1))
        assert (up - down) * 2**5 == pytest.approx(found.emissions[index], abs=1e-4)
    weights = graph.weights
    for arc in range(graph.num_arcs()):
        sides = []
        for step in (1e-5, -1e-5):
            graph.weights = weights + step * (np.arange(len(weights)) == arc)
            sides.append(trellis.forward_score(emissions, graph))
        assert (sides[0] - sides[1]) / 2e-5 == pytest.approx(found.weights[arc], abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_ctc_graph_spells_each_alignment_once(data):
    emissions = data.draw(fields(frames=4, symbols=3))
    acceptor = data.draw(acceptors(emissions.shape[1]))
    expected = log_sum(list(every_accepted(emissions, acceptor).values()))
    assert trellis.forward_score(emissions, ctc_graph(acceptor)) == pytest.approx(expected, abs=1e-5)
    best = max(
        (score + extra for string, each in every_string(emissions).items() for score, _ in each
         if (extra := acceptor_score(acceptor, string)) is not None), default=-math.inf,
    )  # fmt: skip
    assert trellis.viterbi_path(emissions, ctc_graph(acceptor)).score == pytest.approx(best, abs=1e-5)


def test_ctc_graph_writes_the_string_and_sends_gradients_to_the_acceptor():
    acceptor = string_graph([1, 1, 2], {1: "a", 2: "b"})
    graph = ctc_graph(acceptor)
    emissions = spelled((1, 1, 2), 20, 3)
    path = trellis.viterbi_path(emissions, graph)
    written = [graph.arcs[arc][3] for arc in path.arcs]
    assert [label for label in written if label != epsilon] == [1, 1, 2]
    assert graph.symbols == {0: "_", 1: "a", 2: "b"}
    found = trellis.forward_gradient(emissions, graph)
    backward(graph, found.weights)
    np.testing.assert_allclose(acceptor.grad, 1)  # every path writes each label once
    with pytest.raises(GraphError, match="blank"):
        ctc_graph(string_graph([0]))


def test_a_network_can_be_trained_through_it():
    """Discriminative forward on emissions alone: the gradient leads to the desired string."""
    rng = np.random.default_rng(0)
    emissions = rng.normal(size=(12, 5)).astype(np.float32)
    every = ctc_graph(Acceptor(np.array([[-1, 0, 0, 0, 0]]), np.array([True])))
    desired = ctc_graph(string_graph([4, 2, 2]))
    losses = []
    for _ in range(30):
        free, right = trellis.forward_gradients([emissions] * 2, [every, desired])
        losses.append(free.score - right.score)
        emissions -= 1.0 * (free.emissions - right.emissions)
    assert losses[0] > 5
    assert losses[-1] < 0.5
    assert trellis.prefix_search(emissions)[0].labels == (4, 2, 2)
