"""Rejected readings come from the file that `lenet read` wrote, each with a picture of what was rejected."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from lenet.cli import main
from lenet.errors import FormatError, InputError
from lenet.reading import Reading
from lenet.serve import doubts
from lenet.serve.doubts import crop_of, load_doubts
from tests import fields


def reading(file, *, accepted=False, box=(10, 10, 50, 30), page=1, field=None):
    reason = "" if accepted else "not sure"
    return Reading("12", "12", 0.25, accepted, reason, (), box, page, str(file), field)


@pytest.fixture
def results(tmp_path):
    """Give what writes readings to a file of results, and returns its path."""

    def write(*readings):
        (tmp_path / "results.jsonl").write_text("".join(f"{one.to_json()}\n" for one in readings))
        return tmp_path / "results.jsonl"

    return write


def picture(path, rows, columns):
    grey = (np.arange(rows)[:, None] * 3 + np.arange(columns)).astype(np.uint8)
    Image.fromarray(grey).save(path)
    return grey


def test_accepted_readings_are_counted_and_rejected_ones_kept(results):
    found = load_doubts(results(reading("a.png", accepted=True), reading("b.png", field="total"), reading("c.png")))
    assert (found.accepted, found.more) == (1, 0)
    assert [(doubt.file, doubt.field, doubt.text, doubt.reason) for doubt in found.rejected] == [
        ("b.png", "total", "12", "not sure"),
        ("c.png", None, "12", "not sure"),
    ]
    assert json.loads(json.dumps(found.rejected[0].to_dict()))["box"] == [10, 10, 50, 30]


def test_a_picture_of_one_line_is_shown_whole(results, tmp_path):
    grey = picture(tmp_path / "a.png", 60, 200)
    assert np.array_equal(crop_of(load_doubts(results(reading(tmp_path / "a.png"))), 0), grey)


def test_of_a_page_the_writing_is_shown_with_what_stands_beside(results, tmp_path):
    grey = picture(tmp_path / "a.png", 400, 300)
    crop = crop_of(load_doubts(results(reading(tmp_path / "a.png", box=(100, 200, 150, 220)))), 0)
    assert np.array_equal(crop, grey[188:232, 60:190])


def test_files_are_found_beside_the_results(results, tmp_path):
    grey = picture(tmp_path / "a.png", 40, 80)
    assert np.array_equal(crop_of(load_doubts(results(reading("a.png"))), 0), grey)


@pytest.mark.parametrize("number", [-1, 1])
def test_no_other_reading_can_be_asked_for(results, number):
    with pytest.raises(InputError, match="there are 1"):
        crop_of(load_doubts(results(reading("a.png"))), number)


def test_a_file_that_is_gone_is_named(results):
    with pytest.raises(InputError, match=r"nowhere\.png"):
        crop_of(load_doubts(results(reading("nowhere.png"))), 0)


def test_a_page_that_is_gone_is_named(results, tmp_path):
    picture(tmp_path / "a.png", 40, 80)
    with pytest.raises(InputError, match="no page 2"):
        crop_of(load_doubts(results(reading(tmp_path / "a.png", page=2))), 0)


def test_only_so_many_are_taken_up(results, monkeypatch):
    monkeypatch.setattr(doubts, "MOST", 2)
    found = load_doubts(results(*(reading(f"{k}.png") for k in range(5))))
    assert (len(found.rejected), found.more) == (2, 3)


def test_a_line_cut_short_at_the_end_is_passed_over(results):
    path = results(reading("a.png"), reading("b.png"))
    path.write_bytes(path.read_bytes()[:-20])
    assert [doubt.file for doubt in load_doubts(path).rejected] == ["a.png"]


ENDLESS = '{"accepted": false, "box": [0, 0, Infinity, 5], "page": 1}'
NO_PAGE = json.dumps(json.loads(reading("a.png").to_json()) | {"page": 0})


@pytest.mark.parametrize("line", ["{}", "[1]", "no JSON", '{"accepted": false, "box": [5, 5, 5, 5]}', ENDLESS, NO_PAGE])
def test_a_line_that_is_no_reading_is_named(results, line):
    path = results(reading("a.png"))
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(FormatError, match="line 2"):
        load_doubts(path)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "results.csv").write_text("file,page\n")
    for name in ("results.csv", "none.jsonl"):
        with pytest.raises(InputError, match=name.replace(".", r"\.")):
            load_doubts(tmp_path / name)


def test_what_the_program_writes_can_be_corrected(tmp_path, monkeypatch):
    """Of a folder that was read, the rejected reading is shown with the picture that it was read from."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scans").mkdir()
    grey = fields.written(3).pictures[0]
    Image.fromarray(grey).save(tmp_path / "scans" / "a.png")
    with pytest.raises(SystemExit):
        main(["read", "scans/a.png", "--as", "regex:[0-9]{15}", "--out", "out/results.jsonl", "--quiet"])
    found = load_doubts("out/results.jsonl")
    assert len(found.rejected) == 1
    assert np.array_equal(crop_of(found, 0), grey)
