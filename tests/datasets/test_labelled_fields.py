"""Labelled fields come from a file of lines, a folder or a tar; what is wrong is said, with its line or its picture."""

from __future__ import annotations

import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from lenet.datasets.labelled_fields import Fields, load_fields
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
