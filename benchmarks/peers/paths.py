"""How sure a network is of a whole text that it wrote down column by column, with blanks between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["path_score"]


def path_score(probabilities: NDArray[np.float32], symbols: Sequence[int]) -> float:
    """Return the share of all paths that spell `symbols`, 0 being the blank (Graves et al. 2006, equations 6-8).

    Parameters
    ----------
    probabilities : float (columns, symbols); divided by their sums here, as the mask has taken some away.
    symbols : without blanks, such as [3, 1, 1].
    """
    columns = probabilities.astype(np.float64) + np.finfo(np.float32).tiny
    columns /= columns.sum(axis=1, keepdims=True)
    states = [0] + [state for symbol in symbols for state in (symbol, 0)]
    skip = [k > 1 and states[k] != 0 and states[k] != states[k - 2] for k in range(len(states))]
    alpha = np.zeros(len(states))
    alpha[0] = 1.0  # before the first column
    for row in columns:
        one, two = np.append(0.0, alpha[:-1]), np.append([0.0, 0.0], alpha[:-2])[: len(states)]
        alpha = (alpha + one + np.where(skip, two, 0.0)) * row[states]
    return float(alpha[-2:].sum())
