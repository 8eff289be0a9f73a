"""Fields read through their segmentation graph: a network says what each segment may be, and the best path is searched.

Segments, what the network says of them and the grammar are composed as sections V and X of LeCun et al. 1998 compose
them; a text's score is the sum over all paths that spell it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import GraphError
from lenet.grammar import Grammar
from lenet.graphs import Graph, compose, epsilon, forward_score, n_best, project_output, string_graph
from lenet.network import Network
from lenet.segments import RUBBISH, SIGN, Segments, interpretation_graph, log_odds

__all__ = ["Arc", "SegmentText", "SegmentTexts", "is_segment_network", "spell_segments", "text_scores"]

N_BEST = 8
"""Texts of the grammar that are looked at."""


@dataclass(frozen=True)
class Arc:
    """A segment on a path, by its number, and the class that it is read as."""

    segment: int
    said: str


@dataclass(frozen=True)
class SegmentText:
    """A text that a field may say.

    Parameters
    ----------
    text : its characters.
    score : natural logarithm of its probability among all readings of the segments, over all paths; 0 or less.
    path : the best path that spells it, from left to right; signs that the grammar passes over stand on it, too.
    """

    text: str
    score: float
    path: tuple[Arc, ...]


@dataclass(frozen=True, eq=False)
class SegmentTexts:
    """What a field may say by its segmentation graph, and the graph itself.

    Parameters
    ----------
    segments : the field's cuts and segments.
    classes : what a segment may be, but for rubbish.
    scores : float32 (segments, classes), natural logarithms of how much likelier each is than rubbish.
    best : texts of the grammar, best first; none where it has no path.
    """

    segments: Segments
    classes: tuple[str, ...]
    scores: NDArray[np.float32]
    best: tuple[SegmentText, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return cuts, arcs and texts as values that `json.dumps` takes; places are pixels of the picture given."""
        segmentation = self.segments.segmentation
        scale = segmentation.scale
        on_best = {arc.segment: arc.said for arc in self.best[0].path} if self.best else {}
        return {
            "cuts": [
                {"path": (scale * path).tolist(), "step": scale, "penalty": cut.penalty, "skip": cut.skip}
                for cut, path in zip(segmentation.cuts, segmentation.paths, strict=True)
            ],
            "arcs": [
                {
                    "source": one.first,
                    "target": one.last + 1,
                    "box": list(one.box),
                    "penalty": one.penalty,
                    "classes": {name: round(-float(score), 3) for name, score in zip(self.classes, row, strict=True)},
                    "best": on_best.get(number, ""),
                }
                for number, (one, row) in enumerate(zip(segmentation.segments, self.scores, strict=True))
            ],
            "texts": [{"text": one.text, "score": one.score} for one in self.best],
        }

    def __repr__(self) -> str:
        best = repr(self.best[0].text) if self.best else "nothing"
        return f"SegmentTexts({best}, {len(self.best)} texts of {self.segments})"


def is_segment_network(network: Network) -> bool:
    """Tell whether a network reads segments of fields."""
    return network.classes[0] == RUBBISH


def spell_segments(
    network: Network, fields: Sequence[Segments], grammar: Grammar, *, n_best: int = N_BEST, threads: int = 0
) -> list[SegmentTexts]:
    """Return what each field may say; the segments of all fields go through the network together.

    Parameters
    ----------
    network : one that `is_segment_network`.
    fields : of `lenet.segments.make_segments`.
    grammar : which texts there may be. A grammar of plain texts passes over signs.
    n_best : how many texts are wanted.
    threads : how many to use; 0 means LENET_THREADS, or else what the machine offers. The result is the same.
    """
    classes = network.classes[1:]
    return [
        SegmentTexts(one, classes, scores, _texts(one, scores, grammar, classes, n_best))
        for one, scores in zip(fields, _all_scores(network, fields, threads), strict=True)
    ]


def text_scores(found: SegmentTexts, grammar: Grammar, texts: Sequence[str]) -> list[float]:
    """Return the score of each text, as in `SegmentText.score`; minus infinity where no path spells it."""
    transducer, symbols = _transducer(grammar, found.classes)
    lattice = _lattice(found.segments, found.scores)
    composed, total = compose(lattice, transducer), forward_score(lattice).item()
    return [_score(composed, symbols, text) - total for text in texts]


def _all_scores(network: Network, fields: Sequence[Segments], threads: int) -> list[NDArray[np.float32]]:
    ends = np.cumsum([len(one) for one in fields])
    if not len(ends) or not ends[-1]:
        return [np.zeros((0, len(network.classes) - 1), np.float32) for _ in fields]
    images = np.concatenate([one.images for one in fields])
    return np.split(log_odds(network.scores(images, threads=threads)), ends[:-1])


def _lattice(segments: Segments, scores: NDArray[np.float32]) -> Graph:
    return interpretation_graph(segments.segmentation, scores, range(1, scores.shape[1] + 1))


@lru_cache(maxsize=64)
def _transducer(grammar: Grammar, classes: tuple[str, ...]) -> tuple[Graph, str]:
    """Return what reads classes, from 1, and writes texts of the grammar, and the symbols that it writes.

    Each sign of the grammar is read from the one class of signs, and is as likely as the others.
    """
    digits = [name for name in classes if name != SIGN]
    signs = [sign for sign in grammar.alphabet if sign not in digits]
    symbols, sign = "".join([*digits, *signs]), 1 + classes.index(SIGN)
    table = grammar.table(symbols)
    states, columns = np.nonzero(table.next >= 0)
    read = np.array([*(1 + classes.index(name) for name in digits), *(sign for _ in signs)])
    weights = np.where(columns >= len(digits), -math.log(max(1, len(signs))), 0.0)
    weights += 0 if table.score is None else table.score[states, columns]
    arcs = np.column_stack([states, table.next[states, columns], read[columns], columns])
    if grammar.kind == "text":
        every = np.arange(len(table.next))
        loops = np.column_stack([every, every, np.full_like(every, sign), np.full_like(every, epsilon)])
        arcs, weights = np.concatenate([arcs, loops]), np.concatenate([weights, np.zeros(len(loops))])
    accepting = np.flatnonzero(table.accepting).tolist()
    names = dict(enumerate(symbols))
    return Graph.from_arrays(len(table.next), [0], accepting, arcs, weights, output_symbols=names), symbols


def _texts(
    segments: Segments, scores: NDArray[np.float32], grammar: Grammar, classes: tuple[str, ...], number: int
) -> tuple[SegmentText, ...]:
    transducer, symbols = _transducer(grammar, classes)
    lattice = _lattice(segments, scores)
    composed, total = compose(lattice, transducer), forward_score(lattice).item()
    if not composed.num_nodes():
        return ()
    found = []
    for path in n_best(project_output(composed), number):
        text, arcs = path.spell(), _arcs(path, lattice)
        named = tuple(Arc(number // scores.shape[1], classes[number % scores.shape[1]]) for number in arcs)
        found.append(SegmentText(text, min(0.0, _score(composed, symbols, text) - total), named))
    return tuple(sorted(found, key=lambda one: -one.score))


def _score(composed: Graph, symbols: str, text: str) -> float:
    """Return the sum over all paths that spell a text."""
    try:
        return forward_score(compose(composed, string_graph(text, symbols))).item()
    except GraphError:
        return -math.inf


def _arcs(path: Graph, lattice: Graph) -> list[int]:
    """Return the arcs of the lattice that the arcs of a path were made from, in order."""
    found = []
    for arc in range(path.num_arcs()):
        waiting = [(path, arc)]
        while waiting:
            graph, number = waiting.pop()
            if graph is lattice:
                found.append(number)
            else:
                waiting += graph.origins(number)
    return found
