"""Labelled fields come from a file of lines, a folder or a tar; what is wrong is said, with its line or its picture."""

from __future__ import annotations

import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from lenet.datasets import labelled_fields
from lenet.datasets.labelled_fields import Fields, keep_field, load_fields
from lenet.errors import FormatError, InputError


@pytest.fixture
def folder(tmp_path):
    entries = [{"file": f"{k}.png", "text": text, "more": 1} for k, text in enumerate(["12", "3.50", "7"])]
    entries.append({"file": "no.png", "text": "1", "ambiguous": True})
    for k in range(3):
        Image.fromarray(np.full((20 + k, 50), 200, np.uint8)).save(tmp_path / f"{k}.png")
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, entries)) + "\n\n")
    return tmp_path


def test_a_folder_its_file_and_a_tar_give_the_same(folder, tmp_path):
    with tarfile.open(tmp_path / "set.tar", "w") as archive:
        for file in sorted(folder.iterdir()):
            if file.suffix != ".tar":
                archive.add(file, file.name)
    for place in (folder, folder / "labels.jsonl", tmp_path / "set.tar"):
        found = load_fields(place)
        assert found.texts == ("12", "3.50", "7")
        assert [picture.shape for picture in found.pictures] == [(20, 50), (21, 50), (22, 50)]
        assert found.names == ("0.png", "1.png", "2.png")


def test_a_subset_keeps_pictures_with_their_texts(folder):
    some = load_fields(folder).subset([2, 0])
    assert some.texts == ("7", "12")
    assert [picture.shape[0] for picture in some.pictures] == [22, 20]


def test_a_tar_may_say_that_its_files_are_here(folder, tmp_path):
    """As `tar -C folder .` writes it."""
    with tarfile.open(tmp_path / "set.tar", "w") as archive:
        archive.add(folder, ".")
    assert load_fields(tmp_path / "set.tar").texts == load_fields(folder).texts


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"file": "0.png"}', '{"file": 1, "text": "1"}', '{"file": "0.png", "text": ""}', '"a"']
)
def test_a_wrong_line_is_named(folder, line):
    with (folder / "labels.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(FormatError, match="line 6"):
        load_fields(folder)


def test_missing_pictures_files_and_fields_are_named(folder, tmp_path):
    with pytest.raises(InputError, match="no file"):
        load_fields(tmp_path / "nowhere.jsonl")
    (folder / "1.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"1\.png"):
        load_fields(folder)
    (folder / "labels.jsonl").write_text("\n")
    with pytest.raises(InputError, match="no fields"):
        load_fields(folder)


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(InputError, match="2 texts"):
        Fields([np.zeros((2, 2), np.uint8)], ("1", "2"), ("a",))


def test_the_bytes_of_a_tar_give_the_same(folder, tmp_path):
    with tarfile.open(tmp_path / "set.tar", "w") as archive:
        for file in folder.glob("*.*"):
            if file.suffix != ".tar":
                archive.add(file, file.name)
    assert load_fields((tmp_path / "set.tar").read_bytes()).texts == ("12", "3.50", "7")
    with tarfile.open(tmp_path / "set.tar.gz", "w:gz") as archive:
        archive.add(folder / "labels.jsonl", "labels.jsonl")
    for content in (b"", b"no tar at all", (tmp_path / "set.tar.gz").read_bytes()):
        with pytest.raises(FormatError, match="no tar"):
            load_fields(content)


def test_fields_that_are_kept_come_back(tmp_path):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (9, 20, *colour), np.uint8) for colour in ((), (3,), ())]
    for picture, text in zip(pictures, ["1", "2,50", "½"], strict=True):
        keep_field(tmp_path / "new", picture, text, source="scan ½.png")
    found = load_fields(tmp_path / "new")
    assert found.texts == ("1", "2,50", "½")
    assert all(np.array_equal(a, b) for a, b in zip(found.pictures, pictures, strict=True))
    assert '"from": "scan ½.png"' in (tmp_path / "new" / "labels.jsonl").read_text()


def test_a_field_that_is_kept_again_has_its_text_mended_and_others_stay(folder):
    before = (folder / "labels.jsonl").read_text().split()
    picture = np.zeros((5, 9), np.uint8)
    name = keep_field(folder, picture, "1")
    assert keep_field(folder, picture, "2") == name
    assert keep_field(folder, np.zeros((9, 5), np.uint8), "3") != name
    assert load_fields(folder).texts == ("12", "3.50", "7", "2", "3")
    assert (folder / "labels.jsonl").read_text().split()[: len(before)] == before


@pytest.mark.parametrize("text", ["", "1" * 65])
def test_a_text_that_could_not_be_loaded_is_not_kept(tmp_path, text):
    with pytest.raises(InputError, match="1 to 64"):
        keep_field(tmp_path, np.zeros((5, 9), np.uint8), text)
    assert not list(tmp_path.iterdir())


def test_damaged_labels_stay_as_they_are(folder):
    (folder / "labels.jsonl").write_text("{")
    with pytest.raises(FormatError, match="line 1"):
        keep_field(folder, np.zeros((5, 9), np.uint8), "1")
    assert (folder / "labels.jsonl").read_text() == "{"


def test_an_interruption_leaves_a_folder_that_can_be_loaded(folder, monkeypatch):
    """The labels are written last: a picture without a label is no harm, a label without a picture would be."""
    written = labelled_fields.write_whole

    def interrupted(path, pieces):
        if path.name == "labels.jsonl":
            raise KeyboardInterrupt
        return written(path, pieces)

    monkeypatch.setattr(labelled_fields, "write_whole", interrupted)
    with pytest.raises(KeyboardInterrupt):
        keep_field(folder, np.zeros((5, 9), np.uint8), "1")
    assert load_fields(folder).texts == ("12", "3.50", "7")
