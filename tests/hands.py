"""Cheques filled in by the pen of examples/pictures/draw.py, which writes as hands do: with slant and tremor."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

SIZE = (640, 1400)
"""Rows and columns of a cheque."""


@cache
def pen() -> ModuleType:
    """Return the program that draws the pictures of the examples, as a module."""
    path = Path(__file__).parents[1] / "examples" / "pictures" / "draw.py"
    specification = importlib.util.spec_from_file_location("drawn_by_hand", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["drawn_by_hand"] = module
    specification.loader.exec_module(module)
    return module


class Sheet:
    """A sheet on which one hand writes, and on which lines are printed."""

    def __init__(self, rows: int, columns: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.sheet = pen().Sheet(rows, columns, self.rng)
        self.writer = pen().Writer.born(self.rng, 0.09)
        self.printed = np.zeros((rows, columns), np.float32)

    def write(self, text: str, left: float, base: float, height: float, gap: float = 0.25) -> None:
        self.sheet.write(text, self.writer, (left, base), height, gap)

    def box(self, left: int, top: int, right: int, bottom: int) -> None:
        for rows, columns in (
            (slice(top, top + 2), slice(left, right)),
            (slice(bottom - 2, bottom), slice(left, right)),
            (slice(top, bottom), slice(left, left + 2)),
            (slice(top, bottom), slice(right - 2, right)),
        ):
            self.printed[rows, columns] = 0.6

    def line(self, left: int, right: int, row: int) -> None:
        self.printed[row : row + 2, left:right] = 0.5

    def scan(self) -> Picture:
        """Return the sheet as a scanner sees it, on paper with a faint pattern."""
        rows, columns = self.printed.shape
        waves = 4 * np.sin(np.arange(columns) / 5 + np.arange(rows)[:, None] / 9)
        light = (228 + waves) * (1 - 0.85 * np.maximum(self.printed, self.sheet.ink()))
        return (light + self.rng.normal(0, 3, light.shape)).clip(0, 255).astype(np.uint8)


def indian_cheque(amount: str, date: str, seed: int) -> Picture:
    """Return a cheque with eight boxes for the digits of the date, and a frame for the amount."""
    cheque = Sheet(*SIZE, seed)
    for index, digit in enumerate(date):
        left = 1010 + 40 * index
        cheque.box(left, 60, left + 42, 104)
        cheque.write(digit, left + 11, 96, 26)
    for row in (190, 270, 340):
        cheque.line(60, 940, row)
    cheque.box(1000, 250, 1350, 310)
    cheque.write(amount, 1020, 297, 32, 0.2)
    return cheque.scan()


def american_cheque(amount: str, date: str, seed: int) -> Picture:
    """Return a cheque with the date on a line, and the amount in a frame."""
    cheque = Sheet(*SIZE, seed)
    cheque.line(960, 1330, 120)
    cheque.write(date, 990, 112, 34, 0.2)
    for row in (250, 340):
        cheque.line(60, 940, row)
    cheque.box(1050, 210, 1340, 268)
    cheque.write(amount, 1075, 256, 34, 0.25)
    return cheque.scan()
