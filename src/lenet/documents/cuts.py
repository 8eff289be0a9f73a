"""Heuristic over-segmentation: a field's ink cut into atoms, and the segments of them that may be characters.

Cuts are made too many on purpose: which of them are boundaries of characters is decided by who reads the segments.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.documents.fields import FieldInk
from lenet.documents.segmentation import Box

__all__ = ["Cut", "Segment", "Segmentation", "cut_field"]

CERTAIN = 1e-3
"""No cut is more certain than this, one way or the other: a penalty must never forbid what a network sees."""


MOST_HEIGHT = 64
"""Pixels of the text: higher text is made smaller before it is cut."""


@dataclass(frozen=True)
class Cut:
    """A way between two neighbouring atoms.

    Attributes
    ----------
    probability : that no character lies on both of its sides, told from the geometry around it.
    ink : how much ink it goes through, in widths of a stroke; about 0 where the atoms don't touch.
    gap : between the boxes of the atoms, in heights of the text; below 0 where they overlap.
    shift : how far it moves sideways on its way down, in heights of the text.
    """

    probability: float
    ink: float
    gap: float
    shift: float

    @property
    def penalty(self) -> float:
        """Penalty of cutting here: the negative logarithm of the probability."""
        return -math.log(min(max(self.probability, CERTAIN), 1 - CERTAIN))

    @property
    def skip(self) -> float:
        """Penalty of not cutting here."""
        return -math.log(1 - min(max(self.probability, CERTAIN), 1 - CERTAIN))


@dataclass(frozen=True)
class Segment:
    """Neighbouring atoms that may be one character: an arc of the segmentation graph, from node `first` to `last + 1`.

    Attributes
    ----------
    first, last : the atoms, from 0 and inclusive.
    box : around their strokes, in pixels of the picture given.
    penalty : of not cutting inside it, and of cutting at its right end. Summed over a path from the first atom to the
        last one, that is every cut's penalty once.
    """

    first: int
    last: int
    box: Box
    penalty: float


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A field cut into atoms, left to right.

    Attributes
    ----------
    labels : int32 `(rows, columns)` over the field's ink, made smaller where text is higher than `MOST_HEIGHT`: 0 where
        there is none, else the number of the atom, from 1.
    cuts : cut k stands between atoms k and k + 1.
    paths : int32 `(cuts, rows)`, the first column right of each cut in every row.
    segments : all that may be characters, by their first atom, then by their last.
    images : uint8 `(segments, 28, 28)`, each segment as MNIST would hold it.
    scale : pixels of the picture given per pixel of `labels` and `paths`.
    """

    labels: NDArray[np.int32]
    cuts: tuple[Cut, ...]
    paths: NDArray[np.int32]
    segments: tuple[Segment, ...]
    images: NDArray[np.uint8]
    scale: int

    @property
    def atoms(self) -> int:
        """Number of atoms; 0 where nothing is written."""
        return self.segments[-1].last + 1 if self.segments else 0

    def __repr__(self) -> str:
        return f"Segmentation({self.atoms} atoms, {len(self.segments)} segments)"


def cut_field(field: FieldInk) -> Segmentation:
    """Cut the ink of a field into atoms, of which every character is one or a few neighbours.

    A cut is the cheapest way from the top to the bottom of the field, where ink is dear and moving sideways costs a
    little: it falls through paper, is deflected by what it hits, and goes through a stroke where that is short.
    Cuts are found at the valleys of that cost on several heights, upright and along the slant of the writing; of
    those the more probable ones are kept, as long as they part something.

    Parameters
    ----------
    field : from `field_ink`.

    Returns
    -------
    All ink belongs to exactly one atom. There are at most 1,024 atoms, and 4 segments an atom, whatever the picture;
    on wider fields the cheapest cuts are kept. The largest pictures take less than two seconds and 600 MB.

    References
    ----------
    LeCun et al. 1998, section V-A and, on "hit and deflect", section X-B.
    """
    field = _of_least_height(field)
    labels, atoms, table, paths, pairs = _engine.cut_field(field.ink, list(astuple(field.text)))
    cuts = tuple(Cut(*row) for row in table[:, :4].tolist())
    images = _engine.draw_segments(field.ink, labels, atoms, pairs, field.text.stroke)
    return Segmentation(labels, cuts, paths, _segments(atoms * field.scale, cuts, pairs), images, field.scale)


def _of_least_height(field: FieldInk) -> FieldInk:
    """Return the field with its text no higher than what a network can tell apart: more takes time for nothing."""
    factor = math.ceil(min(field.text.height, field.ink.shape[0]) / MOST_HEIGHT)
    if factor <= 1:
        return field
    rows, columns = (-(-size // factor) for size in field.ink.shape)
    padded = np.zeros((rows * factor, columns * factor), np.uint16)
    padded[: field.ink.shape[0], : field.ink.shape[1]] = field.ink
    ink = padded.reshape(rows, factor, columns, factor).mean(axis=(1, 3)).astype(np.uint8)
    line = field.text
    smaller = replace(
        line,
        top=line.top / factor,
        bottom=line.bottom / factor,
        left=line.left / factor,
        right=line.right / factor,
        stroke=line.stroke / factor,
    )
    return FieldInk(ink, ink, smaller, field.scale * factor)


def _segments(atoms: NDArray[np.int32], cuts: tuple[Cut, ...], pairs: NDArray[np.int32]) -> tuple[Segment, ...]:
    skipped = np.cumsum([0.0, *(cut.skip for cut in cuts)])
    ended = np.array([*(cut.penalty for cut in cuts), 0.0])
    found = []
    for first, last in pairs.tolist():
        box = (*atoms[first : last + 1, :2].min(axis=0).tolist(), *atoms[first : last + 1, 2:4].max(axis=0).tolist())
        found.append(Segment(first, last, box, float(skipped[last] - skipped[first] + ended[last])))
    return tuple(found)
