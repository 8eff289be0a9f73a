"""Digits that the tests write themselves, with a round pen, on paper of their choosing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

STROKES: dict[str, list[str]] = {
    "0": ["50 20 05 03 08 2A 5A 78 73 52 50"],
    "1": ["40 4A"],
    "2": ["02 10 40 62 63 45 08 0A 7A"],
    "3": ["01 20 50 62 63 54 34 54 66 68 5A 2A 09"],
    "4": ["40 06 76", "52 5A"],
    "5": ["60 10 04 34 55 67 68 5A 2A 08"],
    "6": ["60 31 13 06 08 2A 4A 68 66 45 25 07"],
    "7": ["00 70 45 3A"],
    "8": ["50 20 01 03 24 55 68 59 3A 29 08 25 54 63 61 50"],
    "9": ["73 54 24 03 01 20 50 71 73 68 4A"],
}
"""Corners of each stroke on a grid 7 wide and 10 high: column, then row in hexadecimal."""


def digit(text: str, height: int, thickness: float = 0.13) -> NDArray[np.uint8]:
    """Return one digit as ink, `height` pixels high with its pen, drawn four times as large and made smaller."""
    pen = max(4, round(4 * height * thickness))
    unit = (4 * height - pen) / 10
    image = Image.new("L", (round(7 * unit) + pen, 4 * height))
    draw = ImageDraw.Draw(image)
    for stroke in STROKES[text]:
        corners = [(int(c[0]) * unit + pen / 2, int(c[1], 16) * unit + pen / 2) for c in stroke.split()]
        draw.line(corners, fill=255, width=pen)
        for x, y in corners:
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return np.asarray(image.resize((max(1, image.width // 4), height), Image.Resampling.BOX))


def write(ink: NDArray[np.uint8], text: str, left: int, top: int, height: int, *, gap: float = 0.4) -> int:
    """Write a row of digits into a picture of ink and return where it ends."""
    for character in text:
        glyph = digit(character, height)
        place = ink[top : top + glyph.shape[0], left : left + glyph.shape[1]]
        np.maximum(place, glyph[: place.shape[0], : place.shape[1]], out=place)
        left += glyph.shape[1] + round(gap * height)
    return left


def page(rows: list[str], height: int = 30, *, slope: float = 0.0, margin: int = 40) -> NDArray[np.uint8]:
    """Return rows of digits as ink; each digit stands `slope` of the way from the left border lower."""
    longest = max(map(len, rows))
    shape = (
        2 * margin + 2 * height * len(rows) + round(abs(slope) * 2 * height * longest),
        2 * margin + 2 * height * longest,
    )
    ink = np.zeros(shape, np.uint8)
    for index, row in enumerate(rows):
        left = margin
        for character in row:
            down = slope * left if slope >= 0 else slope * (left - shape[1])
            left = write(ink, character, left, margin + 2 * height * index + round(down), height, gap=0.6)
    return ink


def on_paper(
    ink: NDArray[np.uint8], *, light: float = 230, contrast: float = 0.8, noise: float = 0, seed: int = 0
) -> NDArray[np.uint8]:
    """Return a scan of ink on light paper."""
    picture = light * (1 - contrast * ink / 255.0)
    picture = picture + np.random.default_rng(seed).normal(0, noise, ink.shape) if noise else picture
    return picture.clip(0, 255).astype(np.uint8)


def in_shadow(picture: NDArray[np.uint8], dark: float = 0.5) -> NDArray[np.uint8]:
    """Return the picture with the light falling off to the right, down to a share of it."""
    return (picture * np.linspace(1, dark, picture.shape[1])).astype(np.uint8)
