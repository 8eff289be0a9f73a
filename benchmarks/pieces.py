"""How well are fields cut into pieces? Prints a table; needs LENET_DATA.

    LENET_DATA=../shared/data python -m benchmarks.pieces [--tuning] [--wrong]

A digit is found where a segment has its box across: they share 0.6 of what they cover together, or both ends are within
2 pixels. A field is found where segments in order, none sharing an atom, find all of its digits. A boundary is found
where what is left of a cut ends, or what is right of it begins, within 3 pixels of the digit there.

Cheque amounts have loose boxes drawn by hand: they are shrunk to the ink inside, and fields whose boxes disagree with
the corrected text are left out. Choices were made on the even tens of their numbers (`--tuning`); the others are shown.
Strings of touching digits are made of MNIST's last 10,000 training images, of which the cuts have learned nothing.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.reading import pictures
from benchmarks.strings import touching
from lenet.datasets import load_mnist
from lenet.documents.cuts import Segmentation, cut_field
from lenet.documents.fields import STROKE, field_ink

Span = tuple[float, float]
"""First column and the one after the last."""


@dataclass
class Count:
    """What was counted over the fields of a set."""

    fields: int = 0
    found: int = 0
    digits: int = 0
    atoms: int = 0
    segments: int = 0
    boundaries: int = 0
    cut: int = 0
    seconds: tuple[float, float] = (0.0, 0.0)

    def __str__(self) -> str:
        cleaning, cutting = (1000 * seconds / self.fields for seconds in self.seconds)
        return (
            f"{self.fields:6} {self.found / self.fields:8.1%} {self.cut / self.boundaries:11.1%} "
            f"{self.atoms / self.digits:12.2f} {self.segments / self.digits:15.2f} {cleaning:9.2f} {cutting:8.2f}"
        )


def spans_of(label: dict, ink: NDArray[np.uint8]) -> list[Span]:
    """Return the columns of each labelled digit, left to right, as its strokes take them."""
    spans = []
    for digit in sorted(label["digits"], key=lambda digit: digit["box"][0] + digit["box"][2] / 2):
        left, top, width, height = digit["box"]
        left, top = max(left, 0), max(top, 0)
        columns = np.nonzero((ink[top : top + height, left : left + width] >= STROKE).any(axis=0))[0]
        spans.append((left + columns[0], left + columns[-1] + 1) if len(columns) else (left, left + width))
    return spans


def fits(span: Span, truth: Span) -> bool:
    """Tell whether a segment is a digit, by the columns that they take."""
    shared = min(span[1], truth[1]) - max(span[0], truth[0])
    together = max(span[1], truth[1]) - min(span[0], truth[0])
    return shared > 0.6 * together or max(abs(span[0] - truth[0]), abs(span[1] - truth[1])) <= 2


def has_path(segmentation: Segmentation, truth: list[Span]) -> bool:
    """Tell whether segments in order, none sharing an atom, are all the digits."""
    ends = {-1}
    for span in truth:
        first = min(ends)
        ends = {s.last for s in segmentation.segments if s.first > first and fits((s.box[0], s.box[2]), span)}
        if not ends:
            return False
    return True


def boundaries_cut(segmentation: Segmentation, truth: list[Span]) -> int:
    """Return how many of the boundaries between digits have a cut."""
    single = [s for s in segmentation.segments if s.first == s.last]
    ends = np.maximum.accumulate([s.box[2] for s in single])[:-1]
    starts = np.minimum.accumulate([s.box[0] for s in single][::-1])[::-1][1:]
    cut = 0
    for (_, end), (start, _) in pairwise(truth):
        cut += bool(((abs(ends - end) <= 3) | (abs(starts - start) <= 3)).any())
    return cut


def amounts(archive: Path, odd: bool) -> Iterator[tuple[str, NDArray[np.uint8], dict]]:
    """Yield the amounts of the odd or even tens of numbers whose boxes are to be trusted."""
    for label, picture in pictures(archive):
        trusted = "".join(digit["d"] for digit in label["digits"]) == label["text"] and not label["ambiguous"]
        if trusted and int(label["id"].split("_")[-1]) // 10 % 2 == odd:
            yield label["id"], picture, label


def count(fields: Iterable[tuple[str, NDArray[np.uint8], dict]], wrong: bool) -> Count:
    """Cut all fields and compare them with their labels."""
    total = Count()
    for name, picture, label in fields:
        started = time.process_time()
        field = field_ink(picture)
        cleaned = time.process_time()
        segmentation = cut_field(field)
        done = time.process_time()
        truth = label["spans"] if "spans" in label else spans_of(label, field.ink)
        found = has_path(segmentation, truth)
        total.fields += 1
        total.found += found
        total.digits += len(truth)
        total.atoms += segmentation.atoms
        total.segments += len(segmentation.segments)
        total.boundaries += len(truth) - 1
        total.cut += boundaries_cut(segmentation, truth) if segmentation.atoms else 0
        total.seconds = (total.seconds[0] + cleaned - started, total.seconds[1] + done - cleaned)
        if wrong and not found:
            print(f"  {name}: {label['text']} has no path through {segmentation}")
    return total


def strings(number: int) -> Iterator[tuple[str, NDArray[np.uint8], dict]]:
    """Yield strings of touching digits with the columns of each."""
    data = load_mnist("train")
    images, labels = data.images[50_000:, 0], data.labels[50_000:]
    for index, string in enumerate(touching(images, labels, number, seed=7)):
        spans = []
        for digit in range(len(string.text)):
            columns = np.nonzero(((string.owners == digit) & (string.picture < STROKE)).any(axis=0))[0]
            spans.append((int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, 0))
        yield f"string {index}", string.picture, {"text": string.text, "spans": spans}


def main() -> None:
    """Measure, or say why not."""
    place = os.environ.get("LENET_DATA")
    if not place:
        print("skipped: LENET_DATA does not say where the fields are")
        return
    wrong, odd = "--wrong" in sys.argv[1:], "--tuning" not in sys.argv[1:]
    print(f"{'':22} fields    found  boundaries  atoms/digit  segments/digit  clean ms   cut ms")
    print(f"{'cheque amounts':22} {count(amounts(Path(place) / 'orand-car-a.tar', odd), wrong)}")
    print(f"{'touching MNIST digits':22} {count(strings(500), wrong)}")


if __name__ == "__main__":
    main()
