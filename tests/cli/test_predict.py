from __future__ import annotations

import json


def test_digits_are_told_apart(run, pictures):
    files = sorted(pictures.glob("digit-?.*"))
    outcome = run("predict", "--json", *files)
    records = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert outcome.status == 0
    assert [record["class"] for record in records] == list("0123456789")
    assert all(record["schema"] == 1 and 0 <= record["runner_up_confidence"] <= 0.5 for record in records)


def test_people_get_a_line_a_picture(run, pictures):
    outcome = run("predict", pictures / "digit-3.png")
    assert outcome.stdout.startswith("3 ")
    assert outcome.stdout.rstrip().endswith("digit-3.png")


def test_csv_has_one_header(run, pictures):
    outcome = run("predict", "--csv", *sorted(pictures.glob("digit-[37].*")))
    lines = outcome.stdout.splitlines()
    assert lines[0] == "file,class,confidence,runner_up,runner_up_confidence"
    assert len(lines) == 3


def test_standard_input_is_a_picture(run, pictures):
    outcome = run("predict", "-", stdin=(pictures / "digit-3.png").read_bytes())
    assert outcome.stdout.startswith("3 ")


def test_a_broken_picture_does_not_stop_the_others(run, pictures, broken):
    outcome = run("predict", broken, pictures / "digit-3.png", "missing.png")
    assert outcome.status == 1
    assert outcome.stdout.startswith("3 ")
    assert outcome.stderr.count("\n") == 2
    assert str(broken) in outcome.stderr
    assert "missing.png" in outcome.stderr


def test_json_and_csv_exclude_each_other(run, pictures):
    assert run("predict", "--json", "--csv", pictures / "digit-3.png").status == 2


def test_an_unknown_model_is_refused(run, pictures):
    outcome = run("predict", "--model", "letters", pictures / "digit-3.png")
    assert outcome.status == 1
    assert "letters" in outcome.stderr
