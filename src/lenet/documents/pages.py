"""Open a document, whatever it is, as pages: pictures with a number and a resolution."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from lenet.documents.decoders import Decoded, decode, decode_pil, pages_in
from lenet.documents.pictures import PIXEL_LIMIT, as_picture
from lenet.errors import InputError, LenetError, TooLargeError

if TYPE_CHECKING:
    from PIL.Image import Image

    Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image | NDArray[np.generic]

__all__ = ["FILE_LIMIT", "Page", "count_pages", "open_document"]

FILE_LIMIT = 500_000_000
"""Bytes that a file may have."""


@dataclass(frozen=True, eq=False, repr=False)
class Page:
    """One page of a document, as scanned.

    Attributes
    ----------
    picture : uint8 `(rows, columns)` grey or `(rows, columns, 3)` red, green, blue. Not copied from an array given.
    number : from 1.
    dpi : dots per inch: what the file states, or at what a PDF or DjVu was drawn; None where nobody knows.
    source : where it is from: the path, or a word on what was given.
    """

    picture: NDArray[np.uint8]
    number: int
    dpi: float | None
    source: str

    def __repr__(self) -> str:
        rows, columns = self.picture.shape[:2]
        colour = "colour" if self.picture.ndim == 3 else "grey"
        dpi = "" if self.dpi is None else f", {self.dpi:.6g} dpi"
        return f"Page({self.source}, page {self.number}: {columns} x {rows} {colour}{dpi})"


def open_document(source: Source, *, dpi: float = 200, pixels: int = PIXEL_LIMIT, after: int = 0) -> Iterator[Page]:
    """Open a picture or a document and yield its pages.

    The source and its format are checked at once; each page is decoded when it is asked for. PNG, JPEG, GIF, BMP,
    WebP, PNM, TIFF of any number of pages, PDF and (with the program `ddjvu`) DjVu are told apart by their content.

    Parameters
    ----------
    source : a path, bytes, a file opened for reading bytes, a PIL image, or an array as `as_picture` takes it.
    dpi : dots per inch at which pages of PDF and DjVu are drawn. Pictures made of pixels stay as they are.
    pixels : that a page of a file may have.
    after : how many pages to leave out at the beginning; those of a file are not decoded, and the others keep their
        numbers.

    Returns
    -------
    Pages in order, numbered from 1.

    Raises
    ------
    InputError
        There is no such file, it may not be read, is empty or of an unknown format, or has a password.
    TooLargeError
        It has more than `FILE_LIMIT` bytes, or a page too many pixels.
    FormatError
        The file is damaged or cut short.
    MissingExtraError
        The source is DjVu and the program `ddjvu` is missing.
    """
    if not (isfinite(dpi) and 10 <= dpi <= 2400):
        raise InputError(f"dpi={dpi} was given; pages are drawn at 10 to 2,400 dots per inch: 200 is enough to read")
    if isinstance(source, np.ndarray):
        return _pages(iter([(as_picture(source), None)][after:]), "the array", after)
    if isinstance(source, (str, os.PathLike)):
        name = os.fspath(source)
        return _pages(decode(_read_path(name), name, dpi, pixels, after), name, after)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _pages(decode(_limited(bytes(source), "the data"), "the data", dpi, pixels, after), "the data", after)
    from PIL import Image

    if isinstance(source, Image.Image):
        name = getattr(source, "filename", "") or "the PIL image"
        return _pages(iter([decode_pil(source, name)][after:]), name, after)
    if hasattr(source, "read"):
        name = _name_of(source)
        return _pages(decode(_read_file(source, name), name, dpi, pixels, after), name, after)
    raise InputError(
        f"an object of type {type(source).__name__} was given; a path, bytes, a file, a PIL image or a NumPy array "
        "was expected: turn it into one of them"
    )


def count_pages(path: str | os.PathLike[str]) -> int:
    """Return how many pages a file has, without decoding them; 1 for what is no PDF, and for what cannot be opened."""
    name = os.fspath(path)
    try:
        return pages_in(_read_path(name), name)
    except LenetError:
        return 1


def _pages(decoded: Iterator[Decoded], source: str, after: int) -> Iterator[Page]:
    for number, (picture, dpi) in enumerate(decoded, after + 1):
        yield Page(picture, number, dpi, source)


def _read_path(name: str) -> bytes:
    """Read a whole file, with what may be wrong with it said in words."""
    try:
        with Path(name).open("rb") as file:
            data = file.read(FILE_LIMIT + 1)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {name}; check its name and folder") from error
    except IsADirectoryError as error:
        raise InputError(f"{name} is a folder; a file is expected: give the files in it one by one") from error
    except PermissionError as error:
        raise InputError(f"{name} may not be read; ask its owner for permission to") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{name!r} cannot be read ({error}); a file is expected: check its name and place") from error
    return _limited(data, name)


def _read_file(file: BinaryIO, name: str) -> bytes:
    try:
        data = file.read(FILE_LIMIT + 1)
    except UnicodeDecodeError:
        data = cast(bytes, "")  # a picture read as text: the answer below
    if not isinstance(data, bytes):
        raise InputError(f"{name} was opened as text; a file of bytes is expected: open it with mode 'rb'")
    return _limited(data, name)


def _limited(data: bytes, name: str) -> bytes:
    if len(data) > FILE_LIMIT:
        raise TooLargeError(f"{name} has more than {FILE_LIMIT:,} bytes, the most that is read; split it")
    return data


def _name_of(file: BinaryIO) -> str:
    """Return the name of an open file; files in memory have none, and some have a number."""
    name = getattr(file, "name", None)
    return name if isinstance(name, str) else "the file"
