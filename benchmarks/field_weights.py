"""Make the networks for whole fields anew: `python -m benchmarks.field_weights FOLDER [--fold K ...]`.

With --fold, five networks for measuring: each has seen none of the fields of its fold (`folds.py`). Without, the one
that is shipped as "fields", which has seen them all. Both learn MNIST's digits in synthetic fields besides. What is
done stays in FOLDER, and an interrupted training goes on.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np

import lenet
from benchmarks.folds import folds_of
from lenet.datasets.labelled_fields import Fields, load_fields
from lenet.learning.fields import train_fields
from lenet.learning.recipes import RECIPES

FIELDS = "orand-car-a.tar"


def main() -> None:
    """Train what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.field_weights", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the networks are kept")
    parser.add_argument("--fold", type=int, action="append", default=[], help="train without this fold, 0 to 4")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    fields = load_fields(Path(os.environ["LENET_DATA"]) / FIELDS)
    folds, digits = np.array(folds_of(fields.names)), lenet.load_mnist("train")
    for fold in options.fold or [None]:
        seen = fields if fold is None else fields.subset(np.flatnonzero(folds != fold))
        train(seen, digits, options.folder / ("fields" if fold is None else f"fold-{fold}"), options.threads)


def train(fields: Fields, digits: lenet.Dataset, path: Path, threads: int) -> None:
    """Train a network on fields, and keep it."""
    state = path.with_suffix(".state")

    def show(progress: lenet.learning.Progress) -> None:
        if progress.finished is not None:
            print(path.name, progress.finished, flush=True)

    network, _ = train_fields(
        fields,
        digits,
        recipe=None if state.exists() else RECIPES["fields"],
        resume=state if state.exists() else None,
        checkpoint=state,
        callback=show,
        threads=threads,
    )
    lenet.save(network, path.with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
