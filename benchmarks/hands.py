"""Single digits of American and of European hands: MNIST's, and those of Swedish tax books in DIDA, cleaned.

For research-only networks: DIDA is offered for research with citation (Kusetogullari, Yavariabdi, Hall and Lavesson,
DIGITNET, Big Data Research 2020). A network that learned from them is not measured on them.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import lenet
from lenet._engine import components
from lenet.documents.nearby import largest_near

__all__ = ["european_digits", "hands"]

ARCHIVE = "dida-digits.tar"
SHARE = 0.25
"""Share of Europeans among all digits."""
UNLIKELY = 0.02
"""Probability of the label below which the network for single digits takes a piece for a neighbour or a line."""


def hands() -> lenet.Dataset:
    """Return MNIST's training digits and, so often that they are a quarter, DIDA's."""
    mnist, others = lenet.load_mnist("train"), european_digits()
    times = round(SHARE / (1 - SHARE) * len(mnist) / len(others))
    images = np.concatenate([mnist.images, np.tile(others.images, (times, 1, 1, 1))])
    return lenet.Dataset(images, np.concatenate([mnist.labels, np.tile(others.labels, times)]), mnist.classes)


def european_digits() -> lenet.Dataset:
    """Return those digits of DIDA that can be cut out of their neighbours, 28 x 28, as MNIST's."""
    images, labels = [], []
    with tarfile.open(Path(os.environ["LENET_DATA"]) / ARCHIVE) as archive:
        for line in archive.extractfile("labels.jsonl").read().decode().splitlines():  # type: ignore[union-attr]
            entry = json.loads(line)
            picture = Image.open(io.BytesIO(archive.extractfile(entry["file"]).read()))  # type: ignore[union-attr]
            digit = middle_ink(np.asarray(picture.convert("L"), np.float32))
            if digit is not None:
                images.append(digit)
                labels.append(int(entry["text"]))
    stacked, numbers = np.stack(images)[:, np.newaxis], np.array(labels)
    likely = lenet.load("digits").predict_proba(stacked)[np.arange(len(numbers)), numbers] > UNLIKELY
    return lenet.Dataset(stacked[likely], numbers[likely], tuple("0123456789"))


def middle_ink(grey: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """Return the piece of ink in the middle, paper 0, ink 255, 20 pixels high or wide in 28 x 28; None if it is cut."""
    ink = np.clip(np.median(grey) - grey, 0, None)
    ink = np.clip(ink / max(1.0, float(np.percentile(ink, 98))), 0, 1)
    labels, table = components((ink > 0.4).astype(np.uint8))
    middle = np.array(grey.shape) / 2
    large = np.flatnonzero(table[:, 4] >= 0.2 * table[:, 4].max(initial=0)) + 1
    if not len(large):
        return None
    piece = labels == min(large, key=lambda one: np.hypot(*(np.argwhere(labels == one).mean(axis=0) - middle)))
    rows, columns = np.nonzero(piece)
    if columns.min() == 0 or columns.max() == grey.shape[1] - 1 or np.ptp(rows) < 0.4 * len(grey):
        return None
    cut = ink * largest_near(piece.view(np.uint8), 1, 1)
    return centred(cut[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])


def centred(ink: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return ink, 0 to 1, made 20 pixels high or wide, in the middle of 28 x 28."""
    rows, columns = (max(1, round(length * 20 / max(ink.shape))) for length in ink.shape)
    small = Image.fromarray((255 * ink).astype(np.uint8)).resize((columns, rows), Image.Resampling.BILINEAR)
    above, before = (28 - rows) // 2, (28 - columns) // 2
    return np.pad(np.asarray(small), ((above, 28 - rows - above), (before, 28 - columns - before)))
