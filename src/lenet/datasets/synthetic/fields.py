"""Fields composed of single characters: side by side or touching, in one slant, on paper."""

from __future__ import annotations

import re
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
_RUNS_ON = 0.3
"""Share of strokes after a number that run on from its last digit, however far apart the digits are; of ours."""
_CHAINED = 0.12
"""Share of texts whose zeros hang together, where they have several; of ours."""
_REMAINS, _REMAINS_ALONE = 0.04, 0.2
"""Shares of fields, and of single digits, at whose edge a neighbour's end was left in; of ours."""


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
    images, places = digits.images[:, 0], [np.flatnonzero(digits.labels == digit) for digit in range(10)]
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        words = text(rng)
        if not words or set(words) - set(SIGNS):
            raise InputError(f"{words!r} is to be written; expected one or more of the characters {SIGNS}")
        writer = Writer(images, places, rng)
        ink = _with_margins(_composed(writer, words), rng, at_edge=words[-1] in "-=")
        if rng.random() < (_REMAINS_ALONE if len(words) == 1 else _REMAINS):
            ink = _with_remains(ink, writer)
        yield SyntheticField(on_paper(ink, rng), words)


def _composed(writer: Writer, text: str) -> Ink:
    """Return the ink of a row of characters."""
    rng = writer.rng
    least, most = _GAPS[str(rng.choice(list(_GAPS), p=[0.3, 0.3, 0.4]))]
    placed: list[tuple[Ink, float, float]] = []
    x = line = 0.0
    for part in _parts(text, rng):
        glyph = _glyph(writer, part, at_end=placed != [] and text.endswith(part))
        line += rng.normal(0, 0.02 * _HEIGHT)
        runs_on = placed and part in "/-=" and rng.random() < _RUNS_ON
        x += rng.uniform(*_GAPS["touching"] if runs_on else (least, most)) if placed else 0
        if runs_on and part == "/":  # from inside the last digit
            x -= rng.uniform(0, 0.6) * placed[-1][0].shape[1]
        placed.append((glyph.ink, max(0.0, x), glyph.top + line + rng.normal(0, 0.03 * _HEIGHT)))
        x += glyph.ink.shape[1]
    return _slanted(joined(placed), writer.slant)


def _parts(text: str, rng: np.random.Generator) -> list[str]:
    """Return the characters of a text; the zeros of a round amount seldom together, to be written in one stroke."""
    return re.findall(r"(?<=.)00+|." if rng.random() < _CHAINED else ".", text)


def _glyph(writer: Writer, part: str, *, at_end: bool) -> Glyph:
    """Write one character, or zeros in one stroke."""
    rng = writer.rng
    height = _HEIGHT * rng.normal(1, writer.unevenness)
    if len(part) > 1:
        return writer.zeros(len(part), height)
    if at_end and part in "-=":
        return writer.end_stroke(part, height) if rng.random() < 0.6 else writer.glyph(part, height)
    glyph = writer.glyph(part, height)
    return _smaller(glyph, rng) if part == "0" and at_end | (rng.random() < 0.2) else glyph


def _smaller(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Return a small or flat zero, as many write the last ones of a round amount, higher or lower on the line."""
    factor, flat, (rows, columns) = rng.uniform(0.5, 0.95), rng.uniform(0.6, 1.1), glyph.ink.shape
    ink = resized(glyph.ink, int(rows * factor * flat), int(columns * factor))
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


def _with_margins(ink: Ink, rng: np.random.Generator, *, at_edge: bool) -> Ink:
    above, below = (rng.uniform(0, 0.25, 2) * ink.shape[0]).astype(int)
    left, right = rng.uniform(2, 12, 2).astype(int)
    return np.pad(ink, ((above, below), (left, 0 if at_edge and rng.random() < 0.2 else right)))


def _with_remains(ink: Ink, writer: Writer) -> Ink:
    """Return the ink with the end of a neighbouring digit at one of its four edges, cut off there."""
    rng, side = writer.rng, int(writer.rng.choice(4, p=[0.35, 0.15, 0.35, 0.15]))
    turned, neighbour = np.rot90(ink, side), np.rot90(writer.glyph(str(rng.choice(list("0235689"))), _HEIGHT).ink, side)
    wide = max(2, int(neighbour.shape[1] * rng.uniform(0.08, 0.25)))
    turned = np.pad(turned, ((0, 0), (wide + int(rng.integers(0, 4)), 0)))
    piece = neighbour[: len(turned), -wide:]
    down = int(rng.integers(0, len(turned) - len(piece) + 1))
    np.maximum(turned[down : down + len(piece), :wide], piece, out=turned[down : down + len(piece), :wide])
    return np.ascontiguousarray(np.rot90(turned, -side))
