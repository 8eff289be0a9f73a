"""What images and labels have to be, and what is said of those that are not: the checks of the public door."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architectures import Architecture, Shape
from lenet.errors import InputError

__all__ = ["Images", "as_array", "labels_for", "ready", "ready_for", "sized"]

Images = NDArray[np.uint8] | NDArray[np.floating[Any]]


def ready_for(architecture: Architecture, images: Any, *, any_width: bool = False) -> Images:
    """Return images as the engine takes them: uint8 or float32 (n, maps, rows, columns), finite, in one piece.

    With `any_width` they may be as wide as they like, where the architecture reads any width.

    Raises
    ------
    InputError
        They have another shape or type than the network reads, or are not all finite, or there are none.
    ArchitectureError
        They are too narrow for a layer.
    """
    images = as_array(images)
    maps, rows, columns = architecture.input
    if images.ndim == 3 and maps == 1:
        images = images[:, np.newaxis]
    free = any_width and architecture.any_width and images.ndim == 4
    needed = (maps, rows, max(columns, images.shape[3])) if free else architecture.input
    if images.ndim != 4 or images.shape[1] != maps or min(images.shape) < 1 or _larger(images.shape[2:], needed[1:]):
        raise InputError(f"images of shape {images.shape} were given; {_expectation(images.shape, needed)}")
    if free:
        architecture.shapes(columns=images.shape[3])
    return ready(images)


def ready(images: NDArray[Any]) -> Images:
    """Return numbers as the engine takes them: uint8 or float32, finite, one after the other."""
    return _finite(_typed(images))


def _larger(given: tuple[int, ...], needed: tuple[int, ...]) -> bool:
    return any(size > most for size, most in zip(given, needed, strict=True))


def sized(shape: Shape) -> str:
    """Return a shape in words, such as "1 map of 28x28"."""
    return f"{shape[0]} map{'s' if shape[0] > 1 else ''} of {shape[1]}x{shape[2]}"


def _expectation(given: tuple[int, ...], needed: Shape) -> str:
    """Say what was expected instead of images of shape `given`, and what to do."""
    wanted = "(n, rows, columns) or (n, 1, rows, columns)" if needed[0] == 1 else f"(n, {needed[0]}, rows, columns)"
    expected = f"expected {wanted}, at most {sized(needed)}"
    if 0 in given:
        return f"{expected}; give at least one image"
    if len(given) == 2:
        return f"{expected}; give a single image as image[np.newaxis]"
    if len(given) == 4 and given[1] != needed[0]:
        return f"{expected}; give pictures of {needed[0]} channel{'s' if needed[0] > 1 else ''}, channels before rows"
    return f"{expected}; make them smaller, or slide over larger ones with scan"


def as_array(values: Any) -> NDArray[Any]:
    """Return an array of whatever was given, or say that it is none."""
    try:
        return np.asarray(values)
    except (TypeError, ValueError):
        raise InputError(
            f"{type(values).__name__} was given that is not an array; expected numbers in equal rows: use numpy.stack"
        ) from None


def _typed(images: NDArray[Any]) -> Images:
    """Return uint8 or float32, one number after the other."""
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise InputError(
            f"images of {images.dtype} were given; expected uint8 (paper 0, ink 255) or floats (paper 0, ink 1): "
            "convert them with astype"
        )
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(images, np.float32)


def _all_finite(images: Images) -> bool:
    """Tell whether no number is NaN or infinite; two reductions cost less than an array of answers."""
    return math.isfinite(images.min()) and math.isfinite(images.max())


def _finite(images: Images) -> Images:
    if images.dtype != np.uint8 and not _all_finite(images):
        found = "NaN" if np.isnan(images).any() else "infinite numbers"
        raise InputError(f"the images hold {found}; expected finite numbers, paper 0 and ink 1: mend them first")
    return images


def labels_for(labels: Any, count: int, classes: int) -> NDArray[np.int64]:
    """Return the labels as the engine takes them, or say what is wrong with them."""
    right = as_array(labels)
    if right.dtype.kind not in "iu" or right.shape != (count,):
        raise InputError(
            f"labels of {right.dtype} and shape {right.shape} were given; expected {count} whole numbers, one an image"
        )
    if right.min() < 0 or right.max() >= classes:
        wrong = right[(right < 0) | (right >= classes)][0]
        raise InputError(f"label {wrong} was given; expected 0 to {classes - 1}, as the network has {classes} outputs")
    return np.ascontiguousarray(right, np.int64)
