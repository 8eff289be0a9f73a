"""Which fold each field of ORAND-CAR-A belongs to, so that nobody is measured on a field that he has learnt from."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["FOLDS", "folds_of"]

FOLDS = 5
NEIGHBOURS = 10
"""Fields that stay together: neighbouring numbers are often of one writer."""


def folds_of(names: Sequence[str]) -> NDArray[np.int64]:
    """Return the fold, 0 to 4, of each field.

    The blocks of ten neighbouring numbers are shuffled, and the k-th belongs to fold k modulo 5.

    Parameters
    ----------
    names : what ends with each field's ORAND number: "a_car_000154", or its file, "images/a_car_000154.jpg". All fields
        of the archive have to be there, since a block that is missing would move others to other folds; single fields
        may be missing.

    Raises
    ------
    ValueError
        A name has no number at its end.
    """
    found = [re.search(r"(\d+)(\.\w+)?$", name) for name in names]
    if None in found:
        raise ValueError(f"{names[found.index(None)]!r} has no number at its end; give names such as a_car_000154")
    numbers = np.array([int(match[1]) for match in found if match])
    blocks, block_of = np.unique(numbers // NEIGHBOURS, return_inverse=True)
    fold_of = np.empty(len(blocks), np.int64)
    fold_of[np.random.default_rng(0).permutation(len(blocks))] = np.arange(len(blocks)) % FOLDS
    return fold_of[block_of]
