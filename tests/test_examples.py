"""Every example runs as it stands, and the pictures are those that their program draws."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet

EXAMPLES = Path(__file__).parents[1] / "examples"
NEEDS = {"torch_module": "torch", "sklearn_search": "sklearn"}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_runs(path, tmp_path):
    if path.stem == "demo":
        pytest.skip("it trains for as long as it takes; `make demo` runs it")
    if path.stem in NEEDS:
        pytest.importorskip(NEEDS[path.stem])
    done = subprocess.run([sys.executable, path], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.slow
def test_the_demo_runs_without_data(tmp_path):
    bare = {name: value for name, value in os.environ.items() if name != "LENET_DATA"}
    bare["LENET_CACHE"] = str(tmp_path)
    done = subprocess.run([sys.executable, EXAMPLES / "demo.py"], env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "digits8x8" in done.stdout


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short(path):
    assert len(path.read_text().splitlines()) < (120 if path.stem == "demo" else 60)


def test_the_pictures_are_those_that_their_program_draws(tmp_path):
    """Another version of Pillow may code or blur a little differently."""
    folder = EXAMPLES / "pictures"
    specification = importlib.util.spec_from_file_location("draw", folder / "draw.py")
    draw = importlib.util.module_from_spec(specification)
    sys.modules["draw"] = draw
    specification.loader.exec_module(draw)
    draw.save(tmp_path, report=lambda _: None)
    assert (tmp_path / "labels.jsonl").read_text() == (folder / "labels.jsonl").read_text()
    labels = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]
    assert {label["file"] for label in labels} == {
        path.name for path in folder.iterdir() if path.suffix in (".png", ".jpg")
    }
    for label in labels:
        kept, drawn = (np.asarray(Image.open(f / label["file"]), float) for f in (folder, tmp_path))
        assert kept.shape == drawn.shape
        assert abs(kept - drawn).mean() < 4


def test_the_pictures_are_read_but_for_touching_digits():
    folder = EXAMPLES / "pictures"
    labels = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]
    wrong = [
        label["file"]
        for label in labels
        if label["kind"] not in ("touching", "amount", "scribble")
        and [reading.text.replace(" ", "") for reading in lenet.read_page(folder / label["file"])] != label["rows"]
    ]
    assert len(wrong) <= 1, wrong


def test_amounts_are_read_touching_or_not_and_a_scribble_is_rejected():
    folder = EXAMPLES / "pictures"
    labels = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]
    amounts = {label["file"]: label["rows"][0] for label in labels if label["kind"] in ("amount", "touching")}
    reader = lenet.Reader("amount")
    wrong = {name: reader(folder / name) for name, text in amounts.items() if reader(folder / name).text != text}
    assert len(wrong) <= 1, wrong
    assert not reader(folder / "scribble.jpg").accepted
