"""Make the shipped `digits` anew: `python -m benchmarks.weights FOLDER`, about half an hour on two cores.

A `deep5` network learns MNIST and teaches LeNet-5 five times, with seeds 1 to 5; what is finished stays in FOLDER, so
that a second call goes on. Seed 1 is shipped, whatever the test set says of it. Its temperature is that of a sixth
network, made in the same way of the first 50,000 training digits, on the last 10,000, which neither it nor its teacher
has seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from statistics import fmean

import lenet
from lenet.cards import Card
from lenet.datasets import Dataset
from lenet.datasets.mnist import SHA256
from lenet.learning import RECIPES, calibrate, evaluate, train
from lenet.network import Network

SEEDS = range(1, 6)
SHIPPED = Path(__file__).parents[1] / "src" / "lenet" / "models" / "digits.safetensors"
TEACHER = "lenet train --architecture deep5 --recipe teacher --out teacher.safetensors"
STUDENT = "lenet train --recipe digits --teacher teacher.safetensors --seed 1 --out digits.safetensors"


def made(path: Path, make: Callable[[], Network]) -> Network:
    """Return the network in a file, which is made first where there is none."""
    if not path.exists():
        lenet.save(make(), path)
    return lenet.load(path)


def pair(folder: Path, data: Dataset, ending: str, seed: int) -> Network:
    """Return the network that the teacher of these data has taught; the files are told apart by `ending`."""
    teacher = made(
        folder / f"teacher{ending}.safetensors", lambda: train(data, "deep5", recipe=RECIPES["teacher"]).network
    )
    recipe = replace(RECIPES["digits"], seed=seed)
    taught = folder / f"digits{ending}-{seed}.safetensors"
    return made(taught, lambda: train(data, "lenet5", recipe=recipe, teacher=teacher).network)


def measured(folder: Path, networks: list[Network], held_out: Network, unseen: Dataset) -> dict[str, float]:
    """Return the figures of the card; the first network's are the shipped one's."""
    test = lenet.load_mnist("test")
    evaluations = [evaluate(network, test) for network in networks]
    first = evaluations[0]
    teacher = evaluate(lenet.load(folder / "teacher.safetensors"), test)
    return {
        "error on mnist test": first.error,
        "interval of it, from": first.interval[0],
        "interval of it, to": first.interval[1],
        "calibration error on mnist test": first.calibration_error,
        f"mean error on mnist test of {len(networks)} seeds": fmean(one.error for one in evaluations),
        **{f"error on mnist test, seed {s}": one.error for s, one in zip(SEEDS, evaluations, strict=True)},
        "error on mnist test of the teacher": teacher.error,
        "error on 10,000 held-out training digits": evaluate(held_out, unseen).error,
    }


def card(figures: dict[str, float]) -> Card:
    """Return the card of the shipped network."""
    sums = ", ".join(f"{name} {SHA256[name]}" for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"))
    return Card(
        "digits",
        "LeNet-5 that reads single handwritten digits; taught by a larger network on distorted digits of MNIST.",
        data=f"MNIST's 60,000 training digits (LeCun, Cortes, Burges; CC BY-SA 3.0); SHA-256 of {sums}",
        licence="MIT",
        command=f"{TEACHER} && {STUDENT}",
        recipe={"digits": asdict(replace(RECIPES["digits"], seed=1)), "teacher": asdict(RECIPES["teacher"])},
        figures=figures,
        limits="Digits of American writers, one at a time, upright within about 10 degrees, normalised as MNIST's are. "
        "It has hardly seen a crossed 7, and no letter or speck at all: it calls every one of them a digit.",
        seed=1,
        date=date.today().isoformat(),
    )


def main() -> None:
    """Make all networks, print what they reach, and ship the first."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.weights", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the networks are kept")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    data = lenet.load_mnist("train")
    unseen = data.subset(slice(50_000, 60_000))
    shipped = pair(folder, data, "", SEEDS[0])
    held_out = pair(folder, data.subset(slice(0, 50_000)), "-50000", SEEDS[0])
    shipped.temperature = calibrate(held_out, unseen)
    networks = [shipped] + [pair(folder, data, "", seed) for seed in SEEDS[1:]]
    shipped.card = card(measured(folder, networks, held_out, unseen))
    print(shipped.card)
    print(f"temperature {shipped.temperature:.3f}, written to {lenet.save(shipped, SHIPPED)}")


if __name__ == "__main__":
    main()
