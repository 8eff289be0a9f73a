from __future__ import annotations

import json

import pytest

from lenet import weights
from lenet.calibration import Calibration
from tests.fields import save_fields, untrained, written


@pytest.fixture
def model(tmp_path):
    network = untrained()
    network.calibration = Calibration(1.0, 0.5, 0.0, (0.1, 0.5, 0.9))
    return weights.save(network, tmp_path / "model.safetensors")


@pytest.fixture
def labels(tmp_path):
    return save_fields(written(5), tmp_path / "labelled")


def test_the_triple_and_its_interval_are_printed(run, labels, model):
    outcome = run("evaluate", "--fields", labels, "--model", model, "--max-error", "1%")
    assert outcome.status == 0, outcome.stderr
    first, second = outcome.stdout.splitlines()[:2]
    assert "of 5 fields of labelled read right as digits" in first
    assert second.startswith("correct / reject / error: ")
    assert "1.00% allowed" in second


def test_json_is_one_object_and_the_chart_is_drawn(run, labels, model, tmp_path):
    chart = tmp_path / "curve.png"
    given = ("--fields", labels / "labels.jsonl", "--as", "amount", "--decimal", ".", "--save", chart)
    record = json.loads(run("evaluate", *given, "--model", model, "--json").stdout)
    assert (record["schema"], record["count"], record["kind"]) == (1, 5, "amount")
    assert sum(record["outcome"][key] for key in ("correct", "rejected", "error")) == pytest.approx(1)
    assert chart.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("given", "share"), [("1%", 0.01), ("0.01", 0.01), (" 2.5 % ", 0.025), ("0", 0.0)])
def test_a_share_is_given_in_percent_or_as_a_number(run, labels, model, given, share):
    outcome = run("evaluate", "--fields", labels, "--model", model, "--json", "--max-error", given)
    assert json.loads(outcome.stdout)["max_error"] == pytest.approx(share)


@pytest.mark.parametrize("given", ["1 in 100", "101%", "-0.1", "nan", ""])
def test_what_is_no_share_is_wrong_usage(run, labels, model, given):
    outcome = run("evaluate", "--fields", labels, "--model", model, "--max-error", given)
    assert outcome.status == 2
    assert "1% or 0.01" in outcome.stderr


def test_a_forgotten_percent_is_asked_for(run, labels, model):
    outcome = run("evaluate", "--fields", labels, "--model", model, "--max-error", "1")
    assert outcome.status == 2
    assert "give 100% or 1%" in outcome.stderr


def test_options_that_exclude_each_other_are_wrong_usage(run, labels):
    assert run("evaluate", "--fields", labels, "--data", "digits8x8").status == 2
    assert run("evaluate", "--data", "digits8x8", "--max-error", "1%").status == 2
    assert run("evaluate", "--fields", labels, "--as", "roman").status == 2
