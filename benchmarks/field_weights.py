"""Make the networks for whole fields anew: `python -m benchmarks.field_weights FOLDER`, some four hours on two cores.

Five networks for measuring come first: each has seen none of the fields of its fold (`folds.py`). Then the one that is
shipped as "fields", which has seen them all. Each has a partner that learns by itself, so that it is wrong elsewhere:
the network sees as many synthetic fields as real ones, by American and European hands; its partner a quarter as many,
by American ones. How sure each pair may be is learned on fields that the other four read without having seen them; of
the shipped one, on those of all five. How sure it may be of marks is learned on half of the boxes of marks-cells.tar.
What is done stays in FOLDER, and an interrupted training goes on. --only K trains one pair: 0 to 4, "all", or "none":
one that has seen synthetic fields alone, to compare with.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import lenet
from benchmarks.folds import FOLDS, folds_of
from benchmarks.hands import hands
from benchmarks.reading import mark_boxes
from lenet import grammar
from lenet.calibration import Calibration, fit_calibration
from lenet.cards import Card
from lenet.datasets.labelled_fields import Fields, load_fields
from lenet.learning.fields import train_fields
from lenet.learning.recipes import RECIPES, Recipe
from lenet.reading.fields import spell_strips
from lenet.reading.unread import is_all_read
from lenet.strips import make_strips

ARCHIVE = "orand-car-a.tar"
RECIPE = RECIPES["fields"]
PARTNER = replace(RECIPE, seed=1)
BESIDE = {"network": 1.0, "partner": 0.25}
"""Synthetic fields for each real one."""
MARKS = "marks-cells.tar"
NETWORKS = (*map(str, range(FOLDS)), "all", "none")
SHIPPED = Path(__file__).parents[1] / "src" / "lenet" / "models" / "fields.safetensors"


def main() -> None:
    """Train what is asked for, or all, and ship."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.field_weights", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the networks are kept")
    parser.add_argument(
        "--only", action="append", choices=[*map(str, range(FOLDS)), "all", "none"], help="train these alone"
    )
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    fields = load_fields(Path(os.environ["LENET_DATA"]) / ARCHIVE)
    folds = folds_of(fields.names)
    for name in options.only or [*map(str, range(FOLDS)), "all"]:
        train(seen_by(name, fields, folds), place(options.folder, name), options.threads)
    if options.only is None:
        ship(options.folder, fields, folds)


def seen_by(name: str, fields: Fields, folds: NDArray[np.int64]) -> Fields | None:
    """Return the fields that a network learns from, besides synthetic ones."""
    if name == "none":
        return None
    return fields if name == "all" else fields.subset(np.flatnonzero(folds != int(name)))


def place(folder: Path, name: str) -> Path:
    """Return where a network is kept."""
    stem = {"all": "fields", "none": "synthetic"}.get(name, f"fold-{name}")
    return folder / f"{stem}.safetensors"


def train(fields: Fields | None, path: Path, threads: int) -> None:
    """Train a network and its partner; where they are, leave them."""
    mnist = lenet.load_mnist("train")
    network = course(fields, hands() if fields else mnist, path.with_suffix(".network"), RECIPE, threads)
    network.partner = course(fields, mnist, path.with_suffix(".partner"), PARTNER, threads)
    lenet.save(network, path)


def course(fields: Fields | None, digits: lenet.Dataset, path: Path, recipe: Recipe, threads: int) -> lenet.Network:
    """Return the network in a file; where there is none, train it first, or go on with its training."""
    if path.exists():
        return lenet.load(path)
    state = path.with_name(f"{path.name}.state")

    def show(progress: lenet.learning.Progress) -> None:
        if progress.finished is not None:
            print(path.name, progress.finished, flush=True)

    network, _ = train_fields(
        fields,
        digits,
        recipe=None if state.exists() else recipe,
        beside=BESIDE[path.suffix.removeprefix(".")],
        resume=state if state.exists() else None,
        checkpoint=state,
        callback=show,
        threads=threads,
    )
    lenet.save(network, path)
    return network


def unseen_answers(folder: Path, fields: Fields, folds: NDArray[np.int64], kind: str) -> NDArray[np.float64]:
    """Return (fields, 3): score and margin of each field, and whether its digits were right, by its fold's network."""
    answers = np.zeros((len(fields), 3))
    for fold in range(FOLDS):
        which = np.flatnonzero(folds == fold)
        some = fields.subset(which)
        found = spell_strips(lenet.load(place(folder, str(fold))), make_strips(some.pictures), grammar.get(kind))
        for index, texts, text in zip(which, found, some.texts, strict=True):
            best = texts.best[0] if texts.best else None
            right = best is not None and grammar.digits_of(best.text) == text
            answers[index] = (best.score, texts.margin, right) if best else (-50, 0, False)
    return answers


def ship(folder: Path, fields: Fields, folds: NDArray[np.int64]) -> None:
    """Give every network its calibration, and ship the one that has seen all fields."""
    answers, signed = (unseen_answers(folder, fields, folds, kind) for kind in ("digits", "amount"))
    for fold in range(FOLDS):
        network, others = lenet.load(place(folder, str(fold))), folds != fold
        network.calibration = learned(answers[others], signed[others], mark_answers(network))
        lenet.save(network, place(folder, str(fold)))
    network = lenet.load(place(folder, "all"))
    network.calibration = learned(answers, signed, mark_answers(network))
    network.card = card(float(answers[:, 2].mean()), len(fields))
    print(network.card)
    print(f"written to {lenet.save(network, SHIPPED, half=True)}")


def mark_answers(network: lenet.Network) -> NDArray[np.float64]:
    """Return the same of marks, without those that are refused because something is left unread."""
    values, boxes = mark_boxes(Path(os.environ["LENET_DATA"]) / MARKS, measured=False)
    strips, marks = make_strips(boxes, fractions=True), grammar.get("mark")
    return np.array(
        [
            (texts.best[0].score, texts.margin, marks.value(texts.best[0].text) == value)
            for strip, texts, value in zip(strips, spell_strips(network, strips, marks), values, strict=True)
            if texts.best and is_all_read(texts.best[0], strip)
        ]
    )


def learned(plain: NDArray[np.float64], signed: NDArray[np.float64], marks: NDArray[np.float64]) -> Calibration:
    """Return the calibration of plain digits, with those of amounts and of marks beside it."""
    return replace(fit_calibration(*plain.T), with_signs=fit_calibration(*signed.T), marks=fit_calibration(*marks.T))


def card(right: float, count: int) -> Card:
    """Return the card of the shipped network."""
    return Card(
        "fields",
        "Reads whole number fields; for research only: it learned from pictures of ORAND-CAR-A, which ORAND S.A. gave "
        "out for research, beside synthetic fields of MNIST's and DIDA's digits.",
        data=f"{count} amount fields of ORAND-CAR-A (ICFHR 2014 competition; labels Fzkuji/Labeled_ORAND-CAR-A, MIT, "
        "corrected); synthetic fields with drawn signs and digits, MNIST's 60,000 training digits (CC BY-SA 3.0) and "
        "about 900 of DIDA (research, with citation)",
        licence="research only, as the pictures; the synthetic part with MNIST alone is free",
        command="python -m benchmarks.field_weights FOLDER; without ORAND's pictures: lenet train --fields none",
        recipe={"network": asdict(RECIPE), "partner": asdict(PARTNER), "synthetic fields for each real one": BESIDE},
        figures={"orand-car-a, whole fields right, five pairs on fields they have not seen": right},
        limits="Handwritten digits with the signs of amounts, dates, times and percentages, in one line, upright "
        "within some degrees. Signs were learned from drawings alone. Letters and scribbles are mostly told.",
        seed=RECIPE.seed,
        date=date.today().isoformat(),
    )


if __name__ == "__main__":
    main()
