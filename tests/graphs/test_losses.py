"""Losses over a field, with the paper's own numbers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from lenet.errors import GraphError
from lenet.graphs import (
    Graph,
    backward,
    compose,
    discriminative_forward_loss,
    discriminative_viterbi_loss,
    forward_loss,
    forward_score,
    linear_graph,
    n_best,
    string_graph,
    viterbi_loss,
    viterbi_path,
    viterbi_score,
)

FIGURE_20 = [
    (0, 1, 3, 0.1), (0, 1, 5, 2.3), (0, 2, 3, 3.4), (0, 2, 4, 4.4), (1, 2, 4, 0.4),
    (1, 2, 2, 1.3), (1, 3, 4, 0.6), (1, 3, 9, 1.2), (2, 3, 1, 0.1), (2, 3, 4, 2.4),
]  # fmt: skip


@pytest.fixture
def figure_20():
    """LeCun et al. 1998, Fig. 20: source, target, digit, penalty."""
    graph = Graph("0123456789")
    for node in range(4):
        graph.add_node(node == 0, node == 3)
    for source, target, digit, penalty in FIGURE_20:
        graph.add_arc(source, target, digit, weight=-penalty)
    return graph


def test_figure_20_discriminative_viterbi(figure_20):
    assert viterbi_score(figure_20).item() == pytest.approx(-0.6)
    assert viterbi_path(figure_20).spell() == "341"
    assert viterbi_loss(figure_20, "34").item() == pytest.approx(0.7)
    constrained = compose(figure_20, string_graph("34", figure_20.symbols))
    assert [round(-sum(path.weights), 9) for path in n_best(constrained, 9)] == [0.7]
    assert forward_score(constrained).item() == pytest.approx(math.log(math.exp(-0.7) + math.exp(-5.8)))
    loss = discriminative_viterbi_loss(figure_20, "34")
    assert loss.item() == pytest.approx(0.1)
    backward(loss)
    by_penalty = {(arc[0], arc[1], arc[2]): 0.0 for arc in FIGURE_20}
    by_penalty |= {(1, 3, 4): 1.0, (1, 2, 4): -1.0, (2, 3, 1): -1.0}
    assert (-figure_20.grad).tolist() == list(by_penalty.values())


def test_figure_20_forward(figure_20):
    assert -forward_score(figure_20).item() == pytest.approx(-0.611520, abs=1e-6)
    assert forward_loss(figure_20, "34").item() == pytest.approx(0.693922, abs=1e-6)
    loss = discriminative_forward_loss(figure_20, "34")
    assert loss.item() == pytest.approx(1.305441, abs=1e-6)
    assert math.exp(-loss.item()) == pytest.approx(0.271053, abs=1e-6)
    assert math.exp(-discriminative_forward_loss(figure_20, "341").item()) == pytest.approx(0.2977, abs=1e-4)
    backward(loss)
    expected = [
        0.115888, -0.097291, -0.011966, -0.006631, -0.363895, -0.147949, 0.694678, -0.164238, -0.487612, -0.042828
    ]  # fmt: skip
    np.testing.assert_allclose(-figure_20.grad, expected, atol=1e-6)


def test_figure_20_probabilities_of_all_strings_add_up_to_one(figure_20):
    spellings = {path.spell() for path in n_best(figure_20, 99)}
    assert len(spellings) == 15  # of 16 paths
    total = sum(math.exp(-discriminative_forward_loss(figure_20, spelling).item()) for spelling in spellings)
    assert total == pytest.approx(1)


def test_the_order_of_penalties():
    """Section VI: the sum of paths costs at most what the best does, and what is constrained at least what is not."""
    numbers = np.random.default_rng(0)
    for _ in range(50):
        lattice = linear_graph(3, 3, numbers.normal(0, 3, (3, 3)))
        desired = numbers.integers(0, 3, 3).tolist()
        assert forward_score(lattice).item() >= viterbi_score(lattice).item()
        assert forward_loss(lattice, desired).item() <= viterbi_loss(lattice, desired).item()
        assert discriminative_viterbi_loss(lattice, desired).item() >= 0
        assert discriminative_forward_loss(lattice, desired).item() >= 0


def test_gradients_across_a_cut_add_up_to_one_or_none(figure_20):
    for first, rest in itertools.pairwise([(0, 1), (0, 1, 2), (0, 1, 2, 3)]):
        cut = [source in first and target not in first for source, target, *_ in FIGURE_20]
        assert rest
        for loss, total in ((forward_loss, 1), (discriminative_forward_loss, 0)):
            figure_20.zero_grad()
            backward(loss(figure_20, "34"))
            assert -figure_20.grad[cut].sum() == pytest.approx(total)


def test_what_cannot_be_said_costs_everything(figure_20):
    for loss in (viterbi_loss, discriminative_viterbi_loss, forward_loss, discriminative_forward_loss):
        assert loss(figure_20, "777").item() == math.inf
        assert loss(Graph("0123456789"), "7").item() == math.inf


def test_desired_may_be_an_acceptor(figure_20):
    either = linear_graph(2, 10)
    assert discriminative_forward_loss(figure_20, either).item() < discriminative_forward_loss(figure_20, "34").item()
    assert discriminative_forward_loss(figure_20, [3, 4]).item() == discriminative_forward_loss(figure_20, "34").item()


def test_text_without_symbols_is_refused():
    with pytest.raises(GraphError, match="not among the symbols"):
        viterbi_loss(linear_graph(1, 3), "a")
