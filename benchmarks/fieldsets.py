"""The fields that all readers read: real cheque amounts, strings of touching digits, single digits.

Every process makes them for itself, from the archive and from MNIST's test digits, and all get the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import lenet
from benchmarks.reading import pictures

__all__ = ["SETS", "FieldSet", "field_set"]

STRINGS, SINGLE = 300, 500
LENGTHS, OVERLAPS = (3, 7), (1, 3)
ENLARGED, MARGIN = 4, 10
"""Pixels that a pixel of MNIST becomes, and that stand around the digits then: what scans have, and detectors want."""


@dataclass(frozen=True)
class FieldSet:
    """Fields, and the digits that are written on them.

    Parameters
    ----------
    pictures : uint8 (rows, columns, 3), ink dark on light.
    texts : digits alone; what stands between them is not labelled.
    names : what each is called; of ORAND's with its number.
    """

    pictures: tuple[NDArray[np.uint8], ...]
    texts: tuple[str, ...]
    names: tuple[str, ...]

    def some(self, count: int) -> FieldSet:
        """Return `count` of them, evenly spaced; all where there are no more, or `count` is 0."""
        if not 0 < count < len(self.texts):
            return self
        chosen = np.arange(count) * len(self.texts) // count
        return FieldSet(*(tuple(part[k] for k in chosen) for part in (self.pictures, self.texts, self.names)))


def field_set(name: str) -> FieldSet:
    """Return the fields of a set: "orand", "touching" or "lone".

    Raises
    ------
    FileNotFoundError
        LENET_DATA does not name a folder with the archive.
    DownloadError
        MNIST is not there.
    """
    return SETS[name]()


def orand() -> FieldSet:
    """Return the amounts of ORAND-CAR-A: all of them, those with a doubtful label, too."""
    archive = Path(os.environ.get("LENET_DATA", "")) / "orand-car-a.tar"
    if not archive.is_file():
        raise FileNotFoundError("LENET_DATA names no folder with orand-car-a.tar; set it")
    labels, images = zip(*pictures(archive), strict=True)
    return FieldSet(images, tuple(label["text"] for label in labels), tuple(label["id"] for label in labels))


def touching() -> FieldSet:
    """Return strings of 3 to 7 of MNIST's test digits, whose boxes overlap by 1 to 3 pixels of MNIST."""
    rng = np.random.default_rng(8)
    lengths = rng.integers(LENGTHS[0], LENGTHS[1] + 1, STRINGS)
    return _written([rng.integers(0, 10_000, length) for length in lengths], rng)


def lone() -> FieldSet:
    """Return single test digits of MNIST."""
    rng = np.random.default_rng(9)
    return _written(list(rng.choice(10_000, (SINGLE, 1), replace=False)), rng)


def _written(rows: list[NDArray[np.int64]], rng: np.random.Generator) -> FieldSet:
    """Return a field for each row of numbers of test digits."""
    test = lenet.load_mnist("test", download=False)
    fields = [_on_paper(_overlapping([test.images[number, 0] for number in row], rng)) for row in rows]
    texts = ["".join(str(test.labels[number]) for number in row) for row in rows]
    return FieldSet(tuple(fields), tuple(texts), tuple(str(k) for k in range(len(rows))))


def _overlapping(digits: list[NDArray[np.uint8]], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return digits side by side, each pushed some pixels into the one before it; ink light on dark."""
    row: NDArray[np.uint8] = np.zeros((len(digits[0]), 0), np.uint8)
    for digit in digits:
        columns = np.flatnonzero(digit.any(axis=0))
        digit = digit[:, columns[0] : columns[-1] + 1]
        shared = min(int(rng.integers(OVERLAPS[0], OVERLAPS[1] + 1)), row.shape[1], digit.shape[1])
        start = row.shape[1] - shared
        both = np.maximum(row[:, start:], digit[:, :shared])
        row = np.concatenate([row[:, :start], both, digit[:, shared:]], axis=1)
    return row


def _on_paper(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return light ink, enlarged, as dark ink on white paper with a margin."""
    rows = np.flatnonzero(ink.any(axis=1))
    ink = ink[rows[0] : rows[-1] + 1]
    size = (ink.shape[1] * ENLARGED, ink.shape[0] * ENLARGED)
    large = np.pad(np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC)), MARGIN)
    return np.repeat(255 - large[:, :, None], 3, axis=2)


SETS: dict[str, Callable[[], FieldSet]] = {"orand": orand, "touching": touching, "lone": lone}
