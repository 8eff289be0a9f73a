"""What `--data` and `--recipe` name, and the sentence that says how often a network was wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lenet.datasets import Dataset, load_digits8x8, load_folder, load_mnist
from lenet.errors import InputError
from lenet.learning import Evaluation, Recipe, recipes

__all__ = ["parts", "recipe", "sentence", "test_part"]


def parts(name: str) -> tuple[Dataset, Dataset | None]:
    """Return the training and the test part of "mnist", "digits8x8" or a folder, which has no test part."""
    if name == "mnist":
        return load_mnist("train"), load_mnist("test")
    if name == "digits8x8":
        return load_digits8x8("train"), load_digits8x8("test")
    return load_folder(name), None


def test_part(name: str) -> Dataset:
    """Return what a network is measured on: the test part of "mnist" or "digits8x8", or a whole folder."""
    if name == "mnist":
        return load_mnist("test")
    return load_digits8x8("test") if name == "digits8x8" else load_folder(name)


def recipe(name: str | None, images: int, epochs: int | None, seed: int | None) -> Recipe:
    """Return the recipe of a name, or of a .json file, or what suits so many images; with these epochs and seed."""
    if name is None:
        chosen = recipes.usual(images)
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
