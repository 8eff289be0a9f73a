"""What may be done to a centred digit before a network sees it: moved, turned, bent, thickened, made noisy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from lenet.errors import InputError

__all__ = ["RANGES", "SIDE", "STILL", "Sliders", "moved"]

SIDE = 32
"""Rows and columns of what is shown to networks: LeNet-5's input, two pixels around MNIST's 28x28."""

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Sliders:
    """How far a centred digit is moved and bent before the network sees it.

    Parameters
    ----------
    right, down : pixels.
    scale : factor of size.
    rotation : degrees, clockwise.
    shear : columns that a row moves to the right for each row that it lies higher.
    stroke : pixels by which the edges of strokes move outwards.
    noise : standard deviation of what is added to every pixel, in parts of full ink.

    Raises
    ------
    InputError
        A value lies outside its range (`RANGES`).
    """

    right: float = 0.0
    down: float = 0.0
    scale: float = 1.0
    rotation: float = 0.0
    shear: float = 0.0
    stroke: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"the slider {name} was set to {value}; it goes from {low:g} to {high:g}")

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Sliders:
        """Read the sliders among the parameters of an address; those that are not there stand still."""
        values: dict[str, float] = {}
        for field in fields(cls):
            if field.name in given:
                values[field.name] = _number(field.name, given[field.name])
        return cls(**values) if values else STILL


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"the slider {name} was set to {text!r}; give a number") from None


RANGES: dict[str, tuple[float, float]] = {
    "right": (-12, 12),
    "down": (-12, 12),
    "scale": (0.4, 1.8),
    "rotation": (-90, 90),
    "shear": (-1, 1),
    "stroke": (-2, 2),
    "noise": (0, 0.6),
}
"""From where to where each slider goes."""

STILL = Sliders()

_NOISE = np.random.default_rng(1998).normal(size=(SIDE, SIDE)).astype(np.float32)
"""The same grain for every drawing, so that the picture stands still when nothing is moved."""


def moved(image: Image, settings: Sequence[Sliders]) -> Image:
    """Return one image (32, 32) under every setting of the sliders: uint8 (settings, 32, 32)."""
    bent = _bent(image.astype(np.float32), settings)
    reach = np.array([one.stroke for one in settings], np.float32)[:, None, None]
    for done in range(math.ceil(np.abs(reach).max())):
        share = np.clip(np.abs(reach) - done, 0, 1)
        for which, choose in (((reach > done)[:, 0, 0], np.maximum), ((reach < -done)[:, 0, 0], np.minimum)):
            bent[which] += share[which] * (_extreme(bent[which], choose) - bent[which])
    bent += np.array([255 * one.noise for one in settings], np.float32)[:, None, None] * _NOISE
    return np.clip(np.rint(bent), 0, 255).astype(np.uint8)


def _bent(image: Floats, settings: Sequence[Sliders]) -> Floats:
    """Return the image turned, sheared, scaled and shifted about its middle, between pixels by straight lines."""
    middle = (SIDE - 1) / 2
    y, x = np.mgrid[:SIDE, :SIDE].reshape(2, 1, -1).astype(np.float32) - np.float32(middle)
    ways = np.array([np.linalg.inv(_matrix(one)) for one in settings], np.float32)[:, :, :, None]
    x = x - np.array([[one.right] for one in settings], np.float32)
    y = y - np.array([[one.down] for one in settings], np.float32)
    edged = np.pad(image, 1)  # a pixel of paper around, to which all that lies outside is moved
    inside = np.float32(SIDE + 0.999)
    from_x = np.clip(ways[:, 0, 0] * x + ways[:, 0, 1] * y + np.float32(middle + 1), 0, inside)
    from_y = np.clip(ways[:, 1, 0] * x + ways[:, 1, 1] * y + np.float32(middle + 1), 0, inside)
    left, top = from_x.astype(np.int32), from_y.astype(np.int32)
    from_x -= left
    from_y -= top
    first = top * np.int32(SIDE + 2) + left
    upper, lower = (
        edged.take(first + down) * (1 - from_x) + edged.take(first + down + 1) * from_x for down in (0, SIDE + 2)
    )
    return np.asarray((upper + (lower - upper) * from_y).reshape(-1, SIDE, SIDE), np.float32)


def _matrix(one: Sliders) -> NDArray[np.float64]:
    """Return the 2x2 matrix that takes a point (x, y), y going down, to where the sliders put it."""
    turn = math.radians(one.rotation)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return np.asarray(one.scale * rotation @ np.array([[1, -one.shear], [0, 1]]))


def _extreme(images: Floats, choose: np.ufunc) -> Floats:
    """Return the largest or smallest of each pixel and its four neighbours."""
    around = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
    found = choose(choose(around[:, :-2, 1:-1], around[:, 2:, 1:-1]), choose(around[:, 1:-1, :-2], around[:, 1:-1, 2:]))
    return np.asarray(choose(found, images), np.float32)
