"""Paper: waves, grain, shadow, rules and frames, and how a camera or a scanner sees it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lenet.datasets.synthetic.pen import Ink

__all__ = ["on_paper"]


def on_paper(ink: Ink, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the picture of ink on some paper, uint8 (rows, columns), dark on light."""
    written = ink * rng.uniform(0.35, 0.85)
    dark = np.maximum(written, _rules(ink.shape, rng) * rng.uniform(0.2, 0.8))
    ground = _ground(ink.shape, rng)
    light = rng.uniform(0.6, 1.0) * (1 - np.clip(dark + ground * (1 - dark), 0, 1))
    seen = light + rng.normal(0, rng.choice([0.005, 0.02, 0.05]), ink.shape)
    return np.asarray(255 * np.clip(seen, 0, 1), np.uint8)


def _rules(shape: tuple[int, ...], rng: np.random.Generator) -> Ink:
    """Return ruled lines: under the field, at an end, or the boxes of a form; darkness 0 to 1."""
    rows, columns = shape
    y, x = np.arange(rows)[:, np.newaxis], np.arange(columns)
    lines = np.zeros(shape, np.float32)
    if rng.random() < 0.35:
        middle = rows * rng.uniform(0.75, 0.99) + rng.normal(0, 0.01) * x
        np.maximum(lines, np.clip(rng.uniform(0.85, 1.5) - np.abs(y - middle), 0, 1), out=lines)
    if rng.random() < 0.12:
        place = rng.choice([rng.uniform(0, columns), rng.uniform(0, 4), columns - rng.uniform(1, 5)])
        np.maximum(lines, np.clip(1 - np.abs(x - place), 0, 1), out=lines)
    if rng.random() < 0.08:
        for place in np.arange(rng.uniform(0, 10), columns, rng.uniform(24, 34)):
            np.maximum(lines, np.clip(1 - np.abs(x - place), 0, 1), out=lines)
        for place in (rng.uniform(0, 3), rows - rng.uniform(1, 4)):
            np.maximum(lines, np.clip(1 - np.abs(y - place), 0, 1), out=lines)
    if rng.random() < (0.4 if columns < 1.6 * rows else 0.05):
        for side in range(4):
            _frame(np.rot90(lines, side), rng)
    return lines


def _frame(lines: Ink, rng: np.random.Generator) -> None:
    """Put what a crop left of a box's line at the left edge, often nothing, or a part of it alone."""
    if rng.random() < 0.5:
        rows, columns = lines.shape
        place = rng.uniform(-0.5, min(4, 0.06 * columns)) + rng.normal(0, 0.015) * np.arange(rows)
        away = np.abs(np.arange(columns) - place[:, np.newaxis])
        first, last = (0, rows) if rng.random() < 0.7 else np.sort(rng.integers(0, rows + 1, 2))
        drawn = np.clip(rng.uniform(0.8, 2.2) - away, 0, 1)[first:last]
        np.maximum(lines[first:last], drawn, out=lines[first:last])


def _ground(shape: tuple[int, ...], rng: np.random.Generator) -> Ink:
    """Return the darkness of empty paper, 0 to 1: security waves, grain, a shadow that falls to one side."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    dark = np.zeros(shape, np.float32)
    kind = rng.choice(["plain", "waves", "grain", "both"], p=[0.35, 0.3, 0.15, 0.2])
    if kind in ("waves", "both"):
        for _ in range(rng.integers(1, 4)):
            dark += rng.uniform(0.04, 0.22) * _waves(x, y, rng)
    if kind in ("grain", "both"):
        dark += rng.uniform(0.02, 0.12) * rng.random(shape, np.float32)
    if rng.random() < 0.3:
        dark += rng.uniform(0, 0.35) * (x / shape[1] if rng.random() < 0.5 else 1 - x / shape[1])
    return dark


def _waves(x: Ink, y: Ink, rng: np.random.Generator) -> Ink:
    """Return bent parallel lines, 0 to 1, as cheques have them against copying."""
    period, angle = rng.uniform(3, 9), rng.uniform(0, np.pi)
    along = x * np.cos(angle + 1.3) + y * np.sin(angle + 1.3)
    bend = rng.uniform(0, 4) * np.sin(2 * np.pi * along / rng.uniform(15, 80) + rng.uniform(0, 6))
    waves = np.sin(2 * np.pi * (x * np.sin(angle) + y * np.cos(angle) + bend) / period)
    return np.asarray(np.clip(waves - rng.uniform(-0.3, 0.6), 0, 1), np.float32)
