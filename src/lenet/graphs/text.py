"""Graphs as text: the format of AT&T's FSM and of OpenFst, tables of symbols, and Graphviz's dot.

In AT&T's files weights are **penalties**, lower is better, as in OpenFst's tropical semiring: the negative of ours. The
label 0 is null there, so that without names our label n is written n + 1, and null as 0; tables count likewise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from lenet.errors import FormatError, GraphError
from lenet.graphs.graph import Graph, epsilon

__all__ = ["from_att", "from_symbols", "to_att", "to_dot", "to_symbols"]

_NULL = "<eps>"
_MOST = 2**30


# ---- AT&T -----------------------------------------------------------------------------------------------------------


def to_att(graph: Graph) -> str:
    """Write a graph: a line `source target input output penalty` an arc, then one `node` an accepting node.

    The source of the first line is the start. A graph of several starts, or of one that no line could begin with, is
    written with one more node before them.

    Raises
    ------
    GraphError
        Symbols are named and a label has no name, or a name cannot be a word of the file.
    """
    starts, accepts = graph.starts, graph.accepts
    if not starts:
        return ""
    arcs = [(*arc, -weight + 0.0) for arc, weight in zip(graph.arcs.tolist(), graph.weights_to_list(), strict=True)]
    start = starts[0]
    begins = {arc[0] for arc in arcs} | set(accepts)
    if len(starts) > 1 or start not in begins:
        start = graph.num_nodes()
        arcs = [(start, node, epsilon, epsilon, 0.0) for node in starts] + arcs
    arcs.sort(key=lambda arc: arc[0] != start)
    lines = [
        f"{source} {target} {_word(ilabel, graph.symbols)} {_word(olabel, graph.output_symbols)} {penalty!r}"
        for source, target, ilabel, olabel, penalty in arcs
    ]
    ends = [str(node) for node in accepts]
    first_line_is_an_end = not arcs or arcs[0][0] != start
    if first_line_is_an_end:
        ends.sort(key=lambda node: node != str(start))
    return "\n".join([*ends, *lines] if first_line_is_an_end else [*lines, *ends]) + "\n"


def _word(label: int, symbols: Mapping[int, str]) -> str:
    """Return what stands for a label in a file."""
    if not symbols:
        return str(label + 1)
    if label == epsilon:
        return _NULL
    name = symbols.get(label)
    if name is None or name == _NULL or not name or name.split() != [name]:
        raise GraphError(f"label {label} is named {name!r}; give it a name of one word that is not {_NULL}")
    return name


def from_att(
    text: str,
    *,
    acceptor: bool = False,
    symbols: Mapping[int, str] | None = None,
    output_symbols: Mapping[int, str] | None = None,
) -> Graph:
    """Read a graph. Nodes are numbered anew, in the order of their numbers in the text.

    Parameters
    ----------
    text : lines `source target input output [penalty]` and `node [penalty]`; empty ones are skipped.
    acceptor : lines have one label: `source target label [penalty]`.
    symbols, output_symbols : the names that stand in the text, by label; None: numbers. Output labels have the names
        of input labels, if no others are given.

    Raises
    ------
    FormatError
        A line is none of these; the message names it.
    """
    reader = _Reader(acceptor, symbols or {}, (symbols if output_symbols is None else output_symbols) or {})
    for number, line in enumerate(text.splitlines(), 1):
        if words := line.split():
            reader.read(number, words)
    return reader.graph()


class _Line(NamedTuple):
    source: int
    target: int
    ilabel: int
    olabel: int
    penalty: float


class _Reader:
    """What was read so far."""

    def __init__(self, acceptor: bool, symbols: Mapping[int, str], output_symbols: Mapping[int, str]) -> None:
        self.labels = 1 if acceptor else 2
        self.symbols, self.output_symbols = symbols, output_symbols
        self.numbers = [{name: label for label, name in names.items()} for names in (symbols, output_symbols)]
        self.arcs: list[_Line] = []
        self.ends: list[tuple[int, float]] = []
        self.start: int | None = None

    def read(self, line: int, words: list[str]) -> None:
        least, most = 2 + self.labels, 3 + self.labels
        if len(words) > 2 and not least <= len(words) <= most:
            given, kinds = len(words), ("an acceptor", "a transducer")[self.labels - 1]
            raise FormatError(
                f"line {line} has {given} words; an arc of {kinds} has {least} or {most}, an end 1 or 2 "
                "(acceptor= says which a text is)"
            )
        source = self._whole(line, words[0], "node")
        self.start = source if self.start is None else self.start
        penalty = self._penalty(line, words[-1]) if len(words) in (2, most) else 0.0
        if len(words) <= 2:
            self.ends.append((source, penalty))
            return
        target = self._whole(line, words[1], "node")
        labels = [self._label(line, words[2 + k], k) for k in range(self.labels)]
        self.arcs.append(_Line(source, target, labels[0], labels[-1], penalty))

    @staticmethod
    def _whole(line: int, word: str, kind: str) -> int:
        if not (word.isascii() and word.isdigit() and len(word) < 11 and int(word) < _MOST):
            raise FormatError(f"line {line}: {word!r} is no {kind}; a {kind} is a number from 0 to {_MOST - 1}")
        return int(word)

    def _label(self, line: int, word: str, which: int) -> int:
        names = self.numbers[which]
        if not names:
            return self._whole(line, word, "label") - 1
        if word == _NULL:
            return epsilon
        if word not in names:
            raise FormatError(f"line {line}: {word!r} is not among the symbols; add it, or write {_NULL} for null")
        return names[word]

    @staticmethod
    def _penalty(line: int, word: str) -> float:
        try:
            penalty = float(word)
        except ValueError:
            penalty = math.nan
        if math.isnan(penalty):
            raise FormatError(f"line {line}: {word!r} is no penalty; a penalty is a number, or Infinity")
        return penalty

    def graph(self) -> Graph:
        """Build the graph; an end with a penalty becomes a null arc to an end without."""
        named = {node for arc in self.arcs for node in arc[:2]} | {node for node, _ in self.ends}
        place = {node: k for k, node in enumerate(sorted(named))}
        free = {node for node, penalty in self.ends if penalty == 0}
        graph = Graph(self.symbols, self.output_symbols)
        for node in place:
            graph.add_node(node == self.start, node in free)
        for arc in self.arcs:
            graph.add_arc(place[arc.source], place[arc.target], arc.ilabel, arc.olabel, -arc.penalty)
        for node, penalty in self.ends:
            if penalty != 0:
                graph.add_arc(place[node], graph.add_node(accept=True), epsilon, epsilon, -penalty)
        return graph


# ---- tables of symbols ----------------------------------------------------------------------------------------------


def to_symbols(symbols: Mapping[int, str]) -> str:
    """Write a table of symbols as OpenFst reads it: a line `name number` each, null as 0 and label n as n + 1.

    Raises
    ------
    GraphError
        A name cannot be a word of the file.
    """
    return "".join(f"{_word(label, symbols)}\t{label + 1}\n" for label in [epsilon, *sorted(symbols)])


def from_symbols(text: str) -> dict[int, str]:
    """Read a table of symbols: names by label.

    Raises
    ------
    FormatError
        A line is not a name and a number, or one of them stands there twice; the message names the line.
    """
    names: dict[int, str] = {}
    for line, words in enumerate((line.split() for line in text.splitlines()), 1):
        if not words:
            continue
        if len(words) != 2 or not (words[1].isascii() and words[1].isdigit() and len(words[1]) < 11):
            raise FormatError(f"line {line}: {' '.join(words)!r} was given; a name and a number were expected")
        name, label = words[0], int(words[1]) - 1
        if label == epsilon:
            continue
        if label in names or name in names.values():
            raise FormatError(f"line {line}: {name!r} or its number stands there twice; leave one out")
        names[label] = name
    return names


# ---- dot ------------------------------------------------------------------------------------------------------------


def to_dot(graph: Graph) -> str:
    """Write a graph for Graphviz: `dot -Tsvg`. Starts are bold, accepting nodes double; weights are scores."""
    flags = graph.columns[0].tolist()
    lines = ["digraph {", "  rankdir=LR;", "  node [shape=circle];"]
    for node, flag in enumerate(flags):
        styles = ["style=bold"] * (flag & 1) + ["shape=doublecircle"] * (flag >> 1)
        lines.append(f"  {node} [{', '.join(styles)}];" if styles else f"  {node};")
    for (source, target, ilabel, olabel), weight in zip(graph.arcs.tolist(), graph.weights_to_list(), strict=True):
        read, write = _shown(ilabel, graph.symbols), _shown(olabel, graph.output_symbols)
        text = read if read == write else f"{read}:{write}"
        lines.append(f'  {source} -> {target} [label="{text}/{weight:.4g}"];')
    return "\n".join([*lines, "}"]) + "\n"


def _shown(label: int, symbols: Mapping[int, str]) -> str:
    name = "ε" if label == epsilon else symbols.get(label, str(label))
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
