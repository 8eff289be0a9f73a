from __future__ import annotations

import csv
import json

import pytest

from lenet import weights
from tests.fields import untrained


def test_a_field_is_read(run, pictures):
    outcome = run("read", "--as", "digits", pictures / "field-year.png", "--json")
    record = json.loads(outcome.stdout)
    assert outcome.status == 0
    assert list(record)[:4] == ["schema", "file", "page", "field"]
    assert set(record) >= {"box", "text", "value", "confidence", "accepted", "reason", "characters"}
    assert record["schema"] == 1
    assert len(record["characters"]) == len(record["text"]) == 4


def test_a_page_is_read_row_by_row(run, pictures):
    labels = [json.loads(line) for line in (pictures / "labels.jsonl").read_text().splitlines()]
    expected = next(label["rows"] for label in labels if label["file"] == "page-scan.png")
    outcome = run("read", pictures / "page-scan.png")
    assert outcome.status == 0
    assert len(outcome.stdout.splitlines()) == len(expected)


def test_the_annotated_picture_is_written(run, pictures, tmp_path):
    outcome = run("read", pictures / "row-scan.png", "--save", tmp_path / "read.png")
    assert outcome.status == 0
    assert (tmp_path / "read.png").read_bytes().startswith(b"\x89PNG")


def test_a_broken_picture_does_not_stop_the_others(run, pictures, broken):
    outcome = run("read", broken, "--as", "digits", pictures / "digit-3.png")
    assert outcome.status == 1
    assert "3" in outcome.stdout
    assert str(broken) in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_standard_input_is_a_picture(run, pictures):
    outcome = run("read", "--as", "digits", "--json", "-", stdin=(pictures / "digit-3.png").read_bytes())
    assert json.loads(outcome.stdout)["file"] == "-"


def test_save_takes_one_picture(run, pictures, tmp_path):
    outcome = run("read", pictures / "digit-3.png", pictures / "field-year.png", "--save", tmp_path / "read.png")
    assert outcome.status == 2


def test_csv_of_an_empty_page_has_its_header(run, empty, pictures):
    header = run("read", "--csv", empty).stdout
    assert header == "file,page,field,text,value,confidence,accepted,reason,left,top,right,bottom\n"
    outcome = run("read", "--csv", pictures / "row-scan.png")
    assert outcome.stdout.startswith(header)
    (row,) = csv.DictReader(outcome.stdout.splitlines())
    assert (row["text"], row["accepted"]) == ("0123456789", "True")
    assert 0 <= int(row["left"]) < int(row["right"])


def test_of_an_empty_page_it_is_said_that_nothing_was_found(run, empty):
    outcome = run("read", empty)
    assert (outcome.status, outcome.stdout) == (0, "")
    assert outcome.stderr == f"lenet: {empty}: nothing was found to read\n"


@pytest.fixture
def empty(tmp_path):
    from PIL import Image

    Image.new("L", (300, 200), 240).save(tmp_path / "empty.png")
    return tmp_path / "empty.png"


@pytest.mark.parametrize(("option", "words"), [("--save", "did not draw it"), ("--report", "end it in .html")])
def test_a_photograph_of_the_users_is_not_overwritten(run, pictures, tmp_path, option, words):
    mine = tmp_path / "mine.png"
    mine.write_bytes((pictures / "digit-3.png").read_bytes())
    outcome = run("read", "--as", "digits", pictures / "field-year.png", option, mine)
    assert outcome.status in (1, 2)
    assert words in outcome.stderr
    assert mine.read_bytes() == (pictures / "digit-3.png").read_bytes()


@pytest.fixture
def model(tmp_path):
    return weights.save(untrained(), tmp_path / "model.safetensors")


def test_a_report_shows_each_field(run, pictures, model, tmp_path):
    report = tmp_path / "out.html"
    given = (pictures / "field-year.png", pictures / "digit-3.png", "--as", "amount", "--decimal", ".")
    outcome = run("read", *given, "--model", model, "--report", report)
    assert outcome.status == 0, outcome.stderr
    assert len(outcome.stdout.splitlines()) == 2
    page = report.read_text()
    assert page.count("<article>") == 2
    assert "field-year.png" in page


def test_a_rejected_field_says_why(run, model, tmp_path):
    from PIL import Image

    Image.new("L", (90, 30), 240).save(tmp_path / "empty.png")
    outcome = run("read", "--as", "digits", "--model", model, tmp_path / "empty.png")
    assert outcome.stdout.rstrip().endswith("rejected: nothing is written")


def test_a_pattern_is_a_kind(run, pictures, model):
    record = json.loads(
        run("read", "--as", "regex:[0-9]{4}", "--json", "--model", model, pictures / "digit-3.png").stdout
    )
    assert len(record["text"]) == 4


def test_options_of_fields_need_a_kind(run, pictures, tmp_path):
    picture = pictures / "field-year.png"
    for given in (("--report", tmp_path / "out.html"), ("--max-error", "1%"), ("--decimal", ".")):
        outcome = run("read", picture, *given)
        assert outcome.status == 2
        assert "--as" in outcome.stderr
    assert run("read", picture, "--as", "roman").status == 2


def test_a_promise_on_errors_needs_a_calibrated_network(run, pictures, model):
    outcome = run("read", "--as", "digits", pictures / "field-year.png", "--model", model, "--max-error", "1%")
    assert outcome.status == 1
    assert "calibrated" in outcome.stderr


def test_a_picture_that_is_read_is_not_drawn_over(run, pictures, tmp_path):
    picture = tmp_path / "mine.png"
    picture.write_bytes((pictures / "digit-3.png").read_bytes())
    done = run("read", str(picture), "--save", str(picture))
    assert done.status == 2
    assert "choose another name" in done.stderr
    assert picture.read_bytes() == (pictures / "digit-3.png").read_bytes()
