from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.errors import GrammarError, InputError
from lenet.learning.segments import segment_network
from lenet.reading import COLUMNS
from tests.fields import untrained
from tests.writing import on_paper, page

TEXTS = ["12", "3", "456", "7890"] * 20
PICTURES = [on_paper(page([text], 24, margin=10)) for text in TEXTS]


def test_a_reader_reads_what_read_reads():
    reader = lenet.Reader("digits", model="digits")
    assert [reader(picture) for picture in PICTURES[:4]] == [
        lenet.read(picture, model="digits") for picture in PICTURES[:4]
    ]


def test_many_pictures_give_the_same_readings_in_order():
    reader = lenet.Reader(model="digits")
    readings = list(reader.many(iter(PICTURES)))
    assert [reading.text for reading in readings] == TEXTS
    single = reader(PICTURES[3])
    assert readings[3].confidence == pytest.approx(single.confidence, rel=1e-4)
    assert readings[3].characters[0].box == single.characters[0].box


def test_many_of_none_are_none():
    assert list(lenet.Reader(model="digits").many([])) == []
    blank = np.full((40, 40), 230, np.uint8)
    assert [reading.text for reading in lenet.Reader(model="digits").many([blank, PICTURES[0], blank])] == [
        "",
        "12",
        "",
    ]


def test_pictures_are_taken_as_they_are_needed():
    taken = []

    def pictures():
        for number, picture in enumerate(PICTURES * 4):
            taken.append(number)
            yield picture

    readings = lenet.Reader(model="digits").many(pictures())
    next(readings)
    assert len(taken) < 4 * len(PICTURES)


def test_a_bad_picture_raises_after_the_readings_before_it():
    readings = lenet.Reader(model="digits").many([PICTURES[0], b"no picture", PICTURES[2]])
    assert next(readings).text == "12"
    with pytest.raises(lenet.LenetError):
        next(readings)


def test_a_reader_survives_pickling():
    reader = pickle.loads(pickle.dumps(lenet.Reader(model="digits", threads=1)))
    assert reader.threads == 1
    assert reader(PICTURES[2]).text == "456"


def test_a_reader_checks_its_kind_when_it_is_made():
    with pytest.raises(GrammarError, match="roman"):
        lenet.Reader("roman")
    with pytest.raises(InputError, match="plain digits"):
        lenet.Reader("amount", model="digits")
    with pytest.raises(InputError, match="plain digits"):
        lenet.Reader(model="digits", max_error=0.01)


def test_a_bad_picture_stands_in_its_place_where_wanted(tmp_path):
    pictures = [b"no picture", PICTURES[0], tmp_path / "missing.png", *PICTURES[2:70], b"", PICTURES[1]]
    results = list(lenet.Reader(model="digits").many(pictures, keep_going=True))
    assert [number for number, result in enumerate(results) if isinstance(result, lenet.LenetError)] == [0, 2, 71]
    assert [result.text for result in results if isinstance(result, lenet.Reading)] == ["12", *TEXTS[2:70], "3"]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc to say how much memory is held")
def test_memory_stays_flat_over_many_readings():
    def held():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    reader = lenet.Reader(model="digits", threads=1)
    for _ in range(2):
        list(reader.many(PICTURES))
    before = held()
    for _ in range(4):
        list(reader.many(PICTURES))
    assert held() - before < 8 << 20


def test_a_batch_of_columns_gives_columns(tmp_path):
    reader = lenet.Reader(model="digits")
    Image.fromarray(PICTURES[0]).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    batch = {
        "bytes": np.array([content, b"no picture", None, None], object),
        "path": ["x.png", "y.png", str(tmp_path / "a.png"), None],
    }
    columns = reader(batch)
    assert list(columns) == list(COLUMNS)
    assert columns["text"].tolist() == ["12", "", "12", ""]
    assert columns["file"].tolist() == batch["path"]
    assert [error != "" for error in columns["error"]] == [False, True, False, True]
    assert columns["reason"][1] == columns["error"][1] != ""
    assert reader({"path": batch["path"][2:3]})["confidence"].tolist() == [reader(PICTURES[0]).confidence]
    with pytest.raises(InputError, match="rename a column"):
        reader({"content": [content]})


def test_a_batch_may_be_a_frame_and_an_empty_one():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame({"path": pandas.Series([], dtype=object)})
    found = pandas.DataFrame(lenet.Reader(model="digits")(frame))
    assert list(found.columns) == list(COLUMNS)
    assert found.dtypes["confidence"] == np.float64


@pytest.mark.parametrize("together", [1, 3])
def test_pictures_are_let_go_once_they_are_strips(monkeypatch, together):
    """A group of photographs would else take gigabytes: only so many bytes wait for the threads, and one picture."""
    import weakref

    size = PICTURES[3].nbytes
    monkeypatch.setattr("lenet.reading.reader.HELD", together * size - 1)
    kept = []

    def pictures():
        for _ in range(12):
            picture = PICTURES[3].copy()
            kept.append(weakref.ref(picture))
            yield picture
            assert sum(ref() is not None for ref in kept) <= together + 1

    assert len(list(lenet.Reader(model=untrained()).many(pictures()))) == 12


def test_readings_are_the_same_for_any_number_of_threads_and_any_that_wait(monkeypatch):
    network = untrained()
    pictures = [*PICTURES[:30], b"no picture", *PICTURES[30:40]]
    expected = list(map(repr, lenet.Reader(model=network, threads=1).many(pictures, keep_going=True)))
    assert list(map(repr, lenet.Reader(model=network, threads=3).many(pictures, keep_going=True))) == expected
    monkeypatch.setattr("lenet.reading.reader.HELD", 0)
    assert list(map(repr, lenet.Reader(model=network, threads=2).many(pictures, keep_going=True))) == expected


def segments():
    """A network for segments that knows digits, and takes what is none clearly for rubbish."""
    network = segment_network(lenet.load("digits"))
    network.parameters["OUTPUT.biases"][[0, -1]] = 7, 2
    return network


def test_a_network_for_segments_reads_fields_and_says_where_characters_stand():
    reader = lenet.Reader("digits", model=segments())
    readings = list(reader.many(PICTURES[:4]))
    assert [reading.text for reading in readings] == TEXTS[:4]
    apart = list(lenet.Reader("digits", model="digits").many(PICTURES[:4]))
    for one, other in zip(readings, apart, strict=True):
        assert 0 < one.confidence <= 1
        for mine, his in zip(one.characters, other.characters, strict=True):
            assert np.abs(np.subtract(mine.box, his.box)).max() <= 3
    blank = reader(np.full((40, 40), 230, np.uint8))
    assert (blank.text, blank.reason) == ("", "nothing is written")
    assert len(lenet.Reader("regex:[0-9]{3}", model=segments())(PICTURES[3]).text) == 3


def test_a_network_for_segments_weighs_what_a_field_network_found():
    alone, both = lenet.Reader("digits"), lenet.Reader("digits", segments=segments())
    for picture in PICTURES[:3]:
        assert {alone(picture).text, *(text for text, _ in alone(picture).others)} == {
            both(picture).text,
            *(text for text, _ in both(picture).others),
        }
    assert pickle.loads(pickle.dumps(both))(PICTURES[2]).text == both(PICTURES[2]).text
    with pytest.raises(InputError, match="for segments beside one for whole fields"):
        lenet.Reader("digits", segments="fields")
    with pytest.raises(InputError, match="for segments beside one for whole fields"):
        lenet.Reader("digits", model=segments(), segments=segments())
