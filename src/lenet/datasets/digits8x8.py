"""The 1,797 handwritten digits inside scikit-learn: real data that needs no network, made into MNIST's form.

They are the test part of UCI's "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998, CC BY 4.0): 13
writers, 32x32 bitmaps of which each 4x4 block was counted, so 8x8 numbers from 0 to 16.
"""

from __future__ import annotations

import gzip
import importlib.util
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lenet.datasets.arrays import Dataset
from lenet.errors import FormatError, InputError, MissingExtraError

__all__ = ["load_digits8x8"]

_COUNT = 1797
_TEST = 297
"""Of ours: the last digits are the test part; they stand in the order of their writers, so most writers are new."""

_BOX = 20
_SIZE = 28
"""MNIST's digits fill 20x20 pixels and stand with their centre of mass at the centre of 28x28 (1998, III-A)."""

_PAPER, _INK = 0.25, 0.9
"""Shares of a block's 16 pixels that become paper and full ink; of ours, for as much ink as in MNIST
(34 of 255 in the mean)."""


def load_digits8x8(part: Literal["train", "test"] | None = None) -> Dataset:
    """Load the digits inside scikit-learn, smoothly enlarged and centred as MNIST's: uint8 `(n, 1, 28, 28)`.

    scikit-learn has to be installed, but is not imported.

    Parameters
    ----------
    part : "train", the first 1,500; "test", the last 297, mostly of other writers; None, all 1,797.

    Raises
    ------
    InputError
        There is no such part.
    MissingExtraError
        scikit-learn is not installed.
    FormatError
        Its file of digits is damaged.
    """
    parts = {None: slice(None), "train": slice(None, _COUNT - _TEST), "test": slice(_COUNT - _TEST, None)}
    if part not in parts:
        raise InputError(f"digits8x8 has no part {part!r}; choose 'train', 'test' or None for all")
    table = _table()[parts[part]]
    images = _as_mnist(table[:, :64].reshape(-1, 8, 8) / 16)
    return Dataset(images[:, np.newaxis], table[:, 64].astype(np.int64), tuple("0123456789"), name="digits8x8")


def _table() -> NDArray[np.float64]:
    """Return 1,797 rows: 64 counts and a label."""
    package = importlib.util.find_spec("sklearn")
    if package is None or package.origin is None:
        raise MissingExtraError('these digits are part of scikit-learn; install it: pip install "lenet[sklearn]"')
    path = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    try:
        numbers = np.array(gzip.decompress(path.read_bytes()).replace(b"\n", b",").strip(b",").split(b","), np.float64)
        return numbers.reshape(_COUNT, 65)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise FormatError(f"{path} does not hold the digits ({error}); install scikit-learn again") from None


def _as_mnist(blocks: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Enlarge `(n, 8, 8)` from 0 to 1 to 20x20 and centre it by mass in 28x28."""
    enlarge = _cubic(8, _BOX)
    large = np.clip((enlarge @ blocks @ enlarge.T - _PAPER) / (_INK - _PAPER), 0, 1)
    images = np.zeros((len(blocks), _SIZE, _SIZE), np.uint8)
    places = np.arange(_BOX) + 0.5
    mass = large.sum((1, 2))
    tops = _start(large.sum(2) @ places / mass)
    lefts = _start(large.sum(1) @ places / mass)
    for image, top, left, digit in zip(images, tops, lefts, np.rint(large * 255).astype(np.uint8), strict=True):
        image[top : top + _BOX, left : left + _BOX] = digit
    return images


def _start(centre: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return where the box has to start for its centre of mass to come to the centre of the image."""
    return np.clip(np.rint(_SIZE / 2 - centre), 0, _SIZE - _BOX).astype(np.int64)


def _cubic(small: int, large: int) -> NDArray[np.float64]:
    """Return the matrix `(large, small)` of cubic interpolation (Keys 1981, a = -1/2); beyond the edge is paper."""
    places = (np.arange(large) + 0.5) * small / large - 0.5
    x = np.abs(places[:, np.newaxis] - np.arange(small))
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
