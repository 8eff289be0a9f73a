"""What gtn promises of the same names (gtn-org/gtn, its tests of functions, gradients and criteria), restated.

Where gtn leaves something out or undefined, ours is tested elsewhere: weights and gradients of `remove`, gradients of
infinite scores.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from lenet.errors import GraphError
from lenet.graphs import (
    Graph,
    add,
    backward,
    closure,
    compose,
    concat,
    epsilon,
    equal,
    forward_score,
    intersect,
    isomorphic,
    linear_graph,
    negate,
    project_input,
    project_output,
    remove,
    scalar_graph,
    subtract,
    union,
    viterbi_path,
    viterbi_score,
)
from lenet.trellis import ctc_graph
from tests.graphs.paths import build, language, paths

LATTICE = build(
    [0, 1], [3, 4],
    [(0, 1, 0, 0, 2), (0, 2, 1, 1, 1), (1, 2, 0, 0, 2), (2, 3, 0, 0, 1), (2, 3, 1, 1, 1), (1, 4, 0, 0, 2),
     (2, 4, 1, 1, 3), (3, 4, 0, 0, 2)],
)  # fmt: skip
TWO_STEPS = build([0], [2], [(n, n + 1, k, k, k + 1) for n in range(2) for k in range(3)])
TWO_STARTS = build([0, 1], [2], [(0, 1, 0, 0, -5), (0, 2, 0, 0, 1), (1, 2, 0, 0, 2)])
TWO_ACCEPTS = build([0], [1, 2], [(0, 1, 0, 0, 2), (0, 2, 0, 0, 2), (1, 2, 0, 0, 2)])
DEAD_END = build([0], [2], [(0, 1, 0, 0, 2), (0, 2, 0, 0, 2)])
ONE = build([0], [1], [(0, 1, 1)])
NOTHING = build([0], [0], [])


def log(*numbers):
    return math.log(sum(numbers))


# ---- scores ---------------------------------------------------------------------------------------------------------


def test_numbers():
    three, four = scalar_graph(3.0), scalar_graph(4.0)
    assert [negate(three).item(), add(three, four).item(), subtract(four, three).item()] == [-3, 7, 1]
    backward(add(add(three, four), three))
    assert (three.grad.tolist(), four.grad.tolist()) == ([2], [1])
    for graph in (three, four):
        graph.zero_grad()
    backward(subtract(negate(three), four), 7.0)
    assert (three.grad.tolist(), four.grad.tolist()) == ([-7], [-7])


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (Graph(), -math.inf),
        (NOTHING, 0),
        (TWO_STEPS, 6.8152),
        (TWO_STARTS, log(math.exp(1), math.exp(-3), math.exp(2))),
        (TWO_ACCEPTS, log(2 * math.exp(2), math.exp(4))),
        (DEAD_END, 2),
        (LATTICE, 8.36931),
    ],
)
def test_forward_scores(graph, expected):
    assert forward_score(graph).item() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("graph", "expected"), [(Graph(), -math.inf), (TWO_STEPS, 6), (TWO_STARTS, 2), (TWO_ACCEPTS, 4), (LATTICE, 7)]
)
def test_viterbi_scores(graph, expected):
    assert viterbi_score(graph).item() == expected


def test_viterbi_paths():
    assert equal(viterbi_path(Graph()), Graph())
    assert equal(viterbi_path(NOTHING), NOTHING)
    assert equal(viterbi_path(TWO_STEPS), build([0], [2], [(0, 1, 2, 2, 3), (1, 2, 2, 2, 3)]))
    assert equal(viterbi_path(TWO_STARTS), build([0], [1], [(0, 1, 0, 0, 2)]))
    assert equal(viterbi_path(TWO_ACCEPTS), build([0], [2], [(0, 1, 0, 0, 2), (1, 2, 0, 0, 2)]))
    assert viterbi_score(viterbi_path(LATTICE)).item() == 7


def test_gradients_of_scores():
    graph = TWO_STARTS.copy()
    backward(forward_score(graph))
    total = math.exp(-3) + math.exp(1) + math.exp(2)
    expected = [math.exp(-3) / total, math.exp(1) / total, (math.exp(-3) + math.exp(2)) / total]
    np.testing.assert_allclose(graph.grad, expected)
    graph = TWO_ACCEPTS.copy()
    backward(forward_score(graph))
    total = 2 * math.exp(2) + math.exp(4)
    np.testing.assert_allclose(graph.grad * total, [math.exp(2) + math.exp(4), math.exp(2), math.exp(4)])
    for graph, best in ((TWO_STEPS, [0, 0, 1, 0, 0, 1]), (TWO_STARTS, [0, 0, 1]), (TWO_ACCEPTS, [1, 0, 1])):
        copied = graph.copy()
        backward(viterbi_score(copied))
        assert copied.grad.tolist() == best
    graph = LATTICE.copy()
    backward(viterbi_score(graph))
    assert graph.grad.tolist() in ([1, 0, 1, 0, 0, 0, 1, 0], [1, 0, 1, 0, 1, 0, 0, 1], [1, 0, 1, 1, 0, 0, 0, 1])


def test_minus_infinity_has_no_gradient():
    for weights, expected in (((-math.inf, -math.inf), [0, 0]), ((-math.inf, 1.0), [0, 1])):
        graph = build([0], [1], [(0, 1, 0, 0, weights[0]), (0, 1, 1, 1, weights[1])])
        backward(forward_score(graph))
        assert graph.grad.tolist() == expected


# ---- composition ----------------------------------------------------------------------------------------------------


def test_compose_with_what_accepts_nothing():
    nowhere = build([0], [], [(0, 1, 0)])
    twice = build([0], [1], [(0, 1, 0), (0, 1, 0)])
    for first, second in ((Graph(), Graph()), (nowhere, twice), (twice, nowhere)):
        assert equal(compose(first, second), Graph())
        assert equal(intersect(first, second), Graph())


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (
            build([0], [1], [(0, 0, 0), (0, 1, 1), (1, 1, 2)]),
            build([0], [2], [(0, 1, 0), (1, 1, 0), (1, 2, 1)]),
            build([0], [2], [(0, 1, 0), (1, 1, 0), (1, 2, 1)]),
        ),
        (
            build([0], [1], [(0, 1, 0), (1, 1, 1), (1, 0, 0)]),
            build([0], [1], [(0, 0, 0), (0, 1, 1), (1, 0, 1)]),
            build([0], [2], [(0, 1, 0), (1, 0, 0), (1, 2, 1), (2, 1, 1)]),
        ),
        (
            build([0], [4], [(n, n + 1, k, k, k) for n in range(4) for k in range(3)]),
            build([0], [2], [(0, 1, 0, 0, 3.5), (1, 1, 0, 0, 2.5), (1, 2, 1, 1, 1.5), (2, 2, 1, 1, 4.5)]),
            build(
                [0], [6],
                [(0, 1, 0, 0, 3.5), (1, 2, 0, 0, 2.5), (1, 4, 1, 1, 2.5), (2, 3, 0, 0, 2.5), (2, 5, 1, 1, 2.5),
                 (4, 5, 1, 1, 5.5), (3, 6, 1, 1, 2.5), (5, 6, 1, 1, 5.5)],
            ),
        ),
    ],
    ids=["a loop", "a cycle", "a lattice"],
)  # fmt: skip
def test_compositions(first, second, expected):
    assert isomorphic(compose(first, second), expected)
    assert isomorphic(intersect(first, second), expected)


def test_gradients_of_a_composition():
    first = build([0], [4], [(n, n + 1, k, k, k) for n in range(4) for k in range(3)])
    second = build([0], [2], [(0, 1, 0, 0, 3.5), (1, 1, 0, 0, 2.5), (1, 2, 1, 1, 1.5), (2, 2, 1, 1, 4.5)])
    backward(compose(first, second))
    assert first.grad.tolist() == [1, 0, 0, 1, 1, 0, 1, 2, 0, 0, 2, 0]
    assert second.grad.tolist() == [1, 2, 3, 2]


def test_compositions_with_null_labels():
    first = build([0], [1], [(0, 0, 0, epsilon, 1.0), (0, 1, 1, 2)])
    second = build([0], [1], [(0, 1, 2, 3)])
    assert isomorphic(
        compose(first, second), build([0], [2], [(0, 1, 0, -1, 1.0), (1, 1, 0, -1, 1.0), (0, 2, 1, 3), (1, 2, 1, 3)])
    )
    once = build([0], [1], [(0, 1, 1, 2)])
    after = build([0], [1], [(0, 1, 2, 3), (1, 1, epsilon, 0, 2.0)])
    assert language(compose(once, after), 4) == language(build([0], [1], [(0, 1, 1, 3), (1, 1, epsilon, 0, 2.0)]), 4)


def test_mohris_figure_of_null_labels_gives_one_path():
    """Mohri, "Weighted automata algorithms", section 5.1, figure 7; gtn's test checks that the result is equivalent."""
    a, b, c, d, e = range(5)
    first = build([0], [4], [(0, 1, a, a), (1, 2, b, epsilon), (2, 3, c, epsilon), (3, 4, d, d)])
    second = build([0], [3], [(0, 1, a, d), (1, 2, epsilon, e), (2, 3, d, a)])
    made = compose(first, second)
    assert isomorphic(made, build([0], [4], [(0, 1, a, d), (1, 2, b, e), (2, 3, c, epsilon), (3, 4, d, a)]))
    assert len(list(paths(made))) == 1


def test_several_null_labels_at_a_node():
    first = build([0], [1], [(0, 0, 1, epsilon, 1.1), (0, 1, 2, epsilon, 2.1), (0, 1, 3, epsilon, 3.1)])
    second = build([0], [1], [(0, 1, epsilon, 3, 2.1), (0, 1, 1, 2)])
    expected = build([0], [1], [(0, 0, 1, epsilon, 1.1), (0, 1, 2, 3, 4.2), (0, 1, 3, 3, 5.2)])
    assert set(language(compose(first, second), 4)) == set(language(expected, 4))


# ---- union, concat, closure, projections, remove --------------------------------------------------------------------


def test_projections_of_an_acceptor():
    assert equal(project_input(LATTICE), LATTICE)
    assert equal(project_output(LATTICE), LATTICE)


def test_concat():
    assert equal(concat([]), NOTHING)
    assert equal(concat([ONE]), ONE)
    for many in ([NOTHING] * 2, [NOTHING] * 3):
        assert language(concat(many)) == language(NOTHING)
    assert not language(concat([build([], [], [], 1)] * 2))
    assert language(concat([build([0], [1], [(0, 1, 0)]), ONE])) == language(build([0], [2], [(0, 1, 0), (1, 2, 1)]))
    either, other = build([0], [1, 2], [(0, 1, 0), (0, 2, 1)]), build([0, 1], [2], [(0, 2, 2), (1, 2, 3)])
    expected = build([0], [2], [(0, 1, 0), (0, 1, 1), (1, 2, 2), (1, 2, 3)])
    assert language(concat([either, other])) == language(expected)


def test_closure():
    assert equal(closure(Graph()), NOTHING)
    many = build([0, 1], [2, 3], [(0, 2, 0, 0, 0.0), (0, 3, 1, 2, 2.1), (1, 2, 0, 1, 1.0), (1, 3, 1, 3, 3.1)])
    expected = build(
        [0], [0, 3, 4],
        [(0, 1, -1), (0, 2, -1), (1, 3, 0, 0, 0.0), (1, 4, 1, 2, 2.1), (2, 3, 0, 1, 1.0), (2, 4, 1, 3, 3.1),
         (3, 1, -1), (3, 2, -1), (4, 1, -1), (4, 2, -1)],
    )  # fmt: skip
    assert isomorphic(closure(many), expected)


def test_union():
    assert equal(union([]), Graph())
    assert equal(union([ONE]), ONE)
    assert isomorphic(union([ONE, build([0], [1], [(0, 1, 0)])]), build([0, 1], [2, 3], [(0, 2, 1), (1, 3, 0)]))
    looped = build([0], [0], [(0, 0, 2)])
    assert isomorphic(union([ONE, Graph(), looped]), build([0, 2], [1, 2], [(0, 1, 1), (2, 2, 2)]))


def test_remove():
    null = epsilon
    assert equal(remove(build([0], [2], [(0, 1, null), (1, 2, 0)])), build([0], [1], [(0, 1, 0)]))
    assert equal(remove(build([0], [2], [(0, 1, 2, 1), (1, 2, 0, 1)]), 2, 1), build([0], [1], [(0, 1, 0, 1)]))
    kept = build([0], [1], [(0, 1, 0, 1), (0, 1, 1, 1)])
    assert equal(remove(kept), kept)
    ends = build([0], [3], [(0, 1, 0), (0, 2, 1), (1, 3, null), (2, 3, null)])
    assert equal(remove(ends), build([0], [1, 2], [(0, 1, 0), (0, 2, 1)]))
    node_stays = build([0], [3], [(0, 1, null), (0, 2, 1), (2, 1, 0), (1, 3, 1)])
    assert isomorphic(remove(node_stays), build([0], [3], [(0, 2, 1), (2, 1, 0), (1, 3, 1), (0, 3, 1)]))
    in_a_row = build([0], [4], [(0, 1, 0), (1, 2, null), (2, 3, null), (2, 4, 1), (3, 4, 2), (1, 4, 0)])
    assert equal(remove(in_a_row), build([0], [2], [(0, 1, 0), (1, 2, 0), (1, 2, 1), (1, 2, 2)]))
    inside = build([0], [4], [(0, 1, null), (1, 2, null), (2, 3, 0), (3, 4, 0)])
    assert equal(remove(inside), build([0], [2], [(0, 1, 0), (1, 2, 0)]))


def test_equal_and_isomorphic():
    chain = [(0, 1, 0, 0, 2.1), (0, 1, 1, 1, 3.1), (1, 1, 1, 1, 4.1), (1, 2, 2, 2, 5.1)]
    assert equal(Graph(), Graph())
    assert not equal(build([0], [], []), build([], [], [], 1))
    assert equal(build([0], [2], chain), build([0], [2], chain))
    assert not equal(build([0], [2], chain), build([0], [2], chain[::-1]))
    assert isomorphic(build([0], [2], chain), build([0], [2], chain[::-1]))
    for other in ([*chain[:3], (1, 2, 2, 2, 5.2)], [*chain[:3], (1, 2, 2, 3, 5.1)], chain[:3], [*chain, chain[0]]):
        assert not equal(build([0], [2], chain), build([0], [2], other))
        assert not isomorphic(build([0], [2], chain), build([0], [2], other))
    assert not isomorphic(build([0], [], []), build([0], [0], []))
    repeated = [(0, 1, 1, 1, 3.1), (0, 1, 1, 1, 3.1), (0, 1, 1, 1, 4.1)]
    assert not isomorphic(build([0], [1], repeated), build([0], [1], [*repeated[1:], repeated[2]]))
    loops = build([0], [2], [(0, 2, 0), (0, 1, 0), (1, 1, 3), (2, 1, 3)])
    assert isomorphic(loops, build([0], [1], [(0, 1, 0), (1, 2, 3), (0, 2, 0), (2, 2, 3)]))


# ---- criteria -------------------------------------------------------------------------------------------------------


def emissions(*frames):
    with np.errstate(divide="ignore"):
        table = np.log(np.array(frames, float))
    return linear_graph(*table.shape, table)


def ctc_loss(graph, target, blank):
    """Return the loss of a target whose labels are below the blank, which stands last, as in the published cases."""
    order = [blank, *range(blank)]  # ours stands first
    length, count = graph.num_nodes() - 1, blank + 1
    moved = graph.arcs.copy()
    moved[:, 2:] = np.tile(np.argsort(order), length)[:, None]
    graph = Graph.from_arrays(length + 1, [0], [length], moved, graph.weights)
    acceptor = build([0], [len(target)], [(k, k + 1, label + 1) for k, label in enumerate(target)])
    loss = negate(forward_score(compose(graph, ctc_graph(acceptor))))
    backward(loss)
    return loss.item(), graph.grad.reshape(length, count)


def test_ctc():
    sure = emissions([1, 0], [0, 1], [1, 0])
    assert forward_score(sure).item() == 0
    assert ctc_loss(sure, [0, 0], 1)[0] == 0
    loss, _ = ctc_loss(emissions(*[[0.25] * 4] * 3), [1, 2], 3)
    assert -loss == pytest.approx(math.log(0.25**3 * 5))


@pytest.mark.parametrize(
    ("target", "loss", "frames", "expected"),
    [
        (
            [0, 1, 2, 1, 0], 3.34211,
            [[0.633766, 0.221185, 0.0917319, 0.0129757, 0.0142857, 0.0260553],
             [0.111121, 0.588392, 0.278779, 0.0055756, 0.00569609, 0.010436],
             [0.0357786, 0.633813, 0.321418, 0.00249248, 0.00272882, 0.0037688],
             [0.0663296, 0.643849, 0.280111, 0.00283995, 0.0035545, 0.00331533],
             [0.458235, 0.396634, 0.123377, 0.00648837, 0.00903441, 0.00623107]],
            [[-0.366234, 0.221185, 0.0917319, 0.0129757, 0.0142857, 0.0260553],
             [0.111121, -0.411608, 0.278779, 0.0055756, 0.00569609, 0.010436],
             [0.0357786, 0.633813, -0.678582, 0.00249248, 0.00272882, 0.0037688],
             [0.0663296, -0.356151, 0.280111, 0.00283995, 0.0035545, 0.00331533],
             [-0.541765, 0.396634, 0.123377, 0.00648837, 0.00903441, 0.00623107]],
        ),
        (
            [0, 1, 1, 0], 5.42262,
            [[0.30176, 0.28562, 0.0831517, 0.0862751, 0.0816851, 0.161508],
             [0.24082, 0.397533, 0.0557226, 0.0546814, 0.0557528, 0.19549],
             [0.230246, 0.450868, 0.0389607, 0.038309, 0.0391602, 0.202456],
             [0.280884, 0.429522, 0.0326593, 0.0339046, 0.0326856, 0.190345],
             [0.423286, 0.315517, 0.0338439, 0.0393744, 0.0339315, 0.154046]],
            [[-0.69824, 0.28562, 0.0831517, 0.0862751, 0.0816851, 0.161508],
             [0.24082, -0.602467, 0.0557226, 0.0546814, 0.0557528, 0.19549],
             [0.230246, 0.450868, 0.0389607, 0.038309, 0.0391602, -0.797544],
             [0.280884, -0.570478, 0.0326593, 0.0339046, 0.0326856, 0.190345],
             [-0.576714, 0.315517, 0.0338439, 0.0393744, 0.0339315, 0.154046]],
        ),
    ],
)  # fmt: skip
def test_ctc_as_wav2letter_and_tensorflow_have_it(target, loss, frames, expected):
    found, gradient = ctc_loss(emissions(*frames), target, 5)
    assert found == pytest.approx(loss, abs=1e-5)
    shares = np.array(frames) / np.sum(frames, 1, keepdims=True)
    unnormalised = gradient - shares * gradient.sum(1, keepdims=True)  # through the softmax that came before
    np.testing.assert_allclose(unnormalised, expected, atol=2e-5)


def transitions(count, weights=None):
    """Return the graph that scores each label after the one before it."""
    graph = build([0], list(range(1, count + 1)), [(0, label + 1, label) for label in range(count)])
    for label in range(count):
        for before in range(count):
            graph.add_arc(before + 1, label + 1, label, weight=0.0 if weights is None else weights[label][before])
    return graph


ASG = [
    ([2, 1, 5, 1, 3], 7.7417464256287,
     [-0.4340, -0.0254, 0.3667, 0.4180, -0.3805, -0.1707, 0.1060, 0.3631, -0.1122, -0.3825, -0.0031, -0.3801, 0.0443,
      -0.3795, 0.3194, -0.3130, 0.0094, 0.1560, 0.1252, 0.2877, 0.1997, -0.4554, 0.2774, -0.2526, -0.4001, -0.2402,
      0.1295, 0.0172, 0.1805, -0.3299],
     [0.1060, 0.1595, -0.7639, 0.2485, 0.1118, 0.1380, 0.1915, -0.7524, 0.1539, 0.1175, 0.1717, 0.1178, 0.1738, 0.1137,
      0.2288, 0.1216, 0.1678, -0.8057, 0.1766, -0.7923, 0.1902, 0.0988, 0.2056, 0.1210, 0.1212, 0.1422, 0.2059,
      -0.8160, 0.2166, 0.1300]),
    ([4, 3, 5], 6.4200420379639,
     [0.3298, -0.2259, -0.0959, 0.4909, 0.2996, -0.2543, -0.2863, 0.3239, -0.3988, 0.0732, -0.2107, -0.4739, -0.0906,
      0.0480, -0.1301, 0.3975, -0.3317, -0.1967, 0.4372, -0.2006, 0.0094, 0.3281, 0.1873, -0.2945, 0.2399, 0.0320,
      -0.3768, -0.2849, -0.2248, 0.3186],
     [0.2029, 0.1164, 0.1325, 0.2383, -0.8032, 0.1131, 0.1414, 0.2602, 0.1263, -0.3441, -0.3009, 0.1172, 0.1557,
      0.1788, 0.1496, -0.5498, 0.0140, 0.0516, 0.2306, 0.1219, 0.1503, -0.4244, 0.1796, -0.2579, 0.2149, 0.1745,
      0.1160, 0.1271, 0.1350, -0.7675]),
    ([3, 2, 2, 1], 8.2780694961548,
     [0.0225, -0.3867, -0.1929, -0.2904, -0.4958, -0.2533, 0.4001, -0.1517, -0.2799, -0.2915, 0.4198, 0.4506, 0.1446,
      -0.4753, -0.0711, 0.2876, -0.1851, -0.1066, 0.2081, -0.1190, -0.3902, -0.1668, 0.1911, -0.2848, -0.3846, 0.1175,
      0.1052, 0.2172, -0.0362, 0.3055],
     [0.2195, 0.1458, 0.1770, -0.8395, 0.1307, 0.1666, 0.2148, 0.1237, -0.6613, -0.1223, 0.2191, 0.2259, 0.2002,
      0.1077, -0.8386, 0.2310, 0.1440, 0.1557, 0.2197, -0.1466, -0.5742, 0.1510, 0.2160, 0.1342, 0.1050, -0.8265,
      0.1714, 0.1917, 0.1488, 0.2094]),
]  # fmt: skip
ASG_TRANSITIONS = [
    0.3990, 0.3396, 0.3486, 0.3922, 0.3504, 0.3155, 0.3666, 0.0116, -1.6678, 0.3737, 0.3361, -0.7152, 0.3468, 0.3163,
    -1.1583, -0.6803, 0.3216, 0.2722, 0.3694, -0.6688, 0.3047, -0.8531, -0.6571, 0.2870, 0.3866, 0.3321, 0.3447,
    0.3664, -0.2163, 0.3039, 0.3640, -0.6943, 0.2988, -0.6722, 0.3215, -0.1860,
]  # fmt: skip


def test_asg_as_wav2letter_has_it():
    moves = transitions(6)
    for target, expected, scores, gradient in ASG:
        frames = linear_graph(5, 6, scores)
        spelt = build([0], [len(target)], [])
        for k, label in enumerate(target):
            spelt.add_arc(k, k + 1, label)
            spelt.add_arc(k + 1, k + 1, label)
        right = forward_score(compose(compose(spelt, moves), frames))
        loss = subtract(forward_score(compose(frames, moves)), right)
        assert loss.item() == pytest.approx(expected, abs=5e-4)
        backward(loss)
        np.testing.assert_allclose(frames.grad, gradient, atol=1e-4)
    np.testing.assert_allclose(moves.grad[6:], ASG_TRANSITIONS, atol=1e-4)


def test_asg_viterbi_path():
    frames = linear_graph(4, 3, [0, 0, 7, 5, 4, 3, 5, 8, 5, 5, 4, 3])
    path = viterbi_path(compose(frames, transitions(3, [[0, 2, 0], [0, 0, 2], [2, 0, 0]])))
    assert path.labels_to_list() == [2, 1, 1, 0]


def test_cycles_throw():
    with pytest.raises(ValueError, match="same node again"):
        forward_score(build([0], [0], [(0, 0, 1)]))
    assert issubclass(GraphError, ValueError)
