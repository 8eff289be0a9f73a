"""Readings as rows say the same in every form."""

from __future__ import annotations

import csv
import io
import json
import os

import numpy as np
import pytest

import lenet
from lenet.errors import InputError
from lenet.reading import COLUMNS, Character, Reading
from lenet.reading.rows import arrow_schema, as_columns, csv_lines, failed, json_lines, sources_of

READINGS = [
    Reading(
        "12",
        "12",
        0.75,
        True,
        "",
        (Character("1", 0.75, (1, 2, 3, 4), (("7", 0.25),)), Character("2", 1.0, (3, 2, 5, 4))),
        (1, 2, 5, 4),
        3,
        'a "b",\nc.png',
        "total",
        others=(("72", 0.25),),
    ),
    Reading("", None, 0.0, False, "nothing is written", (), (0, 0, 9, 9)),
]


def test_a_line_of_json_is_the_record():
    assert [json.loads(line) for line in json_lines(READINGS).splitlines()] == [r.to_dict() for r in READINGS]


def test_csv_has_flat_columns_and_breaks_in_quotes():
    rows = list(csv.DictReader(io.StringIO((csv_lines(None) + csv_lines(READINGS)).decode(), newline="")))
    assert [row["file"] for row in rows] == ['a "b",\nc.png', ""]
    assert list(rows[0]) == list(Reading.COLUMNS)
    assert not any("[" in cell or "{" in cell for row in rows for cell in row.values())


def test_a_file_whose_name_is_no_text_leaves_the_results_readable():
    """One such name would keep every other program from reading the whole file."""
    name = os.fsdecode(b"a\xff.png")
    reading = Reading("1", "1", 0.5, True, "", (), (0, 0, 1, 1), 1, name)
    assert json.loads(json_lines([reading]).decode())["file"] == name
    assert csv_lines([reading]).decode().startswith("a\\udcff.png,")


def test_columns_have_a_row_for_each_picture_errors_too():
    results = [READINGS[0], InputError("it is  empty;\nsend it again"), READINGS[1]]
    columns = as_columns(results, ["a.png", "b.png", None])
    assert {name: column.dtype.type for name, column in columns.items()} == {
        name: np.object_ if kind is object else kind for name, kind in COLUMNS.items()
    }
    assert columns["file"].tolist() == ["a.png", "b.png", None]
    assert columns["text"].tolist() == ["12", "", ""]
    assert columns["error"].tolist() == ["", "it is empty; send it again", ""]
    assert columns["accepted"].tolist() == [True, False, False]
    assert json.loads(columns["others"][0]) == [{"text": "72", "confidence": 0.25}]


def test_no_pictures_are_columns_of_no_rows():
    columns = as_columns([], [])
    assert list(columns) == list(COLUMNS)
    assert all(len(column) == 0 for column in columns.values())


def test_the_columns_are_the_keys_of_a_record():
    assert list(COLUMNS) == [*Reading.KEYS, "error"]


def test_a_batch_has_bytes_or_paths():
    assert sources_of({"bytes": [b"1", None]}) == ([None, None], [b"1", b""])
    assert sources_of({"path": ["a"], "bytes": [b"1"], "more": [2]}) == (["a"], [b"1"])
    assert sources_of({"path": ["a"]}) == (["a"], ["a"])
    with pytest.raises(InputError, match="columns content"):
        sources_of({"content": [b"1"]})


def test_arrow_holds_the_records():
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    rows = [reading.to_dict() for reading in (*READINGS, failed("a.png", "damaged"))]
    schema = arrow_schema()
    assert schema.names == list(Reading.KEYS)
    assert pa.Table.from_pylist(rows, schema).to_pylist() == rows


def test_without_pyarrow_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(lenet.LenetError, match=r'pip install "lenet\[parquet\]"'):
        arrow_schema()
