"""Searches over emissions: what a network says of a field, frame by frame, read through a graph or an acceptor.

Emissions are float32 (frames, symbols), natural-log scores, higher is better; symbol 0 is the blank, which says
nothing. Nothing is composed beforehand: the searches walk the graph along the frames. Many fields are shared out among
threads, with the same bits for any number of them.

A string is the sum over its alignments: equal symbols on frames next to each other are one, then blanks are left out
(the character model of LeCun et al. 1998, section VII; Graves et al. 2006 call it CTC).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lenet import _engine
from lenet.errors import GraphError, InputError
from lenet.graphs import Graph, compose, epsilon

__all__ = [
    "Acceptor",
    "Alignment",
    "Gradient",
    "Spelling",
    "accepted_score",
    "accepted_scores",
    "ctc_graph",
    "forward_gradient",
    "forward_gradients",
    "forward_score",
    "forward_scores",
    "prefix_search",
    "prefix_search_many",
    "string_score",
    "viterbi_path",
    "viterbi_paths",
]

Emissions = NDArray[np.floating[Any]]
Result = TypeVar("Result")


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


@dataclass(frozen=True, slots=True)
class Spelling:
    """A string that a field may spell.

    Parameters
    ----------
    labels : its symbols, without blanks.
    score : natural log of the sum over all its alignments, and the scores of the acceptor.
    spans : for each symbol its first frame and the one after its last, in the best alignment.
    """

    labels: tuple[int, ...]
    score: float
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Acceptor:
    """Which strings there may be, as a table of moves from state to state. Strings begin in state 0.

    Parameters
    ----------
    next : int32 (states, symbols): the state that a symbol leads to, or -1; -1 for the blank, symbol 0.
    accepting : bool (states,): whether a string may end there.
    scores : float32 (states, symbols), natural-log scores of the moves, or None: all 0.

    Raises
    ------
    GraphError
        The tables do not fit each other, a move leads to no state or is one of the blank, a score is NaN or +inf.

    Examples
    --------
    >>> import numpy as np
    >>> two = Acceptor(np.array([[-1, 1, 1], [-1, 2, 2], [-1, -1, -1]]), np.array([False, False, True]))
    >>> two.accepts([1, 2]), two.accepts([1])
    (True, False)
    """

    next: NDArray[np.int32]
    accepting: NDArray[np.bool_]
    scores: NDArray[np.float32] | None = None
    ready: _engine.Acceptor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        moves = np.asarray(self.next)
        if moves.ndim != 2 or moves.dtype.kind not in "iu" or (moves.size and abs(moves).max() > 2**30):
            raise GraphError(
                f"moves of shape {moves.shape} ({moves.dtype}) were given; states (states, symbols) expected"
            )
        tables: list[tuple[str, NDArray[Any]]] = [
            ("next", np.ascontiguousarray(moves, np.int32)),
            ("accepting", np.ascontiguousarray(self.accepting, np.bool_).ravel()),
        ]
        if self.scores is not None:
            tables.append(("scores", np.ascontiguousarray(self.scores, np.float32)))
        for name, table in tables:
            kept = table.copy()
            kept.flags.writeable = False
            object.__setattr__(self, name, kept)
        ready = _ask(_engine.Acceptor, self.next, self.accepting.view(np.uint8), self.scores)
        object.__setattr__(self, "ready", ready)

    @classmethod
    def from_graph(cls, graph: Graph, symbols: int) -> Acceptor:
        """Tabulate a deterministic acceptor: one start, no null arcs, one arc at most for a node and a label.

        Parameters
        ----------
        graph : the acceptor; its labels are symbols of the emissions, from 1.
        symbols : how many the emissions have, the blank among them.

        Raises
        ------
        GraphError
            It is none of that.
        """
        starts, count = graph.starts, graph.num_nodes()
        sources, targets, labels, outputs = graph.arcs.T.astype(np.int64)
        if len(starts) != 1:
            raise GraphError(f"a graph of {len(starts)} starts was given; an acceptor to be tabulated has one")
        if len(labels) and not (labels.min() > 0 and labels.max() < symbols):
            raise GraphError(f"labels {labels.min()} to {labels.max()} were given; 1 to {symbols - 1} were expected")
        if not np.array_equal(labels, outputs):
            raise GraphError("a transducer was given; project_input or project_output makes an acceptor of it")
        if len(np.unique(sources * symbols + labels)) < len(labels):
            raise GraphError(
                "two arcs of a node have the same label; join them first: the acceptor is not deterministic"
            )
        place = np.arange(count)
        place[[0, starts[0]]] = place[[starts[0], 0]]
        moves, scores = np.full((count, symbols), -1, np.int32), np.zeros((count, symbols), np.float32)
        moves[place[sources], labels] = place[targets]
        scores[place[sources], labels] = graph.weights
        accepting = np.zeros(count, np.bool_)
        accepting[place[graph.accepts]] = True
        return cls(moves, accepting, scores if graph.weights.any() else None)

    def graph(self) -> Graph:
        """Return the same as a graph, whose labels are the symbols."""
        states, symbols = np.nonzero(self.next >= 0)
        arcs = np.stack([states, self.next[states, symbols], symbols, symbols], 1)
        weights = None if self.scores is None else self.scores[states, symbols]
        return Graph.from_arrays(len(self.next), [0], np.flatnonzero(self.accepting).tolist(), arcs, weights)

    def accepts(self, labels: Sequence[int]) -> bool:
        """Say whether a string is accepted."""
        state = 0
        for label in labels:
            if not 0 < label < self.next.shape[1] or (state := int(self.next[state, label])) < 0:
                return False
        return bool(self.accepting[state])

    def __reduce__(self) -> tuple[type[Acceptor], tuple[Any, ...]]:
        return Acceptor, (self.next, self.accepting, self.scores)


@lru_cache(maxsize=16)
def _everything(symbols: int) -> Acceptor:
    """Accept every string."""
    moves = np.zeros((1, symbols), np.int32)
    moves[:, :1] = -1
    return Acceptor(moves, np.array([True]))


def _ask(function: Callable[..., Result], *given: object) -> Result:
    try:
        return function(*given)
    except ValueError as error:
        raise GraphError(f"{error}; see lenet.trellis for what is expected") from None


def _checked(emissions: ArrayLike) -> NDArray[np.float32]:
    """Return emissions as the engine takes them; it looks for NaN itself."""
    scores = np.ascontiguousarray(emissions, np.float32)
    if scores.ndim != 2 or scores.shape[1] < 1:
        raise InputError(f"emissions of shape {scores.shape} were given; (frames, symbols) were expected")
    return scores


def _search(function: Callable[..., Result], *given: object) -> Result:
    try:
        return function(*given)
    except ValueError as error:
        raise InputError(f"{error}; give natural-log scores (frames, symbols) and what fits them") from None


# ---- through a graph ------------------------------------------------------------------------------------------------


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
            made[key] = _ask(_engine.Trellis, *graph.columns, key[1])
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
    scores = [_checked(emissions) for emissions in fields]
    return _search(_engine.trellis_forward, scores, _ready(scores, graphs), threads)


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
    scores = [_checked(emissions) for emissions in fields]
    found = _search(_engine.trellis_gradients, scores, _ready(scores, graphs), threads)
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
    scores = [_checked(emissions) for emissions in fields]
    found = _search(_engine.trellis_viterbi, scores, _ready(scores, graphs), threads)
    return [Alignment(score, tuple(arcs.tolist()), tuple(frames.tolist())) for score, arcs, frames in found]


def viterbi_path(emissions: Emissions, graph: Graph) -> Alignment:
    """Return the result of `viterbi_paths` for one field."""
    return viterbi_paths([emissions], graph, threads=1)[0]


# ---- through an acceptor --------------------------------------------------------------------------------------------


def prefix_search_many(
    fields: Sequence[Emissions],
    acceptor: Acceptor | None = None,
    *,
    beam: int = 8,
    n_best: int = 1,
    threads: int = 0,
) -> list[list[Spelling]]:
    """Return, for each field, the best strings that the acceptor allows, best first.

    A beam of prefixes goes along the frames, each with the sum over its alignments, and only such as can still become
    an accepted string in the frames that are left. What is accepted at the end is summed again over all alignments, so
    that scores are exact; which strings are found depends on the beam. With finite emissions there is one whenever an
    accepted string fits into the frames.

    Parameters
    ----------
    fields : emissions, (frames, symbols) each. They may lack a constant a frame, such as the normalisation.
    acceptor : which strings there are; None: all.
    beam : how many prefixes are kept, up to 4,096.
    n_best : how many strings are wanted, at most; there may be fewer, and none.
    threads : as in `forward_scores`.

    Raises
    ------
    InputError
        Emissions are not of two axes, hold NaN or +inf, or have other symbols than the acceptor.
    """
    scores = [_checked(emissions) for emissions in fields]
    if not scores:
        return []
    given = acceptor or _everything(scores[0].shape[1])
    found = _search(_engine.prefix_search, scores, given.ready, beam, n_best, threads)
    return [[Spelling(*spelling) for spelling in each] for each in found]


def prefix_search(
    emissions: Emissions, acceptor: Acceptor | None = None, *, beam: int = 8, n_best: int = 1
) -> list[Spelling]:
    """Return the result of `prefix_search_many` for one field."""
    return prefix_search_many([emissions], acceptor, beam=beam, n_best=n_best, threads=1)[0]


def accepted_scores(
    fields: Sequence[Emissions], acceptor: Acceptor | None = None, *, threads: int = 0
) -> NDArray[np.float64]:
    """Return, for each field, the log of the sum over all strings that the acceptor allows, in all their alignments.

    A string's score less this is the log of its probability among them: what a confidence begins with. Parameters and
    errors are those of `prefix_search_many`.

    Returns
    -------
    float64 (fields,); -inf where no string is possible.

    References
    ----------
    LeCun et al. 1998, section VI-E.
    """
    scores = [_checked(emissions) for emissions in fields]
    if not scores:
        return np.zeros(0)
    given = acceptor or _everything(scores[0].shape[1])
    return _search(_engine.accepted_scores, scores, given.ready, threads)


def accepted_score(emissions: Emissions, acceptor: Acceptor | None = None) -> float:
    """Return the score of `accepted_scores` for one field."""
    return float(accepted_scores([emissions], acceptor, threads=1)[0])


def string_score(emissions: Emissions, labels: Sequence[int]) -> float:
    """Return the log of the sum over all alignments of one string; -inf where it does not fit into the frames.

    Raises
    ------
    InputError
        A label is the blank or no symbol, or the emissions are none.
    """
    return _search(_engine.string_score, _checked(emissions), np.asarray(labels, np.int32).reshape(-1))
