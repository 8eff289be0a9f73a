"""Searches of a graph along the frames: sums over all paths, their gradients, best paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.errors import GraphError, InputError
from lenet.graphs import Graph, compose, epsilon
from lenet.trellis.acceptors import Acceptor
from lenet.trellis.emissions import Emissions, asked, asked_graph, checked

__all__ = [
    "Alignment",
    "Gradient",
    "ctc_graph",
    "forward_gradient",
    "forward_gradients",
    "forward_score",
    "forward_scores",
    "viterbi_path",
    "viterbi_paths",
]


@dataclass(frozen=True)
class Gradient:
    """The sum over all paths and its derivatives, which are shares of the paths.

    Parameters
    ----------
    score : natural log; -inf where there is no path, and then all derivatives are 0.
    emissions : float32 (frames, symbols); every frame adds up to 1.
    weights : float64, one an arc of the graph.
    """

    score: float
    emissions: NDArray[np.float32]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """The best path of a graph along the frames.

    Parameters
    ----------
    score : natural log; -inf where there is no path.
    arcs : the numbers of its arcs in the graph, in their order.
    frames : for each arc the frame that it takes; for a null arc, the frame that is next.
    """

    score: float
    arcs: tuple[int, ...]
    frames: tuple[int, ...]


def ctc_graph(acceptor: Graph | Acceptor) -> Graph:
    """Make of an acceptor of strings the graph of all their alignments, to be searched along the frames of a field.

    It reads frames and writes strings: the composition of the character model with the acceptor. Its gradients go back
    to the acceptor's weights.

    Parameters
    ----------
    acceptor : labels are symbols of the emissions; 0, the blank, is not among them.

    Raises
    ------
    GraphError
        The acceptor has the label 0.

    References
    ----------
    LeCun et al. 1998, section VII; Graves et al. 2006, "Connectionist temporal classification".
    """
    given = acceptor.graph() if isinstance(acceptor, Acceptor) else acceptor
    labels = np.unique(given.arcs[:, 2])
    if 0 in labels:
        raise GraphError("an acceptor with the label 0 was given; 0 is the blank: number symbols from 1")
    return compose(_character_model(tuple(int(label) for label in labels if label != epsilon), given), given)


def _character_model(labels: tuple[int, ...], named: Graph) -> Graph:
    """Make the transducer from frames to strings: node 0 after a blank, one node more after each label.

    A label is written where it begins; it goes on, or gives way to a blank or to another label.
    """
    symbols = np.array((0, *labels))
    before, after = np.divmod(np.arange(len(symbols) ** 2), len(symbols))
    begins = (after != before) & (after != 0)
    arcs = np.stack([before, after, symbols[after], np.where(begins, symbols[after], epsilon)], 1)
    names = {0: "_", **named.symbols} if named.symbols else None
    return Graph.from_arrays(len(symbols), [0], range(len(symbols)), arcs, symbols=names, output_symbols=named.symbols)


def _ready(fields: Sequence[NDArray[np.float32]], graphs: Graph | Sequence[Graph]) -> list[_engine.Trellis]:
    """Make graphs ready, each once for a number of symbols."""
    if isinstance(graphs, Graph):
        graphs = [graphs] * len(fields)
    if len(graphs) != len(fields):
        raise InputError(f"{len(graphs)} graphs were given for {len(fields)} fields; give one for each, or one for all")
    made: dict[tuple[int, int], _engine.Trellis] = {}
    keys = [(id(graph), scores.shape[1]) for graph, scores in zip(graphs, fields, strict=True)]
    for key, graph in zip(keys, graphs, strict=True):
        if key not in made:
            made[key] = asked_graph(_engine.Trellis, *graph.columns, key[1])
    return [made[key] for key in keys]


def forward_scores(
    fields: Sequence[Emissions], graphs: Graph | Sequence[Graph], *, threads: int = 0
) -> NDArray[np.float64]:
    """Return, for each field, the log of the sum of exp(score) over all paths of its graph that take every frame.

    An arc takes one frame and adds its score for the arc's input label; null arcs take none.

    Parameters
    ----------
    fields : emissions, (frames, symbols) each.
    graphs : one for each, or one for all; it may have cycles, but none of null arcs.
    threads : how many to use; 0 means LENET_THREADS, or else what the machine offers. The result is the same.

    Returns
    -------
    float64 (fields,); -inf where there is no path.

    Raises
    ------
    InputError
        Emissions are not of two axes, or hold NaN or +inf, or their number differs from that of graphs.
    GraphError
        An input label is no symbol, null arcs make a cycle, or a weight is +inf.

    References
    ----------
    LeCun et al. 1998, section VI-C, eqs. 13 and 14.
    """
    scores = [checked(emissions) for emissions in fields]
    return asked(_engine.trellis_forward, scores, _ready(scores, graphs), threads)


def forward_score(emissions: Emissions, graph: Graph) -> float:
    """Return the score of `forward_scores` for one field."""
    return float(forward_scores([emissions], graph, threads=1)[0])


def forward_gradients(
    fields: Sequence[Emissions], graphs: Graph | Sequence[Graph], *, threads: int = 0
) -> list[Gradient]:
    """Return, for each field, the score of `forward_scores` with its derivatives by the emissions and the weights.

    What training a network through a graph needs: the negative log of the probability of what is desired is the score
    of all that may be read less the score of what is desired, and so is its gradient (`discriminative forward`).

    Parameters and errors are those of `forward_scores`; besides, a field of so many frames that frames times nodes
    exceed 134 million is refused.

    References
    ----------
    LeCun et al. 1998, section VI-C, eqs. 15 and 16, and section VI-D.
    """
    scores = [checked(emissions) for emissions in fields]
    found = asked(_engine.trellis_gradients, scores, _ready(scores, graphs), threads)
    return [Gradient(*each) for each in found]


def forward_gradient(emissions: Emissions, graph: Graph) -> Gradient:
    """Return the result of `forward_gradients` for one field."""
    return forward_gradients([emissions], graph, threads=1)[0]


def viterbi_paths(fields: Sequence[Emissions], graphs: Graph | Sequence[Graph], *, threads: int = 0) -> list[Alignment]:
    """Return, for each field, the best path of its graph that takes every frame; parameters as in `forward_scores`.

    References
    ----------
    LeCun et al. 1998, section V, eq. 10.
    """
    scores = [checked(emissions) for emissions in fields]
    found = asked(_engine.trellis_viterbi, scores, _ready(scores, graphs), threads)
    return [Alignment(score, tuple(arcs.tolist()), tuple(frames.tolist())) for score, arcs, frames in found]


def viterbi_path(emissions: Emissions, graph: Graph) -> Alignment:
    """Return the result of `viterbi_paths` for one field."""
    return viterbi_paths([emissions], graph, threads=1)[0]
