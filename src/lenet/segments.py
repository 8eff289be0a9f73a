"""One field on a picture, as a network for single characters sees it: segments of ink, and the graph that they form.

Each segment may be one character. Between the places where the field is cut they are arcs; with what a network says of
each they become the interpretation graph, whose every path is one way to read the field, using all ink once
(LeCun et al. 1998, sections V and VI).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.documents.cuts import Segmentation, cut_field
from lenet.documents.fields import FieldInk, field_ink
from lenet.graphs import Graph

__all__ = ["RUBBISH", "SEGMENT_CLASSES", "SIGN", "Segments", "interpretation_graph", "log_odds", "make_segments"]

RUBBISH = "rubbish"
"""What a segment says that is no character."""
SIGN = "sign"
"""What a segment says that is no digit: a point, a dash, a stroke at the end."""
SEGMENT_CLASSES = (RUBBISH, *"0123456789", SIGN)
"""Classes of a network for segments."""
_SIDE = 28
_AROUND = 0.25
"""Heights of the text that are shown above and below it where a segment's place is drawn; of ours."""


@dataclass(frozen=True, eq=False)
class Segments:
    """A field made ready for a network.

    Parameters
    ----------
    segmentation : its cuts and segments.
    images : uint8 (segments, 2, 28, 28), paper 0, full ink 255: each segment as MNIST would hold it, and the box that
        it takes in the line of text, since a point and a zero are alike but for their size and place.
    """

    segmentation: Segmentation
    images: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.segmentation.segments)

    def __repr__(self) -> str:
        return f"Segments({len(self)} of {self.segmentation.atoms} atoms)"


def make_segments(pictures: Sequence[NDArray[np.uint8]]) -> list[Segments]:
    """Return the segments of each picture, uint8 (rows, columns) or (rows, columns, 3), of one field.

    Raises
    ------
    InputError
        An array is no picture.
    """
    return [_ready(field_ink(picture)) for picture in pictures]


def _ready(field: FieldInk) -> Segments:
    segmentation = cut_field(field)
    if not segmentation.segments:
        return Segments(segmentation, np.zeros((0, 2, _SIDE, _SIDE), np.uint8))
    return Segments(segmentation, np.stack([segmentation.images, _places(segmentation, field)], 1))


def _places(segmentation: Segmentation, field: FieldInk) -> NDArray[np.uint8]:
    """Draw the box of each segment in rows that show the line of text, whatever its size, in the middle columns."""
    boxes = np.array([segment.box for segment in segmentation.segments], float) / field.scale
    line, middle = field.text, field.ink.shape[1] / 2
    pixel = (1 + 2 * _AROUND) * max(line.height, 1.0) / _SIDE
    level = line.top - _AROUND * line.height + line.slope * (boxes[:, [0]] + boxes[:, [2]] - 2 * middle) / 2
    rows = _covered((boxes[:, [1]] - level) / pixel, (boxes[:, [3]] - level) / pixel)
    wide = (boxes[:, [2]] - boxes[:, [0]]) / pixel
    columns = _covered((_SIDE - wide) / 2, (_SIDE + wide) / 2)
    return np.asarray(255 * rows[:, :, np.newaxis] * columns[:, np.newaxis], np.uint8)


def _covered(first: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much of each of the pixels 0 to 27 lies between two places."""
    pixels = np.arange(_SIDE)
    return np.asarray(np.clip(np.minimum(pixels + 1, end) - np.maximum(pixels, first), 0, 1))


def log_odds(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much likelier each class but the first is than that a segment is rubbish, in natural logarithms.

    A path's score is then, but for a constant of the field, the logarithm of the probability that its segments are what
    they are said to be and all others are rubbish. Nothing is normalised before the end (section VI-E).

    Parameters
    ----------
    scores : (segments, classes), as `Network.scores` gives them.
    """
    return np.asarray(scores[:, 1:] - scores[:, :1], np.float32)


def interpretation_graph(
    segmentation: Segmentation, scores: NDArray[np.floating], labels: Sequence[int], *, geometry: float = 1.0
) -> Graph:
    """Join what is said of each segment into the graph of all readings.

    Nodes are the places between atoms, from 0 on the left; arc `k * len(labels) + c` is segment k read as label c.

    Parameters
    ----------
    segmentation : a field's cuts and segments.
    scores : (segments, labels), natural logarithms, higher is better.
    labels : what each column of the scores stands for; -1 is nothing that is written down.
    geometry : how much a segment's penalty counts, which its cuts give it.

    References
    ----------
    LeCun et al. 1998, section V and figure 17.
    """
    ends = np.array([(one.first, one.last + 1) for one in segmentation.segments], np.int32).reshape(-1, 2)
    penalties = np.array([one.penalty for one in segmentation.segments])
    said = np.tile(np.asarray(labels, np.int32), len(ends))
    arcs = np.column_stack([np.repeat(ends, len(labels), axis=0), said, said])
    weights = np.asarray(scores, np.float64) - geometry * penalties[:, np.newaxis]
    return Graph.from_arrays(segmentation.atoms + 1, [0], [segmentation.atoms], arcs, weights)
