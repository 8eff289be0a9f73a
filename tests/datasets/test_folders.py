"""Folders of pictures: prepared as reading prepares them, and what is wrong with them said in one sentence."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lenet.datasets import load_folder
from lenet.errors import InputError


def draw(path, mode="L", size=(60, 90), light=False):
    """Write a picture of a stroke, dark on light paper or the other way round."""
    path.parent.mkdir(parents=True, exist_ok=True)
    paper, ink = (20, 230) if light else (230, 20)
    picture = Image.new("L", size, paper)
    ImageDraw.Draw(picture).line((10, 15, 20, size[1] - 15), fill=ink, width=7)
    picture.convert(mode).save(path)


@pytest.fixture
def folder(tmp_path):
    for name in ("cross", "one"):
        draw(tmp_path / "signs" / name / "a.png")
        draw(tmp_path / "signs" / name / "b.jpg", "RGB", (200, 120))
    return tmp_path / "signs"


def test_subfolders_are_classes(folder):
    dataset = load_folder(folder)
    assert dataset.classes == ("cross", "one")
    assert dataset.labels.tolist() == [0, 0, 1, 1]
    assert dataset.name == "signs"


def test_pictures_become_glyphs(folder):
    images = load_folder(folder).images
    assert images.shape == (4, 1, 28, 28)
    assert images.max(axis=(1, 2, 3)).min() > 200
    assert not images[:, :, [0, -1], :].any()
    rows = np.flatnonzero(images[0, 0].any(1))
    assert rows[-1] - rows[0] + 1 in (20, 21)


def test_polarity_does_not_matter(tmp_path):
    draw(tmp_path / "one" / "dark.png")
    draw(tmp_path / "one" / "light.png", light=True)
    dark, light = load_folder(tmp_path).images.astype(int)
    assert abs(dark - light).mean() < 8


def test_pictures_can_be_taken_as_they_are(folder):
    dataset = load_folder(folder, as_is=True)
    assert dataset.images.shape == (4, 1, 32, 32)
    assert dataset.images[0, 0, 0, 31] == 230


def test_other_files_are_passed_over(folder):
    (folder / "one" / "notes.txt").write_text("none of them is a picture")
    (folder / "one" / ".hidden.png").write_text("nor is this")
    (folder / ".git").mkdir()
    assert len(load_folder(folder)) == 4


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere is not a folder"):
        load_folder(tmp_path / "nowhere")


def test_folder_without_subfolders_is_refused(tmp_path):
    draw(tmp_path / "one.png")
    with pytest.raises(InputError, match="no subfolders"):
        load_folder(tmp_path)


def test_empty_class_is_named(folder):
    (folder / "ring").mkdir()
    with pytest.raises(InputError, match="ring has no pictures"):
        load_folder(folder)


def test_empty_picture_is_named(folder):
    Image.new("L", (40, 40), 255).save(folder / "one" / "blank.png")
    with pytest.raises(InputError, match=r"one/blank\.png cannot be used .*nothing is written"):
        load_folder(folder)


@pytest.mark.parametrize("as_is", [False, True])
def test_unreadable_pictures_are_named_together(folder, as_is):
    for name in "cdefg":
        (folder / "one" / f"{name}.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"one/c\.png, one/d\.png, one/e\.png and 2 more"):
        load_folder(folder, as_is=as_is)
