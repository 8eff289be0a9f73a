"""Writers: each with a pen, a slant and habits of their own, and digits that somebody really wrote."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.datasets.synthetic.pen import Ink, Stroke, drawn, joined, resized

__all__ = ["SIGNS", "Glyph", "Writer"]

SIGNS = "0123456789.,-/=:*#$%½₹x?"
"""What a writer can write, in the order of a field network's classes (after the blank). "?" stands for a letter or a
scribble: ink that is no sign of a number."""

_STROKES: dict[str, list[Stroke]] = {
    "-": [[(0, 0.55), (0.6, 0.5)]],
    "/": [[(0.55, -0.1), (0.05, 1.1)]],
    "=": [[(0, 0.42), (0.6, 0.4)], [(0, 0.66), (0.6, 0.62)]],
    ":": [[(0.05, 0.35), (0.06, 0.37)], [(0.05, 0.8), (0.06, 0.82)]],
    "*": [[(0.25, 0.15), (0.25, 0.75)], [(0, 0.3), (0.5, 0.6)], [(0.5, 0.3), (0, 0.6)]],
    "#": [
        [(0.25, 0.05), (0.15, 0.95)],
        [(0.55, 0.05), (0.45, 0.95)],
        [(0.02, 0.35), (0.7, 0.33)],
        [(0, 0.66), (0.68, 0.64)],
    ],
    "$": [
        [(0.55, 0.2), (0.3, 0.08), (0.08, 0.25), (0.3, 0.48), (0.55, 0.7), (0.3, 0.92), (0.03, 0.8)],
        [(0.32, -0.1), (0.29, 1.1)],
    ],
    "%": [
        [(0.7, 0.05), (0.1, 0.95)],
        [(0.18, 0.1), (0.05, 0.22), (0.18, 0.36), (0.3, 0.22), (0.18, 0.1)],
        [(0.62, 0.64), (0.5, 0.78), (0.62, 0.92), (0.74, 0.78), (0.62, 0.64)],
    ],
    "₹": [
        [(0.02, 0.08), (0.58, 0.06)],
        [(0.02, 0.3), (0.56, 0.28)],
        [(0.1, 0.08), (0.38, 0.12), (0.4, 0.38), (0.08, 0.5), (0.5, 1)],
    ],
    "x": [[(0, 0.45), (0.5, 1)], [(0.5, 0.45), (0, 1)]],
}
"""Signs in a box one digit high: y runs from 0, the top of a digit, to 1, where it stands."""

_HABITS: dict[str, list[list[Stroke]]] = {
    "0": [
        [[(0.3, 0.03), (0.02, 0.5), (0.3, 0.98), (0.6, 0.5), (0.3, 0.03), (0.2, 0.1)]],
        [[(0.25, 0.05), (0.05, 0.6), (0.35, 0.95), (0.6, 0.45), (0.35, 0.02), (0.15, 0.12)]],
    ],
    "1": [
        [[(0.02, 0.38), (0.35, 0.02), (0.32, 1)]],
        [[(0.02, 0.35), (0.3, 0.02), (0.28, 0.98)], [(0.05, 1), (0.55, 0.98)]],
        [[(0.3, 0), (0.05, 1)]],
        [[(0.02, 0.5), (0.42, 0), (0.12, 1)]],
    ],
    "2": [
        [[(0.05, 0.25), (0.3, 0.02), (0.5, 0.25), (0.05, 0.97), (0.6, 0.95)]],
        [[(0.05, 0.3), (0.28, 0.03), (0.5, 0.3), (0.1, 0.9), (0.12, 0.75), (0.3, 0.9), (0.62, 0.97)]],
    ],
    "3": [
        [[(0.05, 0.12), (0.35, 0.02), (0.45, 0.25), (0.2, 0.45), (0.5, 0.7), (0.3, 0.98), (0.02, 0.88)]],
        [[(0.05, 0.05), (0.5, 0.04), (0.2, 0.42), (0.52, 0.65), (0.3, 1), (0.02, 0.92)]],
    ],
    "4": [
        [[(0.3, 0.02), (0.02, 0.62), (0.6, 0.58)], [(0.42, 0.35), (0.36, 1)]],
        [[(0.08, 0.05), (0.05, 0.5), (0.5, 0.48)], [(0.55, 0.02), (0.5, 1)]],
        [[(0.1, 0.1), (0.04, 0.52), (0.32, 0.58), (0.55, 0.45), (0.6, 0.05), (0.5, 1)]],
    ],
    "5": [
        [[(0.12, 0.05), (0.08, 0.45), (0.42, 0.45), (0.5, 0.75), (0.3, 1), (0.03, 0.9)], [(0.12, 0.05), (0.55, 0.02)]],
        [[(0.6, 0), (0.15, 0.05), (0.1, 0.45), (0.45, 0.5), (0.42, 0.9), (0.02, 0.95)]],
    ],
    "6": [[[(0.45, 0.03), (0.1, 0.45), (0.1, 0.85), (0.35, 0.98), (0.5, 0.72), (0.3, 0.55), (0.08, 0.75)]]],
    "7": [
        [[(0.03, 0.06), (0.55, 0.04), (0.2, 1)], [(0.08, 0.52), (0.5, 0.48)]],
        [[(0.02, 0.22), (0.06, 0.05), (0.58, 0.05), (0.22, 1)], [(0.1, 0.5), (0.55, 0.47)]],
    ],
    "8": [
        [
            [
                (0.5, 0.15),
                (0.25, 0.02),
                (0.08, 0.22),
                (0.45, 0.65),
                (0.3, 0.98),
                (0.06, 0.78),
                (0.45, 0.35),
                (0.5, 0.15),
            ]
        ],
        [
            [(0.28, 0.03), (0.08, 0.25), (0.28, 0.47), (0.48, 0.25), (0.28, 0.03)],
            [(0.28, 0.47), (0.03, 0.75), (0.28, 1), (0.55, 0.75), (0.28, 0.47)],
        ],
    ],
    "9": [
        [[(0.5, 0.2), (0.25, 0.03), (0.05, 0.25), (0.25, 0.45), (0.5, 0.22), (0.48, 0.8), (0.25, 1)]],
        [[(0.5, 0.1), (0.2, 0.02), (0.05, 0.3), (0.3, 0.45), (0.5, 0.1), (0.5, 0.95)]],
        [[(0.5, 0.2), (0.2, 0.05), (0.08, 0.3), (0.35, 0.42), (0.5, 0.15), (0.42, 0.9), (0.1, 1.1), (0.05, 0.9)]],
    ],
}
"""Digits as people outside the United States write them: crossed 7, 1 with a flag or a foot, open 4, 9 like g."""

_LETTERS: list[list[Stroke]] = [
    [[(0.5, 0.5), (0.2, 0.48), (0.05, 0.75), (0.25, 0.98), (0.5, 0.7), (0.52, 0.5), (0.55, 0.98)]],
    [[(0.1, 1), (0.12, 0.05)], [(0.1, 0.1), (0.5, 0.1), (0.5, 0.45), (0.12, 0.52), (0.6, 1)]],
    [[(0.05, 0.5), (0.08, 1)], [(0.08, 0.65), (0.3, 0.48), (0.42, 0.65), (0.45, 1)]],
    [
        [(0.02, 0.5), (0.05, 1)],
        [(0.05, 0.6), (0.25, 0.48), (0.32, 1)],
        [(0.32, 0.6), (0.55, 0.48), (0.62, 1)],
    ],
    [[(0.05, 0.5), (0.1, 0.95), (0.4, 0.9), (0.45, 0.5), (0.5, 1)]],
    [[(0.08, 0.02), (0.06, 1)], [(0.45, 0.45), (0.1, 0.7), (0.5, 1)]],
    [[(0.05, 1), (0.08, 0.05), (0.55, 0.95), (0.58, 0)]],
    [[(0.5, 0.05), (0.1, 0.08), (0.08, 0.95), (0.5, 0.95)], [(0.1, 0.5), (0.42, 0.48)]],
    [[(0, 0.06), (0.6, 0.04)], [(0.3, 0.05), (0.28, 1)]],
    [[(0, 1), (0.3, 0.02), (0.6, 1)], [(0.12, 0.65), (0.5, 0.63)]],
]
"""a R n m u k N E T A: letters that look like no digit, since somebody's s is another's 5."""

_DRAWN_WRITERS, _DRAWN_ONES = 0.12, 0.15
"""Shares of the writers whose digits are all drawn, and of single 1s and 7s of the others; of ours, by eye."""
_SAME_HAND = 40
"""Digits that follow each other in a set are taken for one hand's; for MNIST, which is shuffled, that means nothing."""


@dataclass(frozen=True)
class Glyph:
    """One character: its ink, and how many pixels below the top of the digits that begins."""

    ink: Ink
    top: float


class Writer:
    """Somebody who writes fields; another hand every time.

    Parameters
    ----------
    images, labels : single digits, uint8 (n, rows, columns), paper 0; labels 0 to 9.
    rng : decides everything.
    """

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64], rng: np.random.Generator) -> None:
        self.images, self.rng = images, rng
        self.places = [np.flatnonzero(labels == digit) for digit in range(10)]
        self.pen = rng.uniform(0.06, 0.13)
        self.slant = rng.normal(0, 0.18)
        self.shake = rng.uniform(0.01, 0.045)
        self.draws_digits = rng.random() < _DRAWN_WRITERS
        self.habits = {digit: int(rng.integers(len(ways))) for digit, ways in _HABITS.items()}
        self.starts = [int(rng.integers(max(1, len(places)))) for places in self.places]

    def glyph(self, sign: str, height: float) -> Glyph:
        """Write one of `SIGNS`, where a digit is `height` pixels high."""
        if sign.isdigit():
            return self._digit(sign, height)
        uniform = self.rng.uniform
        if sign == ".":
            across = uniform(0.02, 0.12)
            return self._draw([[(0, 1 - across / 2), (across * uniform(0.3, 1), 1 + self.rng.normal(0, 0.03))]], height)
        if sign == ",":
            tail = uniform(0.12, 0.4)
            return self._draw([[(tail * 0.4, 0.92), (tail * 0.45, 1), (0, 0.95 + tail)]], height)
        if sign == "½":
            return self._half(height)
        if sign == "?":
            return self._no_sign(height)
        if sign in "-=":
            wide, down = uniform(0.6, 1.8) * (2 if self.rng.random() < 0.15 else 1), self.rng.normal(0, 0.05)
            return self._draw([[(x * wide, y + down) for x, y in stroke] for stroke in _STROKES[sign]], height)
        return self._draw(_STROKES[sign], height, uniform(0.75, 1.2))

    def _digit(self, sign: str, height: float) -> Glyph:
        rng, places = self.rng, self.places[int(sign)]
        if not len(places) or self.draws_digits or (sign in "17" and rng.random() < _DRAWN_ONES):
            ways = _HABITS[sign]
            usual = rng.random() < 0.85
            return self._draw(ways[self.habits[sign] if usual else int(rng.integers(len(ways)))], height)
        image = self.images[places[(self.starts[int(sign)] + int(rng.integers(_SAME_HAND))) % len(places)]]
        rows, columns = np.flatnonzero(image.max(axis=1) > 40), np.flatnonzero(image.max(axis=0) > 40)
        if not len(rows):
            return self._draw(_HABITS[sign][0], height)
        ink = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / np.float32(255)
        high = ink.shape[0]
        factor = height / max(high, 0.8 * ink.shape[1])
        wide = ink.shape[1] * factor * rng.uniform(0.85, 1.15)
        return Glyph(resized(ink, round(high * factor), round(wide)), height - high * factor)

    def _draw(self, strokes: list[Stroke], height: float, size: float = 1.0) -> Glyph:
        shaken = [
            [(float(x), float(y)) for x, y in np.asarray(stroke) * height * size + self._shaking(len(stroke), height)]
            for stroke in strokes
        ]
        ink, _, top = drawn(shaken, max(1.2, self.pen * height))
        return Glyph(ink, top)

    def _shaking(self, points: int, height: float) -> NDArray[np.float64]:
        return self.rng.normal(0, self.shake * height, (points, 2))

    def _half(self, height: float) -> Glyph:
        """Write a fraction: its digits beside a slash, or one above the other."""
        rng, uniform = self.rng, self.rng.uniform
        one, two = (self._digit(sign, height * uniform(0.38, 0.72)).ink for sign in "12")
        if rng.random() < 0.3:
            return self._stacked(one, two, height)
        high, wide = height * uniform(0.9, 1.2), height * uniform(0.1, 0.45)
        slash = self._draw([[(wide / high, 0), (0, 1)]], high).ink
        if rng.random() < 0.3:  # one stroke, up and down
            one = self._draw([[(0, uniform(0.2, 0.5)), (wide / high, 0)]], high).ink
        apart = height * rng.uniform(-0.12, 0.15, 2)
        x = one.shape[1] + apart[0]
        after = x + slash.shape[1] * uniform(0.3, 1) + apart[1]
        return _placed(
            [(one, 0.0, uniform(0, 0.15) * high), (slash, x, 0.0), (two, after, high * uniform(0.85, 1.1) - len(two))],
            height - high * uniform(0.9, 1.1),
        )

    def _stacked(self, one: Ink, two: Ink, height: float) -> Glyph:
        """Write a fraction with a bar."""
        widest, gap = max(one.shape[1], two.shape[1]), height * self.rng.uniform(0, 0.12)
        bar = self._draw([[(0, 0), (1, self.rng.normal(0, 0.04))]], widest * self.rng.uniform(0.9, 1.5)).ink
        middle, below = bar.shape[1] / 2, len(one) + gap + len(bar)
        return _placed(
            [
                (one, middle - one.shape[1] / 2, 0.0),
                (bar, 0.0, len(one) + gap),
                (two, middle - two.shape[1] / 2, below + gap),
            ],
            (height - below - gap - len(two)) * self.rng.uniform(0.2, 0.8),
        )

    def _no_sign(self, height: float) -> Glyph:
        rng = self.rng
        if rng.random() < 0.55:
            return self._draw(_LETTERS[int(rng.integers(len(_LETTERS)))], height)
        points = int(rng.integers(6, 12))
        return self._draw([list(zip(rng.uniform(0, 1.2, points), rng.uniform(0, 1, points), strict=True))], height)


def _placed(inks: list[tuple[Ink, float, float]], top: float) -> Glyph:
    """Return several inks, each at its x and y, as one character that begins at `top`."""
    left = min(x for _, x, _ in inks)
    return Glyph(joined([(ink, x - left, y) for ink, x, y in inks]), top)
