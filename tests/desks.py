"""Sheets of paper that the tests lay on a desk and photograph."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WOOD, SLATE, LIGHT_WOOD = (110, 75, 45), (60, 60, 70), (160, 140, 110)


def wood(shape: tuple[int, int], colour: tuple[int, int, int], seed: int = 0) -> NDArray[np.float64]:
    """Return a desk with a grain, (rows, columns, 3), 0 to 255."""
    chance = np.random.default_rng(seed)
    y, x = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    grain = chance.normal(0, 5, shape)
    for fine, wavy, phase, strength in chance.uniform((0.02, 0.001, 0, 3), (0.6, 0.02, 6, 10), (6, 4)):
        grain += strength * np.sin(fine * y + 3 * np.sin(wavy * x + phase) + phase)
    return (np.array(colour) + grain[:, :, None] * (1, 0.8, 0.6)).clip(0, 255)


def on_desk(
    paper: NDArray[np.uint8],
    *,
    turn: float = 0,
    tilt: float = 0,
    margin: float = 0.15,
    colour: tuple[int, int, int] = WOOD,
    shadow: float = 0,
    seed: int = 0,
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return a photograph of a sheet, and the map (3, 3) from points of the sheet to points of the photograph.

    It lies turned by so many degrees; its lower end is `tilt` of its width wider than its upper end.
    """
    rows, columns = paper.shape[:2]
    sheet = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], float)
    corners = sheet - (columns / 2, rows / 2)
    corners *= 1 + tilt * corners[:, 1:] / rows
    sine, cosine = np.sin(np.radians(turn)), np.cos(np.radians(turn))
    corners = corners @ np.array([[cosine, sine], [-sine, cosine]])
    size = np.ptp(corners, axis=0)
    around = margin * size.max()
    corners += around - corners.min(axis=0)
    across, down = (int(length) for length in size + 2 * around)
    back = homography(corners, sheet)

    def seen(flat: Image.Image) -> NDArray[Any]:
        way = tuple((back / back[2, 2]).ravel()[:8])
        image = flat.transform((across, down), Image.Transform.PERSPECTIVE, way, Image.Resampling.BICUBIC)
        return np.asarray(image, float)

    mask = seen(Image.new("L", (columns, rows), 255))[:, :, None] / 255
    picture = wood((down, across), colour, seed) * (1 - mask) + seen(Image.fromarray(paper).convert("RGB")) * mask
    picture *= np.linspace(1, 1 - shadow, across)[None, :, None]
    picture += np.random.default_rng(seed + 1).normal(0, 2, (down, across, 1))
    return picture.clip(0, 255).astype(np.uint8), np.linalg.inv(back)


def homography(points: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the map (3, 3) that takes four points to four places."""
    rows = []
    for (x, y), (u, v) in zip(points, places, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return np.append(np.linalg.solve(rows, places.ravel()), 1).reshape(3, 3)


def moved(matrix: NDArray[np.float64], points: Any) -> NDArray[np.float64]:
    """Return points (n, 2) where a map takes them."""
    there = np.hstack([np.asarray(points, float), np.ones((len(points), 1))]) @ matrix.T
    return there[:, :2] / there[:, 2:]
