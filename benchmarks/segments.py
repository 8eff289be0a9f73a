"""Labelled segments, for training on single characters: of strings whose pixels' owners are known, and of boxes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from benchmarks.pieces import spans_of
from benchmarks.strings import String
from lenet.datasets import Dataset
from lenet.documents.fields import field_ink
from lenet.segments import SEGMENT_CLASSES, SIGN, Segments, make_segments

__all__ = ["labelled_by_boxes", "labelled_by_owners", "segments_dataset"]

WHOLE, PART = 0.85, 0.6
"""Share of a character's ink, and of a segment's, from which both are the same; and below which they are not."""
UNKNOWN, RUBBISH_CLASS = -1, 0


def segments_dataset(parts: Iterable[tuple[Segments, NDArray[np.int64]]], name: str) -> Dataset:
    """Return the segments that have a label as images with labels."""
    given = [(segments.images[labels >= 0], labels[labels >= 0]) for segments, labels in parts]
    images, labels = (np.concatenate(column) for column in zip(*given, strict=True))
    return Dataset(images, labels, SEGMENT_CLASSES, name=name)


def labelled_by_owners(string: String) -> tuple[Segments, NDArray[np.int64]]:
    """Return a string's segments, and what each is: a whole digit, nothing but signs, rubbish, or unknown."""
    segments = make_segments([string.picture])[0]
    atoms, labels = segments.segmentation.labels, np.full(len(segments), UNKNOWN)
    if atoms.shape != string.owners.shape or not len(segments):
        return segments, labels
    inked = (atoms > 0) & (string.owners != -1)
    ink = np.zeros((len(string.text) + 1, segments.segmentation.atoms))  # the last row is that of all signs
    np.add.at(ink, (string.owners.clip(-1)[inked], atoms[inked] - 1), 1)
    before = np.pad(ink.cumsum(axis=1), ((0, 0), (1, 0)))
    for number, one in enumerate(segments.segmentation.segments):
        inside = before[:, one.last + 1] - before[:, one.first]
        labels[number] = _label(inside, ink.sum(axis=1), string.text)
    return segments, labels


def _label(inside: NDArray[np.float64], whole: NDArray[np.float64], text: str) -> int:
    shares = inside / max(inside.sum(), 1)
    if shares[-1] >= WHOLE:
        return SEGMENT_CLASSES.index(SIGN)
    most = int(shares[:-1].argmax())
    least = min(shares[most], inside[most] / max(whole[most], 1))
    if least >= WHOLE:
        return SEGMENT_CLASSES.index(text[most])
    return RUBBISH_CLASS if least < PART else UNKNOWN


def labelled_by_boxes(picture: NDArray[np.uint8], label: dict) -> tuple[Segments, NDArray[np.int64]]:
    """Return a cheque amount's segments, and what each is by the boxes of its digits; what is beside them is a sign."""
    segments = make_segments([picture])[0]
    spans = np.array(spans_of(label, field_ink(picture).ink), float)
    digits = sorted(label["digits"], key=lambda digit: digit["box"][0] + digit["box"][2] / 2)
    labels = np.full(len(segments), UNKNOWN)
    for number, one in enumerate(segments.segmentation.segments):
        left, right = one.box[0], one.box[2]
        shared = np.minimum(right, spans[:, 1]) - np.maximum(left, spans[:, 0])
        alike = shared / (np.maximum(right, spans[:, 1]) - np.minimum(left, spans[:, 0]))
        near = np.maximum(abs(left - spans[:, 0]), abs(right - spans[:, 1]))
        best = int(alike.argmax())
        if alike[best] >= WHOLE or near[best] <= 2:
            labels[number] = SEGMENT_CLASSES.index(digits[best]["d"])
        elif shared.max() <= 0.2 * (right - left):
            labels[number] = SEGMENT_CLASSES.index(SIGN)
        elif alike[best] < PART:
            labels[number] = RUBBISH_CLASS
    return segments, labels
