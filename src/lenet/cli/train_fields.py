"""What `lenet train --fields` does: train on whole fields, measure before and after, calibrate, write."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict, dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

import click
import numpy as np

from lenet import grammar, weights
from lenet.cards import Card
from lenet.cli.evaluate_fields import sentence
from lenet.cli.output import Progress, write_picture
from lenet.datasets import Dataset
from lenet.datasets.found import digits_here
from lenet.datasets.labelled_fields import Fields, load_fields
from lenet.errors import InputError
from lenet.learning import RECIPES, Recipe, checkpoints
from lenet.learning.fields import SYNTHETIC, train_fields
from lenet.network import Network
from lenet.reading import Reader, calibrate_fields, evaluate_fields

__all__ = ["FieldTraining", "train_on_fields"]

_FEW = 100
"""Fields held out below which a calibration is said to be rough; of ours."""


@dataclass(frozen=True)
class FieldTraining:
    """What the options of `lenet train --fields` ask for; see `lenet train --help`."""

    fields: str
    kind: str
    start: str | None
    teachers: tuple[str, ...]
    recipe: Recipe | None
    epochs: int | None
    seed: int | None
    threads: int
    out: str | None
    checkpoint: str | None
    resume: str | None
    save: str | None
    quiet: bool


def train_on_fields(asked: FieldTraining) -> None:
    """Train a network on labelled fields, print what it gained, and write it."""
    grammar.get(asked.kind)  # refuses what cannot be measured before it is trained
    fields, digits = load_fields(asked.fields), digits_here()
    start = None if asked.start == "none" else weights.load(asked.start or "fields")
    teachers = [weights.load(teacher) for teacher in asked.teachers]
    recipe = _recipe(asked, start)
    training, held_out = _divided(fields, recipe)
    with Progress(quiet=asked.quiet) as shown:
        network, history = train_fields(
            training, digits, start=start, recipe=recipe, validation=held_out, teachers=teachers, resume=asked.resume,
            checkpoint=asked.checkpoint, callback=shown.training, threads=asked.threads,
            synthetic=min(SYNTHETIC, len(training) * max(1, recipe.epochs)),
        )  # fmt: skip
    click.echo(
        f"{len(training):,} fields of {fields.name} and synthetic ones of {digits.name}, {history.seconds:.1f} s"
    )
    _calibrate(network, start, held_out, asked)
    figures = {} if start is None else {"right before": _measured("before", start, held_out, asked)}
    figures["right"] = _measured("after", network, held_out, asked)
    if asked.out is not None:
        network.card = _card(asked, training, held_out, digits, recipe, figures)
        click.echo(f"written to {weights.save(network, asked.out)}")
        click.echo(_next(asked.out, asked.kind))
    elif sys.stderr.isatty():
        click.echo("the network is not kept; give --out FILE to keep it", err=True)
    if asked.save is not None:
        from lenet.drawing import learning_curve

        write_picture(learning_curve(history), asked.save)


def _calibrate(network: Network, start: Network | None, held_out: Fields, asked: FieldTraining) -> None:
    """Learn how sure the network may be; where the fields held out do not tell, that is said, and nothing is lost."""
    known = None if start is None else start.calibration
    try:
        network.calibration = calibrate_fields(network, held_out, asked.kind, start=known, threads=asked.threads)
    except InputError as error:
        network.calibration = known
        click.echo(f"confidence was not calibrated: {error}")
        return
    if len(held_out) < _FEW:
        click.echo(
            f"confidence was calibrated on {len(held_out)} fields only: what it promises is rough; measure it on "
            "fields kept aside"
        )


def _next(out: str, kind: str) -> str:
    """Say what can be done with a network of one's own."""
    options = f"--as {shlex.quote(kind)} --model {shlex.quote(out)}"
    return (
        f"next: lenet evaluate {options} --fields OTHERS   how often it is wrong on fields kept aside\n"
        f"      lenet read {options} PICTURE...       what they say"
    )


def _recipe(asked: FieldTraining, start: Network | None) -> Recipe:
    if asked.resume is not None:
        return checkpoints.load(asked.resume).recipe
    recipe = asked.recipe or RECIPES["fields" if start is None else "fields-more"]
    recipe = recipe if asked.epochs is None else replace(recipe, epochs=asked.epochs)
    return recipe if asked.seed is None else replace(recipe, seed=asked.seed)


def _divided(fields: Fields, recipe: Recipe) -> tuple[Fields, Fields]:
    """Return the fields to train on, and those held out to measure and calibrate; the same ones for the same seed."""
    aside = max(1, round(recipe.validation * len(fields)))
    if len(fields) <= aside:
        raise InputError(f"{fields} leaves nothing to train on; give at least two fields")
    order = np.random.default_rng(recipe.seed).permutation(len(fields))
    return fields.subset(np.sort(order[aside:])), fields.subset(np.sort(order[:aside]))


def _measured(when: str, network: Network, held_out: Fields, asked: FieldTraining) -> float:
    """Print how many of the fields held out a network reads right, and return their share."""
    evaluation = evaluate_fields(Reader(asked.kind, model=network, threads=asked.threads), held_out)
    click.echo(f"{when}: {sentence(evaluation)}, held out")
    return evaluation.right / evaluation.count


def _card(
    asked: FieldTraining, training: Fields, held_out: Fields, digits: Dataset, recipe: Recipe, figures: dict[str, float]
) -> Card:
    begun = "from new numbers" if asked.start == "none" else f"from {asked.start or 'fields'}"
    begun += f", taught by {' and '.join(asked.teachers)}," if asked.teachers else ""
    return Card(
        Path(asked.out or "fields").stem,
        f"Reads whole fields; trained {begun} on {len(training):,} fields of {training.name} and on synthetic ones of "
        f"{digits.name}, calibrated as {asked.kind} on {len(held_out):,} held out.",
        data=f"{training.name}, {digits.name}",
        command=shlex.join(["lenet", *sys.argv[1:]]),
        recipe=asdict(recipe),
        figures={f"{name}, of {len(held_out):,} held out": share for name, share in figures.items()},
        seed=recipe.seed,
        version=version("lenet"),
        date=date.today().isoformat(),
    )
