"""Corrections are kept where they were told to be kept, nothing else is written, and what they gain is measured."""

from __future__ import annotations

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="FastAPI is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")

from lenet.datasets.labelled_fields import load_fields
from lenet.errors import FormatError, InputError
from lenet.reading import Reading
from lenet.serve import Limits, correct_routes
from lenet.serve.correct_routes import correct_router, written
from lenet.serve.proofs import png
from tests import fields
from tests.pages import served
from tests.serve.asking import ask, ended, refused, told


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder with pictures, what was read of them, and a place for corrections."""
    place = tmp_path_factory.mktemp("correct")
    known = fields.written(12)
    names = [str(place / name) for name in known.names]
    for name, picture in zip(names, known.pictures, strict=True):
        Image.fromarray(picture).save(name)
    lines = []
    for number, name in enumerate(names):
        reason = "" if number < 2 else "not sure"
        box = (0, 0, known.pictures[number].shape[1], known.pictures[number].shape[0])
        lines.append(Reading("1", "1", 0.2, not reason, reason, (), box, 1, name).to_json())
    (place / "results.jsonl").write_text("\n".join(lines) + "\n")
    return place


@pytest.fixture(scope="module")
def address(folder):
    with served(correct=folder / "results.jsonl", corrections=folder / "kept") as found:
        yield found


@pytest.fixture(scope="module")
def plain():
    with served() as found:
        yield found


def test_what_was_rejected_is_listed_with_its_pictures(address):
    state = told(address, "/correct/state")
    assert state["batch"]["accepted"] == 2
    assert len(state["batch"]["doubts"]) == 10
    crop = np.asarray(Image.open(io.BytesIO(ask(address, "/correct/crop", number=0)[0])))
    assert np.array_equal(crop, fields.written(12).pictures[2])
    assert refused(address, "/correct/crop", number=10)[0] == 422
    assert refused(address, "/correct/crop", number="../x")[0] == 422


def test_corrections_are_kept_in_the_folder_and_mended_there(address, folder):
    known = fields.written(12)
    for number in (0, 1, 2):
        count = told(address, "/correct/keep", png(known.pictures[number]), text=known.texts[number])["kept"]
        assert count == number + 1
    assert told(address, "/correct/keep", png(known.pictures[0]), text=" 9 9 ", source="a.png")["kept"] == 3
    found = load_fields(folder / "kept")
    assert sorted(found.texts) == sorted(["99", known.texts[1], known.texts[2]])
    assert told(address, "/correct/state")["kept"] == 3


@pytest.mark.parametrize(("text", "words"), [("abc", "cannot be learned"), ("", "1 to 64"), ("1" * 65, "1 to 64")])
def test_what_no_network_can_learn_is_not_kept(address, text, words):
    status, sentence = refused(address, "/correct/keep", png(fields.written(12).pictures[5]), text=text)
    assert status == 422
    assert words in sentence


def test_what_is_no_picture_is_not_kept(address, folder):
    before = sorted(folder.rglob("*"))
    assert refused(address, "/correct/keep", b"#!/bin/sh", text="1")[0] == 422
    assert sorted(folder.rglob("*")) == before


def test_without_a_folder_nothing_is_kept(plain):
    assert told(plain, "/correct/state")["folder"] is None
    assert "--corrections" in refused(plain, "/correct/keep", png(fields.written(12).pictures[0]), text="1")[1]
    assert "--correct" in refused(plain, "/correct/crop", number=0)[1]
    assert "correct some first" in refused(plain, "/correct/learn", b"")[1]


def packed(known):
    """Return fields as the tar that the page makes of them."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        labels = "".join(
            json.dumps({"file": n, "text": t}) + "\n" for n, t in zip(known.names, known.texts, strict=True)
        )
        for name, data in [("labels.jsonl", labels.encode()), *zip(known.names, map(png, known.pictures), strict=True)]:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def test_corrections_are_learned_and_what_they_gain_is_said(plain, monkeypatch):
    monkeypatch.setattr(correct_routes, "_EPOCHS", 1)
    monkeypatch.setattr(correct_routes, "_PASSES", 1)
    monkeypatch.setattr(correct_routes, "digits_here", fails)
    key = told(plain, "/correct/learn", packed(fields.written(12)), kind="digits", session="page")["id"]
    found = ended(plain, key)
    assert found["state"] == "done", found["message"]
    gain = found["latest"]["outcome"]["gain"]
    assert gain["count"] == 12
    assert gain["before"] + gain["better"] - gain["worse"] == gain["after"]
    assert found["latest"]["outcome"]["others"] is None
    assert len(ask(plain, f"/jobs/{key}/network")[0]) > 500_000


def fails():
    raise correct_routes.MissingExtraError("no digits are here")


def test_pictures_that_are_small_only_as_files_are_not_unpacked():
    """Twenty megabytes of empty pages would be many gigabytes of memory."""
    blank = np.full((500, 1000), 255, np.uint8)
    bomb = fields.Fields([blank] * 12, ("1",) * 12, tuple(f"{number}.png" for number in range(12)))
    with served(limits=Limits(pixels=1_000_000)) as running:
        status, sentence = refused(running, "/correct/learn", packed(bomb))
    assert (status, "--max-pixels" in sentence) == (413, True)


def test_too_few_corrections_are_not_learned(plain):
    few = fields.written(12).subset(range(9))
    assert "9 corrections are too few" in refused(plain, "/correct/learn", packed(few))[1]


@pytest.mark.parametrize("body", [b"no tar", b"\0" * 1024])
def test_what_is_no_training_set_is_said(plain, body):
    assert refused(plain, "/correct/learn", body)[0] == 422


def test_results_and_folders_that_cannot_be_used_are_refused_at_the_start(tmp_path):
    with pytest.raises(InputError, match="to correct"):
        correct_router(tmp_path / "none.jsonl")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        correct_router(None, tmp_path / "file" / "folder")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "labels.jsonl").write_text("{}\n")
    with pytest.raises(FormatError, match="line 1"):
        correct_router(None, tmp_path / "bad")


def test_what_is_typed_loses_its_spaces():
    assert written(" 1 250.00 ") == "1250.00"
