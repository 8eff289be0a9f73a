"""lenet itself, called as anybody calls it: `Network.predict_proba`, `Reader.many`; in training, one step a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

import lenet
from benchmarks.fieldsets import SETS, FieldSet, field_set
from benchmarks.folds import FOLDS, folds_of
from benchmarks.job import Job, timed
from benchmarks.subject import Subject
from lenet import _engine
from lenet.architectures import Architecture, Convolution, FullConnection, lenet5

KIND = "digits"
"""What the fields are read as; of a reading's text the digits are compared."""

PASS = 64
"""Steps whose order is drawn at once."""


def prepare(subject: Subject, task: str, variant: str, batch: int, threads: int) -> Job:
    """Return the job called `task`: "forward", "single", "training", "peak", "wide", or a set of fields to read.

    In "wide", `variant` says how many times the maps.
    """
    if task == "peak":
        return Job(lambda seconds: _engine.peak(threads, seconds))
    if task == "training":
        return Job(timed(_step(subject, batch, threads), batch))
    if task in SETS:
        reader, pictures = lenet.Reader(KIND, threads=threads), field_set(task).some(batch).pictures
        return Job(timed(lambda: list(reader.many(pictures)), batch))
    images = subject.images[:batch]
    if task == "wide":
        wide = lenet.Network(widened(int(variant)))
        return Job(timed(lambda: wide.predict_proba(images, threads=threads), batch))
    network = lenet.load("digits")
    options = {"threads": threads} | ({"bfloat16": True} if variant == "bfloat16" else {})
    call = partial(network.predict_proba, images, **options)
    answer = call()
    return Job(timed(call, batch), answer[: len(subject.expected)])


def read(fields: FieldSet, variant: str) -> dict[str, list[tuple[str, float, bool]]]:
    """Return what `Reader` reads, its confidence, and whether it accepts it.

    With `variant` a folder of fold-0.safetensors to fold-4.safetensors, each field is read with the model that was
    trained without its fold; else all are read with the model that is shipped.
    """
    models = [{"model": Path(variant) / f"fold-{fold}.safetensors"} for fold in range(FOLDS)] if variant else [{}]
    fold_of = folds_of(fields.names) if variant else np.zeros(len(fields.names), int)
    found: dict[int, lenet.Reading] = {}
    for fold, model in enumerate(models):
        numbers = np.flatnonzero(fold_of == fold)
        readings = lenet.Reader(KIND, **model).many([fields.pictures[number] for number in numbers])
        found.update(zip(numbers, readings, strict=True))
    return {"": [(found[k].text, found[k].confidence, found[k].accepted) for k in range(len(found))]}


def widened(factor: int) -> Architecture:
    """Return LeNet-5 with `factor` times the maps and units in every layer but the last."""
    usual = lenet5()
    layers = [
        replace(layer, maps=layer.maps * factor)
        if isinstance(layer, Convolution)
        else replace(layer, units=layer.units * factor)
        if isinstance(layer, FullConnection) and layer.name != "OUTPUT"
        else layer
        for layer in usual.layers
    ]
    return replace(usual, name=f"lenet5-{factor}x", layers=tuple(layers))


def _step(subject: Subject, batch: int, threads: int) -> Callable[[], object]:
    """Return one step of SGD with momentum on the next images, gathered in random order as training does."""
    network = _engine.Network(lenet5().to_json())
    network.parameters[:] = lenet.Network("lenet5")._engine.parameters
    network.changed()
    trainer = _engine.Trainer(network, "cross_entropy", "sgd", momentum=0.9, threads=threads)
    orders = np.random.default_rng(1).integers(0, len(subject.small), (PASS, batch))
    rate, turn = np.full(1, 0.01, np.float32), iter(())

    def step() -> None:
        nonlocal turn
        order = next(turn, None)
        if order is None:
            turn = iter(orders)
            order = next(turn)
        trainer.run(subject.small, subject.labels, order, batch, rate)

    return step
