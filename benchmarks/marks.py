"""How well are boxes of marks tables read: right, refused, wrong? `LENET_FOLDS=FOLDER python -m benchmarks.marks`.

They are accepted as usual, and then so that 3 % of all may be wrong. The shipped network learned all boxes, so FOLDER
holds five that each have not seen a fifth of them (`field_weights.py`). The same hands wrote in every fifth.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import lenet
from benchmarks.folds import FOLDS
from lenet.datasets.labelled_fields import Fields, load_fields

__all__ = ["mark_fields", "mark_folds", "value_of"]

MARKS = "marks-cells.tar"


def mark_fields(data: Path) -> Fields:
    """Return the boxes with their texts as they are written: 6½ where the label says 6.5."""
    fields = load_fields(data / MARKS)
    values = [Decimal(text) for text in fields.texts]
    return replace(fields, texts=tuple(f"{int(v) or ''}½" if v % 1 else str(int(v)) for v in values))


def mark_folds(fields: Fields) -> NDArray[np.int64]:
    """Return the fold, 0 to 4, of each box: boxes of one value stand together, and go to all folds in turn."""
    return np.arange(len(fields)) % FOLDS


def value_of(text: str) -> Decimal:
    """Return what a mark is worth: 6.5 for 6½."""
    return Decimal(text.removesuffix("½") or 0) + (Decimal("0.5") if text.endswith("½") else 0)


def accepted(folder: Path, fields: Fields, max_error: float | None) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return of each box whether it is accepted, and whether it is right, by a network that has not seen it."""
    taken, right = np.zeros(len(fields), bool), np.zeros(len(fields), bool)
    for fold in range(FOLDS):
        which = np.flatnonzero(mark_folds(fields) == fold)
        reader = lenet.Reader("mark", model=folder / f"fold-{fold}.safetensors", max_error=max_error)
        some = fields.subset(which)
        for index, reading, text in zip(which, reader.many(some.pictures), some.texts, strict=True):
            taken[index], right[index] = reading.accepted, reading.value == value_of(text)
    return taken, right


def main() -> None:
    """Measure, or say why not."""
    data, folder = (os.environ.get(name) for name in ("LENET_DATA", "LENET_FOLDS"))
    if not data or not folder:
        sys.exit("skipped: LENET_DATA has to say where marks-cells.tar is, and LENET_FOLDS where the five networks are")
    fields = mark_fields(Path(data))
    for max_error in (None, 0.03):
        taken, right = accepted(Path(folder), fields, max_error)
        shares: Sequence[float] = [(taken & right).mean(), (~taken).mean(), (taken & ~right).mean()]
        usual = "as usual" if max_error is None else f"{max_error:.0%} may be wrong"
        print("{} marks, {}: right {:.1%}, refused {:.1%}, wrong {:.1%}".format(len(fields), usual, *shares))


if __name__ == "__main__":
    main()
