"""What images and labels have to be, and what is said of those that are not: the checks of the public door."""

from __future__ import annotations

import math
import operator
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.architectures import Architecture, Shape
from lenet.errors import InputError

__all__ = [
    "Images",
    "as_array",
    "check_environment",
    "labels_for",
    "ready",
    "ready_for",
    "sized",
    "thread_count",
    "widths_for",
    "within_ink",
]

_MOST_INK = 2.0
"""Floats above this are no ink: distorted images go a little beyond 1, bytes up to 255."""

_LOOKED_AT = 16
"""Images that stand for all, of many."""

_MOST_THREADS = 1024

Images = NDArray[np.uint8] | NDArray[np.floating[Any]]
"""Images or ink: bytes from 0 (paper) to 255 (ink), or floats from 0 to 1."""


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
    images = _finite(_typed(images))
    within_ink(images, whole=True)
    return images


def within_ink(images: Any, *, whole: bool = False) -> None:
    """Raise `InputError` where floats reach far above ink, as they do if they are bytes that nobody divided.

    Unless `whole`, the first images stand for all: looking at every one would cost more than some networks do.
    """
    if not isinstance(images, np.ndarray) or images.dtype.kind != "f" or not images.size:
        return
    highest = (images if whole else images[:_LOOKED_AT]).max()
    if highest > _MOST_INK and math.isfinite(highest):
        raise InputError(
            f"the images reach up to {highest:.6g}; expected floats from paper 0 to ink 1: divide them by 255, "
            "or give them as uint8"
        )


def thread_count(threads: Any) -> int:
    """Return how many threads to use as the engine takes it, 0 for its own choice; refuse what is no such number."""
    if type(threads) is int and 0 <= threads <= _MOST_THREADS:
        return threads
    try:
        number = -1 if isinstance(threads, bool) else operator.index(threads)
    except TypeError:
        number = -1
    if not 0 <= number <= _MOST_THREADS:
        raise InputError(
            f"threads={threads!r} was given; expected a whole number from 1 to {_MOST_THREADS}, or 0 for all cores"
        )
    return number


def check_environment() -> None:
    """Raise `InputError` where LENET_PROCESSOR or LENET_THREADS cannot be followed."""
    text = os.environ.get("LENET_THREADS", "")
    if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_THREADS):
        raise InputError(f"LENET_THREADS is {text!r}; set it to 1 to {_MOST_THREADS}, or leave it out for all cores")
    try:
        _engine.processor()
    except RuntimeError as error:
        raise InputError(str(error)) from None


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


def widths_for(architecture: Architecture, widths: Any, images: Images) -> NDArray[np.int64]:
    """Return the widths of images as the engine takes them, or say what is wrong with them.

    Raises
    ------
    InputError
        The architecture reads one width only, or the widths are no whole numbers from 1 to that of the images, one
        for each.
    ArchitectureError
        One is too narrow for a layer.
    """
    given, most = as_array(widths), images.shape[3]
    if not architecture.any_width:
        raise InputError(f"widths were given, but {architecture} reads images of one width; leave them out")
    if given.dtype.kind not in "iu" or given.shape != (len(images),):
        raise InputError(
            f"widths of {given.dtype} and shape {given.shape} were given; expected {len(images)} whole numbers, one an "
            "image"
        )
    if given.min() < 1 or given.max() > most:
        wrong = given[(given < 1) | (given > most)][0]
        raise InputError(f"the width {wrong} was given; expected 1 to {most}, as the images have {most} columns")
    architecture.shapes(columns=int(given.min()))
    return np.ascontiguousarray(given, np.int64)


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
