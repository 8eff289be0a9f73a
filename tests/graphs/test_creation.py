"""Chains, strings and numbers as graphs."""

from __future__ import annotations

from lenet.graphs import linear_graph, scalar_graph, string_graph
from tests.graphs.paths import rows


def test_chains():
    assert rows(linear_graph(2, 2, [[1, 2], [3, 4]])) == [
        (0, 1, 0, 0, 1),
        (0, 1, 1, 1, 2),
        (1, 2, 0, 0, 3),
        (1, 2, 1, 1, 4),
    ]
    assert linear_graph(0, 3).accepts == [0]
    assert linear_graph(3, 0).num_nodes() == 4
    assert string_graph("ba", "ab").labels_to_list() == [1, 0]
    assert string_graph([]).accepts == string_graph([]).starts == [0]
    assert float(scalar_graph(2.5)) == 2.5
