from __future__ import annotations

import json

from lenet import weights
from lenet.network import Network


def test_the_error_and_its_interval_are_printed(run):
    outcome = run("evaluate", "--data", "digits8x8")
    assert outcome.status == 0
    first = outcome.stdout.splitlines()[0]
    assert "of 297 images of digits8x8 wrong" in first
    assert "95% interval" in first
    assert "read as" in outcome.stdout


def test_json_is_one_object(run):
    record = json.loads(run("evaluate", "--data", "digits8x8", "--json").stdout)
    assert record["schema"] == 1
    assert record["count"] == 297
    assert sum(map(sum, record["confusion"])) == 297


def test_pictures_of_mistakes_are_drawn(run, tmp_path):
    weights.save(Network("lenet5"), tmp_path / "untrained.safetensors")
    worst, confusion = tmp_path / "worst.png", tmp_path / "confusion.png"
    model = ("--model", tmp_path / "untrained.safetensors")
    outcome = run("evaluate", "--data", "digits8x8", "--save", worst, "--confusion", confusion, *model)
    assert outcome.status == 0
    assert confusion.read_bytes().startswith(b"\x89PNG")
    assert worst.read_bytes().startswith(b"\x89PNG")


def test_without_a_mistake_there_is_no_picture(run, pictures, tmp_path):
    (tmp_path / "few" / "3").mkdir(parents=True)
    (tmp_path / "few" / "3" / "a.png").write_bytes((pictures / "digit-3.png").read_bytes())
    outcome = run("evaluate", tmp_path / "few", "--save", tmp_path / "worst.png")
    assert outcome.stdout.startswith("0 of 1 images of few wrong")
    assert "no mistake to draw" in outcome.stderr
    assert not (tmp_path / "worst.png").exists()


def test_another_networks_classes_are_refused(run, folder):
    outcome = run("evaluate", folder)
    assert outcome.status == 1
    assert "cross" in outcome.stderr


def test_a_picture_without_a_suffix_is_refused_before_the_work(run, tmp_path):
    outcome = run("evaluate", "--data", "digits8x8", "--confusion", tmp_path / "confusion")
    assert (outcome.status, outcome.stdout) == (2, "")
    assert ".png" in outcome.stderr
