"""Checkpoints: all of a state comes back, and a file that is none is refused."""

from __future__ import annotations

import errno
import os
from dataclasses import fields, replace

import numpy as np
import pytest

from lenet import files
from lenet.architectures import lenet5
from lenet.errors import FormatError, InputError
from lenet.learning import Epoch, History, Recipe
from lenet.learning.checkpoints import Checkpoint, load, save


def numbers(count):
    return np.linspace(-1, 1, count, dtype=np.float32)


STATE = Checkpoint(
    architecture=lenet5(),
    recipe=Recipe(epochs=9, seed=4),
    data="230 of them",
    step=77,
    history=History((Epoch(1, 0.5, 0.2, None, 0.05, 1.5),)),
    numbers=(numbers(61_706), numbers(0), numbers(61_706), numbers(0), numbers(0)),
)


def test_state_comes_back(tmp_path):
    back = load(save(STATE, tmp_path / "state"))
    for field in fields(Checkpoint):
        np.testing.assert_equal(getattr(back, field.name), getattr(STATE, field.name))


def test_full_disk_leaves_the_earlier_checkpoint(tmp_path, monkeypatch):
    path = save(STATE, tmp_path / "state")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fdopen", full)
    with pytest.raises(InputError, match="No space left"):
        save(replace(STATE, step=78), path)
    monkeypatch.undo()
    assert load(path).step == 77
    assert list(tmp_path.iterdir()) == [path]


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_cut_file_is_refused(tmp_path, share):
    content = save(STATE, tmp_path / "state").read_bytes()
    (tmp_path / "state").write_bytes(content[: int(share * len(content))])
    with pytest.raises(FormatError, match="not a whole checkpoint"):
        load(tmp_path / "state")


@pytest.mark.parametrize(
    ("header", "arrays"),
    [
        (None, {}),
        ({"format": "other"}, {}),
        ({"recipe": "{"}, {}),
        ({"architecture": "{}"}, {}),
        ({"history": "[]"}, {}),
        ({"step": "many"}, {}),
        ({}, {"parameters": np.zeros(3, np.float32)}),
        ({}, {"parameters": np.zeros(3)}),
        ({}, {"parameters": np.full(3, np.nan, np.float32)}),
        ({}, {"parameters": np.zeros((3, 1), np.float32)}),
        ({}, {"more": np.zeros(3, np.float32)}),
    ],
)
def test_other_contents_are_refused(tmp_path, header, arrays):
    from safetensors import safe_open
    from safetensors.numpy import save_file

    with safe_open(save(STATE, tmp_path / "state"), framework="numpy") as file:
        whole, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    metadata = None if header is None else whole | header
    save_file(tensors | arrays, tmp_path / "state", metadata=metadata)
    with pytest.raises(FormatError, match="not a whole checkpoint"):
        load(tmp_path / "state")
