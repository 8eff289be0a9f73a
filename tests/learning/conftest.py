"""A small data set that is learned in a blink."""

from __future__ import annotations

import pytest

from lenet.datasets import Dataset, load_digits8x8


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return load_digits8x8("train")


@pytest.fixture(scope="session")
def few(digits: Dataset) -> Dataset:
    return digits.subset(slice(0, 230))
