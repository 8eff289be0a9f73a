"""What is printed: columns, CSV that other programs read back, and progress for a terminal alone."""

from __future__ import annotations

import csv
import io
import json

import click
import pytest
from PIL import Image

from lenet.cli import output
from lenet.cli.options import PICTURES
from lenet.cli.output import Printer, Progress, columns, json_line, require_drawn, write_picture
from lenet.errors import InputError
from lenet.learning import history
from lenet.reading import folders

RECORD = {"file": 'a, "b".png', "box": [1, 2], "text": "7\n"}
ROW = {"file": 'a, "b".png', "left": 1, "text": "7\n"}


def test_columns_end_below_each_other():
    assert columns([("name", "count"), ("C1", 156), ("OUTPUT", 7)], right=[1]) == (
        "name    count\nC1        156\nOUTPUT      7"
    )


def test_csv_reads_back(capsys):
    printer = Printer(as_json=False, as_csv=True)
    printer.show("", RECORD, ROW)
    printer.show("", ROW)
    header, first, second = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header == list(ROW)
    assert first == second == [RECORD["file"], "1", "7\n"]


def test_json_says_its_schema_first():
    assert list(json.loads(json_line(RECORD))) == ["schema", *RECORD]


def test_text_is_for_people(capsys):
    printer = Printer(as_json=False, as_csv=False)
    printer.start(["file"])
    printer.show("7", RECORD)
    printer.show("", RECORD)
    assert capsys.readouterr().out == "7\n"
    with pytest.raises(click.UsageError, match="exclude each other"):
        Printer(as_json=True, as_csv=True)


@pytest.mark.parametrize(("terminal", "quiet"), [(True, False), (True, True), (False, False)])
def test_progress_is_shown_on_a_terminal_only(monkeypatch, terminal, quiet):
    shown = io.StringIO()
    shown.isatty = lambda: terminal
    monkeypatch.setattr("sys.stderr", shown)
    with Progress(quiet=quiet) as progress:
        progress.training(history.Progress(1, 2, 50, 100, 0.5, 0.25))
        progress.training(
            history.Progress(1, 2, 100, 100, 0.4, 0.2, history.Epoch(1, 0.4, 0.2, 0.125, 0.1, 1.5)),
        )
        progress.download("file", 1_500_000, 3_000_000)
        progress.batch(folders.Progress(2500.5, 10_000, 5400, 3, 12.0, 450.0, 36.4))
    if terminal and not quiet:
        assert "epoch 1/2 ━━━━━━━━━━━━             loss 0.5000, wrong 25.00%" in shown.getvalue()
        assert "of those held out 12.50%, 1.5 s\n" in shown.getvalue()
        assert "file: 1.5 of 3.0 MB" in shown.getvalue()
        assert "2,500 of 10,000 documents ━━━━━━  " in shown.getvalue()
        assert "  25%, 450 readings a second, 36 s left, 3 set aside" in shown.getvalue()
        assert shown.getvalue().endswith("\r\033[K")
    else:
        assert shown.getvalue() == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (7200, "2 h"), (2.5e5, "3 days"),
        (float("inf"), "unknown time"),
    ],
)  # fmt: skip
def test_a_time_is_said_as_people_say_it(seconds, words):
    assert output._duration(seconds) == words


@pytest.mark.parametrize("suffix", PICTURES)
def test_a_picture_of_lenets_may_be_drawn_again_and_no_other(tmp_path, suffix):
    path, picture = str(tmp_path / f"read{suffix}"), Image.new("RGB", (20, 10), "white")
    require_drawn(path)
    picture.save(path)
    before = (tmp_path / f"read{suffix}").read_bytes()
    with pytest.raises(InputError, match="lenet did not draw it"):
        write_picture(picture, path)
    assert (tmp_path / f"read{suffix}").read_bytes() == before
    (tmp_path / f"read{suffix}").unlink()
    write_picture(picture, path)
    if suffix != ".bmp":  # which has no room for who made it
        write_picture(Image.new("RGB", (20, 10), "black"), path)
        with Image.open(path) as drawn:
            assert drawn.convert("L").getpixel((3, 3)) < 20


def test_what_is_no_picture_is_not_drawn_over(tmp_path):
    (tmp_path / "notes.png").write_text("notes")
    with pytest.raises(InputError, match=r"notes\.png stands there already"):
        require_drawn(str(tmp_path / "notes.png"))
