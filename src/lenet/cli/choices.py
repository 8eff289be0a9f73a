"""What `--data` and `--recipe` name, and the sentence that says how often a network was wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import click

from lenet.architectures import Architecture
from lenet.datasets import Dataset, load_digits8x8, load_folder, load_mnist
from lenet.errors import InputError
from lenet.learning import Evaluation, Recipe, recipes

__all__ = ["recipe", "sentence", "source", "to_test", "to_train"]


_PARTED: dict[str, Callable[[Literal["train", "test"]], Dataset]] = {"mnist": load_mnist, "digits8x8": load_digits8x8}


def source(folder: str | None, data_name: str | None, *, as_is: bool) -> str:
    """Return what FOLDER and `--data` name together: one of them, or "mnist"."""
    if folder is not None and data_name is not None:
        raise click.UsageError(f"both FOLDER ({folder}) and --data ({data_name}) were given; give one of them")
    name = folder or data_name or "mnist"
    if as_is and name in _PARTED:
        raise click.UsageError(f"--as-is is for folders of pictures; leave it out with {name}")
    return name


def to_train(name: str, *, as_is: bool) -> Dataset:
    """Return the training part of "mnist" or "digits8x8", or a whole folder."""
    return _PARTED[name]("train") if name in _PARTED else load_folder(name, as_is=as_is)


def to_test(name: str) -> Dataset | None:
    """Return the test part of "mnist" or "digits8x8"; a folder has none."""
    return _PARTED[name]("test") if name in _PARTED else None


def recipe(name: str | None, images: int, architecture: Architecture, epochs: int | None, seed: int | None) -> Recipe:
    """Return the recipe of a name, or of a .json file, or what suits network and data; with these epochs and seed."""
    if name is None:
        chosen = recipes.usual(images, architecture)
    elif name.endswith(".json"):
        try:
            chosen = Recipe.from_json(Path(name).read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            raise InputError(f"{name} is not a text; expected a recipe as Recipe.to_json writes it") from None
    else:
        chosen = recipes.named(name)
    chosen = chosen if epochs is None else replace(chosen, epochs=epochs)
    return chosen if seed is None else replace(chosen, seed=seed)


def sentence(evaluation: Evaluation) -> str:
    """Say how many were wrong, with the interval in which the true error lies in 95 of 100 cases."""
    low, high = evaluation.interval
    return (
        f"{evaluation.errors:,} of {evaluation.count:,} images of {evaluation.name} wrong: {evaluation.error:.2%} "
        f"(95% interval {low:.2%} to {high:.2%})"
    )
