"""Weighted finite-state transducers: what to compose, search and train through (LeCun et al. 1998, sections VI, VIII).

The names are gtn's. Weights are natural-log scores: **higher is better**, the score of a path is the sum of its
weights, and a penalty of the paper is the negative of a weight. `epsilon` is the null label.

>>> from lenet.graphs import backward, compose, forward_score, linear_graph, string_graph, viterbi_path
>>> frames = linear_graph(2, "ab", [[-0.1, -2.4], [-1.2, -0.4]])
>>> viterbi_path(frames).spell()
'ab'
>>> loss = forward_score(compose(frames, string_graph("aa", "ab")))
>>> round(loss.item(), 6)
-1.3
>>> backward(loss)
>>> frames.grad.tolist()
[1.0, 0.0, 1.0, 0.0]
"""

from __future__ import annotations

from lenet.graphs.comparison import equal, isomorphic
from lenet.graphs.creation import linear_graph, scalar_graph, string_graph
from lenet.graphs.gradients import backward
from lenet.graphs.graph import Graph, epsilon
from lenet.graphs.losses import (
    discriminative_forward_loss,
    discriminative_viterbi_loss,
    forward_loss,
    viterbi_loss,
)
from lenet.graphs.operations import (
    add,
    closure,
    compose,
    concat,
    intersect,
    negate,
    project_input,
    project_output,
    remove,
    subtract,
    union,
)
from lenet.graphs.scores import forward_score, n_best, posterior, prune, viterbi_path, viterbi_score
from lenet.graphs.text import from_att, from_symbols, to_att, to_dot, to_symbols

__all__ = [
    "Graph",
    "add",
    "backward",
    "closure",
    "compose",
    "concat",
    "discriminative_forward_loss",
    "discriminative_viterbi_loss",
    "epsilon",
    "equal",
    "forward_loss",
    "forward_score",
    "from_att",
    "from_symbols",
    "intersect",
    "isomorphic",
    "linear_graph",
    "n_best",
    "negate",
    "posterior",
    "project_input",
    "project_output",
    "prune",
    "remove",
    "scalar_graph",
    "string_graph",
    "subtract",
    "to_att",
    "to_dot",
    "to_symbols",
    "union",
    "viterbi_loss",
    "viterbi_path",
    "viterbi_score",
]
