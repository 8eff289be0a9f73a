"""Training on fields by the command: few fields, few synthetic ones, an epoch or two."""

from __future__ import annotations

import json

import pytest

import lenet
from lenet.calibration import Calibration
from lenet.learning import RECIPES
from tests.fields import save_fields, untrained, written


@pytest.fixture
def labels(tmp_path, own_cache):
    """Give fields in a folder; MNIST is not found."""
    return save_fields(written(20), tmp_path / "mine")


def test_a_network_is_trained_measured_calibrated_and_written(run, labels, tmp_path):
    out = tmp_path / "out.safetensors"
    lenet.save(untrained(), tmp_path / "start.safetensors")
    given = ("--from", tmp_path / "start.safetensors", "--epochs", 1, "--seed", 4, "--out", out, "--quiet")
    outcome = run("train", "--fields", labels, *given)
    assert outcome.status == 0, outcome.stderr
    assert "18 fields of mine and synthetic ones of digits8x8" in outcome.stdout
    assert "before: 0 of 2 fields" in outcome.stdout
    assert "after: " in outcome.stdout
    network = lenet.load(out)
    assert network.calibration is not None
    assert network.card.name == "out"
    assert network.card.seed == 4
    assert set(network.card.figures) == {"right before, of 2 held out", "right, of 2 held out"}
    assert lenet.Reader(model=network, max_error=0.01)(written(20).pictures[0]).text is not None


def test_what_is_known_of_other_kinds_stays(run, labels, tmp_path):
    """A training on digits says nothing of how sure amounts are."""
    start, out = untrained(), tmp_path / "out.safetensors"
    start.calibration = Calibration(0.7, 0.2, -0.1, (0.5,), Calibration(0.3, 0.1, 0.2, (0.6,)))
    lenet.save(start, tmp_path / "start.safetensors")
    given = ("--from", tmp_path / "start.safetensors", "--epochs", 1, "--out", out, "--quiet")
    outcome = run("train", "--fields", labels, "--as", "number", *given)
    assert outcome.status == 0, outcome.stderr
    found = lenet.load(out).calibration
    assert (found.by_score, found.usual) == (0.7, (0.5,))
    assert found.of("number") != start.calibration.of("number")
    assert f"lenet read --as number --model {out}" in outcome.stdout


def test_a_training_is_kept_though_nothing_is_found_on_the_fields_held_out(run, labels, tmp_path):
    """Before, its minutes were lost."""
    out = tmp_path / "out.safetensors"
    outcome = run("train", "--fields", labels, "--from", "none", "--epochs", 0, "--as", "regex:[0-9]{40}", "--out", out)
    assert outcome.status == 0, outcome.stderr
    assert "confidence was not calibrated: nothing that a regex:[0-9]{40} may hold" in outcome.stdout
    assert lenet.load(out).calibration is None


def test_a_kind_that_no_field_is_of_is_refused_before_the_training(run, labels):
    outcome = run("train", "--fields", labels, "--as", "cheque", "--from", "none", "--epochs", 0)
    assert outcome.status == 1
    assert "'cheque' is no grammar" in outcome.stderr
    assert "fields of mine" not in outcome.stdout


def test_resuming_gives_the_same_numbers(run, labels, tmp_path):
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps({**json.loads(RECIPES["fields"].to_json()), "epochs": 2, "seed": 5}))
    given = ("--fields", labels, "--from", "none")
    run("train", *given, "--recipe", recipe, "--checkpoint", tmp_path / "state", "--out", tmp_path / "a.safetensors")
    resumed = run("train", *given, "--resume", tmp_path / "state", "--out", tmp_path / "b.safetensors")
    assert resumed.status == 0, resumed.stderr
    whole, again = (lenet.load(tmp_path / f"{name}.safetensors") for name in "ab")
    assert all((whole.parameters[name] == array).all() for name, array in again.parameters.items())
    assert "before" not in resumed.stdout


def test_a_teacher_is_listened_to(run, labels, tmp_path):
    lenet.save(untrained(), tmp_path / "teacher.safetensors")
    given = ("--fields", labels, "--from", "none", "--epochs", 1, "--quiet")
    for name, more in (("alone", ()), ("taught", ("--teacher", tmp_path / "teacher.safetensors") * 2)):
        outcome = run("train", *given, *more, "--out", tmp_path / f"{name}.safetensors")
        assert outcome.status == 0, outcome.stderr
    alone, taught = (lenet.load(tmp_path / f"{name}.safetensors") for name in ("alone", "taught"))
    assert any((alone.parameters[name] != array).any() for name, array in taught.parameters.items())
    assert "taught by" in taught.card.summary


def test_one_field_cannot_be_divided(run, tmp_path, labels):
    folder = save_fields(written(1), tmp_path / "one")
    outcome = run("train", "--fields", folder, "--from", "none", "--epochs", 1)
    assert outcome.status == 1
    assert "at least two fields" in outcome.stderr


def test_options_that_exclude_each_other_are_wrong_usage(run, labels):
    assert run("train", "--fields", labels, "--data", "digits8x8").status == 2
    assert run("train", "--data", "digits8x8", "--from", "none").status == 2
