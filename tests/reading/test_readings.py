from __future__ import annotations

import dataclasses
import json
import pickle

import pytest

from lenet.reading import Character, Reading

CHARACTER = Character("7", 0.9, (1, 2, 11, 22), (("1", 0.06), ("9", 0.02)))
READING = Reading("7", "7", 0.9, True, "", (CHARACTER,), (1, 2, 11, 22), file="a.png")


def test_a_reading_goes_to_json_with_its_schema():
    record = json.loads(READING.to_json())
    assert record["schema"] == 1
    assert record["text"] == "7"
    assert record["box"] == [1, 2, 11, 22]
    assert record["characters"][0]["alternatives"][0] == {"text": "1", "confidence": 0.06}
    assert record == READING.to_dict()
    assert tuple(record) == Reading.KEYS
    assert json.loads(CHARACTER.to_json()) == CHARACTER.to_dict() == record["characters"][0]
    assert set(record) == {field.name for field in dataclasses.fields(Reading)} | {"schema"}


def test_a_row_for_spreadsheets_holds_single_values():
    row = READING.to_row()
    assert tuple(row) == Reading.COLUMNS
    assert not any(isinstance(value, list | tuple | dict) for value in row.values())
    assert (row["left"], row["top"], row["right"], row["bottom"]) == READING.box
    assert (row["file"], row["text"], row["accepted"]) == ("a.png", "7", True)


def test_records_are_frozen_compare_and_pickle():
    assert pickle.loads(pickle.dumps(READING)) == READING
    assert hash(READING) == hash(dataclasses.replace(READING))
    with pytest.raises(dataclasses.FrozenInstanceError):
        READING.text = "8"


def test_a_reading_is_shown_in_one_line():
    assert repr(READING) == "Reading('7', 0.900, box=(1, 2, 11, 22))"
    rejected = dataclasses.replace(READING, accepted=False, reason="faint", page=3)
    assert repr(rejected) == "Reading('7', 0.900, box=(1, 2, 11, 22), page=3, not accepted: faint)"
    assert repr(CHARACTER) == "Character('7', 0.900, box=(1, 2, 11, 22))"


def test_a_reading_of_a_part_moves_to_its_place_on_the_whole():
    moved = READING.moved(100, 50)
    assert moved.box == (101, 52, 111, 72)
    assert moved.characters[0].box == (101, 52, 111, 72)
    assert (moved.text, moved.file) == ("7", "a.png")
