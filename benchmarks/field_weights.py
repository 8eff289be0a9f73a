"""Make the networks for whole fields anew: `python -m benchmarks.field_weights FOLDER`, some four hours on two cores.

Five networks for measuring come first: each has seen none of the fields of its fold (`folds.py`). Then the one that is
shipped as "fields", which has seen them all. Each has two teachers that learned by themselves, so that they are wrong
elsewhere: one saw as many synthetic fields as real ones, by American and European hands; the other a quarter as many,
by American ones. From that one it goes on, and learns what both see; then the boxes of marks-cells.tar besides, but for
a fifth, and more signs. How sure each may be is learned on what the other four read without having seen it; of the
shipped one, on what all five read so. What is done stays in FOLDER, and an interrupted training goes on. --only K
trains one: 0 to 4, "all", or "none": one that has seen synthetic fields alone, to compare with.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import lenet
from benchmarks.folds import FOLDS, folds_of
from benchmarks.hands import hands
from benchmarks.marks import mark_fields, mark_folds, value_of
from lenet import grammar
from lenet.calibration import Calibration, fit_calibration
from lenet.cards import Card
from lenet.datasets.labelled_fields import Fields, load_fields
from lenet.learning.fields import train_fields
from lenet.learning.recipes import RECIPES
from lenet.reading.fields import spell_strips
from lenet.reading.unread import is_all_read
from lenet.strips import make_strips

ARCHIVE = "orand-car-a.tar"
RECIPE = RECIPES["fields"]
COURSES = {
    "drawn": (RECIPE, 1.0),
    "written": (replace(RECIPE, seed=1), 0.25),
    "taught": (replace(RECIPE, epochs=60, rate=0.0015), 1.0),
    "marked": (replace(RECIPE, epochs=30, rate=0.001, seed=3), 1.0),
    "signed": (replace(RECIPE, epochs=30, rate=0.0015, seed=4), 2.0),
}
"""The recipes of both teachers, of the network that they teach, of what it learns with marks beside, and then with more
signs; and how many synthetic fields pass for each real one."""
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
    data = Path(os.environ["LENET_DATA"])
    amounts, marks = load_fields(data / ARCHIVE), mark_fields(data)
    for name in options.only or [*map(str, range(FOLDS)), "all"]:
        train(*seen_by(name, amounts, marks), place(options.folder, name), options.threads)
    if options.only is None:
        ship(options.folder, amounts, marks)


def seen_by(name: str, amounts: Fields, marks: Fields) -> tuple[Fields | None, Fields | None]:
    """Return the amounts and the marks that a network learns from, besides synthetic fields."""
    if name == "none":
        return None, None
    if name == "all":
        return amounts, marks
    fold = int(name)
    return (
        amounts.subset(np.flatnonzero(folds_of(amounts.names) != fold)),
        marks.subset(np.flatnonzero(mark_folds(marks) != fold)),
    )


def place(folder: Path, name: str) -> Path:
    """Return where a network is kept."""
    stem = {"all": "fields", "none": "synthetic"}.get(name, f"fold-{name}")
    return folder / f"{stem}.safetensors"


def train(amounts: Fields | None, marks: Fields | None, path: Path, threads: int) -> None:
    """Train two teachers, and from the second a network that learns from both; where they are, leave them."""
    mnist = lenet.load_mnist("train")
    digits = hands() if amounts else mnist
    drawn = course("drawn", amounts, digits, path, threads)
    written = course("written", amounts, mnist, path, threads)
    network = course("taught", amounts, digits, path, threads, start=written, teachers=(drawn, written))
    if marks:
        marked = course("marked", amounts, digits, path, threads, exact=marks, start=network, teachers=(drawn, written))
        signed = course("signed", amounts, digits, path, threads, exact=marks, start=marked, teachers=(drawn,))
        network = averaged(marked, signed)
    lenet.save(network, path)


def averaged(before: lenet.Network, after: lenet.Network) -> lenet.Network:
    """Return the network whose numbers are the mean of those before and after a course (Wortsman et al. 2022).

    What is learned last costs some of what was known; half way, most of both is there.
    """
    network, others = before.copy(), after.parameters | after.statistics
    for name, numbers in (network.parameters | network.statistics).items():
        numbers[...] = (numbers + others[name]) / 2
    return network


def course(
    name: str,
    fields: Fields | None,
    digits: lenet.Dataset,
    beside: Path,
    threads: int,
    *,
    exact: Fields | None = None,
    start: lenet.Network | None = None,
    teachers: Sequence[lenet.Network] = (),
) -> lenet.Network:
    """Return the network of a course in its file; where there is none, train it first, or go on with its training."""
    path = beside.with_suffix(f".{name}")
    recipe, share = COURSES[name]
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
        beside=share,
        resume=state if state.exists() else None,
        checkpoint=state,
        callback=show,
        threads=threads,
        exact=exact,
        start=start,
        teachers=teachers,
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


def ship(folder: Path, amounts: Fields, marks: Fields) -> None:
    """Give every network its calibration, and ship the one that has seen all fields."""
    folds = folds_of(amounts.names)
    answers, signed = (unseen_answers(folder, amounts, folds, kind) for kind in ("digits", "amount"))
    of_marks = [mark_answers(folder, marks, fold) for fold in range(FOLDS)]
    for fold in range(FOLDS):
        network, others = lenet.load(place(folder, str(fold))), folds != fold
        some = np.concatenate(of_marks[:fold] + of_marks[fold + 1 :])
        network.calibration = learned(answers[others], signed[others], some)
        lenet.save(network, place(folder, str(fold)))
    network = lenet.load(place(folder, "all"))
    network.calibration = learned(answers, signed, np.concatenate(of_marks))
    network.card = card(float(answers[:, 2].mean()), len(amounts), len(marks))
    print(network.card)
    print(f"written to {lenet.save(network, SHIPPED, half=True)}")


def mark_answers(folder: Path, marks: Fields, fold: int) -> NDArray[np.float64]:
    """Return the same of a fold's marks, without those that are refused because something is left unread."""
    some, kind = marks.subset(np.flatnonzero(mark_folds(marks) == fold)), grammar.get("mark")
    strips = make_strips(some.pictures, fractions=True)
    found = spell_strips(lenet.load(place(folder, str(fold))), strips, kind)
    return np.array(
        [
            (texts.best[0].score, texts.margin, kind.value(texts.best[0].text) == value_of(text))
            for strip, texts, text in zip(strips, found, some.texts, strict=True)
            if texts.best and is_all_read(texts.best[0], strip)
        ]
    )


def learned(plain: NDArray[np.float64], signed: NDArray[np.float64], marks: NDArray[np.float64]) -> Calibration:
    """Return the calibration of plain digits, with those of amounts and of marks beside it."""
    return replace(fit_calibration(*plain.T), with_signs=fit_calibration(*signed.T), marks=fit_calibration(*marks.T))


def card(right: float, amounts: int, marks: int) -> Card:
    """Return the card of the shipped network."""
    return Card(
        "fields",
        "Reads whole number fields; for research only: it learned from pictures of ORAND-CAR-A, which ORAND S.A. gave "
        "out for research, and of marks on exam sheets, beside synthetic fields of MNIST's and DIDA's digits.",
        data=f"{amounts} amount fields of ORAND-CAR-A (ICFHR 2014 competition; labels Fzkuji/Labeled_ORAND-CAR-A, MIT, "
        f"corrected); {marks} boxes of marks tables (don-sabu/Miniproject-Works, no licence stated); synthetic fields "
        "with drawn signs and digits, MNIST's 60,000 training digits (CC BY-SA 3.0) and "
        "about 900 of DIDA (research, with citation)",
        licence="research only, as the pictures; the synthetic part with MNIST alone is free",
        command="python -m benchmarks.field_weights FOLDER; without ORAND's pictures: lenet train --fields none",
        recipe={
            name: {**asdict(recipe), "synthetic fields for each real one": share}
            for name, (recipe, share) in COURSES.items()
        },
        figures={"orand-car-a, whole fields right, five networks on fields they have not seen": right},
        limits="Handwritten digits with the signs of amounts, dates, times and percentages, in one line, upright "
        "within some degrees. Signs were learned from drawings alone. Letters and scribbles are mostly told.",
        seed=RECIPE.seed,
        date=date.today().isoformat(),
    )


if __name__ == "__main__":
    main()
