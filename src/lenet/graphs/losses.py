"""What training minimises over a whole field (LeCun et al. 1998, section VI).

Each takes the lattice of all readings and what should have been read, and returns a graph of one arc: a penalty in
natural-log units, **lower is better**, with gradients (`backward`) to the weights of everything that went in. Where the
lattice cannot say what is desired the penalty is +inf, and no gradient comes from the missing paths.
"""

from __future__ import annotations

from collections.abc import Sequence

from lenet.graphs.creation import string_graph
from lenet.graphs.graph import Graph
from lenet.graphs.operations import compose, negate, subtract
from lenet.graphs.scores import forward_score, viterbi_score

__all__ = ["discriminative_forward_loss", "discriminative_viterbi_loss", "forward_loss", "viterbi_loss"]

Desired = Graph | Sequence[int] | str


def _constrained(lattice: Graph, desired: Desired) -> Graph:
    """Keep the paths that say what is desired."""
    if not isinstance(desired, Graph):
        desired = string_graph(desired, lattice.output_symbols)
    return compose(lattice, desired)


def viterbi_loss(lattice: Graph, desired: Desired) -> Graph:
    """Return the penalty of the best path that says what is desired.

    It can be made small by small penalties for everything: train so only what cannot do that.

    Parameters
    ----------
    lattice : the graph of all readings, most often emissions composed with a grammar.
    desired : labels or text, or an acceptor of all that is right; compared with what the lattice writes.

    References
    ----------
    LeCun et al. 1998, section VI-A, eq. 11.
    """
    return negate(viterbi_score(_constrained(lattice, desired)))


def discriminative_viterbi_loss(lattice: Graph, desired: Desired) -> Graph:
    """Return by how much the best path beats the best that says what is desired: 0 as soon as they are one.

    Parameters are as in `viterbi_loss`.

    References
    ----------
    LeCun et al. 1998, section VI-B, eq. 12.
    """
    return negate(subtract(viterbi_score(_constrained(lattice, desired)), viterbi_score(lattice)))


def forward_loss(lattice: Graph, desired: Desired) -> Graph:
    """Return the penalty of all paths together that say what is desired.

    Parameters are as in `viterbi_loss`.

    References
    ----------
    LeCun et al. 1998, section VI-C.
    """
    return negate(forward_score(_constrained(lattice, desired)))


def discriminative_forward_loss(lattice: Graph, desired: Desired) -> Graph:
    """Return the negative log of the probability of what is desired among all paths.

    Parameters are as in `viterbi_loss`.

    References
    ----------
    LeCun et al. 1998, sections VI-D and VI-E, eq. 17.
    """
    return negate(subtract(forward_score(_constrained(lattice, desired)), forward_score(lattice)))
