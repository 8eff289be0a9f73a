"""Make the shipped `digits` anew: `python -m benchmarks.weights FOLDER`, about 20 minutes on two cores.

A `deep5` network learns MNIST's 60,000 training digits, and teaches LeNet-5 the first 55,000 of them five times, with
seeds 1 to 5. Seed 1 is shipped, whatever the test set says of it; its temperature is the best one on the last 5,000
digits, which it has not seen, though its teacher has. What is done stays in FOLDER, so that a second call goes on.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from statistics import fmean

import lenet
from lenet.cards import Card
from lenet.datasets import Dataset
from lenet.datasets.mnist import SHA256
from lenet.learning import RECIPES, Evaluation, Recipe, calibrate, evaluate, train
from lenet.network import Network

SEEDS = range(1, 6)
TAUGHT = 55_000
"""Training digits that the students learn from; the rest are for the temperature."""

SHIPPED = Path(__file__).parents[1] / "src" / "lenet" / "models" / "digits.safetensors"


def made(path: Path, data: Dataset, architecture: str, recipe: Recipe, teacher: Network | None = None) -> Network:
    """Return the network in a file; where there is none, it is trained first, or trained to the end."""
    state = path.with_suffix(".state")
    if not path.exists():
        resume = state if state.exists() else None
        training = train(data, architecture, recipe=recipe, teacher=teacher, resume=resume, checkpoint=state)
        lenet.save(training.network, path)
    return lenet.load(path)


def figures(teacher: Evaluation, students: list[Evaluation], unseen: Evaluation) -> dict[str, float]:
    """Return the figures of the card; the first student's are the shipped one's."""
    first = students[0]
    return {
        "error on mnist test": first.error,
        "interval of it, from": first.interval[0],
        "interval of it, to": first.interval[1],
        "calibration error on mnist test": first.calibration_error,
        f"mean error on mnist test of {len(students)} seeds": fmean(one.error for one in students),
        **{f"error on mnist test, seed {s}": one.error for s, one in zip(SEEDS, students, strict=False)},
        "error on mnist test of the teacher": teacher.error,
        "error on 5,000 training digits that only the teacher saw": unseen.error,
        "calibration error on them": unseen.calibration_error,
    }


def card(measured: dict[str, float]) -> Card:
    """Return the card of the shipped network."""
    sums = ", ".join(f"{name} {SHA256[name]}" for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"))
    return Card(
        "digits",
        "LeNet-5 that reads single handwritten digits; taught by a larger network on distorted digits of MNIST.",
        data=f"MNIST (LeCun, Cortes, Burges; CC BY-SA 3.0): the first {TAUGHT:,} training digits; its teacher saw all "
        f"60,000; SHA-256 of {sums}",
        licence="MIT",
        command="make weights",
        recipe={"digits": asdict(replace(RECIPES["digits"], seed=SEEDS[0])), "teacher": asdict(RECIPES["teacher"])},
        figures=measured,
        limits="Digits of American writers, one at a time, upright within about 10 degrees, normalised as MNIST's are. "
        "It has hardly seen a crossed 7, and no letter or speck at all: it calls every one of them a digit.",
        seed=SEEDS[0],
        date=date.today().isoformat(),
    )


def main() -> None:
    """Make all networks, print what they reach, and ship the first."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.weights", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the networks are kept")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    data, test = lenet.load_mnist("train"), lenet.load_mnist("test")
    seen, unseen = data.subset(slice(0, TAUGHT)), data.subset(slice(TAUGHT, len(data)))
    teacher = made(folder / "teacher.safetensors", data, "deep5", RECIPES["teacher"])
    students = [
        made(folder / f"digits-{seed}.safetensors", seen, "lenet5", replace(RECIPES["digits"], seed=seed), teacher)
        for seed in SEEDS
    ]
    shipped = students[0]
    shipped.temperature = calibrate(shipped, unseen)
    measured = [evaluate(network, test) for network in students]
    shipped.card = card(figures(evaluate(teacher, test), measured, evaluate(shipped, unseen)))
    print(shipped.card)
    print(f"temperature {shipped.temperature:.3f}, written to {lenet.save(shipped, SHIPPED)}")


if __name__ == "__main__":
    main()
