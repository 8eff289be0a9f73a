"""Strings of digits made of single ones, every pixel's owner known: touching, or spaced, slanted and dotted.

Nothing is stored: `touching` is what peers are compared on, `varied` what the probability of cuts is learned from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["String", "touching", "varied"]


@dataclass(frozen=True, eq=False)
class String:
    """A picture with dark ink, what it says, and for every pixel the digit that it belongs to, from 0.

    Paper is -1; marks that are no digits are -2, -3 and so on. What is written is the text with a comma for each mark.
    """

    picture: NDArray[np.uint8]
    text: str
    owners: NDArray[np.int64]
    written: str


class _Sheet:
    """Ink that digits are laid on, each over the last one's right border."""

    def __init__(self, rows: int, columns: int, left: int) -> None:
        self.ink = np.zeros((rows, columns), np.float32)
        self.owners = np.full((rows, columns), -1)
        self.right = left
        self.text = self.written = ""
        self.marks = 0

    def add(self, digit: NDArray[np.float32], character: str, top: int, gap: int) -> None:
        columns = np.nonzero((digit > 0.1).any(axis=0))[0]
        digit = digit[:, columns[0] : columns[-1] + 1]
        left = max(self.right + gap, 1)
        place = np.s_[top : top + digit.shape[0], left : left + digit.shape[1]]
        digit = digit[: self.ink[place].shape[0]]
        self.owners[place][digit > self.ink[place]] = len(self.text)
        np.maximum(self.ink[place], digit, out=self.ink[place])
        self.right = left + digit.shape[1]
        self.text += character
        self.written += character

    def mark(self, top: int, left: int, rows: int, columns: int) -> None:
        self.marks += 1
        self.written += ","
        self.ink[top : top + rows, left : left + columns] = 1
        self.owners[top : top + rows, left : left + columns] = -1 - self.marks
        self.right = left + columns

    def string(self, margin: int) -> String:
        end = self.right + margin
        return String((255 - 255 * self.ink[:, :end]).astype(np.uint8), self.text, self.owners[:, :end], self.written)


def touching(images: NDArray[np.uint8], labels: NDArray[np.int64], count: int, seed: int) -> Iterator[String]:
    """Yield strings of 3 to 7 digits as MNIST holds them, each 1 to 3 pixels over the one before it."""
    draws = np.random.default_rng(seed)
    for _ in range(count):
        chosen = draws.integers(0, len(images), draws.integers(3, 8))
        sheet = _Sheet(36, 28 * len(chosen) + 20, 8)
        for place, index in enumerate(chosen):
            top, gap = 4 + int(draws.integers(-1, 2)), -int(draws.integers(1, 4)) if place else 0
            sheet.add(images[index] / np.float32(255), str(labels[index]), top, gap)
        yield sheet.string(8)


def varied(images: NDArray[np.uint8], labels: NDArray[np.int64], count: int, seed: int) -> Iterator[String]:
    """Yield strings as people write them: touching or apart, slanted, thin or bold, of nearly one size, with marks."""
    draws = np.random.default_rng(seed)
    for _ in range(count):
        chosen = draws.integers(0, len(images), draws.integers(2, 8))
        scale, thin, slant, tight = (
            draws.uniform(0.8, 1.7),
            draws.uniform(0, 0.5),
            draws.uniform(-0.1, 0.5),
            draws.random(),
        )
        sheet, top = _Sheet(56, 48 * len(chosen) + 120, 14), int(draws.integers(2, 6))
        for place, index in enumerate(chosen):
            digit = _written(images[index], scale * draws.uniform(0.85, 1.1), slant + draws.uniform(-0.1, 0.1), thin)
            gap = draws.integers(-3, 0) if tight < 0.5 or draws.random() < 0.2 else draws.integers(0, 8)
            sheet.add(digit, str(labels[index]), top + int(draws.integers(-1, 3)), round(scale * gap) if place else 0)
            if place + 1 < len(chosen) and draws.random() < 0.15:
                size = round(2.5 * scale)
                tail = size if draws.random() < 0.5 else 1
                sheet.mark(top + round(24 * scale) - size, sheet.right + 1, size + tail, size)
                sheet.right += 2 + int(draws.integers(0, 4))
        if draws.random() < 0.2:
            length = round(draws.uniform(8, 30) * scale)
            sheet.mark(top + round(14 * scale), sheet.right + 3, max(2, round(2 * scale)), length)
        yield sheet.string(12)


def _written(image: NDArray[np.uint8], scale: float, slant: float, thin: float) -> NDArray[np.float32]:
    """Return a digit enlarged, sheared, and with the edges of its strokes eaten by a threshold, 0 to 1."""
    side = round(28 * scale)
    enlarged = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    shear = (1, slant, -10 - slant * side / 2, 0, 1, 0)
    turned = enlarged.transform((side + 20, side), Image.Transform.AFFINE, shear, Image.Resampling.BILINEAR)
    ink = (np.asarray(turned, np.float32) / 255 - thin) / (1 - thin) * 1.3
    return ink.clip(0, 1).astype(np.float32)
