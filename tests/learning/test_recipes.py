"""Recipes: JSON both ways, schedules by hand, and every value that cannot be used refused by name."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lenet.architectures import lenet5, lenet5_1998
from lenet.errors import InputError
from lenet.learning import RECIPES, Distortion, Recipe
from lenet.learning.loop import _distorted
from lenet.learning.recipes import _DISTORTION_BOUNDS, named, usual


@pytest.mark.parametrize("recipe", [*RECIPES.values(), Recipe(distortion=Distortion(rotation=5))])
def test_json_goes_both_ways(recipe):
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_json_may_name_some_fields_only():
    assert Recipe.from_json('{"epochs": 2, "distortion": {"shift": 1}}') == Recipe(
        epochs=2, distortion=Distortion(shift=1)
    )


@pytest.mark.parametrize("text", ["", "[]", "7", '{"speed": 1}', '{"distortion": 3}', '{"distortion": {"speed": 1}}'])
def test_json_that_is_no_recipe_is_refused(text):
    with pytest.raises(InputError, match="recipe"):
        Recipe.from_json(text)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("loss", "hinge"), ("optimizer", "adam"), ("schedule", "steps"), ("epochs", -1), ("epochs", 2.0),
        ("epochs", True), ("batch", 0), ("seed", -1), ("rate", float("nan")), ("rate", -0.1), ("rate", "fast"),
        ("warmup", 1), ("momentum", 1.0), ("average", 2), ("validation", 1), ("decay", float("inf")),
        ("distortion", {"shift": 1}), ("temperature", 0), ("temperature", float("inf")), ("nesterov", "yes"),
        ("batch", 2**31), ("seed", 10**20), ("epochs", 10**9), ("rate", 1e39), ("rate", 10**400),
    ],
)  # fmt: skip
def test_value_that_cannot_be_used_is_named(field, value):
    with pytest.raises(InputError, match=f"recipe's {field} is"):
        Recipe(**{field: value})


@pytest.mark.parametrize(
    "values",
    [
        {"shift": -1}, {"rotation": float("inf")}, {"thickness": None}, {"elastic_sigma": 0.5}, {"scale": 100},
        {"thickness": 50}, {"whole_pixels": 1}, {"shift": 40, "whole_pixels": True},
    ],
)  # fmt: skip
def test_distortion_that_cannot_be_used_is_named(values):
    with pytest.raises(InputError, match=next(iter(values))):
        Distortion(**values)


@pytest.mark.parametrize("values", [{"shift": 0.5}, {"shift": 1, "rotation": 3}])
def test_whole_pixels_only_shift(values):
    with pytest.raises(InputError, match="whole pixels"):
        Distortion(whole_pixels=True, **values)


@pytest.mark.parametrize("name", sorted(_DISTORTION_BOUNDS))
@pytest.mark.parametrize("end", [0, 1])
def test_engine_takes_every_distortion_within_the_bounds(name, end):
    images = np.random.default_rng(0).integers(0, 256, (3, 1, 9, 7), np.uint8)
    recipe = Recipe(distortion=Distortion(**{"elastic": 0.5, name: _DISTORTION_BOUNDS[name][end]}))
    assert _distorted(images, recipe, np.arange(3), 1).shape == images.shape


def test_rates_climb_and_follow_the_schedule():
    np.testing.assert_allclose(Recipe(rate=1, warmup=0.5, schedule="constant").rates(4), [0.5, 1, 1, 1])
    np.testing.assert_allclose(Recipe(rate=1, warmup=0.5, schedule="linear").rates(4), [0.5, 1, 1, 0.5])
    np.testing.assert_allclose(
        Recipe(rate=2, warmup=0, schedule="cosine").rates(4), 1 + np.cos(np.pi * np.arange(4) / 4)
    )
    assert Recipe(rate=1, warmup=0.2).rates(10).dtype == np.float32
    assert len(Recipe().rates(0)) == 0


def test_names_lead_to_recipes():
    assert named("quick") is RECIPES["quick"]
    with pytest.raises(InputError, match="quick"):
        named("slow")


def test_usual_recipe_depends_on_the_size():
    assert usual(60_000, lenet5()) is RECIPES["quick"]
    assert usual(1_500, lenet5()) is RECIPES["small"]
    assert usual(60_000, lenet5_1998()).rate < 0.01


def test_recipes_are_plain_values():
    assert all(json.loads(recipe.to_json())["seed"] == 0 for recipe in RECIPES.values())
