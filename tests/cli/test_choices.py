"""What --data and --recipe name."""

from __future__ import annotations

import click
import pytest

import lenet
from lenet.architectures import lenet5, lenet5_1998
from lenet.cli import choices
from lenet.errors import InputError
from lenet.learning import RECIPES


def test_a_recipe_is_a_name_a_file_or_what_suits(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(lenet.Recipe(epochs=9).to_json())
    assert choices.recipe("digits", 10, lenet5(), None, None) == RECIPES["digits"]
    assert choices.recipe(str(file), 10, lenet5(), None, 7) == lenet.Recipe(epochs=9, seed=7)
    assert choices.recipe(None, 60_000, lenet5(), 2, None).epochs == 2
    assert choices.recipe(None, 10, lenet5_1998(), None, None).rate < RECIPES["small"].rate
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not a text"):
        choices.recipe(str(file), 10, lenet5(), None, None)


def test_data_is_named_once():
    assert choices.source(None, None, as_is=False) == "mnist"
    assert choices.source("mine", None, as_is=True) == choices.source(None, "mine", as_is=True) == "mine"
    with pytest.raises(click.UsageError, match="give one of them"):
        choices.source("mine", "mnist", as_is=False)
    with pytest.raises(click.UsageError, match="leave it out with digits8x8"):
        choices.source(None, "digits8x8", as_is=True)


def test_parts_are_those_of_their_names(folder):
    assert (len(choices.to_train("digits8x8", as_is=False)), len(choices.to_test("digits8x8"))) == (1500, 297)
    assert choices.to_train(str(folder), as_is=True).images.shape == (16, 1, 32, 32)
    assert choices.to_test(str(folder)) is None
