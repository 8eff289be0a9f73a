"""The digits inside scikit-learn, in MNIST's form."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from lenet.datasets import load_digits8x8
from lenet.errors import FormatError, InputError, MissingExtraError


def test_parts_are_all_of_it():
    training, test, everything = (load_digits8x8(part) for part in ("train", "test", None))
    assert (len(training), len(test), len(everything)) == (1500, 297, 1797)
    np.testing.assert_array_equal(everything.images, np.concatenate([training.images, test.images]))
    assert everything.labels[:10].tolist() == list(range(10))


def test_digits_look_like_those_of_mnist():
    images = load_digits8x8().images[:, 0].astype(float)
    assert images.shape[1:] == (28, 28)
    assert 30 < images.mean() < 40
    places = np.arange(28) + 0.5
    for axis in (1, 2):
        centres = images.sum(axis) @ places / images.sum((1, 2))
        assert abs(centres - 14).max() < 1


def test_scikit_learn_is_not_imported():
    program = "import sys, lenet.datasets as d; d.load_digits8x8(); sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_unknown_part_is_refused():
    with pytest.raises(InputError, match="digits8x8 has no part"):
        load_digits8x8("validation")


def test_missing_scikit_learn_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r'pip install "lenet\[sklearn\]"'):
        load_digits8x8()


def test_damaged_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: SimpleNamespace(origin=str(tmp_path / "__init__.py")))
    with pytest.raises(FormatError, match="install scikit-learn again"):
        load_digits8x8()
