"""Graphs that are needed everywhere: a number, a chain of frames, a string."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lenet.errors import GraphError
from lenet.graphs.graph import Graph, Symbols, epsilon, table

__all__ = ["linear_graph", "scalar_graph", "string_graph"]


def scalar_graph(weight: float) -> Graph:
    """Make a graph of one arc, whose weight is a number: what scores come in."""
    return Graph.from_arrays(2, [0], [1], [[0, 1, epsilon, epsilon]], [weight])


def linear_graph(length: int, labels: int | str, weights: ArrayLike | None = None) -> Graph:
    """Make a chain in which every step may be any label.

    Parameters
    ----------
    length : steps.
    labels : how many labels, or the names of each as one string.
    weights : (length, labels), natural-log scores; None: all 0.

    Raises
    ------
    GraphError
        A number is below 0, or the weights have another shape.
    """
    count = labels if isinstance(labels, int) else len(labels)
    if length < 0 or count < 0:
        raise GraphError(f"a chain of {length} steps of {count} labels was asked for; neither may be below 0")
    step, label = np.divmod(np.arange(length * count), max(count, 1))
    arcs = np.stack([step, step + 1, label, label], 1)
    symbols = None if isinstance(labels, int) else labels
    return Graph.from_arrays(length + 1, [0], [length], arcs, weights, symbols=symbols)


def string_graph(labels: Sequence[int] | str, symbols: Symbols = None) -> Graph:
    """Make a chain that says one thing only: the path selector of section VI, when something is composed with it.

    Parameters
    ----------
    labels : numbers, or text whose characters are among the symbols.
    symbols : names of labels.

    Raises
    ------
    GraphError
        A character is not among the symbols.
    """
    names = table(symbols)
    if isinstance(labels, str):
        numbers = {name: label for label, name in names.items()}
        if unknown := set(labels) - set(numbers):
            raise GraphError(f"{sorted(unknown)} in {labels!r} are not among the symbols {sorted(numbers)}")
        labels = [numbers[character] for character in labels]
    steps = np.arange(len(labels))
    arcs = np.stack([steps, steps + 1, np.asarray(labels, np.int64), np.asarray(labels, np.int64)], 1)
    return Graph.from_arrays(len(labels) + 1, [0], [len(labels)], arcs, symbols=names)
