"""The proof of a reading: what the network saw, what it held possible, and how the texts divide the field."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet.errors import InputError
from lenet.network import Network
from lenet.reading.fields import (
    FRAME,
    FieldText,
    FieldTexts,
    emissions_of,
    is_field_network,
    margin_of,
    spell_strips,
)
from lenet.reading.pages import Field, network_for, open_field
from lenet.reading.reader import Reader
from lenet.reading.readings import Reading
from lenet.reading.segments import SegmentTexts, is_segment_network, spell_segments
from lenet.segments import make_segments
from lenet.strips import Strip, make_strips

if TYPE_CHECKING:
    from lenet.documents.pages import Source

__all__ = ["Arc", "Lattice", "Proof", "cuts_of", "explain", "lattice_of"]

_SMALLEST = 1e-6
"""Probability below which an arc's penalty no longer grows."""


@dataclass(frozen=True, eq=False)
class Proof:
    """Why a field was read as it was.

    Parameters
    ----------
    reading : what the reader says.
    picture : uint8, the field as scanned.
    strip : the field as the network saw it.
    probabilities : float32 (places, classes), what the network held possible along the strip.
    first : the column of the strip at which the first place begins, 0 or less; each place is `FRAME` columns.
    classes : the names of the classes; the first is nothing.
    texts : what the field may say, and the text without a grammar.
    threshold : the confidence from which the reader accepts.
    segments : how the field may be cut, what each piece may be and which texts follow from that; None where no network
        for segments was asked. The reading does not rest on it: it shows another way to the same text.
    """

    reading: Reading
    picture: NDArray[np.uint8]
    strip: Strip
    probabilities: NDArray[np.float32]
    first: int
    classes: tuple[str, ...]
    texts: FieldTexts
    threshold: float
    segments: SegmentTexts | None = None

    def __repr__(self) -> str:
        return f"Proof({self.reading!r}, {len(self.texts.best)} texts, {len(self.probabilities)} places)"


def explain(
    reader: Reader, picture: Source, *, segments: str | os.PathLike[str] | Network | None = "segments"
) -> Proof:
    """Read a picture again and keep what the reading rests on; a reading itself stays small.

    Parameters
    ----------
    reader : with a network for whole fields.
    picture : as for `lenet.read`.
    segments : a network for segments, which shows how the field may be cut: a shipped one's name, a path, or a network.

    Raises
    ------
    InputError
        The reader's network reads single characters, or that for segments no segments; or the picture cannot be used.
    FormatError
        The file is damaged.
    """
    network = reader.network
    if not is_field_network(network):
        raise InputError(f"{network} reads single characters; give a reader whose network reads whole fields")
    field = open_field(picture)
    fractions = reader.grammar.kind == "mark"
    strip = make_strips([field.page.picture], fractions=fractions, threads=reader.threads)[0]
    return Proof(
        reader(picture) if field.file is not None else reader(field.page.picture),
        field.page.picture,
        strip,
        np.exp(emissions_of(network, [strip.image], reader.threads)[0]),
        -margin_of(strip),
        network.classes,
        spell_strips(network, [strip], reader.grammar, threads=reader.threads)[0],
        reader.threshold,
        None if segments is None else _by_segments(network_for(segments), field, reader),
    )


def _by_segments(network: Network, field: Field, reader: Reader) -> SegmentTexts:
    if not is_segment_network(network):
        raise InputError(f"{network} was given for segments; give 'segments', or one that train_segments made")
    ready = make_segments([field.page.picture])
    return spell_segments(network, ready, reader.grammar, threads=reader.threads)[0]


def cuts_of(text: FieldText) -> tuple[float, ...]:
    """Return the columns of the strip between neighbouring characters, in the middle of what neither takes."""
    return tuple((before[1] + after[0]) / 2 for before, after in zip(text.spans, text.spans[1:], strict=False))


class Arc(NamedTuple):
    """A character between two nodes of a lattice, numbered from the left; penalty: minus ln of its probability."""

    source: int
    target: int
    sign: str
    penalty: float
    best: bool


@dataclass(frozen=True)
class Lattice:
    """Several texts of one field, merged where they cut it at the same place.

    Parameters
    ----------
    cuts : the inner nodes' columns on the strip, ascending; there is a node before and one after them.
    arcs : from nodes to later ones, each character between two nodes once; `best` are those of the best text.
    paths : for each text that is not empty the numbers of its arcs, from left to right.
    """

    cuts: tuple[float, ...]
    arcs: tuple[Arc, ...]
    paths: tuple[tuple[int, ...], ...]


def lattice_of(texts: Sequence[FieldText]) -> Lattice:
    """Merge texts into a lattice; cuts not further apart than a place of the network are one node."""
    spelled = [text for text in texts if text.text]
    cuts: list[float] = []
    paths = [_path(cuts, text) for text in spelled]
    ascending = sorted(cuts)
    arcs: dict[tuple[int, int, str], Arc] = {}
    taken: list[list[tuple[int, int, str]]] = []
    for number, (text, path) in enumerate(zip(spelled, paths, strict=True)):
        nodes = [0, *(1 + ascending.index(cut) for cut in path), 1 + len(cuts)]
        taken.append(list(zip(nodes, nodes[1:], text.text, strict=False)))
        for (source, target, sign), sure in zip(taken[-1], text.sure, strict=True):
            penalty = abs(math.log(min(1.0, max(sure, _SMALLEST))))  # never -0.0, which prints as it is
            before = arcs.get((source, target, sign))
            if before is None or penalty < before.penalty:
                best = number == 0 or (before is not None and before.best)
                arcs[source, target, sign] = Arc(source, target, sign, penalty, best)
    ordered = sorted(arcs.values())
    numbers = {(arc.source, arc.target, arc.sign): number for number, arc in enumerate(ordered)}
    return Lattice(tuple(ascending), tuple(ordered), tuple(tuple(numbers[key] for key in keys) for keys in taken))


def _path(cuts: list[float], text: FieldText) -> list[float]:
    """Return the node at each cut of a text, each to the right of the one before; add those that are missing."""
    path, last = [], -np.inf
    for cut in cuts_of(text):
        near = [node for node in cuts if node > last and abs(node - cut) <= FRAME]
        if not near:
            near = [max(cut, last + 1.0)]
            cuts.append(near[0])
        last = min(near, key=lambda node: abs(node - cut))
        path.append(last)
    return path
