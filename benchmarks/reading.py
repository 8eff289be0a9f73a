"""How well are real photographs read? Prints a table; needs LENET_DATA.

    LENET_DATA=../shared/data python benchmarks/reading.py [--wrong]

Characters are counted by edit distance to the label, row by row in reading order. Tables hold print as well as
handwriting; there, each labelled row is compared with the row that fits it best, and the rest is not counted.
`--wrong` lists what was read wrongly.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import tarfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

import lenet


def pictures(archive: Path) -> Iterator[tuple[dict, np.ndarray]]:
    """Yield the labels and the picture of each entry of a data archive."""
    with tarfile.open(archive) as tar:
        for line in tar.extractfile("labels.jsonl").read().decode().splitlines():
            label = json.loads(line)
            data = tar.extractfile(label["file"]).read()
            yield label, np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def edit_distance(read: str, truth: str) -> int:
    """Return how many insertions, deletions and exchanges lead from one text to the other."""
    row = list(range(len(truth) + 1))
    for i, a in enumerate(read, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(truth, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def kind_of(label: dict) -> str:
    """Return the name in front of a picture's number: cell, grid, marks, ..."""
    return re.split(r"[_.]", Path(label["file"]).name)[0]


def rows_of(label: dict) -> list[str]:
    """Return the labelled rows as the digits in them; a fraction is 12, as its digits stand in it."""
    rows = ["".join(box or "" for box in row) for row in label["rows"]]
    return [digits_in(row) for row in rows]


def digits_in(text: str) -> str:
    """Return the digits of a row, and of its fractions."""
    return re.sub(r"[^0-9]", "", text.replace("½", "12"))


def errors(label: dict, read: list[str]) -> int:
    """Return the wrong characters of one photograph."""
    truth = rows_of(label)
    if kind_of(label) in ("marks", "form"):
        return sum(min([edit_distance(row, t) for row in read] + [len(t)]) for t in truth)
    return edit_distance("\n".join(read), "\n".join(truth))


def photographs(archive: Path, show: bool) -> None:
    """Print a line for each kind of photograph."""
    counts, started = defaultdict(lambda: [0, 0, 0, 0]), time.perf_counter()
    for label, picture in pictures(archive):
        if kind_of(label) in ("cell", "marker", "squared"):
            readings = [lenet.read(picture)]
        else:
            readings = lenet.read_page(picture)
        read = [digits_in(reading.text) for reading in readings]  # as the labels: without signs and gaps
        wrong = errors(label, read)
        counts[kind_of(label)] = [
            a + b
            for a, b in zip(counts[kind_of(label)], (1, wrong == 0, sum(map(len, rows_of(label))), wrong), strict=True)
        ]
        if show and wrong:
            print(f"  {label['file']}: {wrong} wrong: {read} for {rows_of(label)}")
    seconds = time.perf_counter() - started
    counts["all"] = [sum(column) for column in zip(*counts.values(), strict=True)]
    print(f"{'photographs':12} {'pictures':>8} {'right':>6} {'characters':>10} {'right':>7}")
    for kind, (many, whole, characters, wrong) in counts.items():
        print(f"{kind:12} {many:8} {whole:6} {characters:10} {1 - wrong / characters:7.1%}")
    print(f"{seconds:.1f} s\n")


def main() -> None:
    """Measure, or say why not."""
    place = os.environ.get("LENET_DATA")
    if not place:
        print("skipped: LENET_DATA does not say where the photographs are")
        return
    show = "--wrong" in sys.argv[1:]
    photographs(Path(place) / "photos.tar", show)


if __name__ == "__main__":
    main()
