"""Fields read through their segmentation graph: a network says what each segment may be, and the best path is searched.

Segments, what the network says of them and the grammar are composed as sections V and X of LeCun et al. 1998 compose
them; a text's score is the sum over all paths that spell it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.documents.segmentation import Box
from lenet.errors import GraphError
from lenet.grammar import Grammar
from lenet.graphs import (
    Graph,
    compose,
    epsilon,
    forward_score,
    n_best,
    project_output,
    prune,
    string_graph,
    viterbi_path,
)
from lenet.network import Network
from lenet.reading.fields import FieldText, FieldTexts
from lenet.segments import RUBBISH, SIGN, Segments, interpretation_graph, log_odds

__all__ = ["Arc", "SegmentText", "SegmentTexts", "is_segment_network", "score_texts", "spell_segments"]

ANY_SIGN = "·"
"""How a text without a grammar shows a sign: which one it is, the network does not know."""

N_BEST = 8
"""Texts of the grammar that are looked at."""

UNLIKELY = 1e-6
"""No text is searched along an arc of which the paths of the grammar have a smaller share: of a long field the search
would follow each beginning at all places where it may end; of ours."""


@dataclass(frozen=True)
class Arc:
    """A segment on a path, by its number, the class that it is read as, and what is written down for it."""

    segment: int
    said: str
    written: str = ""


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
    free : the best text of all digits and signs, each sign `ANY_SIGN`.
    """

    segments: Segments
    classes: tuple[str, ...]
    scores: NDArray[np.float32]
    best: tuple[SegmentText, ...]
    free: SegmentText

    def field_texts(self) -> FieldTexts:
        """Return the same as what a network for whole fields says; columns are those of the picture given."""
        return FieldTexts(tuple(map(self._field_text, self.best)), partial(self._field_text, self.free))

    @property
    def places(self) -> list[Box]:
        """Where the characters of the best text stand, in pixels of the picture given."""
        if not self.best:
            return []
        arcs = [arc for arc in self.best[0].path if arc.written]
        return [self.segments.segmentation.segments[arc.segment].box for arc in arcs]

    def _field_text(self, text: SegmentText) -> FieldText:
        written = [arc for arc in text.path if arc.written]
        boxes = [self.segments.segmentation.segments[arc.segment].box for arc in written]
        return FieldText(
            text.text,
            text.score,
            tuple((box[0], box[2]) for box in boxes),
            tuple(self._sure(arc) for arc in written),
        )

    def _sure(self, arc: Arc) -> float:
        """Return how probable a class is for a segment, among all classes and rubbish."""
        row = self.scores[arc.segment]
        return float(np.exp(row[self.classes.index(arc.said)] - np.logaddexp.reduce([0.0, *row.tolist()])))

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
    scores = _all_scores(network, fields, threads)
    return [_spelled(*each, network.classes[1:], grammar, n_best) for each in zip(fields, scores, strict=True)]


def score_texts(
    network: Network,
    fields: Sequence[Segments],
    grammar: Grammar,
    texts: Sequence[Sequence[str]],
    *,
    threads: int = 0,
) -> list[list[float]]:
    """Return for each field the scores of its texts, as in `SegmentText.score`; minus infinity where no path spells it.

    Parameters
    ----------
    network, fields, grammar, threads : as in `spell_segments`.
    texts : for each field some, such as those that another reader holds possible.
    """
    scores = _all_scores(network, fields, threads)
    return [
        _Lattice(one, said, network.classes[1:], grammar).scores(some)
        for one, said, some in zip(fields, scores, texts, strict=True)
    ]


def _all_scores(network: Network, fields: Sequence[Segments], threads: int) -> list[NDArray[np.float32]]:
    ends = np.cumsum([len(one) for one in fields])
    if not len(ends) or not ends[-1]:
        return [np.zeros((0, len(network.classes) - 1), np.float32) for _ in fields]
    images = np.concatenate([one.images for one in fields])
    return np.split(log_odds(network.scores(images, threads=threads)), ends[:-1])


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


class _Lattice:
    """All readings of a field, and those of them that a grammar allows."""

    def __init__(
        self, segments: Segments, scores: NDArray[np.float32], classes: tuple[str, ...], grammar: Grammar
    ) -> None:
        transducer, self.symbols = _transducer(grammar, classes)
        self.classes = classes
        self.free = interpretation_graph(segments.segmentation, scores, range(1, len(classes) + 1))
        self.allowed = compose(self.free, transducer)
        self.total = forward_score(self.free).item()

    def scores(self, texts: Sequence[str]) -> list[float]:
        """Return the logarithm of the share of all readings that each text has."""
        return [min(0.0, self._sum(text) - self.total) for text in texts]

    def _sum(self, text: str) -> float:
        try:
            return forward_score(compose(self.allowed, string_graph(text, self.symbols))).item()
        except GraphError:
            return -math.inf

    def path(self, best: Graph) -> tuple[Arc, ...]:
        """Return what a path of the grammar is made of."""
        found, count = [], len(self.classes)
        for arc, label in enumerate(best.labels_to_list(ilabel=False)):
            number = _origin(best, arc, self.free)
            written = "" if label == epsilon else self.symbols[label]
            found.append(Arc(number // count, self.classes[number % count], written))
        return tuple(found)


def _spelled(
    segments: Segments, scores: NDArray[np.float32], classes: tuple[str, ...], grammar: Grammar, number: int
) -> SegmentTexts:
    lattice = _Lattice(segments, scores, classes, grammar)
    paths = n_best(prune(project_output(lattice.allowed), UNLIKELY), number) if lattice.allowed.num_nodes() else []
    texts = [path.spell() for path in paths]
    found = [SegmentText(*each) for each in zip(texts, lattice.scores(texts), map(lattice.path, paths), strict=True)]
    best = tuple(sorted(found, key=lambda one: -one.score))
    return SegmentTexts(segments, classes, scores, best, _free(lattice))


def _free(lattice: _Lattice) -> SegmentText:
    """Return the best path of all digits and signs, with its own share alone."""
    best, count, path = viterbi_path(lattice.free), len(lattice.classes), []
    for arc in range(best.num_arcs()):
        number = _origin(best, arc, lattice.free)
        said = lattice.classes[number % count]
        path.append(Arc(number // count, said, ANY_SIGN if said == SIGN else said))
    score = min(0.0, float(best.weights.sum()) - lattice.total)
    return SegmentText("".join(arc.written for arc in path), score, tuple(path))


def _origin(made: Graph, arc: int, source: Graph) -> int:
    """Return the arc of a graph that an arc of what was made from it came from."""
    waiting = [(made, arc)]
    while True:
        graph, number = waiting.pop()
        if graph is source:
            return number
        waiting += graph.origins(number)
