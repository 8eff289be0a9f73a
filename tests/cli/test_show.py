from __future__ import annotations

import json


def test_the_table_of_the_paper_is_printed(run):
    outcome = run("show", "lenet5-1998")
    assert outcome.status == 0
    lines = {line.split()[0]: line.split() for line in outcome.stdout.splitlines() if line}
    assert "1,516" in lines["C3"]
    assert lines["all"][1:3] == ["60,000", "340,908"]


def test_json_is_one_object(run):
    outcome = run("show", "lenet5", "--json")
    record = json.loads(outcome.stdout)
    assert record["schema"] == 1
    assert record["parameters"] == 61706
    assert [layer["name"] for layer in record["architecture"]["layers"]][-1] == "OUTPUT"


def test_a_shipped_network_shows_its_card(run):
    assert "digits:" in run("show", "digits").stdout


def test_an_unknown_name_is_refused(run):
    outcome = run("show", "lenet9")
    assert outcome.status == 1
    assert "lenet9" in outcome.stderr


def test_the_diagram_is_written(run, tmp_path):
    outcome = run("show", "lenet1", "--diagram", tmp_path / "lenet1.svg")
    assert outcome == (0, "", "")
    assert (tmp_path / "lenet1.svg").read_text().startswith("<svg")


def test_feature_maps_are_drawn(run, tmp_path, pictures):
    from PIL import Image

    outcome = run("show", "digits", "--image", pictures / "digit-3.png", "--save", tmp_path / "maps.png")
    assert outcome == (0, "", "")
    with Image.open(tmp_path / "maps.png") as picture:
        assert picture.width > 800


def test_an_architecture_has_no_feature_maps(run, tmp_path, pictures):
    outcome = run("show", "lenet5", "--image", pictures / "digit-3.png", "--save", tmp_path / "maps.png")
    assert outcome.status == 1
    assert "without trained numbers" in outcome.stderr


def test_image_without_save_is_wrong_usage(run, pictures):
    assert run("show", "digits", "--image", pictures / "digit-3.png").status == 2


def test_json_has_the_table_and_the_card(run):
    record = json.loads(run("show", "digits", "--json").stdout)
    assert [layer["name"] for layer in record["layers"]] == ["C1", "S2", "C3", "S4", "C5", "F6", "OUTPUT"]
    assert sum(layer["parameters"] for layer in record["layers"]) == record["parameters"]
    assert record["card"]["name"] == "digits"
    assert json.loads(run("show", "lenet5", "--json").stdout)["card"] is None
