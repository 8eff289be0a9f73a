"""Folders of pictures: one subfolder for each class, named as the class."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from lenet.datasets.arrays import Dataset
from lenet.errors import InputError, LenetError

__all__ = ["load_folder"]

_SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp")


def load_folder(path: str | os.PathLike[str], *, as_is: bool = False) -> Dataset:
    """Load pictures of any size from a folder that has one subfolder for each class.

    Each picture is prepared as reading prepares a piece of a page: turned to ink, scaled to 20x20 with its
    proportions kept, and centred by mass in 28x28. Hidden files and files that do not have the suffix of a picture
    are passed over.

    Parameters
    ----------
    path : the folder; classes are its subfolders in alphabetical order.
    as_is : take pictures that are not ink on paper as they are: grey, squeezed to 32x32.

    Returns
    -------
    A `Dataset` of `(n, 1, 28, 28)`, or `(n, 1, 32, 32)` with `as_is`.

    Raises
    ------
    InputError
        The folder has no subfolders, one of them has no pictures, or pictures cannot be read; the message names them.
    """
    from lenet.glyphs import open_glyph, open_grey  # takes documents along, which other data sets do without

    path = Path(path)
    classes = _classes(path)
    images, labels, refused = [], [], []
    for label, name in enumerate(classes):
        files = sorted(file for file in (path / name).iterdir() if _is_picture(file))
        if not files:
            raise InputError(f"the class folder {path / name} has no pictures; fill it or take it away")
        for file in files:
            try:
                images.append(open_grey(file) if as_is else open_glyph(file))
                labels.append(label)
            except LenetError as error:
                refused.append((str(file.relative_to(path)), error))
    if refused:
        names = ", ".join(name for name, _ in refused[:3])
        more = f" and {len(refused) - 3} more" if len(refused) > 3 else ""
        raise InputError(f"{path}: {names}{more} cannot be used (the first: {refused[0][1]}); mend or remove them")
    return Dataset(np.stack(images)[:, np.newaxis], np.array(labels, np.int64), classes, name=path.resolve().name)


def _classes(path: Path) -> tuple[str, ...]:
    """Return the names of the subfolders."""
    if not path.is_dir():
        raise InputError(f"{path} is not a folder; give one that has a subfolder for each class")
    names = tuple(sorted(entry.name for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith(".")))
    if not names:
        raise InputError(f"{path} has no subfolders; put the pictures of each class into a folder named as the class")
    return names


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in _SUFFIXES and not file.name.startswith(".") and file.is_file()
