"""The oracle of graphs: every path, written out one by one, and graphs drawn at random."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from hypothesis import strategies as st

from lenet.graphs import Graph, epsilon

Arc = tuple[int, int, int, int, float]
Strings = tuple[tuple[int, ...], tuple[int, ...]]


def build(starts: list[int], accepts: list[int], arcs: list[tuple[float, ...]], nodes: int = 0) -> Graph:
    """Return a graph from rows of `source target input [output [weight]]`."""
    graph = Graph()
    for node in range(max([nodes, *(n + 1 for n in starts + accepts), *(int(max(arc[:2])) + 1 for arc in arcs)])):
        graph.add_node(node in starts, node in accepts)
    for arc in arcs:
        graph.add_arc(*arc)
    return graph


def rows(graph: Graph) -> list[Arc]:
    return [(*arc, weight) for arc, weight in zip(graph.arcs.tolist(), graph.weights.tolist(), strict=True)]


def paths(graph: Graph, longest: int = 99) -> Iterator[list[int]]:
    """Yield the arcs of every path from a start to an accepting node."""
    arcs, accepts = rows(graph), set(graph.accepts)
    waiting: list[tuple[int, list[int]]] = [(start, []) for start in graph.starts]
    while waiting:
        node, path = waiting.pop()
        if node in accepts:
            yield path
        if len(path) < longest:
            waiting += [(arc[1], [*path, k]) for k, arc in enumerate(arcs) if arc[0] == node]


def pairs(graph: Graph, path: list[int]) -> tuple[tuple[int, int], ...]:
    """Return what each arc of a path reads and writes; arcs that do neither are left out."""
    arcs = graph.arcs.tolist()
    return tuple((arcs[k][2], arcs[k][3]) for k in path if arcs[k][2:] != [epsilon, epsilon])


def strings(graph: Graph, path: list[int]) -> Strings:
    read, written = zip(*pairs(graph, path), strict=True) if pairs(graph, path) else ((), ())
    return tuple(k for k in read if k != epsilon), tuple(k for k in written if k != epsilon)


def score(graph: Graph, path: list[int]) -> float:
    weights = [float(graph.weights[k]) for k in path]
    return -math.inf if -math.inf in weights else sum(weights)


def language(graph: Graph, longest: int = 99) -> Counter[tuple[Strings, float]]:
    """Count the paths by what they read, write and score; impossible ones are none."""
    found = ((strings(graph, path), round(score(graph, path), 9)) for path in paths(graph, longest))
    return Counter(entry for entry in found if entry[1] > -math.inf)


def log_sum(scores: list[float]) -> float:
    best = max(scores, default=-math.inf)
    if math.isinf(best):
        return best
    return best + math.log(math.fsum(math.exp(score - best) for score in scores))


WEIGHTS = st.one_of(st.integers(-12, 12).map(lambda k: k / 4), st.sampled_from([0.0, -math.inf]))


@st.composite
def graphs(draw: st.DrawFn, *, acceptor: bool = False, cyclic: bool = False, nodes: int = 5, arcs: int = 8) -> Graph:
    """Draw a small graph; where it is not cyclic, arcs lead to later nodes, numbered at random."""
    count = draw(st.integers(1, nodes))
    places = draw(st.permutations(range(count)))
    node = st.integers(0, count - 1)
    label = st.integers(-1, 2)
    graph = Graph()
    for _ in range(count):
        graph.add_node(draw(st.booleans()), draw(st.booleans()))
    for _ in range(draw(st.integers(0, arcs))):
        source, target = draw(node), draw(node)
        if not cyclic and source == target:
            continue
        if not cyclic and source > target:
            source, target = target, source
        read = draw(label)
        graph.add_arc(places[source], places[target], read, read if acceptor else draw(label), draw(WEIGHTS))
    return graph
