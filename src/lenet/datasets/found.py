"""The digits that are on this machine: what is written with, and trained on, where nobody names a data set."""

from __future__ import annotations

from typing import Literal

from lenet.datasets.arrays import Dataset
from lenet.datasets.digits8x8 import load_digits8x8
from lenet.datasets.mnist import load_mnist
from lenet.errors import DownloadError

__all__ = ["digits_here"]


def digits_here(part: Literal["train", "test"] = "train") -> Dataset:
    """Return MNIST's digits where they are on this machine, else those inside scikit-learn; nothing is fetched.

    Raises
    ------
    MissingExtraError
        There are neither.
    FormatError
        A file is damaged.
    """
    try:
        return load_mnist(part, download=False)
    except DownloadError:
        return load_digits8x8(part)
