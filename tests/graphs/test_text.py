"""Text formats: what is written is read back, and what cannot be read is refused with the line named."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings

from lenet.errors import FormatError, GraphError
from lenet.graphs import (
    Graph,
    closure,
    equal,
    from_att,
    from_symbols,
    isomorphic,
    linear_graph,
    to_att,
    to_dot,
    to_symbols,
)
from tests.graphs.paths import build, graphs, language

NAMES = {0: "zero", 1: "one", 2: "½"}


def named(graph: Graph) -> Graph:
    graph.symbols = graph.output_symbols = NAMES
    return graph


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_a_graph_comes_back_as_it_went(graph):
    assert language(from_att(to_att(graph))) == language(graph)
    assert language(from_att(to_att(named(graph)), symbols=NAMES)) == language(graph)


@settings(max_examples=50, deadline=None)
@given(graphs(cyclic=True))
def test_a_graph_of_one_start_that_has_arcs_keeps_its_shape(graph):
    joined = {node for arc in graph.arcs.tolist() for node in arc[:2]} | set(graph.accepts)
    if len(graph.starts) != 1 or len(joined) != graph.num_nodes() or graph.starts[0] not in graph.arcs[:, 0]:
        return
    again = from_att(to_att(graph))
    assert isomorphic(again, graph)
    assert to_att(again) == to_att(graph)


def test_what_a_file_looks_like():
    graph = build([1], [0], [(1, 1, -1, 2, -math.inf), (1, 0, 0, 1, -0.5)])
    assert to_att(graph) == "1 1 0 3 inf\n1 0 1 2 0.5\n0\n"
    assert to_att(named(graph)) == "1 1 <eps> ½ inf\n1 0 zero one 0.5\n0\n"
    assert to_att(Graph()) == ""
    assert to_att(closure(Graph())) == "0\n"


def test_openfst_writes_it_so():
    text = "0\t1\ta\tx\t0.5\n0 1 b y 1.5\n\n1 2 c z 2.5\n2 3.5\n"
    names, others = from_symbols("<eps> 0\na 1\nb 2\nc 3\n"), from_symbols("<eps> 0\nx 1\ny 2\nz 3\n")
    expected = build([0], [3], [(0, 1, 0, 0, -0.5), (0, 1, 1, 1, -1.5), (1, 2, 2, 2, -2.5), (2, 3, -1, -1, -3.5)])
    assert equal(from_att(text, symbols=names, output_symbols=others), expected)
    assert equal(from_att("7 9 1 0.25\n9 1 2\n1", acceptor=True), build([1], [0], [(1, 2, 0, 0, -0.25), (2, 0, 1)]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 1 1", "line 1 has 3 words"),
        ("0 1 1 1\n0 1 1 1 1 1", "line 2 has 6 words"),
        ("0 1 1 1\n\n0 x 1 1", "line 3: 'x' is no node"),
        ("-1 1 1 1", "line 1: '-1' is no node"),
        ("99999999999 1 1 1", "is no node"),
        ("1073741824 1 1 1", "is no node"),
        ("0 1 ² 1", "is no label"),
        ("0 1 1 1 nan", "line 1: 'nan' is no penalty"),
        ("0 1 1 1 cheap", "line 1: 'cheap' is no penalty"),
        ("1 cheap", "is no penalty"),
    ],
)
def test_a_bad_line_is_named(text, message):
    with pytest.raises(FormatError, match=message):
        from_att(text)


def test_a_name_that_is_not_known_is_named():
    with pytest.raises(FormatError, match="line 1: 'two' is not among the symbols"):
        from_att("0 1 one two", symbols=NAMES)


@pytest.mark.parametrize("name", ["", "two words", "<eps>", None])
def test_a_label_without_a_usable_name_is_not_written(name):
    graph = build([0], [1], [(0, 1, 1)])
    graph.symbols = {0: "zero"} | ({1: name} if name is not None else {})
    with pytest.raises(GraphError, match="name of one word"):
        to_att(graph)


def test_tables_come_back():
    assert from_symbols(to_symbols(NAMES)) == NAMES
    assert to_symbols(NAMES) == "<eps>\t0\nzero\t1\none\t2\n½\t3\n"
    for text, message in (("a", "line 1"), ("a 1\nb x", "line 2"), ("a 1\nb 1", "twice"), ("a 1\na 2", "twice")):
        with pytest.raises(FormatError, match=message):
            from_symbols(text)


def test_a_node_of_a_huge_number_takes_no_memory():
    assert from_att("0 1000000000 1 1\n1000000000").num_nodes() == 2


def test_dot():
    graph = linear_graph(1, 'a"')
    graph.add_arc(0, 1, -1, 0, -math.inf)
    assert to_dot(graph) == (
        "digraph {\n  rankdir=LR;\n  node [shape=circle];\n  0 [style=bold];\n  1 [shape=doublecircle];\n"
        '  0 -> 1 [label="a/0"];\n  0 -> 1 [label="\\"/0"];\n  0 -> 1 [label="ε:a/-inf"];\n}\n'
    )
