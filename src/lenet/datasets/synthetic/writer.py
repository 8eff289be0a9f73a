"""Writers: each with a pen, a slant and habits of their own, and digits that somebody really wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.datasets.synthetic.pen import Ink, drawn, joined, resized
from lenet.datasets.synthetic.strokes import HABITS, HALVES, LETTERS, SCREEN_SEVENS, SIGN_STROKES, Figure

__all__ = ["SIGNS", "Glyph", "Writer"]

SIGNS = "0123456789.,-/=:*#$%½₹x?"
"""What a writer can write, in the order of a field network's classes (after the blank). "?" stands for a letter or a
scribble: ink that is no sign of a number."""

_DRAWN_WRITERS, _SCREEN_WRITERS = 0.3, 0.05
"""Shares of the writers whose digits are all drawn: with a pen, and with a mouse or a finger; of ours, by eye."""
_DRAWN_DIGITS = {"1": 0.2, "7": 0.2, "4": 0.12, "8": 0.12, "9": 0.15}
"""Shares of single digits that the other writers draw; of ours, by eye."""
_OTHERWISE = 0.08
"""The same for every other digit."""
_LARGE_HALVES = 0.3
"""Share of halves that are higher than the digit before them; of ours."""
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
    images : single digits, uint8 (n, rows, columns), paper 0.
    places : for each of 0 to 9, which images show it.
    rng : decides everything.
    """

    def __init__(
        self, images: NDArray[np.uint8], places: Sequence[NDArray[np.int64]], rng: np.random.Generator
    ) -> None:
        self.images, self.places, self.rng = images, places, rng
        kinds = [_SCREEN_WRITERS, _DRAWN_WRITERS, 1 - _SCREEN_WRITERS - _DRAWN_WRITERS]
        kind = str(rng.choice(["screen", "drawn", "real"], p=kinds))
        self.on_screen, self.draws_digits = kind == "screen", kind != "real"
        self.pen = np.exp(rng.uniform(np.log(0.035), np.log(0.2))) if rng.random() < 0.3 else rng.uniform(0.06, 0.13)
        self.bend = rng.uniform(0, 1.4) if self.on_screen else rng.uniform(0.8, 1.6)
        self.shake = rng.uniform(0.005, 0.03) if self.on_screen else rng.uniform(0.01, 0.055)
        self.slant = rng.normal(0, 0.18)
        self.aspect = float(np.clip(np.exp(rng.normal(0, 0.25 if self.draws_digits else 0.12)), 0.5, 1.8))
        self.unevenness = rng.uniform(0.03, 0.14)
        self.habits = {digit: int(rng.integers(len(ways))) for digit, ways in HABITS.items()}
        self.starts = [int(rng.integers(max(1, len(each)))) for each in places]

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
            return self._dash(sign, height)
        return self._draw(SIGN_STROKES[sign], height, uniform(0.75, 1.2))

    def end_stroke(self, sign: str, height: float) -> Glyph:
        """Write a "-" or "=" after a number: at any slant, length and height, curved, or cut off by the edge."""
        rng = self.rng
        if sign == "-" and rng.random() < 0.25:  # wavy
            wide, bulge = rng.uniform(0.4, 1.3), rng.uniform(0.05, 0.2) * rng.choice([-1, 1])
            strokes = [[(0.0, 0.0), (0.25, -bulge), (0.5, 0.0), (0.75, bulge), (1.0, 0.0)]]
        else:
            wide, bulge = rng.uniform(0.18, 1.2), rng.normal(0, 0.06)
            lines = (0.0, rng.uniform(0.14, 0.3))[: 1 + (sign == "=")]
            strokes = [[(0.0, y), (0.5, y + bulge), (rng.uniform(0.7, 1.2), y)] for y in lines]
        rise = np.tan(np.radians(rng.uniform(-20, 50 if wide < 0.7 and sign == "-" else 25)))
        down = rng.uniform(0.15, 0.85)
        glyph = self._draw([[(x * wide, y + down - x * wide * rise) for x, y in stroke] for stroke in strokes], height)
        if rng.random() < 0.2 and wide > 0.4:
            return Glyph(glyph.ink[:, : int(glyph.ink.shape[1] * rng.uniform(0.5, 0.9))], glyph.top)
        return glyph

    def zeros(self, count: int, height: float) -> Glyph:
        """Write several zeros in one stroke, as many end a round amount."""
        rng = self.rng
        wide, high, step = rng.uniform(0.35, 0.75), rng.uniform(0.3, 1), rng.uniform(0.75, 1.2)
        dip, loop = rng.uniform(0, 0.25), rng.uniform(0, 0.15)
        turn = [(0.6, 0.02), (0.15, 0.2), (0.1, 0.75), (0.5, 1.0), (0.9, 0.6), (0.7, loop)]
        points = [(x + step * zero, y) for zero in range(count) for x, y in (*turn, (1.0, dip + 0.05))]
        return self._draw([[(x * wide, 1 - high + y * high) for x, y in points[:-1]]], height)

    def _dash(self, sign: str, height: float) -> Glyph:
        rng = self.rng
        wide, down = rng.uniform(0.6, 1.8) * (2 if rng.random() < 0.15 else 1), rng.normal(0, 0.05)
        rise = rng.normal(0.03, 0.12)
        strokes = [[(x * wide, y + down - x * rise) for x, y in stroke] for stroke in SIGN_STROKES[sign]]
        return self._draw(strokes, height)

    def _digit(self, sign: str, height: float) -> Glyph:
        rng, places = self.rng, self.places[int(sign)]
        if not len(places) or self.draws_digits or rng.random() < _DRAWN_DIGITS.get(sign, _OTHERWISE):
            return self._drawn_digit(sign, height)
        image = self.images[places[(self.starts[int(sign)] + int(rng.integers(_SAME_HAND))) % len(places)]]
        rows, columns = np.flatnonzero(image.max(axis=1) > 40), np.flatnonzero(image.max(axis=0) > 40)
        if not len(rows):
            return self._drawn_digit(sign, height)
        ink = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / np.float32(255)
        high = ink.shape[0]
        factor = height / max(high, 0.8 * ink.shape[1])
        wide = ink.shape[1] * factor * self.aspect * rng.uniform(0.9, 1.1)
        return Glyph(resized(ink, round(high * factor), round(wide)), height - high * factor)

    def _drawn_digit(self, sign: str, height: float) -> Glyph:
        """Draw a digit in the writer's habit, seldom in another, each time a little narrower, higher or more aslant."""
        rng, ways = self.rng, HABITS[sign]
        figure = ways[self.habits[sign] if rng.random() < 0.8 else int(rng.integers(len(ways)))]
        if sign == "7" and self.on_screen and rng.random() < 0.7:
            figure = SCREEN_SEVENS[self.habits["1"] % len(SCREEN_SEVENS)]
        wide, high, lean = self.aspect * rng.normal(1, 0.1), rng.normal(1, 0.06), rng.normal(0, 0.08)
        moved = [[(x * wide + (1 - y) * lean, 1 - (1 - y) * high) for x, y in stroke] for stroke in figure]
        return self._draw(moved, height)

    def _draw(self, figure: Figure, height: float, size: float = 1.0, thickest: float = 1.0) -> Glyph:
        strokes = [self._shaken(np.asarray(stroke) * height * size, height).tolist() for stroke in figure]
        ink, _, top = drawn(strokes, max(1.2, min(self.pen, thickest) * height), self.bend)
        return Glyph(ink, top)

    def _shaken(self, points: NDArray[np.float64], height: float) -> NDArray[np.float64]:
        """Return points moved a little, each by chance; a corner, which is one point twice, stays one."""
        away = self.rng.normal(0, self.shake * height, points.shape)
        corners = np.flatnonzero((points[1:] == points[:-1]).all(axis=1))
        away[corners + 1] = away[corners]
        return np.asarray(points + away)

    def _half(self, height: float) -> Glyph:
        """Write a half, often higher than the digit before it, and up to as much lower on the line."""
        rng = self.rng
        larger = height * (rng.uniform(1.1, 1.8) if rng.random() < _LARGE_HALVES else 1)
        fraction = self._fraction(larger)
        return Glyph(fraction.ink, fraction.top - (larger - height) * rng.uniform(0, 1))

    def _fraction(self, height: float) -> Glyph:
        """Write a fraction: drawn in few strokes, or its digits beside a slash, or one above the other."""
        rng, uniform = self.rng, self.rng.uniform
        if rng.random() < 0.45:
            size, figure = uniform(0.5, 1.15), HALVES[int(rng.integers(len(HALVES)))]
            wide, down = self.aspect * uniform(0.8, 1.2), uniform(-0.2, 1.25 - size)
            strokes = [[(x * wide * size, y * size + down) for x, y in stroke] for stroke in figure]
            return self._draw(strokes, height, thickest=0.1 * size)
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
            return self._draw(LETTERS[int(rng.integers(len(LETTERS)))], height)
        points = int(rng.integers(6, 12))
        return self._draw([list(zip(rng.uniform(0, 1.2, points), rng.uniform(0, 1, points), strict=True))], height)


def _placed(inks: list[tuple[Ink, float, float]], top: float) -> Glyph:
    """Return several inks, each at its x and y, as one character that begins at `top`."""
    left = min(x for _, x, _ in inks)
    return Glyph(joined([(ink, x - left, y) for ink, x, y in inks]), top)
