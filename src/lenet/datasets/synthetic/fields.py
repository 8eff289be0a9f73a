"""Fields composed of single characters: side by side or touching, in one slant, on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.datasets.arrays import Dataset
from lenet.datasets.synthetic.paper import on_paper
from lenet.datasets.synthetic.pen import Ink, joined, resized
from lenet.datasets.synthetic.texts import number_text
from lenet.datasets.synthetic.writer import SIGNS, Glyph, Writer
from lenet.errors import InputError

__all__ = ["SyntheticField", "synthetic_fields"]

_HEIGHT = 30
"""Pixels of a digit: about what one line of a cheque has at 100 to 150 dpi."""
_GAPS = {"apart": (1.0, 9.0), "close": (-1.0, 3.0), "touching": (-5.5, 0.5)}
"""Pixels between two characters, of a digit 30 high; below 0 they overlap."""
_RUNS_ON = 0.25
"""Share of strokes after a number that run on from its last digit, however far apart the digits are; of ours."""


@dataclass(frozen=True)
class SyntheticField:
    """A picture of a field, and what is written on it.

    Parameters
    ----------
    picture : uint8 (rows, columns), dark on light.
    text : its characters, all of `SIGNS`.
    """

    picture: NDArray[np.uint8]
    text: str

    def __repr__(self) -> str:
        return f"SyntheticField({self.text!r}, {self.picture.shape[0]}x{self.picture.shape[1]})"


def synthetic_fields(
    digits: Dataset, count: int, *, seed: int = 0, text: Callable[[np.random.Generator], str] = number_text
) -> Iterator[SyntheticField]:
    """Write fields with the digits of a data set, every one by another hand on another paper.

    Parameters
    ----------
    digits : single digits of classes "0" to "9", as `load_mnist` gives them.
    count : how many fields.
    seed : decides everything; field k is the same for every count.
    text : says what to write next, in characters of `SIGNS`; by default numbers, amounts, dates and some nonsense.

    Raises
    ------
    InputError
        The data set has other classes, or a text has other characters.

    Examples
    --------
    >>> import lenet
    >>> field = next(synthetic_fields(lenet.load_digits8x8(), 1, text=lambda rng: "3.50"))
    >>> field.text
    '3.50'
    """
    if tuple(digits.classes) != tuple("0123456789"):
        raise InputError(f"{digits} was given to write with; expected the ten classes 0 to 9, as load_mnist gives")
    images = digits.images[:, 0]
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        words = text(rng)
        if not words or set(words) - set(SIGNS):
            raise InputError(f"{words!r} is to be written; expected one or more of the characters {SIGNS}")
        ink = _composed(Writer(images, digits.labels, rng), words)
        yield SyntheticField(on_paper(_with_margins(ink, rng), rng), words)


def _composed(writer: Writer, text: str) -> Ink:
    """Return the ink of a row of characters."""
    rng = writer.rng
    least, most = _GAPS[str(rng.choice(list(_GAPS), p=[0.3, 0.3, 0.4]))]
    placed: list[tuple[Ink, float, float]] = []
    x = line = 0.0
    for index, sign in enumerate(text):
        glyph = writer.glyph(sign, _HEIGHT * rng.normal(1, 0.07))
        if sign == "0" and index and rng.random() < 0.25:
            glyph = _smaller(glyph, rng)
        line += rng.normal(0, 0.02 * _HEIGHT)
        runs_on = index and sign in "/-=" and rng.random() < _RUNS_ON
        x += rng.uniform(*_GAPS["touching"] if runs_on else (least, most)) if index else 0
        placed.append((glyph.ink, max(0.0, x), glyph.top + line + rng.normal(0, 0.03 * _HEIGHT)))
        x += glyph.ink.shape[1]
    return _slanted(joined(placed), writer.slant)


def _smaller(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Return a small zero, as many write the last ones of a round amount, higher or lower on the line."""
    factor, (rows, columns) = rng.uniform(0.5, 0.9), glyph.ink.shape
    ink = resized(glyph.ink, int(rows * factor), int(columns * factor))
    return Glyph(ink, glyph.top + (rows - ink.shape[0]) * rng.uniform(0.2, 1))


def _slanted(ink: Ink, slant: float) -> Ink:
    """Return the ink with every row moved right by `slant` columns for each row that it is above the last one."""
    rows, columns = ink.shape
    moved = np.round(slant * np.arange(rows - 1, -1, -1)).astype(int)
    moved -= moved.min()
    wide = np.zeros((rows, columns + int(moved.max())), np.float32)
    for row, start in enumerate(moved):
        wide[row, start : start + columns] = ink[row]
    return wide


def _with_margins(ink: Ink, rng: np.random.Generator) -> Ink:
    above, below = (rng.uniform(0, 0.25, 2) * ink.shape[0]).astype(int)
    left, right = rng.uniform(2, 12, 2).astype(int)
    return np.pad(ink, ((above, below), (left, right)))
