"""`Dataset`: labelled images and what belongs to them; and how to make one of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lenet.errors import InputError

__all__ = ["Dataset", "from_arrays"]

_MOST_CLASSES = 4096
"""Of ours: a label above this is rather a mistake than a class."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with labels, names for the classes, and groups of images that belong together.

    Parameters
    ----------
    images : uint8 `(n, maps, rows, columns)`; for glyphs, ink: paper 0, full ink 255.
    labels : int64 `(n,)`, each an index into `classes`.
    classes : the names of the classes.
    groups : int64 `(n,)` or None; images of one group (a writer, a page) are never split apart.
    name : what messages and cards call it.

    Raises
    ------
    InputError
        A type, shape or label does not fit the others. `from_arrays` is more forgiving.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    groups: NDArray[np.int64] | None = None
    name: str = "arrays"

    def __post_init__(self) -> None:
        if isinstance(self.classes, str) or not all(isinstance(name, str) for name in self.classes):
            raise InputError(f"the classes of {self.name} are {self.classes!r}; give a tuple of their names")
        object.__setattr__(self, "classes", tuple(self.classes))
        if self.images.dtype != np.uint8 or self.images.ndim != 4 or 0 in self.images.shape[1:]:
            raise InputError(
                f"the images of {self.name} are {self.images.dtype} {self.images.shape}; "
                "give uint8 (n, maps, rows, columns), or use from_arrays"
            )
        if self.labels.dtype != np.int64 or self.labels.shape != self.images.shape[:1]:
            raise InputError(
                f"the labels of {self.name} are {self.labels.dtype} {self.labels.shape} for {len(self.images):,} "
                "images; give one int64 label an image"
            )
        if len(self.labels) and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise InputError(
                f"the labels of {self.name} reach from {self.labels.min()} to {self.labels.max()}, "
                f"but it has {len(self.classes)} classes; give labels from 0 to {len(self.classes) - 1}"
            )
        if self.groups is not None and self.groups.shape != self.labels.shape:
            raise InputError(
                f"{self.name} has groups {self.groups.shape} for {len(self.labels):,} images; give one each"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        size = "x".join(map(str, self.images.shape[1:]))
        return f"Dataset({self.name!r}: {len(self):,} images {size}, {len(self.classes)} classes)"

    def subset(self, indices: ArrayLike | slice) -> Dataset:
        """Return the images that `indices` choose: integers or one boolean an image (copies), or a slice (views).

        Raises
        ------
        InputError
            The indices are none, or reach beyond the last image.
        """
        chosen = indices if isinstance(indices, slice) else np.asarray(indices)
        if not isinstance(chosen, slice) and not chosen.size:
            chosen = chosen.astype(np.int64)
        try:
            groups = None if self.groups is None else self.groups[chosen]
            return replace(self, images=self.images[chosen], labels=self.labels[chosen], groups=groups)
        except IndexError as error:
            raise InputError(f"{self} has no such subset ({error}); give numbers from 0 to {len(self) - 1}") from None

    def split(self, fraction: float, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Return two parts: most images, and a random `fraction` of them; groups stay whole.

        Raises
        ------
        InputError
            The fraction is not between 0 and 1.
        """
        most, some = self.split_indices(fraction, seed)
        return self.subset(most), self.subset(some)

    def split_indices(self, fraction: float, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the ascending indices of the two parts of `split`, which copies no image."""
        if not 0 <= fraction < 1:
            raise InputError(f"{fraction} of {self.name} cannot be split off; give a fraction from 0 to below 1")
        random = np.random.default_rng(seed)
        if self.groups is None:
            chosen = np.zeros(len(self), bool)
            chosen[random.permutation(len(self))[: round(fraction * len(self))]] = True
        else:
            names, members, counts = np.unique(self.groups, return_inverse=True, return_counts=True)
            order = random.permutation(len(names))
            before = np.cumsum(counts[order]) - counts[order]
            taken = np.zeros(len(names), bool)
            taken[order[before < round(fraction * len(self))]] = True
            chosen = taken[members]
        return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def from_arrays(
    images: ArrayLike,
    labels: ArrayLike,
    classes: Sequence[str] | None = None,
    *,
    groups: ArrayLike | None = None,
    name: str = "arrays",
) -> Dataset:
    """Make a `Dataset` of arrays of usual types, checking that they fit.

    Parameters
    ----------
    images : `(n, rows, columns)` or `(n, maps, rows, columns)`; integers from 0 to 255, booleans (True is ink), or
        floating-point numbers from 0 (paper) to 1 (ink), which are rounded to 256 steps.
    labels : `(n,)`; integers from 0, or strings.
    classes : names of the classes. Without it, integers get their own numbers as names, up to the largest; strings
        are sorted.
    groups : `(n,)` integers; images of one group are never split apart.
    name : what messages and cards shall call it.

    Raises
    ------
    InputError
        Shapes, types or values cannot be used, or images and labels do not match; the message says which.
    """
    numbers, names = _labels(_array(labels, "labels"), None if classes is None else tuple(map(str, classes)))
    pixels = _pixels(_array(images, "images"))
    if len(pixels) != len(numbers):
        raise InputError(f"{len(pixels):,} images came with {len(numbers):,} labels; give one label an image")
    return Dataset(pixels, numbers, names, None if groups is None else _groups(_array(groups, "groups")), name)


def _array(values: ArrayLike, what: str) -> NDArray[Any]:
    """Return an array of whatever was given, or say that its rows are of several lengths."""
    try:
        return np.asarray(values)
    except (TypeError, ValueError):
        raise InputError(f"the {what} are no array; give rows of equal length, joined by numpy.stack") from None


def _groups(groups: NDArray[Any]) -> NDArray[np.int64]:
    if groups.dtype.kind not in "iu":
        raise InputError(
            f"the groups are {groups.dtype}; give whole numbers, one an image: numpy.unique(names, "
            "return_inverse=True)[1] numbers names"
        )
    return groups.astype(np.int64)


def _pixels(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Return images as uint8 `(n, maps, rows, columns)`, without a copy where they are already."""
    if images.ndim == 3:
        images = images[:, np.newaxis]
    if images.ndim != 4 or 0 in images.shape[1:]:
        raise InputError(
            f"the images have shape {images.shape}; give (n, rows, columns) or (n, maps, rows, columns): "
            "reshape flat rows first, images.reshape(-1, 28, 28)"
        )
    if images.shape[3] in (1, 3) and images.shape[1] > 3:
        raise InputError(
            f"the images have shape {images.shape}, channels last; give (n, maps, rows, columns): "
            "images.transpose(0, 3, 1, 2)"
        )
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind == "b":
        return images.astype(np.uint8) * np.uint8(255)
    if images.dtype.kind not in "iuf":
        raise InputError(f"the images are {images.dtype}; give uint8, or floating-point numbers from 0 to 1")
    low, high = (images.min(), images.max()) if len(images) else (0, 0)
    top = 1 if images.dtype.kind == "f" else 255
    if not 0 <= low <= high <= top:  # also refuses NaN, which compares false
        raise InputError(
            f"the images are {images.dtype} from {low} to {high}; give integers from 0 to 255, "
            "or floating-point numbers from 0 (paper) to 1 (ink)"
        )
    return (np.rint(images * 255) if top == 1 else images).astype(np.uint8)


def _labels(labels: NDArray[Any], classes: tuple[str, ...] | None) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return labels as indices, and the names of the classes."""
    if labels.ndim != 1:
        raise InputError(f"the labels have shape {labels.shape}; give one label an image, (n,)")
    if classes is not None and (len(classes) < 1 or len(set(classes)) < len(classes)):
        raise InputError(f"the classes {classes} are none or not all different; give each class a name of its own")
    if labels.dtype.kind in "iu":
        top = int(labels.max(initial=0))
        if classes is None and top >= _MOST_CLASSES:
            raise InputError(f"the labels reach {top:,}; number the classes from 0, or give them as strings")
        return labels.astype(np.int64), classes or tuple(map(str, range(top + 1)))
    if labels.dtype.kind not in "UO" or not all(isinstance(label, str) for label in labels.tolist()):
        raise InputError(f"the labels are {labels.dtype}; give integers from 0, or strings")
    names = classes or tuple(sorted(set(labels.tolist())))
    if unknown := set(labels.tolist()) - set(names):
        raise InputError(f"the label {min(unknown)!r} is none of the classes {', '.join(names)}; name every class")
    index = {label: number for number, label in enumerate(names)}
    return np.array([index[label] for label in labels.tolist()], np.int64), names
