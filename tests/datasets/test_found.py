"""Digits are MNIST's where they are, else scikit-learn's, and nothing is fetched."""

from __future__ import annotations

import pytest

from lenet.datasets import found
from lenet.datasets.found import digits_here


def test_without_mnist_they_are_scikit_learn_s(own_cache):
    pytest.importorskip("sklearn")
    assert digits_here().name == "digits8x8"
    assert len(digits_here("test")) == 297


def test_mnist_comes_first_and_is_not_fetched(monkeypatch):
    asked = []
    monkeypatch.setattr(found, "load_mnist", lambda part, download: asked.append((part, download)) or "mnist")
    assert digits_here("test") == "mnist"
    assert asked == [("test", False)]


def test_a_missing_mnist_alone_is_made_up_for(monkeypatch):
    def damaged(*_, **__):
        raise RuntimeError("damaged")

    monkeypatch.setattr(found, "load_mnist", damaged)
    with pytest.raises(RuntimeError):
        digits_here()
