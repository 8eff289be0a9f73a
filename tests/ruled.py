"""Ruled tables that the tests draw and write into: sloping, bowed, in one colour or two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.writing import digit

Ink = NDArray[np.uint8]


@dataclass(frozen=True)
class Paper:
    """A table on paper: the ink of its rules and print, the ink of what is written, and the size of its boxes."""

    printed: Ink
    written: Ink

    def scan(self, *, noise: float = 3, seed: int = 0) -> NDArray[np.uint8]:
        """Return a grey scan."""
        ink = np.maximum(self.printed, self.written)
        light = 225 * (1 - 0.8 * ink / 255) + np.random.default_rng(seed).normal(0, noise, ink.shape)
        return light.clip(0, 255).astype(np.uint8)

    def photograph(self, *, print_light: tuple[int, int, int], pen_light: tuple[int, int, int]) -> NDArray[np.uint8]:
        """Return a picture in colours: what is left of red, green and blue light, of 255, where there is ink."""
        light = np.full((*self.printed.shape, 3), 225.0)
        for ink, left in ((self.printed, print_light), (self.written, pen_light)):
            light *= 1 - (ink / 255)[..., None] * (1 - np.array(left) / 255)
        return (light + np.random.default_rng(1).normal(0, 2, light.shape)).clip(0, 255).astype(np.uint8)


def table(
    rows: list[list[str]],
    *,
    slope: float = 0.0,
    bow: float = 0.0,
    gap: int = 0,
    heading: list[str] | None = None,
    size: tuple[int, int] = (80, 64),
) -> Paper:
    """Return a table with a text in each box; digits, and ½ for a small fraction.

    `slope` is rows that level rules fall per column, `bow` how much a rule sags, as a share of its length; of each
    level rule, `gap` columns are missing in its middle.
    """
    wide, high = size
    count = len(rows) + (heading is not None)
    columns, margin = len(rows[0]), 40
    width = columns * wide
    reach = round(abs(slope) * width + abs(bow) * width)
    shape = (2 * margin + count * high + 2 * reach, 2 * margin + width + 2 * reach)
    printed, written = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)

    def place(x: float, y: float) -> tuple[float, float]:
        share = x / width
        return x - slope * y + margin + reach, y + slope * x + bow * width * 4 * share * (1 - share) + margin + reach

    for row in range(count + 1):
        for x in np.arange(0, width, 0.5):
            if not gap or abs(x - width / 2 - wide / 4) > gap / 2:
                _dot(printed, place(float(x), row * high))
    for column in range(columns + 1):
        for y in np.arange(0, count * high, 0.5):
            _dot(printed, place(column * wide, float(y)))
    for row, texts in enumerate([*([heading] if heading else []), *rows]):
        ink, tall = (printed, 20) if heading and row == 0 else (written, 30)
        for column, text in enumerate(texts):
            x, y = place(column * wide + 14, row * high + (high - tall) / 2)
            _write(ink, text, round(x), round(y), tall)
    return Paper(printed, written)


def _dot(ink: Ink, place: tuple[float, float]) -> None:
    x, y = round(place[0]), round(place[1])
    ink[y : y + 2, x : x + 2] = 220


def _write(ink: Ink, text: str, left: int, top: int, height: int) -> None:
    for sign in text:
        glyph = _half(height) if sign == "½" else digit(sign, height)
        there = ink[top : top + glyph.shape[0], left : left + glyph.shape[1]]
        np.maximum(there, glyph, out=there)
        left += glyph.shape[1] + height // 5


def _half(height: int) -> Ink:
    """Return a small 1, a stroke and a small 2."""
    small = round(0.55 * height)
    one, two = digit("1", small, 0.18), digit("2", small, 0.18)
    ink = np.zeros((height, one.shape[1] + two.shape[1] + height // 6), np.uint8)
    ink[: one.shape[0], : one.shape[1]] = one
    ink[-two.shape[0] :, -two.shape[1] :] = two
    for step in np.linspace(0, 1, 4 * height):
        x = round((1 - step) * (ink.shape[1] * 0.75 - 2) + ink.shape[1] * 0.05)
        y = round(step * (height - 2))
        ink[y : y + 2, x : x + 2] = 255
    return ink
